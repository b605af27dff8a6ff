"""python -m policies_kb: what it prints, what it writes, and what it says when something is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from kb_texts import DATA, POLICIES, PROJECT

from policies_kb import commands
from policies_kb.knowledge import ROOT, policy_folders
from policies_kb.profile import load_profile

Captured = pytest.CaptureFixture[str]
TEXT = """Privacy Policy

Sale
We never sell your data to anybody, whatever they may offer for it.

Cookies
We use cookies so that you stay logged in and find your basket again.
"""


@pytest.fixture(autouse=True)
def project_as_a_person_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("PRIVACY_DESK_DATA", str(DATA))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the policies' folder that commands may write to."""
    copy = tmp_path / "policies_kb"
    for policy in POLICIES:
        shutil.copytree(ROOT / policy, copy / policy)
    for path in copy.glob("*/*"):
        path.chmod(0o644)
    monkeypatch.setattr(commands, "ROOT", copy)
    monkeypatch.setattr(commands, "policy_folders", lambda: policy_folders(copy))
    return copy


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "acme policy.txt"
    path.write_text(TEXT, "utf-8")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def said(capsys: Captured) -> tuple[str, str]:
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_the_committed_clauses_follow_from_their_texts(capsys: Captured) -> None:
    assert commands.main(["compile", "--check"]) == 0
    assert said(capsys) == ("all compiled policies are up to date\n", "")


def test_the_committed_picture_of_the_ledger_is_up_to_date(capsys: Captured) -> None:
    assert commands.main(["ledger", "--check"]) == 0


def test_the_committed_training_lines_are_up_to_date(capsys: Captured) -> None:
    assert commands.main(["training", "--check"]) == 0


def test_compiling_again_changes_nothing(root: Path) -> None:
    before = contents(root)
    assert commands.main(["compile"]) == 0
    assert contents(root) == before


@pytest.mark.parametrize("check", [True, False], ids=["check", "write"])
def test_a_changed_compiled_file_is_found_and_mended_only_when_asked(root: Path, capsys: Captured, check: bool) -> None:
    path = root / "klasso" / "2026-04.clauses.json"
    good = path.read_bytes()
    path.write_bytes(good + b" ")
    assert commands.main(["compile", *(["--check"] if check else [])]) == (1 if check else 0)
    assert (path.read_bytes() == good) is not check
    out, err = said(capsys)
    assert "klasso/2026-04" in (err if check else out)


def test_a_changed_text_fails_the_check(root: Path, capsys: Captured) -> None:
    path = root / "klantra" / "2025-05-04.txt"
    path.write_text(path.read_text("utf-8").replace("18. Acceptance", "18.  Acceptance"), "utf-8")
    assert commands.main(["compile", "--check"]) == 1
    assert "klantra/2025-05-04" in said(capsys)[1]


def test_a_profile_that_names_a_clause_that_is_gone_fails_the_check(root: Path, capsys: Captured) -> None:
    path = root / "klasso" / "2026-04.txt"
    path.write_text(path.read_text("utf-8").replace("does not record, store,", "does not record, keep,"), "utf-8")
    assert commands.main(["compile", "--check"]) == 1
    assert "no-recording-or-storage-klasso-a3b242" in said(capsys)[1]


def test_a_profile_that_marks_a_line_that_is_gone_fails_the_check(root: Path, capsys: Captured) -> None:
    path = root / "kloudtalk" / "2024.txt"
    path.write_text(path.read_text("utf-8").replace("Copyright ©", "(c)"), "utf-8")
    assert commands.main(["compile", "--check"]) == 1
    assert "Copyright © 2024" in said(capsys)[1]


def test_a_profile_whose_current_text_is_missing_fails_the_check(root: Path, capsys: Captured) -> None:
    (root / "klasso" / "2026-04.txt").unlink()
    assert commands.main(["compile", "--check"]) == 1
    assert "klasso/profile.yml" in said(capsys)[1]


def test_questions_for_a_clause_that_is_gone_fail_the_check(root: Path, capsys: Captured) -> None:
    (root / "klasso" / "questions.yml").write_text("clauses: {no-such-clause-000000: [why]}\n", "utf-8")
    assert commands.main(["compile", "--check"]) == 1
    assert "no-such-clause-000000" in said(capsys)[1]


def test_lint_prints_each_finding_under_its_policy(capsys: Captured) -> None:
    assert commands.main(["lint"]) == 0
    out = said(capsys)[0]
    assert "dangling reference: section 8 does not exist" in out
    assert out.index("Klantra (") < out.index("ages differ: 13 and 18") < out.index("Klasso (")


def test_lint_of_one_policy_leaves_the_others_out(capsys: Captured) -> None:
    assert commands.main(["lint", "kloudtalk"]) == 0
    out = said(capsys)[0]
    assert "contradiction" in out and "Klantra" not in out and "Classtime" not in out


def test_lint_of_an_unknown_policy_is_an_error(capsys: Captured) -> None:
    assert commands.main(["lint", "zoom"]) == 1
    assert "zoom" in said(capsys)[1]


def test_the_ledger_can_be_read_by_programs(capsys: Captured) -> None:
    assert commands.main(["ledger", "--json"]) == 0
    assert json.loads(said(capsys)[0])["do_not_track"]["classtime"] == "denies"


def test_the_ledger_is_a_table_for_people(capsys: Captured) -> None:
    assert commands.main(["ledger"]) == 0
    lines = said(capsys)[0].splitlines()
    assert lines[0].split() == list(POLICIES)
    assert lines[-1].startswith("silent on")


def test_the_ledgers_picture_goes_where_one_says(tmp_path: Path, capsys: Captured) -> None:
    target = tmp_path / "deep" / "ledger.svg"
    assert commands.main(["ledger", "--picture", str(target)]) == 0
    assert target.read_bytes() == (PROJECT / commands.LEDGER_PICTURE).read_bytes()


def test_a_clause_is_shown_with_place_topics_and_text(capsys: Captured) -> None:
    assert commands.main(["show", "personal-data-stored-in-user-c67455"]) == 0
    out = said(capsys)[0]
    assert "Classtime 2020-09-25, characters" in out and "data_retention (1)" in out
    assert "6 months" in out and "deleted 6 months after deletion" in out


def test_all_clauses_of_a_policy_are_shown(capsys: Captured) -> None:
    assert commands.main(["show", "klasso"]) == 0
    out = said(capsys)[0]
    assert out.startswith("last-updated-april-2026") and "if-you-have-any-questions-d88a39" in out


def test_an_unknown_clause_is_an_error_in_a_sentence(capsys: Captured) -> None:
    assert commands.main(["show", "no-such-clause"]) == 1
    assert said(capsys) == (
        "",
        "policies_kb: there is no clause and no policy 'no-such-clause'; `ledger` lists the policies\n",
    )


def test_a_company_adds_its_policy_with_one_command(root: Path, text: Path, capsys: Captured) -> None:
    assert commands.main(["add", "acme", str(text), "--name", "Acme Ltd", "--version", "2026"]) == 0
    assert "Acme Ltd: 2 clauses" in said(capsys)[0]
    assert sorted(path.name for path in (root / "acme").iterdir()) == ["2026.clauses.json", "2026.txt", "profile.yml"]
    assert (root / "acme" / "2026.txt").read_bytes() == TEXT.encode()
    assert commands.main(["compile", "--check"]) == 0
    assert commands.main(["show", "acme"]) == 0
    assert "third_party_sharing.sale (1)" in said(capsys)[0]


def test_the_same_policy_cannot_be_added_twice(root: Path, text: Path, capsys: Captured) -> None:
    assert commands.main(["add", "acme", str(text), "--name", "Acme"]) == 0
    before = contents(root)
    assert commands.main(["add", "acme", str(text), "--name", "Other"]) == 1
    assert contents(root) == before
    assert "there is a policy 'acme' already" in said(capsys)[1]


@pytest.mark.parametrize("name", ["Acme", "a", "../acme", "a/b", "1acme", "acme ltd", "", "x" * 42, "acmé", "acme\n"])
def test_an_id_that_could_not_stand_in_a_link_is_refused(root: Path, text: Path, capsys: Captured, name: str) -> None:
    before = contents(root.parent)
    assert commands.main(["add", name, str(text), "--name", "Acme"]) == 1
    assert contents(root.parent) == before
    assert "cannot be an id" in said(capsys)[1]


@pytest.mark.parametrize("version", ["../1", "a/b", "", "..", "1\n"])
def test_a_version_that_could_not_name_a_file_is_refused(
    root: Path, text: Path, capsys: Captured, version: str
) -> None:
    before = contents(root.parent)
    assert commands.main(["add", "acme", str(text), "--name", "Acme", "--version", version]) == 1
    assert contents(root.parent) == before and not (root / "acme").exists()


@pytest.mark.parametrize("raw", [b"", b"\x00", "é".encode("latin-1")], ids=["empty", "NUL", "latin-1"])
def test_a_file_that_is_no_text_adds_nothing(root: Path, text: Path, capsys: Captured, raw: bytes) -> None:
    text.write_bytes(raw)
    assert commands.main(["add", "acme", str(text), "--name", "Acme"]) == 1
    assert not (root / "acme").exists()
    assert str(text) in said(capsys)[1]


def test_a_file_that_is_not_there_adds_nothing(root: Path, tmp_path: Path, capsys: Captured) -> None:
    assert commands.main(["add", "acme", str(tmp_path / "none.txt"), "--name", "Acme"]) == 1
    assert "none.txt: cannot be read" in said(capsys)[1] and not (root / "acme").exists()


def test_a_folder_that_cannot_be_written_to_leaves_nothing_half_done(
    root: Path, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("policies_kb.compiler.dump", full)
    with pytest.raises(OSError, match="No space left"):
        commands.main(["add", "acme", str(text), "--name", "Acme"])
    assert not (root / "acme").exists()


def test_a_name_with_quotes_and_colons_is_kept(root: Path, text: Path) -> None:
    name = 'Acme: "the" #1 & Söhne ${HOME}'
    assert commands.main(["add", "acme", str(text), "--name", name]) == 0
    assert load_profile(root / "acme" / "profile.yml").name == name


@pytest.mark.parametrize("arguments", [[], ["dance"], ["add", "acme"], ["show"]], ids=str)
def test_wrong_use_is_told_with_code_2(arguments: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        commands.main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m policies_kb" in said(capsys)[1]
