"""The errors of this package.

KnowledgeError            anything the policy's owner or the caller can mend; the text says what to do
├── SourceError           a policy text that cannot be read as text, or is empty
├── ProfileError          profile.yml is missing, malformed or names what does not exist
├── CompileError          a text the compiler cannot place, or a compiled file that is out of date
├── UnknownPolicyError    no such policy
├── UnknownClauseError    no such clause in that version
├── ReleaseError          a release that cannot be made or found
│   ├── DamagedError      a file of a release is not the one that was published
│   └── ShelfMovedError   somebody else has published meanwhile
└── EncoderError          the sentence encoder's files are missing or are not the expected ones
"""

from __future__ import annotations


class KnowledgeError(Exception):
    """Base of this package's errors; its text is meant for people."""


class SourceError(KnowledgeError):
    """A policy text that cannot be read."""


class ProfileError(KnowledgeError):
    """A profile that is missing, malformed or names what does not exist."""


class CompileError(KnowledgeError):
    """A text that cannot be placed, or a compiled file that does not follow from its source."""


class UnknownPolicyError(KnowledgeError):
    """No policy of that id."""


class UnknownClauseError(KnowledgeError):
    """No clause of that id in that version."""


class EncoderError(KnowledgeError):
    """The encoder's files are missing or altered."""


class ReleaseError(KnowledgeError):
    """A release that cannot be made or found."""


class DamagedError(ReleaseError):
    """A file of a release is not the one that was published."""


class ShelfMovedError(ReleaseError):
    """Somebody else has published meanwhile."""
