"""Golden questions: what holds, what does not, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from kb_texts import tools
from owner_desk import ACME, TopicReader, acme, answers_of, document

from policies_kb.answering import AnswerKind
from policies_kb.errors import ProfileError
from policies_kb.folders import PolicyFolder
from policies_kb.golden import (
    GoldenQuestion,
    GoldenResult,
    as_decided,
    asked,
    first_golden,
    golden_text,
    load_golden,
    usual_questions,
)
from policies_kb.golden_words import golden_report
from policies_kb.topics import Topic
from policies_kb.workbench import update_policy

KEEP, SELL, FLY = "how long do you keep data", "do you sell my data", "do you send data abroad"
READER = TopicReader({KEEP: Topic.RETENTION, SELL: Topic.SALE, FLY: Topic.TRANSFER})


def ask(folder: PolicyFolder, text: str, kind: str, *clauses: str, every: tuple[str, ...] = ()) -> GoldenResult:
    return asked(GoldenQuestion(text, AnswerKind(kind), clauses, every), READER, answers_of(folder))


def clause(folder: PolicyFolder, words: str) -> str:
    (found,) = [one.id for one in folder.compiled().clauses if words in one.text]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> PolicyFolder:
    return acme(tmp_path_factory.mktemp("acme"))


def test_a_question_holds_if_kind_and_first_clause_are_as_wanted(folder: PolicyFolder) -> None:
    keep, sale = clause(folder, "6 months"), clause(folder, "never sell")
    assert ask(folder, KEEP, "states", keep).holds
    assert ask(folder, SELL, "denies", "another-clause-000000", sale, every=(sale,)).holds
    assert ask(folder, FLY, "silent").holds


def test_each_way_of_not_holding_is_told_apart(folder: PolicyFolder) -> None:
    keep, sale = clause(folder, "6 months"), clause(folder, "never sell")
    assert "the answer is denies, not states" in ask(folder, SELL, "states", sale).trouble
    assert f"answered by {sale}, not by {keep}" in ask(folder, SELL, "denies", keep).trouble
    assert "does not quote no-such-clause" in ask(folder, SELL, "denies", sale, every=("no-such-clause",)).trouble
    assert "not read as a question" in ask(folder, "good morning", "states", sale).trouble


def test_a_decision_takes_the_answer_of_today(folder: PolicyFolder) -> None:
    sale = clause(folder, "never sell")
    wanted = as_decided(ask(folder, SELL, "states", "old-clause", every=("old-clause", sale)))
    assert wanted == GoldenQuestion(SELL, AnswerKind.DENIES, (sale,), (sale,))


def test_what_is_no_question_cannot_be_decided(folder: PolicyFolder) -> None:
    with pytest.raises(ProfileError, match="say it differently"):
        as_decided(ask(folder, "good morning", "states"))


def test_a_new_policy_begins_with_the_usual_questions(folder: PolicyFolder, tmp_path: Path) -> None:
    reader = TopicReader(dict.fromkeys(usual_questions(), Topic.SALE))
    drafted = first_golden(reader, answers_of(folder))
    assert 25 <= len(drafted) == len(usual_questions()) and not any(one.decided for one in drafted)
    path = tmp_path / "golden.yml"
    path.write_text(golden_text(drafted), "utf-8")
    assert load_golden(path) == drafted


def test_a_policy_without_the_file_has_no_golden_questions(tmp_path: Path) -> None:
    assert load_golden(tmp_path / "golden.yml") == ()


@pytest.mark.parametrize(
    "text",
    [
        "- {kind: states}",
        "- {ask: x}",
        "- {ask: x, kind: maybe}",
        "- {ask: x, kind: states, clauses: one}",
        "- {ask: x, kind: silent}\n- {ask: x, kind: states}",
        "ask: x",
        "- x",
    ],
)
def test_a_malformed_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "golden.yml").write_text(text, "utf-8")
    with pytest.raises(ProfileError, match="golden.yml"):
        load_golden(tmp_path / "golden.yml")


def test_a_report_tells_what_was_wanted_what_came_and_since_when(tmp_path: Path) -> None:
    before = acme(tmp_path)
    keep = clause(before, "6 months")
    text = ACME.replace("6 months", "12 months").replace("March 1, 2026", "June 1, 2026")
    after = update_policy(before, document(text), "summer", tools().labeller)
    report = golden_report(ask(after, KEEP, "states", keep), after)
    assert f"asked:  {KEEP}" in report and "for 6 months" in report
    got, since = (next(line for line in report.splitlines() if line.startswith(name)) for name in ("got:", "since:"))
    assert "12 months" in got and "version summer of 2026-06-01" in since and "12 months" in since
