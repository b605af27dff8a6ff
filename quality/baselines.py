"""Other methods under the same scoring: what a clause's order would be without topics, labels and written questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from rapidfuzz import fuzz
from sklearn.feature_extraction.text import TfidfVectorizer

from policies_kb.lexical import LexicalIndex
from policies_kb.model import PolicyVersion
from policies_kb.ranking import embedding_text
from quality.reading import shop

Ranker = Callable[[str], Sequence[int]]


def baselines(version: PolicyVersion) -> dict[str, Ranker]:
    """Rankers over that version's clauses, by name; each gives clause numbers, best first."""
    texts = [embedding_text(clause) for clause in version.clauses]
    return {
        "BM25": _bm25(texts),
        "TF-IDF words + characters": _tfidf(texts),
        "rapidfuzz token_set_ratio": lambda question: _order([fuzz.token_set_ratio(question, text) for text in texts]),
        "MiniLM embeddings": _embeddings(texts),
    }


def _order(scores: Sequence[float]) -> list[int]:
    return [int(i) for i in np.argsort(-np.asarray(scores), kind="stable")]


def _bm25(texts: Sequence[str]) -> Ranker:
    index = LexicalIndex(texts)
    return lambda question: _order(list(index.scores(question)[0]))


def _tfidf(texts: Sequence[str]) -> Ranker:
    words = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    matrices = [(view, view.fit_transform(texts)) for view in (words, letters)]

    def rank(question: str) -> list[int]:
        total = sum((matrix @ view.transform([question]).T).toarray().ravel() for view, matrix in matrices)
        return _order(list(np.asarray(total)))

    return rank


def _embeddings(texts: Sequence[str]) -> Ranker:
    vectors = shop().vectors.encode(list(texts))
    return lambda question: _order(list(vectors @ shop().encoder.encode([question])[0]))
