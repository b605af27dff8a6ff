"""What a message is: intent, topics, rights. Learned from data/nlu.

Four heads (intent, topic, right, small talk) read a message in three views: its sentence embedding, its words and
letters (a linear classifier each), and the examples that lie nearest to it. The views' likelihoods are multiplied with
fixed exponents. Trained in seconds, stored as arrays and JSON (no pickles: nothing runs when a model is loaded).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.nlu.naming import question_text
from policies_kb.encoder import Encoder
from policies_kb.question_text import QuestionText

Matrix = npt.NDArray[np.float32]

MODEL_VERSION = "7"  # part of the component's fingerprint: raise it when this file changes what is learned
EXPONENTS = {"meaning": 0.24, "words": 0.36, "nearest": 0.4}
FLOORS = {"meaning": 0.0, "words": 1e-4, "nearest": 0.01}
NEAREST, SHARPNESS = 30, 25.0  # how many examples have a say, and how fast it fades with distance
INTENT_BALANCE = 0.9  # questions outnumber the rest by far in the data; a request must not drown in them
RIGHT_HEARD = 0.3  # a right counts if it has this share of a request, or of one part of it
TOPICS_KEPT = 12
UNSURE, ASK_AT_LEAST, TOPIC_AT_LEAST = 0.6, 0.12, 0.6
ASK, REQUEST = "ask_policy", "request"
# "A copy instead of deletion", "no, not deletion, just access": what is turned down, and the words that show a switch.
_REFUSALS = re.compile(
    r"\b(?:instead of|rather than|(?:do not|don't|dont|not|no)\b)[^.,;!?]*?(?=$|[.,;!?]|\b(?:and|but|only|just|i)\b)",
    re.IGNORECASE,
)
_SWITCHES = re.compile(
    r"\b(?:instead|rather|actually|meant|sorry|second thought|just|only)\b|, not |^no[ ,]|^not ", re.IGNORECASE
)
_PARTS = re.compile(r"[.;!?\n]+|,? (?:and|plus|also|as well as|then)(?: (?:also|then|please))? ", re.IGNORECASE)


@dataclass(frozen=True)
class Example:
    """A training message with its label as it stands in data/nlu: "ask_policy/data_retention", "human"."""

    text: str
    label: str

    @property
    def intent(self) -> str:
        """The part before the slash."""
        return self.label.partition("/")[0]

    @property
    def detail(self) -> str:
        """The part after the slash: a topic, a right, a kind of small talk."""
        return self.label.partition("/")[2]


@dataclass(frozen=True)
class Reading:
    """A message as it was understood; shares are 0..1, best first."""

    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...]
    topics: tuple[tuple[str, float], ...]
    rights: tuple[str, ...]
    detail: str


class _Head:
    """One decision: linear classifiers over two views, and the labels of the examples for the third."""

    def __init__(self, classes: Sequence[str], arrays: dict[str, Any]) -> None:
        self.classes = list(classes)
        self.arrays = arrays
        self._by_term = np.ascontiguousarray(arrays["words_w"].T)

    @classmethod
    def fit(cls, vectors: Matrix, words: Any, labels: Sequence[str], rows: Sequence[int], balance: float) -> "_Head":
        """rows: the examples' numbers; balance: 1 gives every class the same weight, 0 every example."""
        from sklearn.linear_model import LogisticRegression, SGDClassifier

        counts = Counter(labels)
        weights = {label: (len(labels) / len(counts) / number) ** balance for label, number in counts.items()}
        meaning = LogisticRegression(C=20, max_iter=300, class_weight=weights).fit(vectors, labels)
        spelling = SGDClassifier(
            loss="log_loss", alpha=3e-5, max_iter=30, tol=None, random_state=0, class_weight=weights, average=True
        ).fit(words, labels)
        classes = list(meaning.classes_)
        number = {label: index for index, label in enumerate(classes)}
        arrays: dict[str, Any] = {
            "meaning_w": np.asarray(meaning.coef_, np.float32),
            "meaning_b": np.asarray(meaning.intercept_, np.float32),
            "words_w": np.asarray(spelling.coef_, np.float32),
            "words_b": np.asarray(spelling.intercept_, np.float32),
            "rows": np.asarray(rows, np.int32),
            "labels": np.asarray([number[label] for label in labels], np.int16),
        }
        return cls(classes, arrays)

    def shares(self, views: "_Views") -> Matrix:
        """The likelihood of each class, adding up to 1."""
        meaning = views.vector @ self.arrays["meaning_w"].T + self.arrays["meaning_b"]
        # Rows of the weights by hand: scipy's sparse product would walk the whole matrix for a few dozen terms.
        spelled = views.words.data @ self._by_term[views.words.indices] + self.arrays["words_b"]
        likelihoods = {
            "meaning": np.exp(meaning - meaning.max()),
            "words": 1 / (1 + np.exp(-spelled)),
            "nearest": self._nearest(views.similarities[self.arrays["rows"]]),
        }
        product = np.ones(len(self.classes))
        for name, likelihood in likelihoods.items():
            product *= (likelihood / likelihood.sum() + FLOORS[name]) ** EXPONENTS[name]
        result: Matrix = (product / product.sum()).astype(np.float32)
        return result

    def _nearest(self, similarities: Matrix) -> Matrix:
        count = min(NEAREST, len(similarities) - 1)
        nearest = np.argpartition(-similarities, count)[:count]
        votes = np.exp(SHARPNESS * (similarities[nearest] - 1.0))
        said = np.bincount(self.arrays["labels"][nearest], weights=votes, minlength=len(self.classes))
        return np.asarray(said + 1e-12, dtype=np.float32)


@dataclass(frozen=True)
class _Views:
    """A message in the three views; similarities: with every example."""

    vector: Matrix
    words: Any
    similarities: Matrix


def _without_refusals(plain: str) -> str:
    """The message without what it turns down, if anything readable is left."""
    if not _SWITCHES.search(plain):
        return plain
    meant = _REFUSALS.sub(" ", plain).strip(" ,.;!?")
    return meant if len(meant.split()) >= 2 else plain


class QuestionModel:
    """Reads messages. Make one with `fit` or `load`."""

    def __init__(
        self,
        encoder: Encoder,
        names: Sequence[str],
        vectorisers: list[TfidfVectorizer],
        heads: dict[str, _Head],
        examples: Matrix,
    ) -> None:
        self._encoder = encoder
        self._names = tuple(names)
        self._vectorisers = vectorisers
        self._heads = heads
        self._examples = examples.astype(np.float32)

    @classmethod
    def fit(cls, encoder: Encoder, examples: Sequence[Example], names: Sequence[str]) -> "QuestionModel":
        """Learn from examples; names: companies' names and aliases in them, which are made alike first."""
        plain = QuestionText(names)
        texts = [plain.plain(example.text) for example in examples]
        vectors = encoder.encode(texts)
        vectorisers = _vectorisers()
        words = sparse.hstack([vectoriser.fit_transform(texts) for vectoriser in vectorisers]).tocsr()
        everything = list(range(len(examples)))
        heads = {"intent": _Head.fit(vectors, words, [e.intent for e in examples], everything, INTENT_BALANCE)}
        for name, intent in (("topic", ASK), ("right", REQUEST), ("small_talk", "small_talk")):
            rows = [row for row, example in enumerate(examples) if example.intent == intent and example.detail]
            details = [examples[row].detail for row in rows]
            heads[name] = _Head.fit(vectors[rows], words[rows], details, rows, 1.0)
        return cls(encoder, list(names), vectorisers, heads, vectors)

    def read(self, text: str, names: tuple[str, ...] = ()) -> Reading:
        """Understand one message. names: how the company is called that it is about (see bot.nlu.naming)."""
        plain = question_text((*self._names, *names)).plain(text)
        views = self._views(plain)
        topics = self._ordered("topic", views)
        ranking = _reconsidered(self._ordered("intent", views), topics)
        intent, confidence = ranking[0]
        rights = self._rights(plain, views) if intent == REQUEST else ()
        detail = {ASK: topics[0][0], REQUEST: rights[0] if rights else ""}.get(intent, "")
        if intent == "small_talk":
            detail = self._ordered(intent, views)[0][0]
        return Reading(intent, confidence, ranking, topics[:TOPICS_KEPT], rights, detail)

    def _views(self, plain: str) -> _Views:
        vector = self._encoder.encode([plain])[0]
        words = sparse.hstack([vectoriser.transform([plain]) for vectoriser in self._vectorisers], format="csr")
        return _Views(vector, words, self._examples @ vector)

    def _ordered(self, head: str, views: _Views) -> tuple[tuple[str, float], ...]:
        return _ordered(self._heads[head].classes, self._heads[head].shares(views))

    def _rights(self, plain: str, views: _Views) -> tuple[str, ...]:
        """The rights that are invoked: in the whole message, or clearly in one of its parts; not those turned down."""
        meant = _without_refusals(plain)
        if meant != plain:
            plain, views = meant, self._views(meant)
        whole = dict(self._ordered("right", views))
        best = max(whole, key=lambda right: whole[right])
        heard = {right: share for right, share in whole.items() if share >= RIGHT_HEARD or right == best}
        parts = [part for part in _PARTS.split(plain) if len(part.split()) >= 2]
        for part in parts if len(parts) > 1 else []:
            of_part = self._views(part)
            if self._ordered("intent", of_part)[0][0] != REQUEST:
                continue  # "my son opened an account" asks for nothing
            for right, share in self._ordered("right", of_part):
                if share >= 0.6 and whole[right] >= 0.01:
                    heard[right] = max(heard.get(right, 0.0), float(share) * 0.5)
        return tuple(sorted(heard, key=lambda right: -heard[right]))

    def save(self, folder: Path) -> None:
        """Write the model into a folder."""
        vocabularies = [
            {"terms": sorted(v.vocabulary_, key=v.vocabulary_.get), "idf": [round(float(x), 6) for x in v.idf_]}
            for v in self._vectorisers
        ]
        about = {
            "version": MODEL_VERSION,
            "names": list(self._names),
            "vocabularies": vocabularies,
            "classes": {name: head.classes for name, head in self._heads.items()},
        }
        (folder / "question_model.json").write_text(json.dumps(about, ensure_ascii=False), "utf-8")
        arrays = {f"{name}.{key}": array for name, head in self._heads.items() for key, array in head.arrays.items()}
        with (folder / "question_model.npz").open("wb") as file:
            np.savez(file, examples=self._examples.astype(np.float16), **arrays)

    @classmethod
    def load(cls, encoder: Encoder, folder: Path) -> "QuestionModel":
        """The model from its folder. Raises OSError or ValueError for a folder that is not one."""
        about = json.loads((folder / "question_model.json").read_text("utf-8"))
        if about["version"] != MODEL_VERSION:
            raise ValueError(
                f"the model is of version {about['version']}, this code needs {MODEL_VERSION}; train again"
            )
        vectorisers = _vectorisers()
        for vectoriser, stored in zip(vectorisers, about["vocabularies"]):
            vectoriser.vocabulary_ = {term: index for index, term in enumerate(stored["terms"])}
            vectoriser.idf_ = np.array(stored["idf"])
        with np.load(folder / "question_model.npz", allow_pickle=False) as data:
            heads = {
                name: _Head(
                    classes, {key.partition(".")[2]: data[key] for key in data.files if key.split(".")[0] == name}
                )
                for name, classes in about["classes"].items()
            }
            examples = data["examples"]
        return cls(encoder, about["names"], vectorisers, heads, examples)


def _reconsidered(
    ranking: tuple[tuple[str, float], ...], topics: tuple[tuple[str, float], ...]
) -> tuple[tuple[str, float], ...]:
    """A message that is hardly anything else, but clearly about a topic of the policy, is a question about it."""
    shares = dict(ranking)
    unsure = ranking[0][0] not in (ASK, REQUEST) and ranking[0][1] < UNSURE
    if unsure and shares[ASK] >= ASK_AT_LEAST and topics[0][1] >= TOPIC_AT_LEAST:
        return ((ASK, shares[ASK]), *(entry for entry in ranking if entry[0] != ASK))
    return ranking


def _vectorisers() -> list[TfidfVectorizer]:
    return [
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True, min_df=3, dtype=np.float32),
    ]


def _ordered(classes: Sequence[str], shares: Matrix) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-shares, kind="stable")
    return tuple((classes[int(index)], float(shares[index])) for index in order)
