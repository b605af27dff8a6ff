"""What a page of the queue was asked for, and the address that asks for it again. Nothing personal stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from tickets.queue import UNFILTERED, Filter, View
from tickets.vocabulary import Channel, Regime, Right, Status

_LONGEST = 200
_Word = TypeVar("_Word", bound=Enum)


@dataclass(frozen=True)
class Asked:
    """A view, what it is narrowed to, and where its page begins."""

    view: View = View.ALL_OPEN
    chosen: Filter = UNFILTERED
    after: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Asked":
        """From an address. What is not in the vocabularies counts as not asked for."""
        chosen = Filter(
            policy=_short(given.get("policy")),
            right=_one(Right, given.get("right")),
            status=_one(Status, given.get("status")),
            channel=_one(Channel, given.get("channel")),
            regime=_one(Regime, given.get("regime")),
            assignee=_short(given.get("assignee")),
        )
        return cls(_one(View, given.get("view")) or View.ALL_OPEN, chosen, _short(given.get("after")))

    @classmethod
    def of_query(cls, query: str) -> "Asked":
        """From the part of an address after the "?", as a form brings it back."""
        return cls.of(dict(parse_qsl(query[: _LONGEST * 10])))

    @property
    def query(self) -> str:
        """The part of the address after the "?"."""
        return urlencode(self._pairs())

    @property
    def is_narrowed(self) -> bool:
        """Whether a filter is set."""
        return self.chosen != UNFILTERED

    def at(self, path: str, **more: str) -> str:
        """The address of that path with the same question."""
        return f"{path}?{urlencode(self._pairs() + list(more.items()))}"

    def in_view(self, view: View) -> "Asked":
        """Another view, all of it, from its beginning."""
        return Asked(view)

    def from_the_top(self) -> "Asked":
        """The same from its first page."""
        return replace(self, after="")

    def next(self, after: str) -> "Asked":
        """The page that follows."""
        return replace(self, after=after)

    def _pairs(self) -> list[tuple[str, str]]:
        chosen = self.chosen
        words = {
            "view": self.view,
            "policy": chosen.policy,
            "right": chosen.right,
            "status": chosen.status,
            "channel": chosen.channel,
            "regime": chosen.regime,
            "assignee": chosen.assignee,
            "after": self.after,
        }
        return [(name, str(word.value if isinstance(word, Enum) else word)) for name, word in words.items() if word]


def _short(text: str | None) -> str:
    plain = text or ""
    return plain if len(plain) <= _LONGEST and "\0" not in plain else ""


def _one(words: type[_Word], text: str | None) -> _Word | None:
    try:
        return words(text) if text else None
    except ValueError:
        return None
