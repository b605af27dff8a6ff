"""Doors: every route has a role, and lets in who has it and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from doors import INSIDE, at_all_doors, console_of_doors, path_of
from fastapi.testclient import TestClient
from staff_people import Person, browser
from starlette.requests import Request

from console.access import AccessError, Door, Routes, Stage, Who
from console.app import create_app
from console.house import House
from console.pages import entry, people
from tickets.vocabulary import Role

ANYBODY, BEGUN = Stage.ANYBODY, Stage.BEGUN
LOGIN = {
    ANYBODY: "GET /, GET /login, POST /login",
    BEGUN: "POST /logout, GET /first-password, POST /first-password, GET /second-factor/new, POST /second-factor/new, "
    "GET /second-factor, POST /second-factor",
}
# Written by hand from what each role is for (tickets.vocabulary.Role), not from the code.
ROLES = {
    Role.VIEWER: """
        GET /account, POST /account/password, POST /account/second-factor, POST /account/end-sessions
        GET /queue, GET /queue/views, GET /queue/rows, POST /queue/search
        GET /requests/{reference}, POST /requests/{reference}/looking
        GET /knowledge, GET /knowledge/{policy}, GET /findings, GET /findings/{finding_id}, GET /letters
        GET /knowledge/{policy}/change, GET /knowledge/{policy}/change/golden, GET /knowledge/{policy}/change/run
        GET /knowledge/{policy}/change/labels, GET /knowledge/{policy}/change/labels/{clause}
        GET /reports, GET /reports/report.json, GET /reports/requests.csv, GET /reports/summary.csv
    """,
    Role.AGENT: """
        POST /queue/bulk, GET /queue/new, POST /queue/new
        POST /requests/{reference}/claim, POST /requests/{reference}/assign, POST /requests/{reference}/release
        POST /requests/{reference}/note, POST /requests/{reference}/reply, POST /requests/{reference}/reveal
        GET /requests/{reference}/verify, POST /requests/{reference}/verify
        GET /requests/{reference}/start, POST /requests/{reference}/start
        GET /requests/{reference}/heard, POST /requests/{reference}/heard
        GET /requests/{reference}/heard-controller, POST /requests/{reference}/heard-controller
        GET /requests/{reference}/fulfil, POST /requests/{reference}/fulfil
        GET /requests/{reference}/partly-fulfil, POST /requests/{reference}/partly-fulfil
        GET /requests/{reference}/ask, POST /requests/{reference}/ask
        GET /requests/{reference}/await-controller, POST /requests/{reference}/await-controller
        GET /requests/{reference}/extend, POST /requests/{reference}/extend
        GET /requests/{reference}/refer, POST /requests/{reference}/refer
        GET /requests/{reference}/link-duplicate, POST /requests/{reference}/link-duplicate
        GET /requests/{reference}/refuse, POST /requests/{reference}/refuse
        POST /findings/{finding_id}/example, POST /findings/{finding_id}/dismiss
        POST /letters/again, POST /letters/arrived
    """,
    Role.APPROVER: """
        POST /knowledge/{policy}/change/name, POST /knowledge/{policy}/change/ask
        POST /knowledge/{policy}/change/accept, POST /knowledge/{policy}/change/accept-all
        POST /knowledge/{policy}/change/confirm, POST /knowledge/{policy}/change/explain
        POST /knowledge/{policy}/change/labels/{clause}
        POST /knowledge/{policy}/change/decide, POST /knowledge/{policy}/change/decide-all
        GET /knowledge/add, POST /knowledge/add
        GET /knowledge/{policy}/change/update, POST /knowledge/{policy}/change/update
        GET /knowledge/{policy}/change/taking-in, GET /knowledge/{policy}/change/taking-in/part
        GET /knowledge/{policy}/change/profile, POST /knowledge/{policy}/change/profile
        GET /requests/{reference}/approve, POST /requests/{reference}/approve
        GET /reports/dossier, POST /reports/dossier, POST /reports/dossier/revealed
    """,
    Role.ADMIN: """
        GET /staff, GET /staff/trail, POST /staff/add, POST /staff/reset
        POST /staff/disable, POST /staff/enable, POST /staff/role
        POST /knowledge/{policy}/change/publish, POST /knowledge/{policy}/change/withdraw,
        POST /knowledge/{policy}/change/rollback
    """,
}


def names(text: str) -> list[str]:
    return [name.strip() for name in text.replace("\n", ",").split(",") if name.strip()]


EXPECTED: dict[str, Stage | Role] = {name: least for least, text in {**LOGIN, **ROLES}.items() for name in names(text)}
CONFIRMED = set(
    names(
        """
        POST /account/second-factor, POST /reports/dossier/revealed
        POST /knowledge/{policy}/change/publish, POST /knowledge/{policy}/change/withdraw,
        POST /knowledge/{policy}/change/rollback
        POST /staff/add, POST /staff/reset, POST /staff/disable, POST /staff/enable, POST /staff/role
        POST /requests/{reference}/approve, POST /requests/{reference}/fulfil, POST /requests/{reference}/partly-fulfil
        """
    )
)


def test_the_table_is_the_one_that_was_agreed(doors: TestClient) -> None:
    table: dict[tuple[str, str], Door] = doors.app.state.table
    found = {f"{door.method} {door.path}": door for door in table.values()}
    assert {name: door.role if door.stage is Stage.INSIDE else door.stage for name, door in found.items()} == EXPECTED
    assert {name for name, door in found.items() if door.confirm} == CONFIRMED


@pytest.mark.parametrize("role", list(Role))
def test_a_role_passes_the_doors_that_are_for_it_and_those_below_and_no_other(
    doors: TestClient, enter_doors: Callable[..., Person], role: Role
) -> None:
    person = enter_doors(role)
    person.confirm()
    roles = list(Role)
    mine = {name for name, least in EXPECTED.items() if least in (*Stage, *roles[: roles.index(role) + 1])}
    assert set(at_all_doors(person)) == mine


def test_nobody_passes_without_a_login_but_to_the_login(doors: TestClient) -> None:
    stranger = browser(doors.app)
    passed = [name for name in EXPECTED if name.startswith("GET") and stranger.get(path_of(name)).text == INSIDE]
    assert passed == [name for name, least in EXPECTED.items() if least is ANYBODY and name.startswith("GET")]


def test_a_login_that_is_not_complete_passes_to_its_next_step_only(
    doors: TestClient, enter_doors: Callable[..., Person], shell_house: House, clock: Callable[[], object]
) -> None:
    member, first = shell_house.staff.add("half-way", Role.ADMIN, shell_house.clock())
    step = shell_house.logins.log_in("half-way", first, "127.0.0.1", shell_house.clock())
    assert step.token
    client = browser(doors.app)
    client.cookies.set("desk", step.token.reveal(), domain="127.0.0.1", path="/")
    passed = {name for name in EXPECTED if name.startswith("GET") and client.get(path_of(name)).text == INSIDE}
    assert passed == {name for name, least in EXPECTED.items() if least in (ANYBODY, BEGUN) and name[:3] == "GET"}
    assert client.get("/staff").headers["location"] == "/first-password"


def test_what_cannot_be_undone_asks_for_the_password_again(
    doors: TestClient, enter_doors: Callable[..., Person]
) -> None:
    person = enter_doors(Role.ADMIN)
    assert set(EXPECTED) - set(at_all_doors(person)) == CONFIRMED
    person.confirm()
    assert set(at_all_doors(person)) == set(EXPECTED)
    person.clock.pass_by(minutes=10, seconds=1)
    assert set(EXPECTED) - set(at_all_doors(person)) == CONFIRMED


def test_a_route_without_a_role_fails_the_start(shell_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def beside(routes: Routes, house: House) -> None:
        @routes._app.get("/beside")
        async def handler() -> str:
            return "open"

    monkeypatch.setattr(people, "add", beside)
    with pytest.raises(AccessError, match="GET /beside has no role"):
        create_app(shell_house, ("people",))


def test_a_route_that_hides_behind_another_ones_name_fails_the_start(
    shell_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice(routes: Routes, house: House) -> None:
        @routes.get("/mine")
        async def handler(request: Request, who: Who) -> None: ...

        @routes._app.get("/mine")
        async def other() -> str:
            return "open"

    monkeypatch.setattr(people, "add", twice)
    with pytest.raises(AccessError):
        create_app(shell_house, ("people",))


def test_a_door_that_is_there_twice_fails_the_start(shell_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "add", entry.add_login)
    with pytest.raises(AccessError, match="twice"):
        create_app(shell_house, ("entry", "people"))


def test_every_role_may_what_those_before_it_may() -> None:
    door = Door("GET", "/x", Role.AGENT)
    assert [door.admits(role) for role in Role] == [False, True, True, True]
    assert [replace(door, role=Role.VIEWER).admits(role) for role in Role] == [True] * 4


def test_the_guard_is_asked_by_every_route_of_the_table(shell_house: House) -> None:
    app = console_of_doors(shell_house)
    asked: list[str] = []

    async def note(door: Door, request: Request, handle: object) -> None:
        asked.append(f"{door.method} {door.path}")
        await asyncio.sleep(0)
        raise RuntimeError

    app.state.guard.admit = note
    client = TestClient(app, raise_server_exceptions=False)
    for name in EXPECTED:
        client.request(name.split()[0], path_of(name))
    assert sorted(asked) == sorted(EXPECTED)
