"""What is refused at the doors, and what every answer says to the browser. See security.md, rows 17, 22, 23, 26."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from doors import INSIDE, path_of
from fastapi.testclient import TestClient
from markupsafe import escape
from staff_people import PASSWORD, URL, Person, settings_of

from console.app import create_app
from console.guard import Guard
from console.house import House
from console.rendering import NO_SCRIPTS, Renderer
from console.shielding import LARGEST_BODY
from tickets.errors import StoreUnavailableError
from tickets.vocabulary import Role

FORM = {"content-type": "application/x-www-form-urlencoded"}
FOREIGN = (
    "https://evil.example.org",
    "null",
    "http://127.0.0.1:8080",  # the public pages, which anybody may fill
    "https://127.0.0.1:8090",
    "http://127.0.0.1:8090.evil.example.org",
    "HTTP://127.0.0.1:8090/",
)
ATTEMPTS: dict[str, Callable[[str], dict[str, Any]]] = {
    "no token": lambda token: {"headers": {"origin": URL}, "data": {"inside": "1"}},
    "an empty token": lambda token: {"headers": {"origin": URL}, "data": {"token": ""}},
    "another session's token": lambda token: {"headers": {"origin": URL}, "data": {"token": "0" * 64}},
    "a wrong token in the header": lambda token: {
        "headers": {"origin": URL, "x-token": "é".encode()},
        "data": {"token": token},
    },
    "no origin": lambda token: {"data": {"token": token}},
    **{
        f"from {origin}": lambda token, origin=origin: {"headers": {"origin": origin}, "data": {"token": token}}
        for origin in FOREIGN
    },
    "text/plain": lambda token: {
        "headers": {"origin": URL, "content-type": "text/plain", "x-token": token},
        "content": f"token={token}",
    },
    "JSON": lambda token: {"headers": {"origin": URL, "x-token": token}, "json": {"token": token}},
    "multipart": lambda token: {"headers": {"origin": URL}, "data": {"token": token}, "files": {"x": b""}},
    "no type at all": lambda token: {"headers": {"origin": URL, "x-token": token}, "content": b""},
}


# The forms that hold a file: there a page's own multipart form is right. With a wrong token or origin it is not let in
# either (test_console_policy_take_in).
WITH_FILES = [
    "POST /knowledge/add",
    "POST /knowledge/{policy}/change/profile",
    "POST /knowledge/{policy}/change/update",
]


def changing(client: TestClient) -> list[str]:
    """The doors that change something."""
    return [f"{method} {path}" for method, path in client.app.state.table if method != "GET"]


def let_in_with(person: Person, attempt: str) -> list[str]:
    """The changing doors that an attempt passes."""
    token = person.token()
    tried = {name: person.client.post(path_of(name), **ATTEMPTS[attempt](token)) for name in changing(person.client)}
    assert all(answer.text == INSIDE or answer.status_code in (403, 415) for answer in tried.values())
    return [name for name, answer in tried.items() if answer.text == INSIDE]


@pytest.fixture
def admin(enter_doors: Callable[..., Person]) -> Person:
    """Somebody who may do everything, and has just shown the password again."""
    person = enter_doors(Role.ADMIN)
    person.confirm()
    return person


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_changing_call_is_refused_unless_it_is_a_form_of_our_own_page(admin: Person, attempt: str) -> None:
    assert len(changing(admin.client)) >= 10
    assert sorted(let_in_with(admin, attempt)) == (WITH_FILES if attempt == "multipart" else [])


@pytest.mark.parametrize(("defence", "attempt"), [("_check_token", "no token"), ("_is_ours", FOREIGN[0])])
def test_control_without_the_defence_the_same_attempt_is_let_in(
    admin: Person, monkeypatch: pytest.MonkeyPatch, defence: str, attempt: str
) -> None:
    async def let_pass(*_: object) -> None: ...

    monkeypatch.setattr(Guard, defence, let_pass if defence == "_check_token" else lambda *_: True)
    name = attempt if attempt in ATTEMPTS else f"from {attempt}"
    assert let_in_with(admin, name) == changing(admin.client)


def test_get_passes_no_changing_door(admin: Person) -> None:
    pages = {path for method, path in admin.client.app.state.table if method == "GET"}
    only_forms = [name for name in changing(admin.client) if name.split()[1] not in pages]
    assert {admin.client.get(path_of(name)).status_code for name in only_forms} == {405}
    assert {admin.client.head(path_of(name)).status_code for name in changing(admin.client)} <= {405}


def test_getting_every_page_writes_nothing(
    enter: Callable[..., Person], shell_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, written, unit = enter(Role.ADMIN), [], type(shell_house.store).unit
    monkeypatch.setattr(type(shell_house.store), "unit", lambda store: written.append(1) or unit(store))
    pages = [path for method, path in person.client.app.state.table if method == "GET"]
    assert {person.get(path).status_code for path in pages} <= {200, 303, 422} and written == []
    person.post("/staff/add", {"login": "newcomer", "role": "agent", "again": PASSWORD})
    assert written  # control: a form does


def test_a_form_of_before_the_login_does_not_count_after_it(enter: Callable[..., Person]) -> None:
    first, second = enter(Role.AGENT, "one"), enter(Role.AGENT, "two")
    assert first.token() != second.token()
    answer = second.client.post("/account/end-sessions", data={"token": first.token()}, headers={"origin": URL})
    assert answer.status_code == 403 and second.get("/account").status_code == 200


def test_the_three_names_of_this_machine_are_ours_and_no_proxy_header_changes_that(admin: Person) -> None:
    for origin in (URL, "http://localhost:8090", "http://[::1]:8090"):
        form = {"token": admin.token()}
        assert admin.client.post("/staff/add?inside=1", data=form, headers={"origin": origin}).text == INSIDE
    spoofed = {"origin": "https://evil.example.org", "x-forwarded-host": "evil.example.org", "host": "evil.example.org"}
    assert admin.client.post("/staff/add", data={"token": admin.token()}, headers=spoofed).status_code == 403


def test_htmx_sends_the_token_in_a_header(admin: Person) -> None:
    headers = {"origin": URL, "x-token": admin.token(), "hx-request": "true"}
    assert admin.client.post("/staff/add?inside=1", headers=headers | FORM, content="").text == INSIDE


def test_every_answer_carries_the_headers(shell: TestClient, enter: Callable[..., Person]) -> None:
    person = enter(Role.VIEWER)
    answers = [shell.get(path) for path in ("/login", "/nowhere", "/staff", "/static/console.css")]
    answers += [person.get("/account"), person.get("/staff"), shell.post("/login", content="x")]
    assert {answer.status_code for answer in answers} == {200, 303, 403, 404, 415}
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert answer.headers["x-frame-options"] == "DENY" and answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        is_file = answer.url.path.startswith("/static/")
        assert answer.headers["cache-control"] == ("no-cache" if is_file else "no-store")
        assert "access-control-allow-origin" not in answer.headers and "server" not in answer.headers


def test_each_page_has_a_nonce_of_its_own_and_no_script_without_it(shell: TestClient) -> None:
    first, second = shell.get("/login"), shell.get("/login")
    policies = [answer.headers["content-security-policy"] for answer in (first, second)]
    assert policies[0] != policies[1] and NO_SCRIPTS not in policies
    nonce = policies[0].split("'nonce-")[1].split("'")[0]
    assert len(nonce) >= 20 and first.text.count("<script ") == first.text.count(f'<script nonce="{nonce}" ') == 2


@pytest.mark.parametrize("typed", ["<script>alert(1)</script>", "\"><img src=x onerror='alert(1)'>", "{{ 7*7 }}"])
def test_what_was_typed_stays_text(shell: TestClient, typed: str) -> None:
    token = shell.get("/login").text.split('name="token" value="')[1][:64]
    form = {"login": typed[:60], "password": "x", "token": token, "next": typed}
    page = shell.post("/login", data=form, headers={"origin": URL}).text
    assert f'id="login" name="login" value="{escape(typed[:40])}"' in page and 'name="next" value="/queue"' in page


def test_a_body_over_64_kilobytes_is_refused(shell: TestClient) -> None:
    big = b"login=" + b"x" * LARGEST_BODY
    assert shell.post("/login", content=big, headers=FORM).status_code == 413
    chunks = (b"x" * 1024 for _ in range(70))
    assert shell.post("/login", content=chunks, headers=FORM).status_code == 413
    assert shell.post("/login", content=b"x", headers=FORM | {"content-length": "-1"}).status_code == 413
    two = FORM | {"transfer-encoding": "chunked", "content-length": "1"}
    assert shell.post("/login", content=b"x", headers=two).status_code == 400


def test_a_failure_tells_nothing_of_the_inside(
    enter: Callable[..., Person], shell_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = enter(Role.ADMIN)
    monkeypatch.setattr(shell_house.staff, "members", lambda: 1 / 0)
    answer = person.get("/staff")
    assert answer.status_code == 500 and "Something went wrong" in answer.text
    assert "division" not in answer.text and "Traceback" not in answer.text and "/staff.py" not in answer.text


def test_a_database_that_is_gone_is_said_calmly(
    enter: Callable[..., Person], shell_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise StoreUnavailableError("the file /srv/data/desk.db is gone")

    person = enter(Role.ADMIN)
    monkeypatch.setattr(shell_house.staff, "members", fail)
    answer = person.get("/staff")
    assert answer.status_code == 503 and "Nothing was saved" in answer.text and "/srv" not in answer.text


def test_trouble_in_a_part_of_a_page_is_put_among_the_notices(enter: Callable[..., Person]) -> None:
    answer = enter(Role.VIEWER).get("/staff", **{"hx-request": "true"})
    assert answer.status_code == 403 and answer.headers["hx-retarget"] == "#notices"
    assert answer.text.lstrip().startswith("<p") and "Not with your role" in answer.text


def test_over_https_the_cookie_insists_on_this_host_and_on_https(shell_house: House, tmp_path: Any) -> None:
    settings = settings_of(tmp_path, PRIVACY_DESK_CONSOLE_URL="https://console.example.org")
    shell_house.settings, shell_house.look = settings, Renderer(settings.is_https)
    client = TestClient(create_app(shell_house, ("entry",)), base_url=settings.url)
    answer = client.get("/login")
    assert answer.headers["strict-transport-security"]
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-desk=") and "Domain" not in cookie
    assert {"HttpOnly", "Path=/", "SameSite=strict", "Secure"} <= set(cookie.split("; "))


def test_the_static_files_do_not_lead_out_of_their_folder(shell: TestClient) -> None:
    for path in ("/static/../settings.py", "/static/%2e%2e/settings.py", "/static/..%2fsettings.py", "/static/"):
        assert shell.get(path).status_code == 404


def test_there_is_no_description_of_the_routes_for_strangers(shell: TestClient) -> None:
    assert {shell.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")} == {404}


def test_no_template_marks_text_as_safe_or_holds_a_script() -> None:
    from console.rendering import TEMPLATES

    for template in TEMPLATES.glob("*.html"):
        text = template.read_text("utf-8")
        inline = ("|safe", "| safe", "autoescape", "<style", "javascript:", " style=", " onclick=", " hx-on")
        assert [word for word in inline if word in text] == [], template.name
        assert text.count("<script ") == text.count("<script src=") and "<script>" not in text, template.name
