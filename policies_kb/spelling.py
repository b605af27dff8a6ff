"""Mends typing errors in questions: "recrod" -> "record", "shrae" -> "share".

A word that is not known is replaced by the known word one slip away (a letter added, left out, changed, or two
swapped) that begins with the same letter; the more frequent one if there are several. Known words come from the texts
in training/, the same for every policy.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from rapidfuzz.distance import OSA

SHORTEST = 5  # shorter words have too many neighbours
WORDS = Path(__file__).parent / "training" / "words.json"
_NO_SLIPS = frozenset({"abort"})  # said in chats, in no policy, and one letter from a common word
_WORD = re.compile(r"[a-z]+", re.IGNORECASE)


@lru_cache(maxsize=1)
def known_words() -> dict[str, int]:
    """How often each word stands in the texts of training/; words that stand there once are not known."""
    counts: dict[str, int] = json.loads(WORDS.read_text("utf-8"))
    return counts


@lru_cache(maxsize=50_000)
def mended(word: str) -> str:
    """The word itself if it is known or nothing is near enough."""
    plain = word.lower()
    known = known_words()
    if len(plain) < SHORTEST or plain in known or plain in _NO_SLIPS:
        return word
    near = [one for one in _by_initial().get(plain[0], ()) if abs(len(one) - len(plain)) <= 1]
    best = [one for one in near if OSA.distance(plain, one, score_cutoff=1) <= 1]
    return max(best, key=lambda one: known[one]) if best else word


@lru_cache(maxsize=1)
def _by_initial() -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for word in known_words():
        if len(word) >= SHORTEST - 1:
            groups.setdefault(word[0], []).append(word)
    return groups


def mend(text: str) -> str:
    """The text with its typing errors mended."""
    return _WORD.sub(lambda match: mended(match.group()), text)
