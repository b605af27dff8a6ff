"""What a channel does with a text before anything reads it: size, emptiness, commands, contact data."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pii.masking import mask

LONGEST = 4000  # characters that are kept, for a request's text
READ = 1000  # characters that are read to understand the message
_COMMAND = re.compile(r"\A[\s/]+")  # Rasa strips white space before it looks for a slash, so "/ /request" is one too


class IntakeError(ValueError):
    """A message that cannot be taken. code is for programs; the text is a sentence for the person who wrote it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Taken:
    """A message as the dialogue may see it: no contact data, no commands."""

    read: str
    full: str
    was_cut: bool
    is_command: bool = False  # no words for anybody to read: what only buttons may send, or signs alone


def take(text: str) -> Taken:
    """Clean one typed message. Raises IntakeError for an empty or over-long one.

    A leading slash would be a command to Rasa ("/request{…}"); it is taken off, so that only buttons can be commands.
    E-mail addresses and phone numbers become placeholders.
    """
    if len(text) > LONGEST:
        raise IntakeError(
            "too_long", f"That message has {len(text):,} characters; {LONGEST:,} are the most. Please shorten it."
        )
    printable = "".join(
        char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs", "Co", "Cn")
    )
    plain = _COMMAND.sub("", printable).strip()
    if not plain:
        raise IntakeError("empty", "That message is empty. Please type a question or a request.")
    masked = mask(plain).text
    is_command = "{" in plain and printable.lstrip().startswith("/") or not any(map(str.isalnum, plain))
    return Taken(masked[:READ], masked[:LONGEST], len(masked) > READ, is_command)
