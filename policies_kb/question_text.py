"""A question as the index and the question reader see it: without company names, placeholders and typing errors.

"does KloudTalk record calls" and "does Klasso record calls" ask the same; which policy answers is not for the words
to decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from policies_kb.spelling import mend

_PLACEHOLDER = re.compile(r"\[(email|phone)-\d+\]")
LONG = 45  # words
_ASKING = re.compile(r"[^.!?\n]*\?")
_SPACE = re.compile(r"\s+")


class QuestionText:
    """Replaces the names of known companies by "the company"."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(sorted({name.lower() for name in names if len(name) > 3}, key=lambda n: (-len(n), n)))
        pattern = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in self.names)
        self._names = re.compile(rf"\b(?:{pattern})(?:['’]s)?\b", re.IGNORECASE) if pattern else None

    def names_in(self, text: str) -> set[str]:
        """Which of the names stand in a text, as they would be replaced: the longest of those that fit."""
        if self._names is None:
            return set()
        found = {_SPACE.sub(" ", match.group()).lower() for match in self._names.finditer(text)}
        return {name for name in self.names if name in found or {f"{name}'s", f"{name}’s"} & found}

    def plain(self, text: str) -> str:
        """The question with names and placeholders replaced, white space folded and typing errors mended."""
        spoken = _PLACEHOLDER.sub(lambda match: f"my {match[1]}", text)
        if self._names is not None:
            spoken = self._names.sub("the company", spoken)
        return mend(_SPACE.sub(" ", _condensed(spoken)).strip())


def _condensed(text: str) -> str:
    """Of a long message the sentences that ask; the whole if none does."""
    if len(text.split()) <= LONG:
        return text
    asking = " ".join(match.group().strip() for match in _ASKING.finditer(text))
    return asking if len(asking.split()) >= 3 else text
