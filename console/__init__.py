"""The staff console: a front of its own, with its own app, port and login."""
