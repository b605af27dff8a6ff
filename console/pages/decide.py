"""Deciding: a form for each move, the letter before it goes out, and no save over what somebody else has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response

from console.access import Routes, Who
from console.pages.decide_moves import Typed, decide, letter
from console.pages.decide_table import MOVES, Move
from console.pages.queue_bulk import as_sentence
from console.pages.queue_words import EVIDENCE_WORDS, RIGHT_FOR_STAFF, Names
from console.pages.request_policy import bases, policy_says
from console.pages.request_templates import question_templates
from console.pages.request_view import HistoryLine, goes_to, header, history_since
from tickets.allowed import ROLE_FOR, allowed
from tickets.errors import InputError, MoveError
from tickets.vocabulary import SIGNALS, DelayReason, RefusalReason, RightOutcome
from tickets.words import DELAY_WORDS, OUTCOME_WORDS, REFUSAL_WORDS, authorities, day_in_words

if TYPE_CHECKING:
    from console.house import House
    from tickets.model import Details

_LONGEST = 4_000
_MOST_FIELDS = 60


@dataclass(frozen=True)
class Sent:
    """A form as it came back. step: "look" for the letter first, "send", or "change". since: the newest entry shown."""

    typed: Typed
    step: str
    seen: int
    since: int

    @classmethod
    async def of(cls, request: Request, fields: Sequence[str]) -> "Sent":
        """From a request whose form was checked by the guard."""
        form = await request.form()
        pairs = [(name, str(value)[:_LONGEST]) for name, value in form.multi_items() if name in fields]
        seen, since = number(str(form.get("seen", ""))), number(str(form.get("since", "")))
        return cls(Typed(pairs[:_MOST_FIELDS]), str(form.get("step", "")), seen, since)


def number(text: str) -> int:
    """A number of a hidden field; -1, which no request has, for anything else."""
    return int(text) if text.isdecimal() and len(text) <= 12 else -1


def add(routes: Routes, house: "House") -> None:
    """One address for each move."""
    for move in MOVES:
        _add(routes, house, move)


def _add(routes: Routes, house: "House", move: Move) -> None:
    path = f"/requests/{{reference}}/{move.slug}"
    role = ROLE_FOR[move.action]

    @routes.get(path, role=role)
    async def form(request: Request, who: Who, reference: str) -> Response:
        values = await asyncio.to_thread(_form, house, move, reference, who, Typed(_first_values(request, move)))
        return house.look.page(request, who, "decide.html", **values)

    @routes.post(path, role=role, confirm=move.confirm)
    async def send(request: Request, who: Who, reference: str) -> Response:
        sent = await Sent.of(request, move.fields)
        status, values = await asyncio.to_thread(_sent, house, move, reference, who, sent)
        if status == 303:
            return house.look.go(request, f"/requests/{values['reference']}", values["said"])
        return house.look.page(request, who, "decide.html", status=status, **values)


def _first_values(request: Request, move: Move) -> list[tuple[str, str]]:
    """What a link fills in: a question from a template. Never a person's words."""
    template = request.query_params.get("template", "")
    return [("template", template)] if "question" in move.fields else []


def _form(house: "House", move: Move, reference: str, who: Who, typed: Typed) -> dict[str, Any]:
    details = house.requests.show(reference)
    if template := typed.get("template"):
        typed = Typed([("question", question_templates(details).get(template, ("", ""))[1])])
    values = _values(house, move, details, who, typed)
    if move.news is not None and not move.fields:
        values |= {"letter": letter(house, move, details, typed)}
    return values


def _sent(house: "House", move: Move, reference: str, who: Who, sent: Sent) -> tuple[int, dict[str, Any]]:
    """The status and what is shown; 303 when it is done."""
    details = house.requests.show(reference)
    if details.version != sent.seen:
        return 409, _changed(house, move, details, who, sent)
    if sent.step == "change":
        return 200, _values(house, move, details, who, sent.typed)
    try:
        written = letter(house, move, details, sent.typed)
        if written is not None and sent.step != "send":
            return 200, _values(house, move, details, who, sent.typed) | {"letter": written}
        decide(house, move, details, sent.typed, who.member.id, house.clock(), sent.seen)
    except InputError as error:
        wrong = {"wrong": as_sentence(str(error))}
        return 422, _values(house, move, details, who, sent.typed) | wrong
    except MoveError as error:
        now_is = house.requests.show(reference)
        if now_is.version != sent.seen:
            return 409, _changed(house, move, now_is, who, sent)
        wrong = {"wrong": as_sentence(str(error))}
        return 409, _values(house, move, now_is, who, sent.typed) | wrong
    said = f"{move.title}: done." + (" The letter is on its way." if written and goes_to(details) else "")
    return 303, {"reference": details.summary.reference, "said": said}


def _changed(house: "House", move: Move, details: "Details", who: Who, sent: Sent) -> dict[str, Any]:
    """What others did meanwhile, with what was typed kept in the form."""
    values = _values(house, move, details, who, sent.typed)
    names = Names(house.staff.members())
    changes: list[HistoryLine] = history_since(details, sent.since, names)
    return values | {"changes": changes, "is_stale": True}


def _values(house: "House", move: Move, details: "Details", who: Who, typed: Typed) -> dict[str, Any]:
    now = house.clock()
    says = policy_says(house.knowledge, details, house.settings.public_url)
    return {
        "move": move,
        "details": details,
        "head": header(house, details, Names(house.staff.members()), now),
        "typed": typed,
        "why_not": allowed(details, who.member, now)[move.action],
        "seen": details.version,
        "since": max((line.sequence for line in details.history), default=0),
        "letter": None,
        "wrong": "",
        "changes": [],
        "is_stale": False,
        "signals": [(kind.value, EVIDENCE_WORDS[kind]) for kind in _signals_left(details)],
        "reasons": [(reason.value, REFUSAL_WORDS[reason]) for reason in RefusalReason],
        "delays": [(reason.value, DELAY_WORDS[reason]) for reason in DelayReason],
        "bases": bases(house.knowledge, details),
        "outcomes": _outcomes(details),
        "rights": [(right.value, RIGHT_FOR_STAFF[right]) for right in details.summary.rights],
        "controllers": [says.other_party] if says and says.other_party else [],
        "templates": [(key, title) for key, (title, _) in question_templates(details).items()],
        "goes_to": goes_to(details),
        "authority": authorities(details.regimes),
        "longer": day_in_words(house.decisions.longer_date(details.summary.reference))
        if "delay" in move.fields
        else "",
    }


def _outcomes(details: "Details") -> list[tuple[str, str]]:
    """What can have become of a right. Of one alone, that it was done in part: else it is fulfilled, or refused."""
    several = len(details.summary.rights) > 1
    return [(one.value, OUTCOME_WORDS[one]) for one in RightOutcome if several or one is RightOutcome.PARTLY_FULFILLED]


def _signals_left(details: "Details") -> list[Any]:
    """What was not shown yet; what staff check against their own records comes first."""
    order = [kind for kind in EVIDENCE_WORDS if kind in SIGNALS]
    return [kind for kind in order if kind not in details.evidence]
