"""What a member of staff may do with a request now, and if not, why not: for showing the next allowed moves only.

It decides nothing: tickets.decisions, tickets.handling and the database keep the rules, whatever a page shows. Where
the two could part, a test walks both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from enum import Enum
from types import MappingProxyType

from tickets import gate
from tickets.clocks import Facts, due
from tickets.model import Details
from tickets.moves import MOVES
from tickets.staff import Member
from tickets.vocabulary import CLOSED, SIGNALS, Channel, ContactKind, Role, Status
from tickets.words import time_in_words

MAY = ""


class Action(str, Enum):
    """What can be done with a request on its page."""

    VERIFY = "verify"
    START = "start"
    ASK = "ask"
    HEARD = "heard"
    AWAIT_CONTROLLER = "await_controller"
    HEARD_CONTROLLER = "heard_controller"
    EXTEND = "extend"
    REFER = "refer"
    APPROVE = "approve"
    FULFIL = "fulfil"
    PARTLY_FULFIL = "partly_fulfil"
    REFUSE = "refuse"
    LINK_DUPLICATE = "link_duplicate"
    CLAIM = "claim"
    NOTE = "note"
    REPLY = "reply"
    REVEAL = "reveal"


ROLE_FOR: Mapping[Action, Role] = MappingProxyType(
    {action: Role.APPROVER if action is Action.APPROVE else Role.AGENT for action in Action}
)
"""The least role for each action."""

_RANK = {role: place for place, role in enumerate(Role)}
_FROM: dict[Action, tuple[frozenset[Status], str]] = {
    Action.START: (frozenset({Status.VERIFIED}), "Work begins once it is settled who asks, and only once."),
    Action.ASK: (frozenset({Status.IN_PROGRESS}), "Questions are put while the request is being worked on."),
    Action.HEARD: (frozenset({Status.AWAITING_REQUESTER}), "No question to the requester is waiting for its answer."),
    Action.AWAIT_CONTROLLER: (
        frozenset({Status.IN_PROGRESS}),
        "Another party is asked while the request is being worked on.",
    ),
    Action.HEARD_CONTROLLER: (frozenset({Status.AWAITING_CONTROLLER}), "No other party is being waited for."),
    Action.FULFIL: (frozenset({Status.IN_PROGRESS}), "Only what is being worked on can be fulfilled."),
    Action.PARTLY_FULFIL: (frozenset({Status.IN_PROGRESS}), "Only what is being worked on can be fulfilled."),
    Action.LINK_DUPLICATE: (
        frozenset(before for before, to in MOVES if to is Status.DUPLICATE),
        "A duplicate is linked before the work on it begins.",
    ),
}
_WORKS_ON_CLOSED = frozenset({Action.NOTE, Action.REPLY, Action.REVEAL})
_CLOSED = "The request is closed; a closed request never moves again."


def allowed(details: Details, member: Member, now: datetime) -> Mapping[Action, str]:
    """For each action an empty text if the member may take it now, else the sentence that says why not."""
    return {action: _why_not(action, details, member, now) for action in Action}


def _why_not(action: Action, details: Details, member: Member, now: datetime) -> str:
    if member.is_disabled:
        return "This login is disabled."
    if _RANK[member.role] < _RANK[ROLE_FOR[action]]:
        return f"This takes the role of {_article(ROLE_FOR[action])} {ROLE_FOR[action].value}."
    if details.summary.status in CLOSED and action not in _WORKS_ON_CLOSED:
        return _CLOSED
    statuses, otherwise = _FROM.get(action, (frozenset(Status), ""))
    if details.summary.status not in statuses:
        return otherwise
    rule = _RULES.get(action)
    return rule(details, member, now) if rule else MAY


def _article(role: Role) -> str:
    return "an" if role.value[0] in "aeiou" else "a"


def _verify(details: Details, member: Member, now: datetime) -> str:
    if details.verified_at is not None:
        return "It is settled already who asks."
    by_member = {line.action for line in details.history if line.actor == member.id}
    if by_member & {f"shown_{kind.value}" for kind in SIGNALS}:
        return "You have recorded one signal; the second has to be checked by a second person."
    return MAY


def _extend(details: Details, member: Member, now: datetime) -> str:
    if details.extended:
        return "The time was extended already; the law allows it once."
    if now.astimezone(timezone.utc).date() > details.summary.answer_by:
        return "It is too late: the notice has to go out within the first period."
    return MAY if _law_allows_more(details) else "No law that applies here allows more time."


def _law_allows_more(details: Details) -> bool:
    """Whether the longer period moves the date. What moves both dates alike (a pause, a holiday) is left out."""
    asked, received = (details.regimes, details.summary.rights), details.summary.received
    return due(*asked, received, facts=Facts(extended=True)).answer_by > due(*asked, received).answer_by


def _approve(details: Details, member: Member, now: datetime) -> str:
    if details.verified_at is None:
        return "It is not settled yet who asks."
    if member.id == _filer(details):
        return "You entered this request; somebody else approves it."
    return "It is approved already." if details.approver else MAY


def _filer(details: Details) -> str:
    return next((line.actor for line in details.history if line.action == "opened"), "")


def _carry_out(details: Details, member: Member, now: datetime) -> str:
    if not details.approver:
        return "A second person has to approve it first."
    if not gate.is_destructive(details.summary.rights):
        return MAY
    if details.approver == member.id:
        return "You approved this; what cannot be undone is done by another person."
    if details.hold_until is None or now < details.hold_until:
        until = f" until {time_in_words(details.hold_until)}" if details.hold_until else ""
        return f"On hold{until}, so that the account's owner can still stop it."
    return MAY


def _claim(details: Details, member: Member, now: datetime) -> str:
    if details.assignee == member.id:
        return "It is yours already."
    return "A colleague has this request; it can be assigned to you." if details.assignee else MAY


def _write(details: Details, member: Member, now: datetime) -> str:
    if any(line.action == "pseudonymised" for line in details.history):
        return "The person was taken out of this request; nothing more is written about it."
    return MAY


def _reply(details: Details, member: Member, now: datetime) -> str:
    mailable = any(contact.kind is ContactKind.EMAIL for contact in details.contacts)
    if details.channel is Channel.STAFF and not mailable:
        return "There is no address to write to; reach the person the way they came."
    return _write(details, member, now)


def _reveal(details: Details, member: Member, now: datetime) -> str:
    return MAY if details.contacts else "There is no contact to look at."


_RULES: dict[Action, Callable[[Details, Member, datetime], str]] = {
    Action.VERIFY: _verify,
    Action.EXTEND: _extend,
    Action.APPROVE: _approve,
    Action.FULFIL: _carry_out,
    Action.PARTLY_FULFIL: _carry_out,
    Action.CLAIM: _claim,
    Action.NOTE: _write,
    Action.REPLY: _reply,
    Action.REVEAL: _reveal,
}
