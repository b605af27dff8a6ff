"""python -m policies_kb: what it prints, what it writes, and what it says when something is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from kb_texts import DATA, POLICIES, PROJECT

from policies_kb import commands
from policies_kb.knowledge import ROOT

Captured = pytest.CaptureFixture[str]


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
    monkeypatch.setenv("PRIVACY_DESK_POLICIES", str(copy))
    return copy


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


def test_an_older_version_is_compared_with_its_own_text_and_profile(root: Path, capsys: Captured) -> None:
    folder = root / "klasso"
    for kind in ("txt", "clauses.json"):
        (folder / f"2020.{kind}").write_bytes((folder / f"2026-04.{kind}").read_bytes())
    profile = (folder / "profile.yml").read_text("utf-8")
    (folder / "2020.profile.yml").write_text(profile.replace('current: "2026-04"', 'current: "2020"'), "utf-8")
    assert commands.main(["compile", "--check"]) == 0
    compiled = folder / "2020.clauses.json"
    compiled.write_text(compiled.read_text("utf-8").replace("-a3b242", "-a3b243"), "utf-8")
    assert commands.main(["compile", "--check"]) == 1
    assert "klasso/2020.clauses.json does not follow" in said(capsys)[1]


@pytest.mark.parametrize("arguments", [[], ["dance"], ["show"]], ids=str)
def test_wrong_use_is_told_with_code_2(arguments: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        commands.main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m policies_kb" in said(capsys)[1]
