"""The errors of this package. Their texts are sentences for people and hold no personal data.

TicketError                    base of all
├── InputError                 what the caller passed cannot be filed (too long, no rights, naive time, unmasked)
│   └── ContactGoneError       a contact is not held any more, or not for this conversation
├── ClockError                 a due date cannot be worked out from what was given
├── KeyReusedError             an idempotency key came again with other content
├── UnknownRequestError        no such request, or not this conversation's: deliberately the same
├── MoveError                  the request cannot go from its status to that one
└── StoreError                 the database
    ├── StoreLockedError       another process writes to this SQLite file
    ├── StoreOutdatedError     the tables are missing or older than the code
    ├── StoreUnavailableError  it cannot be reached, is full, or is busy: nothing was saved
    └── ConstraintError        the database itself refused a row: a gate held that the code should have kept
"""

from __future__ import annotations


class TicketError(Exception):
    """Base of this package's errors."""


class InputError(TicketError):
    """What the caller passed cannot be filed."""


class ContactGoneError(InputError):
    """A contact that was typed a while ago is not held any more: it has to be given again."""


class ClockError(TicketError):
    """A due date cannot be worked out."""


class KeyReusedError(TicketError):
    """The same idempotency key with other content."""


class UnknownRequestError(TicketError):
    """No request of that reference for this conversation."""


class MoveError(TicketError):
    """A move that the table does not have, or whose guard does not hold."""


class StoreError(TicketError):
    """Base of the database's errors."""


class StoreLockedError(StoreError):
    """A second writer process on one SQLite file."""


class StoreOutdatedError(StoreError):
    """The tables are missing or older than the code."""


class StoreUnavailableError(StoreError):
    """The database did not take or give the data. Nothing was saved."""


class ConstraintError(StoreError):
    """A constraint of the database refused a row."""
