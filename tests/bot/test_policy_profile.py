"""`python -m bot policy profile`: a profile is written anew, or refused with nothing changed."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from test_policy_commands import BY, Desk, acme_file, desk

from policies_kb.folders import PolicyFolder

__all__ = ["acme_file", "desk"]  # fixtures


@pytest.fixture
def acme(desk: Desk, acme_file: Path) -> PolicyFolder:
    """A newcomer that nobody has published."""
    desk.says("add", "acme", str(acme_file), "--name", "Acme Ltd")
    return PolicyFolder(desk.root / "acme")


def text_of(folder: PolicyFolder) -> str:
    return (folder.path / "profile.yml").read_text("utf-8")


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "new profile.yml"
    path.write_text(text, "utf-8")
    return str(path)


def test_a_profile_is_saved_with_what_follows_from_it(desk: Desk, acme: PolicyFolder, tmp_path: Path) -> None:
    seen = hashlib.sha256(text_of(acme).encode()).hexdigest()
    text = text_of(acme).replace('about: ""', "about: shoes")
    said = desk.says("profile", "acme", written(tmp_path, text), "--seen", seen)
    assert "acme: profile.yml and the compiled clauses of 2026-03-01 are saved" in said and "put back" not in said
    assert text_of(acme) == text and "does not follow" not in desk.says("review", "acme", code=1)
    again = desk.says("profile", "acme", written(tmp_path, text.replace("shoes", "hats")), "--seen", seen, code=2)
    assert "was changed since you opened it" in again and text_of(acme) == text


def test_it_is_read_from_standard_input(desk: Desk, acme: PolicyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text_of(acme).replace('about: ""', "about: hats")))
    desk.says("profile", "acme", "-")
    assert acme.profile().about == "hats"


def test_deleting_what_waits_does_not_lead_to_a_release(desk: Desk, acme: PolicyFolder, tmp_path: Path) -> None:
    for command in ("accept", "decide"):
        desk.says(command, "acme", "--all", *BY)
    said = desk.says("profile", "acme", written(tmp_path, text_of(acme).partition("to_confirm:")[0]))
    assert "put back under to_confirm" in said and "contact" in said
    refused = desk.says("publish", "acme", *BY, code=1)
    assert "nobody has confirmed it" in refused and desk.shelf.current() is None
    desk.says("confirm", "acme", "--all", *BY)
    assert "release 1 is published" in desk.says("publish", "acme", *BY)


@pytest.mark.parametrize(
    "change, words",
    [
        (("name:", "name"), "line 3: a colon is missing"),
        (("contact: [", "contact: [[["), "profile.yml, line"),
        (("about:", "policy: other\nabout:"), "id stays what it is"),
        (('current: "2026-03-01"', 'current: "2"'), "current stays 2026-03-01"),
        (("about:", "abuot:"), "there is no field 'abuot'"),
    ],
)
def test_a_slip_changes_nothing(
    desk: Desk, acme: PolicyFolder, tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    before = {path.name: path.read_bytes() for path in acme.path.iterdir()}
    text = text_of(acme).replace(*change, 1)
    assert words in desk.says("profile", "acme", written(tmp_path, text), code=2)
    assert {path.name: path.read_bytes() for path in acme.path.iterdir()} == before


def test_files_that_are_no_text_or_not_there_are_told(desk: Desk, acme: PolicyFolder, tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"name: \xff")
    assert "not UTF-8" in desk.says("profile", "acme", str(tmp_path / "bytes"), code=2)
    assert "cannot be read" in desk.says("profile", "acme", str(tmp_path / "nowhere.yml"), code=2)
    (tmp_path / "bytes").write_bytes(b"x" * 400_001)
    assert "larger than" in desk.says("profile", "acme", str(tmp_path / "bytes"), code=2)
    assert "there is no policy" in desk.says("profile", "nowhere", written(tmp_path, "name: x"), code=2)
