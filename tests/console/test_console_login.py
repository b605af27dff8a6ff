"""Coming in, as somebody sees it: first login, second factor, recovery, mistakes, sessions that end."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pyotp
import pytest
from fastapi.testclient import TestClient
from staff_people import PASSWORD, URL, Clock, Person, browser, token_in

from console.house import House
from tickets.vocabulary import Role


def send(client: TestClient, path: str, at: str = "", **form: str) -> httpx.Response:
    """Fill in the form of a page and send it."""
    page = client.get(at or path)
    return client.post(path, data={"token": token_in(page.text), **form}, headers={"origin": URL})


def log_in(client: TestClient, login: str, password: str, **more: str) -> httpx.Response:
    return send(client, "/login", login=login, password=password, **more)


@pytest.fixture
def agent(enter: Callable[..., Person]) -> Person:
    """A member who has logged in before."""
    return enter(Role.AGENT)


def test_the_first_login_asks_for_a_password_of_ones_own_and_a_second_factor(
    shell: TestClient, shell_house: House, clock: Clock
) -> None:
    _, first = shell_house.staff.add("newcomer", Role.AGENT, clock.now)
    answer = log_in(shell, "newcomer", first.reveal())
    assert answer.headers["location"].startswith("/first-password")
    form = {"old": first.reveal(), "new": PASSWORD, "repeated": PASSWORD}
    answer = send(shell, "/first-password", **form)
    assert answer.headers["location"].startswith("/second-factor/new")
    page = shell.get("/second-factor/new").text
    assert 'src="data:image/svg+xml' in page
    secret = re.findall(r'class="secret">([A-Z2-7 ]+)<', page)[0].replace(" ", "")
    answer = send(shell, "/second-factor/new", code=pyotp.TOTP(secret).at(clock.now))
    assert len(re.findall(r"<li>[a-z0-9-]{16,}</li>", answer.text, re.IGNORECASE)) == 10
    assert shell.get("/account").status_code == 200


def test_a_later_login_takes_the_password_and_a_code(agent: Person) -> None:
    agent.clock.pass_by(minutes=2)
    client = browser(agent.client.app)
    assert log_in(client, agent.login, PASSWORD).headers["location"].startswith("/second-factor?")
    assert client.get("/account").headers["location"] == "/second-factor"
    assert send(client, "/second-factor", code=agent.code()).headers["location"] == "/queue"
    assert agent.login in client.get("/account").text


def test_one_comes_to_the_page_that_one_asked_for(agent: Person) -> None:
    agent.clock.pass_by(minutes=2)
    client = browser(agent.client.app)
    where = client.get("/account?x=1").headers["location"]
    assert where == "/login?next=/account%3Fx%3D1"
    assert 'name="next" value="/account?x=1"' in client.get(where).text
    step = log_in(client, agent.login, PASSWORD, next="/account?x=1").headers["location"]
    assert 'name="next" value="/account?x=1"' in client.get(step).text
    answer = send(client, "/second-factor", at=step, code=agent.code(), next="/account?x=1")
    assert answer.headers["location"] == "/account?x=1"


@pytest.mark.parametrize(
    "where", ["//evil.example.org", "/\\evil.example.org", "https://evil.example.org", "javascript:x", "/a\r\nb", " /x"]
)
def test_the_login_leads_to_no_other_site(agent: Person, where: str) -> None:
    agent.clock.pass_by(minutes=2)
    client = browser(agent.client.app)
    log_in(client, agent.login, PASSWORD, next=where)
    answer = send(client, "/second-factor", code=agent.code(), next=where)
    assert answer.headers["location"] == "/queue"
    assert client.get("/login", params={"next": where}).headers["location"] == "/queue"


def test_an_unknown_login_and_a_wrong_password_look_the_same(agent: Person) -> None:
    def seen(login: str) -> tuple[int, str]:
        answer = log_in(browser(agent.client.app), login, "not the password")
        return answer.status_code, re.sub(r'[0-9a-f]{64}|nonce="[^"]*"', "", answer.text).replace(login, "LOGIN")

    assert seen(agent.login) == seen("nobody-here") == seen("x or 1=1 --")
    assert seen("nobody-here")[0] == 401


def test_after_some_wrong_ones_the_page_says_how_long_to_wait_and_then_lets_in(agent: Person) -> None:
    client = browser(agent.client.app)
    answers = [log_in(client, agent.login, "not the password") for _ in range(5)]
    assert answers[0].status_code == 401 and answers[-1].status_code == 429
    assert re.search(r"please wait \d+ seconds?, then", answers[-1].text)
    agent.clock.pass_by(minutes=6)
    assert log_in(client, agent.login, PASSWORD).headers["location"].startswith("/second-factor")


def test_a_code_counts_once(agent: Person) -> None:
    agent.clock.pass_by(minutes=2)
    first, second = browser(agent.client.app), browser(agent.client.app)
    log_in(first, agent.login, PASSWORD)
    log_in(second, agent.login, PASSWORD)
    assert send(first, "/second-factor", code=agent.code()).status_code == 303
    refused = send(second, "/second-factor", code=agent.code())
    assert refused.status_code == 401 and "That code is not right" in refused.text


def test_a_token_that_was_planted_before_the_login_is_dead_after_it(agent: Person) -> None:
    agent.clock.pass_by(minutes=2)
    for number in range(20):
        client, planted = browser(agent.client.app), f"planted-{number:02}-by-an-attacker"
        client.cookies.set("desk", planted, domain="127.0.0.1", path="/")
        log_in(client, agent.login, PASSWORD)
        half_way = client.cookies["desk"]
        assert half_way != planted
        agent.clock.pass_by(minutes=1)
        send(client, "/second-factor", code=agent.code())
        assert client.cookies["desk"] != half_way and client.get("/account").status_code == 200
        for old in (planted, half_way):
            thief = browser(agent.client.app)
            thief.cookies.set("desk", old, domain="127.0.0.1", path="/")
            assert thief.get("/account").headers["location"].startswith("/login")


def test_a_session_ends_when_it_was_idle_and_what_a_page_asks_for_by_itself_does_not_keep_it(agent: Person) -> None:
    agent.clock.pass_by(minutes=29)
    assert agent.get("/account").status_code == 200
    for _ in range(29):
        agent.clock.pass_by(minutes=1)
        assert agent.get("/account", **{"x-polled": "1", "hx-request": "true"}).status_code == 200
    agent.clock.pass_by(minutes=2)
    over = agent.get("/account", **{"x-polled": "1", "hx-request": "true"})
    assert over.status_code == 401 and "Log in in a new tab" in over.text
    assert agent.get("/account").headers["location"] == "/login?next=/account"


def test_a_session_ends_twelve_hours_after_its_login_whatever_is_done_in_it(agent: Person) -> None:
    for _ in range(47):
        agent.clock.pass_by(minutes=15)
        assert agent.get("/account").status_code == 200
    agent.clock.pass_by(minutes=15)
    assert agent.get("/account").status_code == 303


def test_who_is_disabled_is_out_at_the_next_click(agent: Person, shell_house: House) -> None:
    token = agent.token()
    shell_house.staff.disable(agent.login, agent.clock.now)
    assert agent.get("/account").headers["location"] == "/login?next=/account"
    answer = agent.client.post("/account/end-sessions", data={"token": token}, headers={"origin": URL})
    assert answer.status_code == 401 and "Nothing was saved" in answer.text
    assert log_in(browser(agent.client.app), agent.login, PASSWORD).status_code == 401


def test_another_role_counts_at_the_next_click(enter: Callable[..., Person], shell_house: House) -> None:
    person, _ = enter(Role.ADMIN), enter(Role.ADMIN, "admin-two")
    assert person.get("/staff").status_code == 200
    shell_house.staff.set_role(person.login, Role.VIEWER, person.clock.now)
    assert person.get("/staff").status_code == 403


def test_logging_out_ends_the_session_and_not_only_the_cookie(agent: Person) -> None:
    kept = agent.client.cookies["desk"]
    assert agent.post("/logout").headers["location"] == "/login"
    assert "You are logged out." in agent.get("/login").text
    thief = browser(agent.client.app)
    thief.cookies.set("desk", kept, domain="127.0.0.1", path="/")
    assert thief.get("/account").status_code == 303


def test_changing_the_password_ends_the_other_sessions_and_keeps_this_one(agent: Person) -> None:
    agent.clock.pass_by(minutes=2)
    other = browser(agent.client.app)
    log_in(other, agent.login, PASSWORD)
    send(other, "/second-factor", code=agent.code())
    new = "two lamps beside the sea"
    answer = agent.post("/account/password", {"old": PASSWORD, "new": new, "repeated": new})
    assert answer.status_code == 303 and agent.get("/account").status_code == 200
    assert other.get("/account").status_code == 303


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"new": "two lamps beside the sea", "repeated": "two lamps"}, "The two new passwords differ."),
        ({"new": "short", "repeated": "short"}, "12 to 200 characters"),
        ({"old": "not mine", "new": "a" + PASSWORD, "repeated": "a" + PASSWORD}, "not your present password"),
    ],
)
def test_a_password_that_cannot_be_taken_is_explained(agent: Person, form: dict[str, Any], words: str) -> None:
    answer = agent.post("/account/password", {"old": PASSWORD, **form})
    assert answer.status_code == 422 and words in answer.text and PASSWORD not in answer.text


def test_the_password_again_keeps_what_was_typed_and_goes_on_with_it(
    enter: Callable[..., Person], shell_house: House
) -> None:
    person = enter(Role.ADMIN)
    asked = person.post("/staff/add", {"login": "newcomer", "role": "agent"})
    assert asked.status_code == 403
    assert 'name="login" value="newcomer"' in asked.text and 'name="role" value="agent"' in asked.text
    before = person.client.cookies["desk"]
    wrong = person.post("/staff/add", {"login": "newcomer", "role": "agent", "again": "not it"})
    assert wrong.status_code == 403 and "That is not your password." in wrong.text
    assert [member.login for member in shell_house.staff.members()] == [person.login]
    done = person.post("/staff/add", {"login": "newcomer", "role": "agent", "again": PASSWORD})
    assert done.status_code == 200 and "A first password for newcomer" in done.text and PASSWORD not in done.text
    assert person.client.cookies["desk"] != before  # a new token at every step
    assert person.post("/staff/disable", {"login": "newcomer"}).status_code == 303


def test_wrong_ones_at_the_password_again_are_slowed_down_too(enter: Callable[..., Person]) -> None:
    person = enter(Role.ADMIN)
    pages = [person.post("/staff/add", {"login": "x", "role": "agent", "again": "no"}).text for _ in range(6)]
    assert "please wait" in pages[-1]


def test_an_administrator_cannot_lock_oneself_out(enter: Callable[..., Person]) -> None:
    person = enter(Role.ADMIN)
    person.confirm()
    for path in ("/staff/disable", "/staff/reset", "/staff/role"):
        answer = person.post(path, {"login": person.login.upper(), "role": "viewer"})
        assert answer.status_code == 422 and "nobody can lock themselves out" in answer.text


def test_a_reset_shows_a_new_first_password_once(enter: Callable[..., Person], agent: Person) -> None:
    admin = enter(Role.ADMIN)
    admin.confirm()
    page = admin.post("/staff/reset", {"login": agent.login}).text
    first = re.findall(r'class="secret">([^<]+)<', page)[0]
    assert first not in admin.get("/staff").text and agent.get("/account").status_code == 303
    answer = log_in(browser(agent.client.app), agent.login, first)
    assert answer.headers["location"].startswith("/first-password")


def test_a_new_phone_is_set_up_after_the_password_again(agent: Person) -> None:
    assert agent.get("/second-factor/new").status_code == 422
    agent.confirm()
    page = agent.get("/second-factor/new").text
    secret = re.findall(r'class="secret">([A-Z2-7 ]+)<', page)[0].replace(" ", "")
    assert secret != agent.secret
    code = pyotp.TOTP(secret).at(agent.clock.now)
    done = agent.client.post(
        "/second-factor/new", data={"token": token_in(page), "code": code}, headers={"origin": URL}
    )
    assert "Your recovery codes" in done.text and agent.get("/account").status_code == 200


def test_a_link_on_another_site_does_not_log_anybody_out(agent: Person) -> None:
    from_elsewhere = browser(agent.client.app)  # the browser keeps a strict cookie back on such a click
    answer = from_elsewhere.get("/account?x=1", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200 and "set-cookie" not in answer.headers
    assert 'content="0; url=/account?x=1"' in answer.text


def test_a_login_is_shown_once_its_word_is_said_and_not_again(agent: Person) -> None:
    agent.post("/account/password", {"old": PASSWORD, "new": "b" + PASSWORD, "repeated": "b" + PASSWORD})
    assert "Your password is changed." in agent.get("/account").text
    assert "Your password is changed." not in agent.get("/account").text
