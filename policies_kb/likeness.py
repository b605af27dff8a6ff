"""How alike two clauses are in their wording, and which clause of an old text became which of a new one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Indel

from policies_kb.model import Clause

SUCCEEDS = 0.55  # likeness from which a clause counts as another one's new wording
SUCCEEDS_IN_PLACE = 0.4  # the same for a clause that stands exactly where the other stood
SAME_PLACE = 0.1  # what that is worth where two pairings are about equally like
SAME_SECTION = 0.05
CONTAINS = 0.75  # share of a clause's words that another one took over, for "split" and "merged"
RUN = 3  # words in a row that count as taken over
SHORTEST_PART = 5  # words; shorter clauses are found in others by chance

_FIRST_LETTER = 0x10000  # behind it are more code points than a text of the largest size has words
_MARK = re.compile(r"^(?:[•▪◦‣·*–—−-]|\d{1,2}(?:\.\d{1,2})+[.)]?|\d{1,2}[.)]|[a-z]\))\s+(?=\S)")
_WORD = re.compile(r"[^\W_]+(?:['’.@-][^\W_]+)*")


def plain_words(text: str) -> list[str]:
    """The words of a text without its bullet or number, in small letters: "30 days’" gives "30", "days"."""
    plain = unicodedata.normalize("NFKC", _MARK.sub("", text.strip())).casefold()
    return _WORD.findall(plain.replace("’", "'"))


def likeness(old: Sequence[str], new: Sequence[str]) -> float:
    """From 0 to 1: the mean of how much of the words, and of the letters, stands in both in the same order."""
    words = Indel.normalized_similarity(old, new)
    return float((words + fuzz.ratio(" ".join(old), " ".join(new)) / 100) / 2)


def paired(old: Sequence[Clause], new: Sequence[Clause], neighbours: set[tuple[int, int]]) -> dict[int, int]:
    """The one-to-one pairing with the greatest likeness in all: place in `old` -> place in `new`.

    neighbours: pairs of places that correspond by what stands around them.
    """
    if not old or not new:
        return {}
    from scipy.optimize import linear_sum_assignment  # a quarter of a second, which no start should wait for

    likes = _likenesses([plain_words(c.text) for c in old], [plain_words(c.text) for c in new])
    in_place: npt.NDArray[np.bool_] = np.zeros(likes.shape, dtype=bool)
    for row, column in neighbours:
        in_place[row, column] = True
    same_section = np.array([[one.section] for one in old]) == np.array([one.section for one in new])
    enough = likes >= np.where(in_place, SUCCEEDS_IN_PLACE, SUCCEEDS)
    scores = np.where(enough, likes + SAME_PLACE * in_place + SAME_SECTION * same_section, 0.0)
    rows, columns = linear_sum_assignment(scores, maximize=True)
    return {int(row): int(column) for row, column in zip(rows, columns) if scores[row, column] > 0}


def _likenesses(old: Sequence[Sequence[str]], new: Sequence[Sequence[str]]) -> npt.NDArray[np.float64]:
    """The likeness of each with each. Each word is written as one letter of its own, so that words compare as fast."""
    letter_of: dict[str, str] = {}
    for words in (*old, *new):
        for word in words:
            letter_of.setdefault(word, chr(_FIRST_LETTER + len(letter_of)))
    by_word, by_letter = (
        process.cdist([join(words) for words in old], [join(words) for words in new], scorer=fuzz.ratio)
        for join in (lambda words: "".join(letter_of[word] for word in words), " ".join)
    )
    likes: npt.NDArray[np.float64] = (by_word.astype(np.float64) + by_letter) / 200
    return likes


def taken_over(part: Sequence[str], whole: Sequence[str]) -> float:
    """The share of the words of `part` that stand in `whole` in runs of at least three."""
    if len(part) < SHORTEST_PART:
        return 0.0
    blocks = SequenceMatcher(None, part, whole, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= RUN) / len(part)


def left_over(words: Sequence[str], taken: Sequence[str]) -> list[str]:
    """The words that are not in `taken` in runs of at least three."""
    kept = list(words)
    for block in SequenceMatcher(None, words, taken, autojunk=False).get_matching_blocks():
        if block.size >= RUN:
            kept[block.a : block.a + block.size] = [""] * block.size
    return [word for word in kept if word]
