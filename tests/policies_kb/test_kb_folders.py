"""A policy's folder: versions in time, frozen profiles, and files that are put in place whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from kb_texts import PROJECT
from owner_desk import contents, own_copy

from policies_kb import placing
from policies_kb.errors import KnowledgeError, ProfileError, SourceError, UnknownPolicyError
from policies_kb.folders import PolicyFolder, all_folders, date_of_name, folder_of
from policies_kb.golden import load_golden
from policies_kb.profile import load_profile
from policies_kb.reviewing import load_review


@pytest.mark.parametrize(
    "name, day",
    [
        ("2026", date(2026, 1, 1)),
        ("2026-04", date(2026, 4, 1)),
        ("2026-04-09", date(2026, 4, 9)),
        ("2026-04-09b", date(2026, 4, 9)),
        ("2026-13", None),
        ("undated", None),
        ("v2", None),
        ("20260401", None),
    ],
)
def test_a_versions_name_may_tell_its_date(name: str, day: date | None) -> None:
    assert date_of_name(name) == day


def with_versions(tmp_path: Path, *names: str) -> PolicyFolder:
    """Klasso with older versions of those names, each with its own profile."""
    folder = own_copy("klasso", tmp_path)
    profile = (folder.path / "profile.yml").read_text("utf-8")
    for name in names:
        for kind in ("txt", "clauses.json"):
            (folder.path / f"{name}.{kind}").write_bytes((folder.path / f"2026-04.{kind}").read_bytes())
        frozen = profile.replace('current: "2026-04"', f'current: "{name}"').replace("name: Klasso", "name: Klasso Old")
        (folder.path / f"{name}.profile.yml").write_text(frozen, "utf-8")
    return PolicyFolder(folder.path)


def test_versions_are_in_the_order_in_which_they_held(tmp_path: Path) -> None:
    folder = with_versions(tmp_path, "2025-11", "undated", "2024")
    assert folder.versions() == ["undated", "2024", "2025-11", "2026-04"]
    assert folder.before("2026-04") == "2025-11" and folder.before("undated") is None


def test_a_date_in_the_profile_counts_more_than_the_name(tmp_path: Path) -> None:
    folder = with_versions(tmp_path, "2025-11")
    path = folder.path / "2025-11.profile.yml"
    path.write_text("effective: 2025-12-24\n" + path.read_text("utf-8"), "utf-8")
    assert folder.effective("2025-11") == date(2025, 12, 24) and folder.effective("2026-04") == date(2026, 4, 1)


def test_an_older_version_keeps_the_profile_it_had(tmp_path: Path) -> None:
    folder = with_versions(tmp_path, "2024")
    assert folder.profile().name == "Klasso" and folder.profile("2024").name == "Klasso Old"
    assert folder.profile("2024").policy == "klasso"


def test_a_version_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="no version '1999'; it has: 2026-04"):
        own_copy("klasso", tmp_path).compiled("1999")


def test_policies_are_found_by_id(tmp_path: Path) -> None:
    own_copy("klasso", tmp_path)
    (tmp_path / ".adding-acme-1" / "acme").mkdir(parents=True)
    assert [folder.policy for folder in all_folders(tmp_path)] == ["klasso"]
    for wrong in ("acme", "../klasso", ".adding-acme-1", ""):
        with pytest.raises(UnknownPolicyError, match="there are: klasso"):
            folder_of(tmp_path, wrong)


def test_files_are_placed_together(tmp_path: Path) -> None:
    placing.place_files(tmp_path, {"a.txt": b"new", "b.txt": b"too"})
    assert contents(tmp_path) == {"a.txt": b"new", "b.txt": b"too"}


def test_what_cannot_be_written_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(placing, "_write", full)
    with pytest.raises(SourceError, match="No space left on device"):
        placing.place_files(tmp_path, {"a.txt": b"new"})
    assert contents(tmp_path) == {"a.txt": b"old"}


KILLED = """
import os, sys, signal
from pathlib import Path
from policies_kb import placing
folder, at = Path(sys.argv[1]), int(sys.argv[2])
steps = 0
def step(event, arguments):
    global steps
    if event in ("os.rename", "os.mkdir", "os.rmdir", "open") and sys.argv[1] in str(arguments):
        steps += 1
        if steps == at:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(step)
placing.place_files(folder, {name: b"new" for name in ("a.txt", "b.txt", "c.txt")})
print("steps", steps)
"""


def test_a_kill_at_any_step_leaves_all_old_files_or_all_new_ones(tmp_path: Path) -> None:
    ends = []
    for at in range(1, 40):
        folder = tmp_path / str(at)
        folder.mkdir()
        for name in ("a.txt", "b.txt", "c.txt"):
            (folder / name).write_bytes(b"old")
        call = [sys.executable, "-c", KILLED, str(folder), str(at)]
        done = subprocess.run(call, cwd=PROJECT, capture_output=True, timeout=60, env={**os.environ}, check=False)
        placing.finish(folder)
        found = {content for name, content in contents(folder).items() if not name.startswith(placing.GATHERED)}
        assert len(found) == 1, at
        ends.append((done.returncode, found.pop()))
        if done.returncode == 0:
            break
    killed = [content for code, content in ends if code == -signal.SIGKILL]
    assert ends[-1] == (0, b"new") and set(killed) == {b"old", b"new"}, "the kills did not come on both sides"


HOSTILE = [
    "a: &a [1]\nb: *a",
    "x: &x {y: *x}",
    "!!python/object/apply:os.system ['touch planted']",
    "- !!python/name:os.system",
    "!!python/object/new:subprocess.Popen [[touch, planted]]",
    "name: !env_var ${PLANTED}",
    "a: " + "[" * 50 + "]" * 50,
    "a: " + "{b: " * 30 + "1" + "}" * 30,
    "<<: *undefined",
    "\x00",
    "a: \x07",
    "? [complex, key]\n: !!set {x}",
    "just text",
    "- - - - - - - - - - - - - - - a",
    "123",
    "name: [unclosed",
    "\tname: tab",
    "a: 'x\n" * 3,
    "x" * 500_000,
    "&a a: *a",
]
FILES = ["profile.yml", "golden.yml", "questions.yml", "2026-04.review.yml", "2024.profile.yml"]
READERS = {
    "profile.yml": lambda path: load_profile(path),
    "2024.profile.yml": lambda path: load_profile(path),
    "golden.yml": lambda path: load_golden(path),
    "questions.yml": lambda path: PolicyFolder(path.parent).questions(),
    "2026-04.review.yml": lambda path: load_review(path.parent, "2026-04"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_file_of_an_owner_is_refused_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANTED", "planted-value")
    folder = tmp_path / "klasso"
    folder.mkdir()
    (folder / name).write_text(HOSTILE[number], "utf-8")
    with pytest.raises(KnowledgeError) as caught:
        READERS[name](folder / name)
    assert "planted-value" not in str(caught.value) and not (tmp_path / "planted").exists()


@pytest.mark.parametrize("name", FILES[:3])
def test_variables_of_the_environment_stay_as_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PLANTED", "planted-value")
    texts = {
        "profile.yml": 'name: "${PLANTED}"\ncurrent: "1"\n',
        "golden.yml": '- {ask: "${PLANTED}", kind: silent}\n',
        "questions.yml": 'clauses: {"x": ["${PLANTED}"]}\n',
    }
    folder = tmp_path / "klasso"
    folder.mkdir()
    (folder / name).write_text(texts[name], "utf-8")
    found = repr(READERS[name](folder / name))
    assert "${PLANTED}" in found and "planted-value" not in found
