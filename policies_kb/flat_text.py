"""One long line without line breaks, as pasted from a web page: find its headings and bullets again."""

from __future__ import annotations

import re

from policies_kb.model import Span
from policies_kb.sentences import sentences

_NUMBER = re.compile(r"^\d{1,2}(?:\.\d{1,2})*[.)]?\s+(?=[A-Z])")
_BREAK = re.compile(
    r"[•▪◦‣](?=\s)|(?<=[.!?])(?=\d{1,2}(?:\.\d{1,2})*\.? [A-Z])|(?<= )(?=\d{1,2}\.\d{1,2}\.? [A-Z][a-z])"
)
_JOINING = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "of",
        "on",
        "or",
        "our",
        "the",
        "to",
        "us",
        "we",
        "with",
        "you",
        "your",
        "how",
        "what",
        "when",
    ]
)
MAX_HEADING_WORDS = 12


def flat_blocks(source: str, line: Span) -> list[tuple[Span, str]]:
    """Stretches of the line with the role 'heading', 'bullet' or 'paragraph'; paragraphs run between headings."""
    blocks: list[tuple[Span, str]] = []
    for part in _parts(source, line):
        for sentence in sentences(source, part):
            heading = _heading_end(sentence.of(source))
            if heading:
                cut = sentence.start + heading
                blocks.append((Span(sentence.start, cut), "heading"))
                rest = Span(
                    cut + len(source[cut : sentence.end]) - len(source[cut : sentence.end].lstrip()), sentence.end
                )
                if rest.end > rest.start:
                    blocks.append((rest, "paragraph"))
            else:
                blocks.append((sentence, "paragraph"))
    return _joined(blocks)


def _parts(source: str, line: Span) -> list[Span]:
    marks = [match.start() for match in _BREAK.finditer(line.of(source))]
    bounds = [line.start, *(line.start + mark for mark in marks), line.end]
    return [Span(a, b) for a, b in zip(bounds, bounds[1:]) if source[a:b].strip()]


def _heading_end(sentence: str) -> int:
    """How many characters at the start of this sentence are a heading; 0 if none."""
    if sentence.endswith("?") and 3 <= len(sentence.split()) <= MAX_HEADING_WORDS and sentence[:1].isupper():
        return len(sentence)
    number = _NUMBER.match(sentence)
    if not number:
        return 0
    words = list(re.finditer(r"\S+", sentence[number.end() :]))[: MAX_HEADING_WORDS + 4]
    boundary = _title_boundary([word.group() for word in words])
    return number.end() + words[boundary - 1].end() if boundary else 0


def _title_boundary(words: list[str]) -> int:
    """The number of words of the title: it ends before the capitalised word that begins the next sentence."""
    if len(words) < 3:
        return 0
    if words[1][:1].islower() and words[1] not in _JOINING:
        return next((i for i in range(2, len(words)) if words[i][:1].isupper()), 0)
    for index in range(1, len(words)):
        if words[index][:1].islower() and words[index].lower() not in _JOINING:
            starts = [i for i in range(1, index) if words[i][:1].isupper()]
            return starts[-1] if starts else 0
    return 0


def _joined(blocks: list[tuple[Span, str]]) -> list[tuple[Span, str]]:
    joined: list[tuple[Span, str]] = []
    for span, role in blocks:
        if role == "paragraph" and joined and joined[-1][1] == "paragraph":
            joined[-1] = (Span(joined[-1][0].start, span.end), role)
        else:
            joined.append((span, role))
    return joined
