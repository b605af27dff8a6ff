"""Data-subject requests: what may be asked, by when it is due, how it moves, and where it is kept. Only this room knows SQL."""
