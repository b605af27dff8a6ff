"""A policy's text taken in by the console: what is started with which words, what is refused, that nothing stays."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from desk_room import words_of
from owner_room import EDITED, HERE, OwnerRoom
from staff_people import URL, Person
from test_console_policy_change import PATIENCE, answered, approver, golden_part, room, shop

from console.access import AccessError, Routes, Stage
from console.app import create_app
from console.pages import people
from console.pages.policy_change_errands import Errand, Errands
from console.pages.policy_take_in_files import FOLDER, Uploads
from console.pages.policy_take_in_form import MOST_SENT
from policies_kb.documents.document import MAX_FILE, MAX_TEXT, Document
from policies_kb.workbench import update
from policies_kb.workshop import Workshop
from tickets.deeds import Deeds
from tickets.vocabulary import Role, Subject

__all__ = ["approver", "room", "shop"]  # fixtures
ADD, UPDATE = "/knowledge/add", f"{HERE}/update"
ACME = {"id": "acme", "name": "Acme Ltd"}
TEXT = b"Privacy policy of Acme"


def send(person: Person, path: str, file: tuple[str, bytes] | None = None, **fields: str) -> httpx.Response:
    """The form as a browser sends it; file: name and content."""
    files = {"file": (*(file or ("", b"")), "application/octet-stream")}
    data = {"token": person.token(), **fields}
    return person.client.post(path, data=data, files=files, headers={"origin": URL})


def until(is_so: Callable[[], Any]) -> Any:
    """Wait for it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := is_so():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to that")


def ended(person: Person, policy: str = "acme") -> str:
    """The part that tells how it went."""

    def part() -> str:
        text = person.get(f"/knowledge/{policy}/change/taking-in/part").text
        return "" if "Being done" in text else text

    return str(until(part))


def begun_deeds(room: OwnerRoom) -> list[str]:
    """What was begun with policies, by the trail."""
    return [deed.action for deed in Deeds(room.house.store).latest() if deed.subject is Subject.POLICY]


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Errand]:
    """The errands that were started."""
    started: list[Errand] = []
    start = Errands.start

    def remembered(errands: Errands, errand: Errand, arguments: Sequence[str], seconds: float) -> bool:
        started.append(errand)
        return start(errands, errand, arguments, seconds)

    monkeypatch.setattr(Errands, "start", remembered)
    return started


def test_a_company_is_added_from_a_file_with_exactly_what_was_typed(room: OwnerRoom, approver: Person) -> None:
    room.says(
        f"Acme Ltd 2026-03: 6 clauses in {room.house.settings.policies}/acme\n  lint: <b>\nNext:\n  python -m bot"
    )
    answer = send(approver, ADD, ("my policy.docx", TEXT), version="2026-03", anyway="yes", **ACME)
    assert answer.status_code == 303 and answer.headers["location"] == "/knowledge/acme/change/taking-in"
    assert "acme: taking the text in" in approver.get("/knowledge/acme/change/taking-in").text
    shown = ended(approver)
    assert "6 clauses in acme" in shown and "&lt;b&gt;" in shown and "python -m" not in shown
    assert 'href="/knowledge/acme/change"' in shown
    (call,) = room.calls
    file = Path(call[-1])
    assert call == ["policy", "add", "--name=Acme Ltd", "--version=2026-03", "--anyway", "--", "acme", str(file)]
    assert file.name == "uploaded.docx" and file.parent.parent == room.house.settings.data / FOLDER
    assert room.given == TEXT and (room.stand_in / "bot" / "modes").read_text() == "0o700 0o700"
    assert room.uploads == []
    deed = Deeds(room.house.store).latest(1)[0]
    assert (deed.actor, deed.action, deed.which, deed.detail) == (
        approver.id,
        "policy_add_begun",
        "acme",
        {"kind": "docx"},
    )
    assert "began to take in" in room.enter(Role.ADMIN).get("/staff/trail").text


def test_the_next_version_is_taken_in_from_pasted_text(room: OwnerRoom, approver: Person) -> None:
    assert f'href="{UPDATE}"' in approver.get(HERE).text and "version 2026-09" in approver.get(UPDATE).text
    send(approver, UPDATE, text="Überall\r\ngilt es.\r\n")
    assert "It is taken in" in ended(approver, "klasso")
    (call,) = room.calls
    assert call[:-1] == ["policy", "update", "--", "klasso"] and Path(call[-1]).name == "pasted.txt"
    assert room.given.decode() == "Überall\ngilt es.\n"
    assert Deeds(room.house.store).latest(1)[0].action == "policy_update_begun"


NAMES = [
    "../../x.txt",
    "--by=x.txt",
    f"{'x' * 300}.txt",
    "/etc/passwd.txt",
    "a\\b.TXT",
    "$(touch x).txt",
    "\u202etxt.txt",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_name_that_was_sent_names_nothing_here(room: OwnerRoom, approver: Person, name: str) -> None:
    send(approver, ADD, (name, TEXT), **ACME)
    ended(approver)
    assert room.calls[0][:-1] == ["policy", "add", "--name=Acme Ltd", "--", "acme"]
    assert Path(room.calls[0][-1]).name == "uploaded.txt" and room.given == TEXT


@pytest.mark.parametrize("name", ["--by=x", "--", "-h", "Acme'; rm -rf ~; '", "=1+1", "<b>Acme</b>"])
def test_what_was_typed_never_becomes_an_option(room: OwnerRoom, approver: Person, name: str) -> None:
    send(approver, ADD, ("x.txt", TEXT), id="acme", name=name)
    ended(approver)
    assert room.calls[0][:-1] == ["policy", "add", f"--name={name}", "--", "acme"]


HOSTILE = {
    "no id": {"id": ""},
    "an option for an id": {"id": "--by"},
    "a way out": {"id": "../x"},
    "a long id": {"id": "x" * 200},
    "a page of the console": {"id": "add"},
    "an id that exists": {"id": "klasso"},
    "no name": {"name": " "},
    "a long name": {"name": "x" * 300},
    "a control character": {"name": "Ac\x1bme"},
    "an option for a version": {"version": "--by=x"},
    "a way out for a version": {"version": "../../2026"},
    "a page for a version": {"version": "changes"},
}


@pytest.mark.parametrize("fields", list(HOSTILE.values()), ids=list(HOSTILE))
def test_what_cannot_be_taken_in_starts_nothing_and_stays_in_the_form(
    room: OwnerRoom, approver: Person, fields: dict[str, str]
) -> None:
    typed = {**ACME, "text": "A text </textarea> that was typed", "version": "2026-03", **fields}
    answer = send(approver, ADD, **typed)
    assert answer.status_code == 422 and 'role="alert"' in answer.text and 'aria-invalid="true"' in answer.text
    assert "A text &lt;/textarea&gt; that was typed</textarea>" in answer.text
    assert room.calls == [] and room.uploads == [] and begun_deeds(room) == []


@pytest.mark.parametrize(
    "file, text, words",
    [
        (None, "", "Choose the file that holds the policy"),
        (None, " \r\n ", "Choose the file that holds the policy"),
        (("x.txt", TEXT), "pasted too", "There is a file and a pasted text"),
        (("x.txt", b""), "", "The file is empty"),
        (("x.exe", TEXT), "", "A file of that kind is not read"),
        (("x", TEXT), "", "A file of that kind is not read"),
        ((".txt", TEXT), "", "A file of that kind is not read"),
        (("x.pdf", b"x" * (MAX_FILE + 1)), "", "more than 20 MB"),
        (None, "x" * (MAX_TEXT + 1), "more than 1,000,000 characters"),
    ],
)
@pytest.mark.parametrize("path", [ADD, UPDATE])
def test_there_is_one_text_of_a_kind_and_a_size_that_are_read(
    room: OwnerRoom, approver: Person, path: str, file: tuple[str, bytes] | None, text: str, words: str
) -> None:
    answer = send(approver, path, file, text=text, **ACME)
    assert answer.status_code == 422 and words in answer.text and room.calls == [] and room.uploads == []


def test_a_text_of_the_largest_size_comes_through(room: OwnerRoom, approver: Person) -> None:
    send(approver, ADD, ("x.txt", b"x" * MAX_FILE), **ACME)
    ended(approver)
    assert len(room.given) == MAX_FILE


def test_a_body_over_the_cap_of_its_door_is_refused_and_other_doors_keep_theirs(
    room: OwnerRoom, approver: Person
) -> None:
    answer = send(approver, ADD, ("x.txt", b"x" * MOST_SENT), **ACME)
    assert answer.status_code == 413 and "That is too large" in answer.text and room.calls == []
    files = {"file": ("x.txt", b"x" * 70_000, "text/plain")}
    for path in (f"{HERE}/accept", f"{ADD}/more", "/login"):
        answer = approver.client.post(path, data={"token": approver.token()}, files=files, headers={"origin": URL})
        assert answer.status_code == 413, path
    form = {"token": approver.token(), "text": "x" * 70_000, **ACME}
    assert approver.client.post(ADD, data=form, headers={"origin": URL}).status_code == 413


@pytest.mark.parametrize("claims", ["nobody", "a viewer", "elsewhere"])
def test_no_byte_is_read_of_somebody_who_may_not_send(room: OwnerRoom, claims: str) -> None:
    origin = "https://evil.example.org" if claims == "elsewhere" else URL
    headers = [(b"content-type", b"multipart/form-data; boundary=x"), (b"origin", origin.encode())]
    if claims != "nobody":
        person = room.enter(Role.VIEWER if claims == "a viewer" else Role.APPROVER)
        headers.append((b"cookie", f"desk={person.client.cookies['desk']}".encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": ADD,
        "raw_path": ADD.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "server": ("127.0.0.1", 8090),
        "client": ("127.0.0.1", 1),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was read")

    async def keep(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(room.app(scope, receive, keep))
    assert sent[0]["status"] in (401, 403)


def test_a_form_with_a_file_needs_the_pages_token_and_origin(room: OwnerRoom, approver: Person) -> None:
    files = {"file": ("x.txt", TEXT, "text/plain")}
    for path in (ADD, UPDATE, f"{HERE}/profile"):
        for token, headers in (
            ("0" * 64, {"origin": URL}),
            ("", {"origin": URL}),
            (approver.token(), {"origin": "https://evil.example.org"}),
            (approver.token(), {}),
        ):
            answer = approver.client.post(path, data={"token": token, **ACME}, files=files, headers=headers)
            assert answer.status_code == 403, (path, headers)
    two = [("file", ("x.txt", TEXT, "text/plain")), ("file", ("y.txt", TEXT, "text/plain"))]
    data = {"token": approver.token(), **ACME}
    assert approver.client.post(ADD, data=data, files=two, headers={"origin": URL}).status_code == 400
    assert room.calls == []


def test_a_door_that_takes_files_is_for_those_inside_who_need_no_password(room: OwnerRoom) -> None:
    for more in ({"confirm": True}, {"stage": Stage.ANYBODY}):

        def beside(routes: Routes, house: Any, more: dict[str, Any] = more) -> None:
            routes.post("/beside", role=Role.ADMIN, upload=1, **more)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(people, "add", beside)
            with pytest.raises(AccessError, match="takes a file"):
                create_app(room.house, ("people",))


def test_viewers_and_agents_take_nothing_in(room: OwnerRoom) -> None:
    for role in (Role.VIEWER, Role.AGENT):
        person = room.enter(role)
        assert "/knowledge/add" not in person.get("/knowledge").text and UPDATE not in person.get(HERE).text
        for path in (ADD, UPDATE, f"{HERE}/profile"):
            assert person.get(path).status_code == 403
            assert send(person, path, ("x.txt", TEXT), text="x", **ACME).status_code == 403
    assert f'href="{ADD}"' in room.enter(Role.ADMIN).get("/knowledge").text
    assert room.calls == [] and room.uploads == []


def test_one_at_a_time_is_taken_in_and_the_second_person_is_told(
    room: OwnerRoom, approver: Person, begun: list[Errand]
) -> None:
    room.says("", seconds=60)
    send(approver, ADD, ("x.txt", TEXT), **ACME)
    until(lambda: room.calls)
    refused = send(approver, ADD, ("x.txt", TEXT), id="other", name="Other")
    assert refused.status_code == 409 and "Something else is being done" in refused.text
    assert len(room.calls) == 1 and len([path for path in room.uploads if path.is_file()]) == 1
    assert "Being done" in approver.get("/knowledge/acme/change/taking-in").text
    assert begun[0].task is not None
    approver.client.portal.call(begun[0].task.cancel)  # type: ignore[union-attr]
    assert "Not done" in ended(approver) and until(lambda: not room.uploads)


def test_a_failure_is_told_in_the_commands_words_and_leaves_nothing(room: OwnerRoom, approver: Person) -> None:
    where = room.house.settings.policies
    room.says("", code=2, progress=(f"privacy desk: {where}/acme: cannot be <b>written</b>; nothing was added",))
    send(approver, ADD, ("x.txt", TEXT), **ACME)
    shown = ended(approver)
    assert "Not done" in shown and "acme: cannot be &lt;b&gt;written&lt;/b&gt;; nothing was added" in shown
    assert str(where) not in shown and f'href="{ADD}"' in shown and room.uploads == []


def test_asking_makes_way_and_the_questions_are_asked_of_the_new_text(
    room: OwnerRoom, approver: Person, shop: Workshop
) -> None:
    room.says(answered(room, shop), code=1)
    assert "32 asked" in golden_part(approver)
    asked = len(room.calls)
    room.says("taken in")
    send(approver, UPDATE, ("x.txt", TEXT))
    ended(approver, "klasso")
    text = f"{EDITED.read_text('utf-8')}\nWe keep backups for 90 days.\n"
    update(room.folder, Document(text, "txt"), "2026-10", shop.labeller)
    room.says(answered(room, shop), code=1)
    assert "32 asked" in golden_part(approver)
    assert [call[1] for call in room.calls[asked:]] == ["update", "review"]


def test_there_is_nothing_to_see_where_nothing_was_taken_in(room: OwnerRoom, approver: Person) -> None:
    for part in ("", "/part"):
        answer = approver.get(f"{HERE}/taking-in{part}")
        assert answer.status_code == 303 and answer.headers["location"] == HERE
        for policy in ("..", "%2e%2e", "-h", "Klasso", "x" * 90):
            assert approver.get(f"/knowledge/{policy}/change/taking-in{part}").status_code == 404
    assert approver.get("/knowledge/nowhere/change/update").status_code == 404


def test_what_a_killed_console_left_is_swept_at_the_start_and_nothing_of_a_living_one(room: OwnerRoom) -> None:
    root = room.house.settings.data / FOLDER
    left = root / "left"
    left.mkdir(parents=True)
    (left / "uploaded.txt").write_bytes(TEXT)
    with (EDITED).open("rb") as content:
        held = Uploads(room.house.settings.data).hold("uploaded.txt", content)
    create_app(room.house, ("entry", "policy_change"))
    assert not left.exists() and held.path.is_file()
    held.remove()
    held.remove()
    assert list(root.iterdir()) == []


def test_the_page_names_the_fields_that_are_wrong(approver: Person) -> None:
    page = send(approver, ADD, ("x.txt", TEXT), id="acme", name="").text
    assert re.search(r'id="name"[^>]*aria-invalid="true"[^>]*aria-describedby="name-hint wrong"', page)
    assert "Type the company’s name" in words_of(page)
