"""What a channel does with a text before anything reads it: size, emptiness, commands, contact data."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pii.masking import Contact, mask

LONGEST = 4000  # characters that are kept, for a request's text
READ = 1000  # characters that are read to understand the message
_COMMAND = re.compile(r"\A[\s/]+")  # Rasa strips white space before it looks for a slash, so "/ /request" is one too

# The commands that channels announce. Each is read as these words, like any typed message: none is an intent.
COMMANDS = {
    "start": "hello",
    "help": "what can you do",
    "delete": "please delete my account",
    "access": "please send me a copy of my data",
    "status": "what is the status of my request",
    "cancel": "cancel",
    "mydata": "what does this chat hold about me",
    "forgetme": "erase this chat",
    "privacy": "what does this chat hold about me",
    "human": "I want to talk to a person",
    "code": "send the code again",
}

SIGNS = {"👍": "yes", "✅": "yes", "👌": "yes", "👎": "no", "❌": "no"}


class IntakeError(ValueError):
    """A message that cannot be taken. code is for programs; the text is a sentence for the person who wrote it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Taken:
    """A message as the dialogue may see it: no contact data, no commands. found: the contacts that were taken out."""

    read: str
    full: str
    was_cut: bool
    is_command: bool = False  # no words for anybody to read: what only buttons may send, or signs alone
    found: tuple[Contact, ...] = ()


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
    plain = SIGNS.get(plain[0], plain) if len(plain) <= 2 else plain  # a skin tone may follow
    slashed = printable.lstrip().startswith("/")
    if slashed and plain.lower() in COMMANDS:
        plain = COMMANDS[plain.lower()]
    masked = mask(plain)
    is_command = "{" in plain and slashed or not any(map(str.isalnum, plain))
    return Taken(masked.text[:READ], masked.text[:LONGEST], len(masked.text) > READ, is_command, masked.found)
