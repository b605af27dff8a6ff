"""The profile edited in the console: what is saved with which words, what is told, and that nothing typed is lost."""

from __future__ import annotations

import hashlib
import html
import re
from pathlib import Path

import httpx
import pytest
from desk_room import words_of
from owner_room import HERE, OwnerRoom
from staff_people import URL, Person
from test_console_policy_change import approver, room, shop
from test_console_policy_take_in import begun, begun_deeds, send, until

from console.pages import policy_profile
from console.pages.policy_change_errands import Errand
from console.pages.policy_profile import MOST_SENT, MOST_TEXT
from console.pages.policy_profile_words import FIELD_WORDS
from policies_kb.profile_text import FIELDS
from tickets.deeds import Deeds

__all__ = ["approver", "begun", "room", "shop"]  # fixtures
PAGE = f"{HERE}/profile"


def profile_of(room: OwnerRoom) -> str:
    return (room.folder.path / "profile.yml").read_text("utf-8")


def typed_in(page: str) -> str:
    """What stands in the form's text."""
    found = re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", page, re.DOTALL)
    assert found
    return html.unescape(found.group(1))


def save(room: OwnerRoom, person: Person, text: str, seen: str = "") -> httpx.Response:
    """The form as a browser sends it, with a browser's line ends."""
    known = seen or hashlib.sha256(profile_of(room).encode()).hexdigest()
    data = {"token": person.token(), "seen": known, "text": text.replace("\n", "\r\n")}
    files = {"none": ("", b"", "application/octet-stream")}
    return person.client.post(PAGE, data=data, files=files, headers={"origin": URL})


def test_the_page_shows_the_file_and_what_its_fields_mean(room: OwnerRoom, approver: Person) -> None:
    assert approver.get(HERE).text.count(f'href="{PAGE}"') == 2  # at the head, and with the fields to confirm
    page = approver.get(PAGE).text
    assert typed_in(page) == profile_of(room)
    assert list(FIELD_WORDS) == list(FIELDS) and all(html.escape(words) in page for words in FIELD_WORDS.values())


def test_a_profile_is_saved_by_the_command_line_as_it_was_typed(room: OwnerRoom, approver: Person) -> None:
    text, seen = profile_of(room) + "# <b>Größe</b>\n", hashlib.sha256(profile_of(room).encode()).hexdigest()
    answer = save(room, approver, text)
    assert answer.status_code == 303 and answer.headers["location"] == HERE
    assert "The profile is saved." in words_of(approver.get(HERE).text)
    (call,) = room.calls
    assert call[:-1] == ["policy", "profile", f"--seen={seen}", "--", "klasso"] and Path(call[-1]).name == "profile.yml"
    assert room.given.decode() == text and room.uploads == []
    deed = Deeds(room.house.store).latest(1)[0]
    assert (deed.action, deed.which, deed.detail) == ("policy_profile_begun", "klasso", {"version": "2026-09"})


def test_a_slip_is_told_at_once_with_its_line_and_what_was_typed_stays(room: OwnerRoom, approver: Person) -> None:
    text = profile_of(room).replace("name: Klasso", "name Klasso", 1) + "# </textarea><script>\n"
    line = next(n for n, one in enumerate(text.splitlines(), 1) if one.startswith("name Klasso"))
    answer = save(room, approver, text)
    assert answer.status_code == 422 and f"line {line}: a colon is missing" in answer.text
    assert typed_in(answer.text) == text and f"{line:4d}  name Klasso" in answer.text
    assert 'aria-invalid="true"' in answer.text and room.calls == [] and begun_deeds(room) == []


def test_what_waits_goes_on_waiting_and_that_is_said(room: OwnerRoom, approver: Person) -> None:
    head, _, _ = profile_of(room).partition("to_confirm:")
    save(room, approver, head)
    said = words_of(approver.get(HERE).text)
    assert "Still to be confirmed: " in said and "Deleting the lines does not settle that." in said


def test_somebody_elses_change_is_never_written_over(room: OwnerRoom, approver: Person) -> None:
    seen = hashlib.sha256(profile_of(room).encode()).hexdigest()
    path = room.folder.path / "profile.yml"
    mine, theirs = profile_of(room) + "# mine\n", profile_of(room) + "# theirs\n"
    path.write_text(theirs, "utf-8")
    for _ in range(2):  # a second press does not do it either
        answer = save(room, approver, mine, seen)
        assert answer.status_code == 422 and "was changed since you opened it" in answer.text
        assert typed_in(answer.text) == mine and "# theirs" in answer.text and f'value="{seen}"' in answer.text
    assert room.calls == []
    assert save(room, approver, mine, "").status_code == 303


@pytest.mark.parametrize("seen", ["--by=x", "0" * 64, "x" * 900])
def test_what_was_not_seen_is_not_saved(room: OwnerRoom, approver: Person, seen: str) -> None:
    assert save(room, approver, profile_of(room), seen).status_code == 422 and room.calls == []


def test_a_refusal_of_the_command_is_shown_in_its_words_without_places(room: OwnerRoom, approver: Person) -> None:
    where = room.house.settings.policies
    room.says("", code=2, progress=(f"privacy desk: {where}/klasso: cannot be written to (No space left)",))
    answer = save(room, approver, profile_of(room) + "# mine\n")
    assert answer.status_code == 422 and "klasso: cannot be written to (No space left)" in answer.text
    assert str(where) not in answer.text and "privacy desk:" not in answer.text and "# mine" in typed_in(answer.text)
    assert room.uploads == []


def test_while_something_else_is_done_what_was_typed_stays(
    room: OwnerRoom, approver: Person, begun: list[Errand]
) -> None:
    room.says("", seconds=60)
    send(approver, f"{HERE}/update", ("x.txt", b"text"))
    until(lambda: room.calls)
    answer = save(room, approver, profile_of(room) + "# mine\n")
    assert answer.status_code == 422 and "Something else is being done" in answer.text
    assert "# mine" in typed_in(answer.text) and len(room.calls) == 1 and begun[0].task is not None
    approver.client.portal.call(begun[0].task.cancel)  # type: ignore[union-attr]
    until(lambda: not room.uploads)


def test_a_profile_has_a_size(room: OwnerRoom, approver: Person) -> None:
    answer = save(room, approver, profile_of(room) + "#" * MOST_TEXT)
    assert answer.status_code == 422 and "more than 300 kB" in answer.text
    assert save(room, approver, "#" * MOST_SENT).status_code == 413
    assert save(room, approver, profile_of(room) + f"# {'x' * 200_000}\n").status_code == 303
    assert len(room.calls) == 1


def test_a_file_that_is_too_large_or_no_text_is_not_opened(room: OwnerRoom, approver: Person) -> None:
    path = room.folder.path / "profile.yml"
    path.write_bytes(path.read_bytes() + b"#" * MOST_TEXT)
    assert approver.get(PAGE).status_code == 409
    for content in (b"name: \xff", b"name: [\n"):
        path.write_bytes(content)
        for answer in (approver.get(PAGE), save(room, approver, "name: x\n", hashlib.sha256(content).hexdigest())):
            assert answer.status_code == 409 and str(room.house.settings.policies) not in answer.text


def test_saving_that_takes_long_does_not_hold_the_page(
    room: OwnerRoom, approver: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_profile, "WAITING_SECONDS", 0.05)
    room.says("saved", seconds=1.0)
    assert save(room, approver, profile_of(room) + "# mine\n").status_code == 303
    assert "It takes longer than usual" in words_of(approver.get(HERE).text)
    until(lambda: not room.uploads)
