"""What the services of this package work with, besides the store: keys, letters, and what an operator may set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pii.encryption import Vault
from tickets.clocks import DEFAULT_TARGET_DAYS
from tickets.letters import Correspondence

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Limits:
    """How much of what costs other people something is done, whoever asks for it.

    A code has 40 bits and a guess meets one code only, so n guesses succeed with a chance of n / 2^40. 500 wrong codes
    an hour are at most 12,500 in any 24 hours (25 windows): a chance of 1.2e-8 a day, far below the 1e-6 that is
    allowed. An hour, so that somebody who uses the budget up keeps honest people from their codes for no longer.
    """

    mails_to_address: int = 3  # a day
    mails_of_conversation: int = 20  # a day
    mails_in_all: int = 2_000  # a day
    wrong_codes: int = 500  # an hour, of all people together


USUAL_LIMITS = Limits()


@dataclass(frozen=True)
class Office:
    """target_days: the operator's own aim where no law names a number; hold: between proof and destruction."""

    vault: Vault
    mail: Correspondence
    target_days: int = DEFAULT_TARGET_DAYS
    code_minutes: int = 10
    hold: timedelta = timedelta(hours=72)
    limits: Limits = USUAL_LIMITS
