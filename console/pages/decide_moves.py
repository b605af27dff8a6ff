"""Making a move with what was typed into its form, and the letter as it will go out with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from console.pages.decide_table import Move
from console.pages.queue_words import RIGHT_FOR_STAFF
from tickets import right_outcomes
from tickets.allowed import Action
from tickets.errors import InputError, UnknownRequestError
from tickets.letters import Details as LetterDetails
from tickets.letters import news_letter
from tickets.model import RightResult, Summary
from tickets.vocabulary import SIGNALS, DelayReason, EvidenceKind, RefusalReason, RightOutcome

if TYPE_CHECKING:
    from console.house import House
    from tickets.model import Details

NO_BASIS = "Name the clause or law that it rests on."
_Word = TypeVar("_Word", bound=Enum)


class Typed:
    """What was typed into a form, of the fields that its move has."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.pairs = tuple((name, text.replace("\r\n", "\n")) for name, text in pairs)

    def get(self, name: str) -> str:
        """A field's text without blanks around it; empty if it was not given."""
        return next((text.strip() for other, text in self.pairs if other == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of a field that may come several times."""
        return [text for other, text in self.pairs if other == name]


def decide(house: "House", move: Move, details: "Details", typed: Typed, actor: str, now: datetime, seen: int) -> None:
    """Make the move. Raises MoveError, InputError, UnknownRequestError and StoreError."""
    reference, staff = details.summary.reference, house.decisions
    plain: dict[Action, Callable[..., Summary]] = {
        Action.START: staff.start,
        Action.HEARD: staff.heard_requester,
        Action.AWAIT_CONTROLLER: staff.await_controller,
        Action.HEARD_CONTROLLER: staff.heard_controller,
        Action.APPROVE: staff.approve,
        Action.FULFIL: staff.fulfil,
    }
    if move.action in plain:
        plain[move.action](reference, actor, now, seen=seen)
    elif move.action is Action.VERIFY:
        staff.verify(reference, _signal(typed), actor, now, seen=seen)
    elif move.action is Action.ASK:
        staff.ask_requester(reference, typed.get("question"), actor, now, seen=seen)
    elif move.action is Action.EXTEND:
        staff.extend(reference, _delay(typed), actor, now, seen=seen)
    elif move.action is Action.REFER:
        staff.refer(reference, typed.get("controller"), actor, now, seen=seen)
    elif move.action is Action.LINK_DUPLICATE:
        staff.link_duplicate(reference, _original(house, typed), actor, now, seen=seen)
    elif move.action is Action.REFUSE:
        staff.refuse(reference, _refusal(typed), _given(typed, "basis", NO_BASIS), actor, now, seen=seen)
    else:
        staff.partly_fulfil(reference, results_of(typed, details), actor, now, seen=seen)


def letter(house: "House", move: Move, details: "Details", typed: Typed) -> tuple[str, str] | None:
    """Subject and text of what goes out with the move. Raises InputError for what the letter lacks."""
    if move.news is None:
        return None
    summary = details.summary
    return news_letter(
        move.news,
        house.mail,
        policy=summary.policy,
        rights=summary.rights,
        reference=summary.reference,
        at=summary.received,
        details=_said(house, move, details, typed),
        width=0,
    )


def _said(house: "House", move: Move, details: "Details", typed: Typed) -> LetterDetails:
    """What the letter says besides the request itself."""
    if move.action is Action.ASK:
        return LetterDetails(question=_given(typed, "question", "Write the question."))
    if move.action is Action.EXTEND:
        return LetterDetails(reason=_delay(typed), answer_by=house.decisions.longer_date(details.summary.reference))
    if move.action is Action.REFER:
        return LetterDetails(controller=_given(typed, "controller", "Say who decides about this data."))
    if move.action is Action.LINK_DUPLICATE:
        return LetterDetails(original=_original(house, typed))
    if move.action is Action.REFUSE:
        basis = _given(typed, "basis", NO_BASIS)
        return LetterDetails(reason=_refusal(typed), basis=basis, regimes=details.regimes)
    if move.action is Action.PARTLY_FULFIL:
        return LetterDetails(results=results_of(typed, details), regimes=details.regimes)
    return LetterDetails()


def results_of(typed: Typed, details: "Details") -> tuple[RightResult, ...]:
    """What became of each right, as it was typed. Raises InputError where that is not a part, or lacks its reason."""
    results = []
    for right in details.summary.rights:
        words = RIGHT_FOR_STAFF[right]
        outcome = _one(RightOutcome, typed.get(f"outcome_{right.value}"), f"Say what became of this: {words}.")
        if outcome is RightOutcome.FULFILLED:
            results.append(RightResult(right, outcome))
            continue
        reason = _one(RefusalReason, typed.get(f"reason_{right.value}"), f"Choose the reason for this: {words}.")
        basis = _given(typed, f"basis_{right.value}", f"Name the clause or law for this: {words}.")
        results.append(RightResult(right, outcome, reason, basis))
    return right_outcomes.checked(results, details.summary.rights)


def _original(house: "House", typed: Typed) -> str:
    """The reference of the other request, as it is stored."""
    try:
        return house.requests.show(
            _given(typed, "original", "Give the reference of the other request.")
        ).summary.reference
    except UnknownRequestError as error:
        raise InputError("There is no request of that reference.") from error


def _signal(typed: Typed) -> EvidenceKind:
    kind = _one(EvidenceKind, typed.get("kind"), "Choose what was checked.")
    if kind not in SIGNALS:
        raise InputError("Choose what was checked.")
    return kind


def _delay(typed: Typed) -> DelayReason:
    return _one(DelayReason, typed.get("delay"), "Choose why it takes longer.")


def _refusal(typed: Typed) -> RefusalReason:
    return _one(RefusalReason, typed.get("reason"), "Choose the reason.")


def _given(typed: Typed, name: str, otherwise: str) -> str:
    text = typed.get(name)
    if not text:
        raise InputError(otherwise)
    return text


def _one(words: type[_Word], text: str, otherwise: str) -> _Word:
    try:
        return words(text)
    except ValueError:
        raise InputError(otherwise) from None
