"""Coming in and going out: password, second factor, a password of one's own, the account."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated
from urllib.parse import quote

import segno
from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response

from console.access import Routes, Stage, Who, visit_of
from console.guard import STEP_PATHS, next_step
from console.house import House
from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.staff_login import Outcome, Step
from tickets.vocabulary import Role

LONGEST = 1_000
_OWN_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9_./?=&%+,:~-]{0,500}")
WRONG_LOGIN = "This login and password do not belong together."
WRONG_CODE = "That code is not right. A code counts once, and for about a minute: take the one that is shown now."
WRONG_PASSWORD = "That is not your present password."
CHANGED = "Your password is changed. Other sessions of yours have ended."
LOGGED_OUT = "You are logged out."
Typed = Annotated[str, Form(max_length=LONGEST)]


def own_path(text: str) -> str:
    """Where to go on after the login: a page of this console, whatever was asked for."""
    return text if _OWN_PATH.fullmatch(text) else "/queue"


def in_words(step: Step, wrong: str) -> str:
    """What somebody is told of a step that was not right."""
    if step.outcome is Outcome.WAIT:
        seconds = "1 second" if step.wait_seconds == 1 else f"{step.wait_seconds} seconds"
        return f"Too many wrong ones: please wait {seconds}, then try again."
    return wrong


def _status(step: Step) -> int:
    return 429 if step.outcome is Outcome.WAIT else 401


def _other_step(request: Request, *here: Outcome) -> Response | None:
    """Where a login goes on that does not go on here."""
    session = visit_of(request).session
    return RedirectResponse(next_step(session), 303) if session and session.missing not in here else None


def add(routes: Routes, house: House) -> None:
    """The pages of the login and of one's own account."""
    add_login(routes, house)
    add_first_password(routes, house)
    add_setting_up(routes, house)
    add_second_factor(routes, house)
    add_account(routes, house)


def _further(routes: Routes, house: House, request: Request, step: Step, then: str = "/queue") -> Response:
    """To what the step leads to, with its new token."""
    path = then if step.outcome is Outcome.DONE else f"{STEP_PATHS[step.outcome]}?next={quote(then)}"
    response: Response = RedirectResponse(path, 303)
    if step.token is not None:
        routes.guard.cookie.set(response, step.token)
    return response


def add_login(routes: Routes, house: House) -> None:
    """The first step, and the last."""

    @routes.get("/", stage=Stage.ANYBODY)
    async def home(request: Request) -> Response:
        return RedirectResponse("/queue", 303)

    @routes.get("/login", stage=Stage.ANYBODY)
    async def login_page(request: Request, next: str = "") -> Response:
        session = visit_of(request).session
        if session is not None:
            return RedirectResponse(own_path(next) if session.is_complete else next_step(session), 303)
        return house.look.page(request, None, "login.html", wrong="", login="", next=own_path(next))

    @routes.post("/login", stage=Stage.ANYBODY, role=Role.VIEWER)
    async def log_in(request: Request, login: Typed, password: Typed, next: Typed = "") -> Response:
        now, address = house.clock(), routes.guard.address_of(request)
        step = await routes.guard.hashing(lambda: house.logins.log_in(login, Redacted(password), address, now))
        if step.outcome not in (Outcome.WRONG, Outcome.WAIT):
            return _further(routes, house, request, step, own_path(next))
        values = {"wrong": in_words(step, WRONG_LOGIN), "login": login[:40], "next": own_path(next)}
        return house.look.page(request, None, "login.html", _status(step), **values)

    @routes.post("/logout", stage=Stage.BEGUN, role=Role.VIEWER)
    async def log_out(request: Request) -> Response:
        await asyncio.to_thread(house.logins.log_out, visit_of(request).token, house.clock())
        response = house.look.go(request, "/login", LOGGED_OUT)
        routes.guard.cookie.drop(response)
        return response


def add_first_password(routes: Routes, house: House) -> None:
    """A password of one's own in place of the one that an administrator was shown."""

    def shown(request: Request, status: int, wrong: str) -> Response:
        session = visit_of(request).session
        login = session.member.login if session else ""
        return house.look.page(request, None, "first_password.html", status, wrong=wrong, login=login)

    @routes.get("/first-password", stage=Stage.BEGUN)
    async def page(request: Request) -> Response:
        elsewhere = _other_step(request, Outcome.PASSWORD_CHANGE)
        return elsewhere or shown(request, 200, "")

    @routes.post("/first-password", stage=Stage.BEGUN, role=Role.VIEWER)
    async def change(request: Request, old: Typed, new: Typed, repeated: Typed) -> Response:
        step, wrong = await changed(routes, house, visit_of(request).token, old, new, repeated)
        if step is not None:
            return _further(routes, house, request, step)
        return shown(request, 422, wrong)


async def changed(
    routes: Routes, house: House, token: Redacted, old: str, new: str, repeated: str
) -> tuple[Step | None, str]:
    """The step of a password that was changed, or what was wrong with it in words."""
    if new != repeated:
        return None, "The two new passwords differ."
    now = house.clock()
    try:
        step = await routes.guard.hashing(
            lambda: house.logins.change_password(token, Redacted(old), Redacted(new), now)
        )
    except InputError as error:
        return None, str(error)
    if step.outcome in (Outcome.WRONG, Outcome.WAIT):
        return None, in_words(step, WRONG_PASSWORD)
    return step, ""


def add_setting_up(routes: Routes, house: House) -> None:
    """The second factor, set up once: an app is shown a secret, and shows a code of it."""

    async def shown(request: Request, status: int, wrong: str) -> Response:
        token = visit_of(request).token
        factor = await asyncio.to_thread(house.logins.begin_second_factor, token, house.clock())
        return house.look.page(
            request,
            None,
            "second_factor_new.html",
            status,
            wrong=wrong,
            picture=qr_code(factor.uri),
            secret=in_fours(factor.secret.reveal()),
        )

    @routes.get("/second-factor/new", stage=Stage.BEGUN)
    async def page(request: Request) -> Response:
        # Somebody who is all the way in comes here to replace it (see add_account).
        elsewhere = _other_step(request, Outcome.SETUP_SECOND_FACTOR, Outcome.DONE)
        return elsewhere or await shown(request, 200, "")

    @routes.post("/second-factor/new", stage=Stage.BEGUN, role=Role.VIEWER)
    async def confirm(request: Request, code: Typed) -> Response:
        token, now = visit_of(request).token, house.clock()
        step, codes = await asyncio.to_thread(house.logins.confirm_second_factor, token, Redacted(code), now)
        if step.outcome is not Outcome.DONE or step.token is None:
            return await shown(request, 422, in_words(step, WRONG_CODE))
        response = house.look.page(request, None, "recovery_codes.html", codes=[found.reveal() for found in codes])
        routes.guard.cookie.set(response, step.token)
        return response


def add_second_factor(routes: Routes, house: House) -> None:
    """The second factor, shown at each login."""

    @routes.get("/second-factor", stage=Stage.BEGUN)
    async def page(request: Request, next: str = "") -> Response:
        elsewhere = _other_step(request, Outcome.SECOND_FACTOR)
        return elsewhere or house.look.page(request, None, "second_factor.html", wrong="", next=own_path(next))

    @routes.post("/second-factor", stage=Stage.BEGUN, role=Role.VIEWER)
    async def show(request: Request, code: Typed, next: Typed = "") -> Response:
        token, now = visit_of(request).token, house.clock()
        step = await asyncio.to_thread(house.logins.second_factor, token, Redacted(code), now)
        if step.outcome is Outcome.DONE:
            return _further(routes, house, request, step, own_path(next))
        values = {"wrong": in_words(step, WRONG_CODE), "next": own_path(next)}
        return house.look.page(request, None, "second_factor.html", _status(step), **values)


def add_account(routes: Routes, house: House) -> None:
    """One's own account."""

    async def shown(request: Request, who: Who, status: int, wrong: str) -> Response:
        left = await asyncio.to_thread(house.logins.recovery_codes_left, who.member.id)
        return house.look.page(request, who, "account.html", status, wrong=wrong, codes_left=left)

    @routes.get("/account")
    async def page(request: Request, who: Who) -> Response:
        return await shown(request, who, 200, "")

    @routes.post("/account/password", role=Role.VIEWER)
    async def change(request: Request, who: Who, old: Typed, new: Typed, repeated: Typed) -> Response:
        step, wrong = await changed(routes, house, who.token, old, new, repeated)
        if step is None or step.token is None:
            return await shown(request, who, 422, wrong)
        response = house.look.go(request, "/account", CHANGED)
        routes.guard.cookie.set(response, step.token)
        return response

    @routes.post("/account/second-factor", role=Role.VIEWER, confirm=True)
    async def replace(request: Request, who: Who) -> Response:
        return house.look.go(request, "/second-factor/new")

    @routes.post("/account/end-sessions", role=Role.VIEWER)
    async def end_all(request: Request, who: Who) -> Response:
        await asyncio.to_thread(house.logins.end_all, who.member.id, house.clock())
        response = house.look.go(request, "/login", "All your sessions have ended, this one too.")
        routes.guard.cookie.drop(response)
        return response


def qr_code(uri: Redacted) -> str:
    """The secret as a picture for the camera of a phone: a data URI, which no other page can load."""
    return segno.make(uri.reveal(), error="m", micro=False).svg_data_uri(scale=4, border=2)


def in_fours(secret: str) -> str:
    """A secret for people who type it."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
