"""Likeness of words: how much a question shares with a clause, after stemming and mending typing errors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process
from snowballstemmer import stemmer

Scores = npt.NDArray[np.float32]

K1 = 1.2  # BM25 as in Robertson & Zaragoza 2009
B = 0.6
TYPO_CUTOFF = 84.0
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
STOP_WORDS = frozenset(
    [
        "a",
        "about",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "being",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "for",
        "from",
        "get",
        "got",
        "had",
        "has",
        "have",
        "he",
        "her",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "like",
        "me",
        "my",
        "no",
        "not",
        "of",
        "on",
        "one",
        "or",
        "our",
        "out",
        "she",
        "should",
        "so",
        "some",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "too",
        "up",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "yours",
        "im",
        "ive",
        "dont",
        "u",
        "ur",
        "r",
        "pls",
        "please",
        "hi",
        "hello",
        "really",
        "ever",
        "actually",
    ]
)
_stem = stemmer("english")


@lru_cache(maxsize=20_000)
def _stemmed(word: str) -> str:
    return str(_stem.stemWord(word))


def words(text: str) -> list[str]:
    """The text's content words, stemmed."""
    plain = (match.group().lower().replace("’", "'") for match in _WORD.finditer(text))
    return [_stemmed(word) for word in plain if word not in STOP_WORDS]


class LexicalIndex:
    """BM25 over the clauses of one policy, with typing errors mended towards that policy's own words."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(words(text)) for text in texts]
        vocabulary = sorted({word for count in counts for word in count})
        self._column = {word: index for index, word in enumerate(vocabulary)}
        self._vocabulary = vocabulary
        lengths = np.array([max(1, sum(count.values())) for count in counts], dtype=np.float32)
        norm = K1 * (1 - B + B * lengths / lengths.mean()) if len(counts) else lengths
        self._weights = np.zeros((len(counts), len(vocabulary)), dtype=np.float32)
        for row, count in enumerate(counts):
            for word, times in count.items():
                self._weights[row, self._column[word]] = times * (K1 + 1) / (times + norm[row])
        present = (self._weights > 0).sum(0)
        idf = np.log1p((len(counts) - present + 0.5) / (present + 0.5)).astype(np.float32)
        self._weights *= idf

    def scores(self, question: str) -> tuple[Scores, Scores]:
        """BM25 of each clause, squashed to 0..1, and the share of the question's words that the clause has."""
        asked = words(question)
        columns = [column for word in asked if (column := self._find(word)) is not None]
        if not columns:
            empty = np.zeros(len(self._weights), dtype=np.float32)
            return empty, empty
        picked = self._weights[:, columns]
        raw = picked.sum(1)
        share = (picked > 0).sum(1) / len(asked)
        return raw / (raw + 6.0), share.astype(np.float32)

    def _find(self, word: str) -> int | None:
        column = self._column.get(word)
        if column is not None or len(word) < 4:
            return column
        found = process.extractOne(word, self._vocabulary, scorer=fuzz.ratio, score_cutoff=TYPO_CUTOFF)
        return self._column[found[0]] if found else None
