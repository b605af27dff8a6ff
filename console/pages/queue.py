"""The queue: saved views with counts, filters, search, and what is done with several requests at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response

from console.access import Routes, Who
from console.pages.queue_asked import Asked
from console.pages.queue_bulk import DEEDS, Deed, done_to
from console.pages.queue_words import (
    CHANNEL_FOR_STAFF,
    EMPTY_WORDS,
    REGIME_WORDS,
    RIGHT_FOR_STAFF,
    STATUS_FOR_STAFF,
    VIEW_WORDS,
    Names,
    TimeLeft,
    time_left,
)
from tickets.errors import InputError
from tickets.queue import NOBODY, Line, Queue, View, count_in_words
from tickets.vocabulary import Role

if TYPE_CHECKING:
    from console.house import House
    from tickets.staff import Member

PAGE = 50
MOST_AT_ONCE = 100  # requests of one bulk action
MOST_DEAD = 100  # letters that are counted
RECOUNT = timedelta(seconds=30)
_LONGEST_SEARCH = 200


@dataclass(frozen=True)
class ViewLink:
    """A saved view in the list of them."""

    words: str
    url: str
    count: str
    is_current: bool
    is_urgent: bool


@dataclass(frozen=True)
class Row:
    """A request as a line of the table. ticket: what a bulk action sends back, the reference and its version."""

    line: Line
    policy: str
    left: TimeLeft
    rights: str
    status: str
    channel: str
    assignee: str
    is_mine: bool

    @property
    def ticket(self) -> str:
        return f"{self.line.reference}@{self.line.version}"


class QueuePages:
    """Reads what the pages of the queue show. Its methods block: they are called in threads."""

    def __init__(self, house: "House") -> None:
        self._house = house
        self._dead: tuple[datetime, int] | None = None

    def dead_letters(self, now: datetime) -> str:
        """How many letters were given up, counted anew every half minute: it takes a look at every letter."""
        if self._dead is None or not timedelta() <= now - self._dead[0] < RECOUNT:
            self._dead = now, len(self._house.outbox.dead(MOST_DEAD))
        dead = self._dead[1]
        return f"{dead}{'+' if dead == MOST_DEAD else ''}"

    def views(self, asked: Asked | None, who: Who, now: datetime) -> dict[str, Any]:
        """The saved views with their counts. asked: None where none of them is shown, as after a search."""
        queue = self._house.queue
        counts, current = queue.counts(who.member.id, now), asked.view if asked else None
        links = [
            ViewLink(words, Asked(view).at("/queue"), count_in_words(counts[view]), view is current, _urges(view))
            for view, words in VIEW_WORDS.items()
        ]
        live = asked.at("/queue/views", mark=mark(queue, now)) if asked else ""
        return {"views": links, "dead_letters": self.dead_letters(now), "live": live}

    def rows(self, asked: Asked, who: Who, now: datetime) -> dict[str, Any]:
        """A page of the view. Where its beginning is not known any more, the view from its top."""
        queue, staff_id = self._house.queue, who.member.id
        try:
            page = queue.page(asked.view, asked.chosen, staff_id, now, after=asked.after, limit=PAGE)
        except InputError:
            asked = asked.from_the_top()
            page = queue.page(asked.view, asked.chosen, staff_id, now, limit=PAGE)
        names = Names(self._house.staff.members())
        return {
            "rows": self.in_words(page.lines, names, who),
            "asked": asked,
            "next": asked.next(page.next).at("/queue") if page.next else "",
            "first": asked.from_the_top().at("/queue") if asked.after else "",
            "members": active(names.members),
            "empty": "Nothing here agrees with the filter." if asked.is_narrowed else EMPTY_WORDS[asked.view],
            "refresh": asked.at("/queue/rows"),
        }

    def whole(self, asked: Asked, who: Who, now: datetime) -> dict[str, Any]:
        """Everything that the queue's page shows."""
        shown = self.views(asked, who, now) | self.rows(asked, who, now)
        return shown | self._choices(shown["members"]) | {"title": VIEW_WORDS[asked.view], "search": ""}

    def found(self, text: str, who: Who, now: datetime) -> dict[str, Any]:
        """What a search finds, in the shape of the queue's page."""
        names = Names(self._house.staff.members())
        lines = self._house.queue.search(text[:_LONGEST_SEARCH], now, PAGE)
        shown = self.views(None, who, now) | self._choices(active(names.members))
        return shown | {
            "rows": self.in_words(lines, names, who),
            "asked": Asked(),
            "next": "",
            "first": "",
            "members": active(names.members),
            "empty": "Nothing was found. Try the reference, the whole address, or other words of the request.",
            "refresh": "",
            "title": "Found",
            "search": text[:_LONGEST_SEARCH],
        }

    def in_words(self, lines: Sequence[Line], names: Names, who: Who) -> list[Row]:
        """Lines as the table shows them."""
        return [
            Row(
                line=line,
                policy=self._house.knowledge.name_of(line.policy),
                left=time_left(line.days_left, line.status),
                rights=", ".join(RIGHT_FOR_STAFF[right] for right in line.rights),
                status=STATUS_FOR_STAFF[line.status],
                channel=CHANNEL_FOR_STAFF[line.channel],
                assignee=names.of(line.assignee) if line.assignee else "",
                is_mine=line.assignee == who.member.id,
            )
            for line in lines
        ]

    def _choices(self, members: Sequence["Member"]) -> dict[str, Any]:
        """What the filters offer: name of the field -> (value, words)."""
        policies = [(policy, self._house.knowledge.name_of(policy)) for policy in self._house.knowledge.ids]
        return {
            "choices": {
                "policy": ("Policy", policies),
                "right": ("Right", [(right.value, words) for right, words in RIGHT_FOR_STAFF.items()]),
                "status": ("Status", [(status.value, words) for status, words in STATUS_FOR_STAFF.items()]),
                "channel": ("Channel", [(channel.value, words) for channel, words in CHANNEL_FOR_STAFF.items()]),
                "regime": ("Law", [(regime.value, words) for regime, words in REGIME_WORDS.items()]),
                "assignee": ("Who has it", [(NOBODY, "nobody"), *((one.id, one.login) for one in members)]),
            },
            "deeds": DEEDS,
        }


def add(routes: Routes, house: "House") -> None:
    """The queue's pages, and the parts of them that are renewed while they are looked at."""
    pages = QueuePages(house)

    @routes.get("/queue")
    async def queue(request: Request, who: Who) -> Response:
        asked, now = Asked.of(request.query_params), house.clock()
        return house.look.page(request, who, "queue.html", **await asyncio.to_thread(pages.whole, asked, who, now))

    @routes.get("/queue/views")
    async def views(request: Request, who: Who) -> Response:
        # Asked every ten seconds by every open page: nothing is counted while nothing has changed.
        asked, now = Asked.of(request.query_params), house.clock()
        if await asyncio.to_thread(mark, house.queue, now) == request.query_params.get("mark"):
            return Response(status_code=204)
        values = await asyncio.to_thread(pages.views, asked, who, now)
        part = house.look.part(request, who, "queue_views.html", **values)
        part.headers["HX-Trigger"] = "queue-changed"
        return part

    @routes.get("/queue/rows")
    async def rows(request: Request, who: Who) -> Response:
        values = await asyncio.to_thread(pages.rows, Asked.of(request.query_params), who, house.clock())
        return house.look.part(request, who, "queue_rows.html", deeds=DEEDS, search="", **values)

    # By POST, because what is searched for may be somebody's address, and addresses of pages are kept in many places.
    @routes.post("/queue/search", role=Role.VIEWER)
    async def search(request: Request, who: Who) -> Response:
        text = str((await request.form()).get("q", "")).strip()
        if not text:
            return house.look.go(request, "/queue")
        values = await asyncio.to_thread(pages.found, text, who, house.clock())
        return house.look.page(request, who, "queue.html", **values)

    @routes.post("/queue/bulk", role=Role.AGENT)
    async def bulk(request: Request, who: Who) -> Response:
        form = await request.form()
        back = Asked.of_query(str(form.get("back", "")))
        tickets = [str(one) for one in form.getlist("ticket")][:MOST_AT_ONCE]
        deed = Deed.of(str(form.get("do", "")), str(form.get("to", "")))
        if deed is None or not tickets:
            said = "Tick the requests that it is about first." if deed else "Choose what to do, and with whom."
            return house.look.go(request, back.at("/queue"), said)
        results = await asyncio.to_thread(done_to, house, deed, tickets, who.member, house.clock())
        done = sum(result.is_done for result in results)
        values: dict[str, Any] = {"results": results, "deed": deed, "done": done, "back": back.at("/queue")}
        return house.look.page(request, who, "queue_done.html", **values)


def mark(queue: Queue, now: datetime) -> str:
    """Changes when the queue does; a new day changes it too, because days are left."""
    return f"{queue.mark()}.{now.date().isoformat()}"


def active(members: Sequence["Member"]) -> list["Member"]:
    """Whom work can be given to."""
    return [member for member in members if not member.is_disabled and member.role is not Role.VIEWER]


def _urges(view: View) -> bool:
    return view in (View.OVERDUE, View.DUE_TODAY)
