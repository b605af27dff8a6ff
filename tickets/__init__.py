"""Data-subject requests: what may be asked, by when it is due, how it moves, where it is kept. SQL lives here only."""
