"""The moves of a request: how each is called, what it does and asks for, and what goes out with it."""

from __future__ import annotations

from dataclasses import dataclass

from tickets.allowed import Action
from tickets.letters import News
from tickets.vocabulary import Right


@dataclass(frozen=True)
class Move:
    """A move and its form. news: the letter that goes out with it; confirm: the password is asked for again."""

    action: Action
    title: str
    tells: str  # what happens then
    fields: tuple[str, ...] = ()
    news: News | None = None
    confirm: bool = False
    is_final: bool = False

    @property
    def slug(self) -> str:
        """Its place in the address."""
        return self.action.value.replace("_", "-")

    @property
    def is_at_once(self) -> bool:
        """Whether one press is enough: nothing is asked for and nobody is written to."""
        return not self.fields and self.news is None


MOVES: tuple[Move, ...] = (
    Move(
        Action.VERIFY,
        "Verify against records",
        "It is noted that you checked this. Once enough is shown, the request is verified and its person is told.",
        ("kind",),
    ),
    Move(Action.START, "Start work", "The request is in progress. Nobody is written to."),
    Move(
        Action.HEARD, "The requester has answered", "The work goes on; the clock goes on where the law had stopped it."
    ),
    Move(Action.HEARD_CONTROLLER, "The other party has answered", "The work goes on."),
    Move(
        Action.APPROVE,
        "Approve",
        "You agree, as the second person, that this may be carried out. Nobody is written to.",
        confirm=True,
    ),
    Move(
        Action.FULFIL,
        "Fulfil",
        "You say that all of it was done. The request is closed.",
        news=News.FULFILLED,
        confirm=True,
        is_final=True,
    ),
    Move(
        Action.PARTLY_FULFIL,
        "Fulfil in part",
        "You say of each right what became of it, and why it was not done. The request is closed.",
        tuple(f"{part}_{right.value}" for right in Right for part in ("outcome", "reason", "basis")),
        News.PARTLY_FULFILLED,
        confirm=True,
        is_final=True,
    ),
    Move(
        Action.ASK,
        "Ask the requester",
        "The question goes to the person. Where the law allows it, the clock stops until they answer.",
        ("question",),
        News.ASKED,
    ),
    Move(
        Action.AWAIT_CONTROLLER,
        "Wait for another party",
        "The party that decides about the data has to act first. This stops no clock. Nobody is written to.",
    ),
    Move(
        Action.EXTEND,
        "Extend the time",
        "The longer period of the law is taken, once. The notice with the reason goes out now.",
        ("delay",),
        News.EXTENDED,
    ),
    Move(
        Action.REFER,
        "Refer to the controller",
        "Another party decides about this data. The person is told whom to turn to, and the request is closed.",
        ("controller",),
        News.REFERRED,
        is_final=True,
    ),
    Move(
        Action.LINK_DUPLICATE,
        "Link as a duplicate",
        "Another open request covers all of this. This one is closed; both are answered there.",
        ("original",),
        News.DUPLICATE,
        is_final=True,
    ),
    Move(
        Action.REFUSE,
        "Refuse",
        "The letter says why, what it rests on, and how to complain. The request is closed.",
        ("reason", "basis"),
        News.DENIED,
        is_final=True,
    ),
)
"""In the order in which they are offered."""
