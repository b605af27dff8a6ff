"""A reply as one message to Telegram: text with marks by place, nothing that anybody typed read as markup.

The order is that of the page (bot/web/static/answers.js): the quotes by their part in the answer, our own help, what
else the policy says. Quotes stand byte for byte between “ and ”; one that is cut says so, and where to read on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from bot.channels.telegram.passages import Block, Passage, Piece, fitted
from bot.channels.telegram.rendered import Key, Mark, Rendered
from bot.channels.telegram.units import units
from bot.desk import Button, Reply
from bot.rendering import ALL_CHANGES, CHANGE_ROLES, LETTER_HEAD, ROLE_HEADS, STEPS_HEAD, WHY
from policies_kb.topics import Topic
from tickets.vocabulary import Status
from tickets.words import RIGHT_WORDS, STATUS_WORDS

SIDES = ("One passage:", "Another passage:")
NOTE = "Our note, not the policy's text: "
TITLES_IN_A_ROW = 24  # units of two short titles that stand side by side
_HIDDEN_ADDRESS = re.compile(r"[^\s@]*…@[\w.-]*\w")
_LEAD_ENDS = ".:!?"
_BADGES = {
    "states": "The policy says:",
    "denies": "No, the policy says it does not:",
    "conditional": "It depends:",
    "conflict": "The policy contradicts itself:",
    "silent": "The policy does not say:",
    "changes": "What changed:",
}


@dataclass(frozen=True)
class Place:
    """Where a message goes, as far as its look depends on it.

    base_url: of our pages. name_of: a policy's company. data: what a button's payload becomes (see .buttons), empty
    if it cannot be had.
    """

    base_url: str
    name_of: Callable[[str], str]
    data: Callable[[str], str]
    reply_to: int = 0


def rendered(reply: Reply, place: Place, greeting: str = "") -> Rendered:
    """All of a reply, its buttons below. greeting: what is said before it."""
    blocks: list[Block] = [(Piece(greeting),)] if greeting else []
    has_answer = reply.answer is not None and reply.request is None
    if reply.text:
        blocks.append(_lead(reply.text) if has_answer else (Piece(reply.text),))
    if reply.request and not reply.answer:
        blocks += _receipt(reply.request)
    answers = [answer for answer in (reply.answer, *reply.more_answers) if answer]
    for answer in answers:
        blocks += [*(_head(answer) if len(answers) > 1 else ()), *_answer(answer, place)]
    if reply.letter:
        blocks.append((*_titled(LETTER_HEAD), Piece(reply.letter, ("pre",))))
    if reply.request and reply.answer:
        blocks += _receipt(reply.request)
    if reply.closing:
        blocks.append((Piece(reply.closing),))
    made = with_hidden_addresses(fitted(blocks))
    return replace(made, rows=rows_of(reply.buttons, place.data), reply_to=place.reply_to)


def with_hidden_addresses(message: Rendered) -> Rendered:
    """A masked address in a look of its own: in plain text Telegram takes its end for a mention of somebody."""
    spans = [(mark.offset, mark.offset + mark.length) for mark in message.entities]
    added = []
    for found in _HIDDEN_ADDRESS.finditer(message.text):
        start, size = units(message.text[: found.start()]), units(found.group())
        if all(end <= start or begin >= start + size for begin, end in spans):
            added.append(Mark("code", start, size))
    return replace(message, entities=(*message.entities, *added)) if added else message


def rows_of(buttons: Sequence[Button], data: Callable[[str], str]) -> tuple[tuple[Key, ...], ...]:
    """Short titles two in a row, others in rows of their own."""
    rows: list[tuple[Key, ...]] = []
    for button in buttons:
        key = Key(button.title, data(button.payload))
        if not key.data:
            continue
        last = rows[-1] if rows else ()
        if len(last) == 1 and units(last[0].title) + units(button.title) <= TITLES_IN_A_ROW:
            rows[-1] = (*last, key)
        else:
            rows.append((key,))
    return tuple(rows)


def _lead(text: str) -> tuple[Piece, ...]:
    """The verdict in bold: the first sentence of what introduces the quotes."""
    ends = [text.find(char) for char in _LEAD_ENDS if char in text]
    end = min(ends) + 1 if ends else len(text)
    return (Piece(text[:end], ("bold",)), Piece(text[end:]))


def _titled(title: str) -> tuple[Piece, ...]:
    return (Piece(title, ("bold",)), Piece("\n"))


def _head(answer: dict[str, Any]) -> list[Block]:
    """Which of several questions this is the answer to, and its verdict."""
    pieces: list[Piece] = []
    topics = {topic.value: topic for topic in Topic}
    if answer["topic"] in topics:
        words = topics[answer["topic"]].phrase
        pieces += _titled(f"{words[:1].upper()}{words[1:]}")
    pieces.append(Piece(_BADGES.get(answer["kind"], _BADGES["states"]), ("italic",)))
    condition = answer.get("condition")
    return [(*pieces, Piece(f"\n{condition}" if condition else ""))]


def _answer(answer: dict[str, Any], place: Place) -> list[Block]:
    if answer["kind"] == "changes":
        told: list[Block] = [_passage(quote, place, ROLE_HEADS.get(quote["role"], "")) for quote in answer["quotes"]]
        return [*told, (_link(ALL_CHANGES, answer.get("more", ""), place),)]
    by_role: dict[str, list[dict[str, Any]]] = {}
    for quote in answer["quotes"]:
        by_role.setdefault(quote["role"], []).append(quote)
    blocks: list[Block] = [_passage(quote, place) for quote in by_role.pop("answer", ())]
    for number, quote in enumerate(by_role.pop("against", ())):
        blocks.append(_passage(quote, place, SIDES[min(number, 1)]))
    blocks += [_passage(quote, place) for quote in by_role.pop("condition", ())]
    blocks += [_passage(quote, place, ROLE_HEADS["exception"]) for quote in by_role.pop("exception", ())]
    blocks += _help(answer)
    blocks += [_passage(quote, place, ROLE_HEADS["related"]) for quote in by_role.pop("related", ())]
    rest = [quote for quotes in by_role.values() for quote in quotes]
    for number, quote in enumerate(rest):
        head = "" if number else ROLE_HEADS["also"]
        blocks.append(replace(_passage(quote, place, head), is_spare=True))
    return blocks


def _passage(quote: dict[str, Any], place: Place, head: str = "") -> Passage:
    label = quote["label"]
    head = f"{label[:1].upper()}{label[1:]}:" if label else head
    return Passage(quote["text"], _source(quote, place), _titled(head) if head else ())


def _source(quote: dict[str, Any], place: Place) -> Piece:
    """The link to the marked clause."""
    section = f", section “{quote['section']}”" if quote["section"] else ""
    version = f", version {quote['version']}" if quote["role"] in CHANGE_ROLES else ""
    return _link(f"{place.name_of(quote.get('policy', ''))} privacy policy{version}{section}", quote["url"], place)


def _link(words: str, path: str, place: Place) -> Piece:
    """Words that lead to a page of ours; plain words where there is none."""
    is_ours = path.startswith("/") and path[1:2] not in ("/", "\\")
    if not is_ours or not place.base_url.startswith(("http://", "https://")):
        return Piece(words)
    return Piece(words, ("text_link",), place.base_url + path)


def _help(answer: dict[str, Any]) -> list[Block]:
    blocks: list[Block] = []
    if answer["steps"]:
        lines = "\n".join(f"{number}. {step}" for number, step in enumerate(answer["steps"], 1))
        blocks.append((*_titled(STEPS_HEAD), Piece(lines)))
    if answer["note"]:
        blocks.append((Piece(NOTE, ("bold",)), Piece(answer["note"])))
    return blocks


def _receipt(request: dict[str, Any]) -> list[Block]:
    """What was filed, in short lines."""
    is_referred = request["status"] == Status.REFERRED.value
    lines = [Piece("Reference: ", ("bold",)), Piece(request["reference"], ("code",))]
    for label, value in _facts(request, is_referred):
        lines += [Piece(f"\n{label}: ", ("bold",)), Piece(value)]
    blocks: list[Block] = [tuple(lines)]
    working = request.get("working")
    if working and not is_referred:
        steps = "\n".join(line.replace(" -> ", " → ") for line in working)
        blocks.append((*_titled(WHY), Piece(steps, ("expandable_blockquote",))))
    return blocks


def _facts(request: dict[str, Any], is_referred: bool) -> list[tuple[str, str]]:
    rights = {right.value: words for right, words in RIGHT_WORDS.items()}
    statuses = {status.value: words for status, words in STATUS_WORDS.items()}
    facts = [("You asked for", ", ".join(rights.get(right, right) for right in request["rights"]))]
    if request.get("answer_by") and not is_referred:
        label = "Our target for the answer" if request["is_target"] else "Answer due by"
        facts.append((label, f"{date.fromisoformat(request['answer_by']):%d %b %Y}".lstrip("0")))
    if request["status"] in statuses:
        facts.append(("Status", statuses[request["status"]]))
    return facts
