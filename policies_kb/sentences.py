"""Sentences of a stretch of text, and groups of them that are short enough to quote."""

from __future__ import annotations

import re

from syntok import segmenter

from policies_kb.model import Span

GROUP = 300  # characters that a group of sentences is filled up to
LONELY = 60  # a shorter rest joins the group before it
SENTENCE_LIMIT = 520  # a longer "sentence" has lost its punctuation and is cut at the best place

_CUT = re.compile(r"; |: (?=[A-Z])|(?<=[a-z]) (?=[A-Z][a-z]+ (?:[a-z]|[A-Z]))|, (?=and |or |including |such as )")


def sentences(source: str, within: Span) -> list[Span]:
    """The sentences in that stretch, without the white space between them."""
    text = within.of(source)
    starts = [
        sentence[0].offset for paragraph in segmenter.analyze(text) for sentence in map(list, paragraph) if sentence
    ]
    bounds = sorted({0, *starts, len(text)})
    spans = [_trimmed(source, within.start + a, within.start + b) for a, b in zip(bounds, bounds[1:])]
    return [span for span in spans if span.end > span.start]


def sentence_groups(source: str, within: Span, target: int = GROUP, starts: tuple[int, ...] = ()) -> list[Span]:
    """Neighbouring sentences put together up to about `target` characters; over-long ones are cut.

    starts: offsets at which a person said that a new group begins.
    """
    groups: list[Span] = []
    for sentence in sentences(source, within):
        for part in _cut(source, sentence):
            opens = part.start in starts or is_run_in_title(part.of(source))
            if groups and not opens and _fits(groups[-1], part, target):
                groups[-1] = Span(groups[-1].start, part.end)
            else:
                groups.append(part)
    return groups


def is_run_in_title(sentence: str) -> bool:
    """Whether a "sentence" is a title that its paragraph begins with, as in "Cookies. We use cookies to …"."""
    words = sentence.rstrip(".").split()
    if not sentence.endswith(".") or not 1 <= len(words) <= 6 or not sentence[:1].isupper() or words[0] == "Welcome":
        return False
    long_words = [word for word in words if len(word) > 3]
    return bool(long_words) and all(word[0].isupper() for word in long_words)


def _fits(group: Span, part: Span, target: int) -> bool:
    together = part.end - group.start
    lonely = part.end - part.start < LONELY or group.end - group.start < LONELY
    return together <= target or lonely and together <= target + 2 * LONELY


def _cut(source: str, sentence: Span) -> list[Span]:
    size = sentence.end - sentence.start
    if size <= SENTENCE_LIMIT:
        return [sentence]
    text = sentence.of(source)
    middle = size / 2
    places = [match.end() for match in _CUT.finditer(text) if 80 < match.end() < size - 80]
    if not places:
        return [sentence]
    at = min(places, key=lambda place: abs(place - middle))
    left = _trimmed(source, sentence.start, sentence.start + at)
    right = _trimmed(source, sentence.start + at, sentence.end)
    return _cut(source, left) + _cut(source, right)


def _trimmed(source: str, start: int, end: int) -> Span:
    while start < end and source[start].isspace():
        start += 1
    while end > start and source[end - 1].isspace():
        end -= 1
    return Span(start, end)
