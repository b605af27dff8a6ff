"""The page of a request, and what is done on it beside deciding: taking it, notes, replies, looking at a contact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response

from console.access import Routes, Who
from console.pages import request_view
from console.pages.queue_bulk import as_sentence
from console.pages.queue_words import Names
from tickets.errors import InputError, MoveError
from tickets.letters import Details as LetterDetails
from tickets.letters import News, news_letter
from tickets.vocabulary import Role

if TYPE_CHECKING:
    from console.house import House

_LONGEST = 4_001  # one more than a remark may have, so that what is too long is told of and not cut
_HERE = "/requests/{reference}"


@dataclass(frozen=True)
class Written:
    """What a form of the page brought. since: the newest entry of the trail that was on the screen."""

    fields: Mapping[str, str]
    seen: int
    since: int

    @classmethod
    async def of(cls, request: Request) -> "Written":
        """From a request whose form was checked by the guard."""
        form = await request.form()
        fields = {name: str(value)[:_LONGEST].replace("\r\n", "\n") for name, value in form.items()}
        return cls(fields, _number(fields.get("seen", "")), _number(fields.get("since", "")))

    def get(self, name: str) -> str:
        """A field's text without blanks around it; empty if it was not given."""
        return self.fields.get(name, "").strip()


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= 12 else -1


class RequestPages:
    """The page, also as it is shown after something was refused. Its methods block: they are called in threads."""

    def __init__(self, house: "House") -> None:
        self._house = house

    def shown(self, reference: str, who: Who, template: str = "") -> dict[str, Any]:
        """The page as it is now."""
        return request_view.page(self._house, reference, who, self._house.clock(), template)

    def done(self, reference: str, who: Who, written: Written, part: str, act: Callable[[], None]) -> dict[str, Any]:
        """Do it. Gives the page that says why not, with what was typed still in it; empty if it was done."""
        try:
            act()
        except (InputError, MoveError) as error:
            return self.refused(reference, who, written, part, as_sentence(str(error)))
        return {}

    def refused(self, reference: str, who: Who, written: Written, part: str, why: str) -> dict[str, Any]:
        """The page with what was typed, why it was not saved, and what others have done meanwhile."""
        values = self.shown(reference, who)
        if part == "reply":
            values["reply_text"] = written.get("text")
        if part == "note":
            values["note_text"] = written.get("text")
        changes: list[Any] = []
        if values["seen"] != written.seen and part != "reveal":
            names = Names(self._house.staff.members())
            changes = request_view.history_since(values["details"], written.since, names)
        return values | {"wrong": why, "wrong_in": part, "changes": changes}

    def letter(self, reference: str, text: str) -> tuple[dict[str, Any], str]:
        """What a reply's page shows, and the message as it goes out."""
        details = self._house.requests.show(reference)
        summary = details.summary
        names = Names(self._house.staff.members())
        _, written = news_letter(
            News.REPLIED,
            self._house.mail,
            policy=summary.policy,
            rights=summary.rights,
            reference=summary.reference,
            at=summary.received,
            details=LetterDetails(reply=text),
            width=0,
        )
        head = request_view.header(self._house, details, names, self._house.clock())
        return {"head": head, "goes_to": request_view.goes_to(details), "version": details.version}, written


def add(routes: Routes, house: "House") -> None:
    """The page and its forms."""
    pages = RequestPages(house)

    @routes.get(_HERE)
    async def show(request: Request, who: Who, reference: str) -> Response:
        template = request.query_params.get("template", "")
        values = await asyncio.to_thread(pages.shown, reference, who, template)
        return house.look.page(request, who, "request.html", **values)

    # By POST: it writes down who has the request open.
    @routes.post(f"{_HERE}/looking", role=Role.VIEWER)
    async def looking(request: Request, who: Who, reference: str) -> Response:
        others, version = await asyncio.to_thread(_looking, house, reference, who)
        is_old = str(version) != (await request.form()).get("seen")
        values: dict[str, Any] = {"others": others, "is_old": is_old, "reference": reference}
        return house.look.part(request, who, "request_others.html", **values)

    _add_taking(routes, house, pages)
    _add_writing(routes, house, pages)

    @routes.post(f"{_HERE}/reveal", role=Role.AGENT)
    async def reveal(request: Request, who: Who, reference: str) -> Response:
        written = await Written.of(request)
        status, values = await asyncio.to_thread(_revealed, house, pages, reference, who, written)
        return house.look.page(request, who, "request.html", status=status, **values)


def _looking(house: "House", reference: str, who: Who) -> tuple[str, int]:
    """Who else has it open, and the version that it has now."""
    others = house.handling.looking(reference, who.member.id, house.clock())
    version = house.requests.show(reference).version
    return Names(house.staff.members()).listed(others), version


def _revealed(
    house: "House", pages: RequestPages, reference: str, who: Who, written: Written
) -> tuple[int, dict[str, Any]]:
    try:
        shown = house.handling.reveal(reference, who.member.id, written.get("reason"), house.clock())
    except (InputError, MoveError) as error:
        return 422, pages.refused(reference, who, written, "reveal", as_sentence(str(error)))
    contacts = [(one.kind.value, one.value.reveal()) for one in shown]
    return 200, pages.shown(reference, who) | {"revealed": contacts}


def _add_taking(routes: Routes, house: "House", pages: RequestPages) -> None:
    """Who works on it."""

    async def done(request: Request, who: Who, reference: str, said: str, give: Callable[[Written], Any]) -> Response:
        written = await Written.of(request)
        refused = await asyncio.to_thread(pages.done, reference, who, written, "taking", lambda: give(written))
        if refused:
            return house.look.page(request, who, "request.html", status=409, **refused)
        return house.look.go(request, f"/requests/{reference}", said)

    def now() -> datetime:
        return house.clock()

    @routes.post(f"{_HERE}/claim", role=Role.AGENT)
    async def claim(request: Request, who: Who, reference: str) -> Response:
        take = house.handling.claim
        said = "You have this request now."
        return await done(request, who, reference, said, lambda w: take(reference, who.member.id, now(), seen=w.seen))

    @routes.post(f"{_HERE}/assign", role=Role.AGENT)
    async def assign(request: Request, who: Who, reference: str) -> Response:
        def give(written: Written) -> None:
            house.handling.assign(reference, written.get("to"), who.member.id, now(), seen=written.seen)

        return await done(request, who, reference, "Assigned.", give)

    @routes.post(f"{_HERE}/release", role=Role.AGENT)
    async def release(request: Request, who: Who, reference: str) -> Response:
        let_go = house.handling.release
        said = "Anybody can take this request again."
        return await done(request, who, reference, said, lambda w: let_go(reference, who.member.id, now(), seen=w.seen))


def _add_writing(routes: Routes, house: "House", pages: RequestPages) -> None:
    """Notes among staff, and messages to the person: those are looked at once more before they go."""

    @routes.post(f"{_HERE}/note", role=Role.AGENT)
    async def note(request: Request, who: Who, reference: str) -> Response:
        written = await Written.of(request)

        # Without `seen`: a note is added to the others and writes over nothing.
        def keep() -> None:
            house.handling.note(reference, written.get("text"), who.member.id, house.clock())

        refused = await asyncio.to_thread(pages.done, reference, who, written, "note", keep)
        if refused:
            return house.look.page(request, who, "request.html", status=422, **refused)
        return house.look.go(request, f"/requests/{reference}", "The note is kept. Only staff see it.")

    @routes.post(f"{_HERE}/reply", role=Role.AGENT)
    async def reply(request: Request, who: Who, reference: str) -> Response:
        written = await Written.of(request)
        if written.get("step") != "send":
            status, template, values = await asyncio.to_thread(_previewed, pages, reference, who, written)
            return house.look.page(request, who, template, status=status, **values)

        def send() -> None:
            house.handling.reply(reference, written.get("text"), who.member.id, house.clock(), seen=written.seen)

        refused = await asyncio.to_thread(pages.done, reference, who, written, "reply", send)
        if refused:
            return house.look.page(request, who, "request.html", status=409, **refused)
        return house.look.go(request, f"/requests/{reference}", "Sent to the person.")


def _previewed(pages: RequestPages, reference: str, who: Who, written: Written) -> tuple[int, str, dict[str, Any]]:
    """The message before it goes; or the page again, where it is not to be sent as it is."""
    text = written.get("text")
    if written.get("step") == "change":
        return 200, "request.html", pages.shown(reference, who) | {"reply_text": text}
    if not text or len(text) >= _LONGEST:
        why = "Write what the person should read: 1 to 4,000 characters."
        return 422, "request.html", pages.refused(reference, who, written, "reply", why)
    values, letter = pages.letter(reference, text)
    if values["version"] != written.seen:
        why = "Somebody else changed this request in the meantime: look at it again."
        return 409, "request.html", pages.refused(reference, who, written, "reply", why)
    shown = {"letter": letter, "text": text, "seen": written.seen, "since": written.since}
    return 200, "request_reply.html", values | shown
