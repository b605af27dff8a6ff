"""The members of staff, for administrators."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import Response

from console.access import Routes, Who
from console.house import House
from console.pages.queue_words import Names, action_words
from pii.redacted import Redacted
from tickets.deeds import MOST_AT_ONCE, Deed, Deeds
from tickets.errors import InputError
from tickets.staff import Member
from tickets.vocabulary import Role, Subject

ROLE_WORDS = {
    Role.VIEWER: "looks",
    Role.AGENT: "works on requests",
    Role.APPROVER: "also agrees as the second person",
    Role.ADMIN: "also manages staff",
}
SUBJECT_WORDS = {
    Subject.FINDING: "question",
    Subject.LETTER: "letter",
    Subject.ARRIVAL: "message",
    Subject.POLICY: "policy",
}
DETAIL_WORDS = {"role": "now", "was": "before", "settled": "alike ones settled:", "topic": "under"}
NOT_ONESELF = "Another administrator has to do that: nobody can lock themselves out."
Login = Annotated[str, Form(max_length=64)]


def add(routes: Routes, house: House) -> None:
    """The list, and what can be done with a member."""

    async def listed(request: Request, who: Who, status: int = 200, wrong: str = "", login: str = "") -> Response:
        members = await asyncio.to_thread(house.staff.members)
        values = {"members": members, "roles": ROLE_WORDS, "wrong": wrong, "login": login}
        return house.look.page(request, who, "staff.html", status, **values)

    def shown_once(request: Request, who: Who, made: tuple[Member, Redacted]) -> Response:
        # Not by a redirect: the password is in this one answer and nowhere else.
        return house.look.page(request, who, "staff_password.html", member=made[0], password=made[1].reveal())

    @routes.get("/staff", role=Role.ADMIN)
    async def page(request: Request, who: Who) -> Response:
        return await listed(request, who)

    @routes.get("/staff/trail", role=Role.ADMIN)
    async def trail(request: Request, who: Who) -> Response:
        shown = await asyncio.to_thread(_trail, house, request.query_params.get("before", ""))
        return house.look.page(request, who, "staff_trail.html", **shown)

    @routes.post("/staff/add", role=Role.ADMIN, confirm=True)
    async def add_member(request: Request, who: Who, login: Login, role: Annotated[Role, Form()]) -> Response:
        try:
            made = await asyncio.to_thread(house.staff.add, login, role, house.clock(), actor=who.member.id)
        except InputError as error:
            return await listed(request, who, 422, str(error), login)
        return shown_once(request, who, made)

    @routes.post("/staff/reset", role=Role.ADMIN, confirm=True)
    async def reset(request: Request, who: Who, login: Login) -> Response:
        _not_oneself(who, login)
        made = await asyncio.to_thread(house.staff.reset, login, house.clock(), actor=who.member.id)
        return shown_once(request, who, made)

    @routes.post("/staff/disable", role=Role.ADMIN, confirm=True)
    async def disable(request: Request, who: Who, login: Login) -> Response:
        _not_oneself(who, login)
        await asyncio.to_thread(house.staff.disable, login, house.clock(), actor=who.member.id)
        return house.look.go(request, "/staff", f"{login} cannot log in any more.")

    @routes.post("/staff/enable", role=Role.ADMIN, confirm=True)
    async def enable(request: Request, who: Who, login: Login) -> Response:
        await asyncio.to_thread(house.staff.enable, login, house.clock(), actor=who.member.id)
        return house.look.go(request, "/staff", f"{login} can log in again.")

    @routes.post("/staff/role", role=Role.ADMIN, confirm=True)
    async def set_role(request: Request, who: Who, login: Login, role: Annotated[Role, Form()]) -> Response:
        _not_oneself(who, login)
        await asyncio.to_thread(house.staff.set_role, login, role, house.clock(), actor=who.member.id)
        return house.look.go(request, "/staff", f"{login} is {role.value} now.")


def _trail(house: House, before: str) -> dict[str, Any]:
    """What was done beside requests, newest first. before: the number of an entry, from the link to older ones."""
    names = Names(house.staff.members())
    last = int(before) if before.isascii() and before.isdigit() and len(before) <= 15 else None
    found = Deeds(house.store).latest(MOST_AT_ONCE + 1, last)
    shown = found[:MOST_AT_ONCE]
    return {
        "deeds": [(deed, names.of(deed.actor), action_words(deed.action), _about(deed, names)) for deed in shown],
        "older": shown[-1].sequence if len(found) > len(shown) else None,
        "is_newest": last is None,
    }


def _about(deed: Deed, names: Names) -> str:
    """Which member, question or letter, and what else was written down of it."""
    which = names.of(deed.which) if deed.subject is Subject.STAFF else f"{SUBJECT_WORDS[deed.subject]} {deed.which}"
    return ", ".join([which, *(f"{DETAIL_WORDS.get(name, name)} {text}" for name, text in deed.detail.items())])


def _not_oneself(who: Who, login: str) -> None:
    if login.strip().lower() == who.member.login:
        raise InputError(NOT_ONESELF)
