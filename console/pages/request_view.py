"""What the page of a request shows, put into words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from console.pages.decide_table import MOVES
from console.pages.queue_words import (
    CHANNEL_FOR_STAFF,
    REGIME_WORDS,
    RIGHT_FOR_STAFF,
    STATUS_FOR_STAFF,
    Names,
    TimeLeft,
    action_words,
    days_until,
    time_left,
)
from console.pages.request_conversation import Cited, Said, conversation_of
from console.pages.request_policy import policy_says
from console.pages.request_templates import reply_templates
from tickets.allowed import Action, allowed
from tickets.vocabulary import CLOSED, Channel, ContactKind, EvidenceKind, Remark
from tickets.words import OUTCOME_WORDS, REFUSAL_WORDS, RIGHT_WORDS, authorities

if TYPE_CHECKING:
    from console.access import Who
    from console.house import House
    from tickets.handling import RemarkSaid
    from tickets.model import AuditLine, Details

_SAYS = {Remark.NOTE: "note", Remark.REPLY: "reply", Remark.ANSWER: "answer"}


@dataclass(frozen=True)
class Head:
    """The top of the page."""

    reference: str
    policy: str
    rights: str
    status: str
    left: TimeLeft
    assignee: str
    is_closed: bool


@dataclass(frozen=True)
class HistoryLine:
    """An entry of the trail in words."""

    at: datetime
    actor: str
    words: str
    status: str  # empty where it stayed the same


@dataclass(frozen=True)
class Talk:
    """Something that was said. kind: person, desk, answer, reply or note."""

    at: datetime
    kind: str
    name: str
    text: str
    cited: tuple[Cited, ...] = ()
    pressed: bool = False


def header(house: "House", details: "Details", names: Names, now: datetime) -> Head:
    """What every page about a request begins with."""
    summary = details.summary
    return Head(
        reference=summary.reference,
        policy=house.knowledge.name_of(summary.policy),
        rights=", ".join(RIGHT_FOR_STAFF[right] for right in summary.rights),
        status=STATUS_FOR_STAFF[summary.status],
        left=time_left(days_until(summary.answer_by, now), summary.status),
        assignee=names.of(details.assignee) if details.assignee else "",
        is_closed=summary.status in CLOSED,
    )


def history(lines: Iterable["AuditLine"], names: Names) -> list[HistoryLine]:
    """The trail, newest first."""
    return [
        HistoryLine(
            line.at,
            names.of(line.actor),
            action_words(line.action),
            "" if line.from_status is line.to_status else STATUS_FOR_STAFF[line.to_status],
        )
        for line in reversed(tuple(lines))
    ]


def history_since(details: "Details", sequence: int, names: Names) -> list[HistoryLine]:
    """What was added after that entry."""
    return history((line for line in details.history if line.sequence > sequence), names)


def talk(said: Iterable[Said], remarks: Iterable["RemarkSaid"], names: Names) -> list[Talk]:
    """The conversation and what was written about it, oldest first."""
    lines = [
        Talk(
            one.at,
            "person" if one.is_person else "desk",
            "The person" if one.is_person else "The desk",
            one.text,
            one.cited,
            one.pressed,
        )
        for one in said
    ]
    for remark in remarks:
        name = "The person" if remark.kind is Remark.ANSWER else names.of(remark.actor)
        lines.append(Talk(remark.at, _SAYS[remark.kind], name, remark.text or "(cannot be opened any more)"))
    return sorted(lines, key=lambda line: line.at)


def goes_to(details: "Details") -> str:
    """Where a message to the person arrives, in words."""
    address = next((one.hint for one in details.contacts if one.kind is ContactKind.EMAIL), "")
    if details.channel is Channel.STAFF:
        return f"by mail to {address}" if address else ""
    chat = f"in their {CHANNEL_FOR_STAFF[details.channel]}"
    if address and EvidenceKind.MAILBOX_CONTROL in details.evidence:
        return f"{chat}, and by mail to {address}"
    return chat


def outcomes(details: "Details") -> list[tuple[str, str, str, str]]:
    """What became of each right: the right, its outcome, and where it was refused the reason and what that rests on."""
    return [
        (RIGHT_WORDS[one.right], OUTCOME_WORDS[one.outcome], REFUSAL_WORDS[one.reason] if one.reason else "", one.basis)
        for one in details.summary.outcomes
    ]


def moves(may: dict[Action, str]) -> dict[str, Any]:
    """The moves that can be made now, and of the others why not. The first that carries the work on stands out."""
    ready = [move for move in MOVES if not may[move.action]]
    forward = next((move for move in ready if move.action in _FORWARD), None)
    blocked = [(move, may[move.action]) for move in MOVES if may[move.action]]
    return {
        "forward": forward,
        "ready": [move for move in ready if move is not forward and not move.is_final],
        "closing": [move for move in ready if move is not forward and move.is_final],
        "blocked": blocked,
    }


_FORWARD = (
    Action.VERIFY,
    Action.START,
    Action.HEARD,
    Action.HEARD_CONTROLLER,
    Action.APPROVE,
    Action.FULFIL,
)


def page(house: "House", reference: str, who: "Who", now: datetime, template: str = "") -> dict[str, Any]:
    """Everything that the page shows. Blocks: several reads of the database."""
    details = house.requests.show(reference)
    names = Names(house.staff.members())
    says = policy_says(house.knowledge, details, house.settings.public_url)
    may = dict(allowed(details, who.member, now))
    remarks = house.handling.remarks(details.summary.reference)
    templates = reply_templates(details, says)
    return {
        "details": details,
        "head": header(house, details, names, now),
        "asked": [RIGHT_WORDS[right] for right in details.summary.rights],
        "outcomes": outcomes(details),
        "complain_to": authorities(details.regimes),
        "laws": [REGIME_WORDS[regime] for regime in details.regimes],
        "channel": CHANNEL_FOR_STAFF[details.channel],
        "says": says,
        "talk": talk(conversation_of(house, details.summary.reference), remarks, names),
        "history": history(details.history, names),
        "approver": names.of(details.approver) if details.approver else "",
        "may": {action.value: why for action, why in may.items()},
        "moves": moves(may),
        "is_mine": details.assignee == who.member.id,
        "members": [one for one in names.members if not one.is_disabled and one.role.value != "viewer"],
        "others": names.listed(house.handling.looking(details.summary.reference, who.member.id, now)),
        "goes_to": goes_to(details),
        "templates": [(key, title) for key, (title, _) in templates.items()],
        "reply_text": templates.get(template, ("", ""))[1],
        "note_text": "",
        "seen": details.version,
        "since": max((line.sequence for line in details.history), default=0),
        "public_url": house.settings.public_url.rstrip("/"),
        "revealed": (),
        "wrong": "",
        "wrong_in": "",
        "changes": [],
    }
