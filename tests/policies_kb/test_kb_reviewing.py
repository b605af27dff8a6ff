"""Signatures: who, when, for what; and that nobody signs for what is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from owner_desk import ACME, NOW, OWNER, TopicReader, acme, answers_of, contents

from policies_kb import placing, signing
from policies_kb.answering import AnswerKind
from policies_kb.errors import ProfileError, SourceError, UnknownClauseError
from policies_kb.folders import PolicyFolder
from policies_kb.golden import GoldenQuestion, GoldenResult, ask_golden, golden_text
from policies_kb.pending import stamp
from policies_kb.reviewing import Accepted, Confirmed, Decided, Explained, Review, load_review, review_text
from policies_kb.signing import Signature
from policies_kb.topics import Topic

SELL = "do you sell my data"
READER = TopicReader({SELL: Topic.SALE})


@pytest.fixture
def folder(tmp_path: Path) -> PolicyFolder:
    made = acme(tmp_path)
    text = "# our own remark\n" + golden_text([GoldenQuestion(SELL, AnswerKind.SILENT, decided=False)])
    (made.path / "golden.yml").write_text(text, "utf-8")
    return made


def review_of(folder: PolicyFolder) -> Review:
    return load_review(folder.path, folder.current)


def results(folder: PolicyFolder) -> list[GoldenResult]:
    return ask_golden(folder.golden(), READER, answers_of(folder))


def test_a_review_is_read_as_it_was_written(tmp_path: Path) -> None:
    said = Review(
        (Accepted("a-1", "0123456789ab", "Owner One", "2026-11-02T09:30:00+00:00", 'He said: "yes" #1'),),
        (Confirmed("rights", "", "Owner One", "2026-11-02", ["access", "yes"]), Confirmed("name", "1e5", "null", "1")),
        (Explained("contradiction-1", "It is: meant", "Ünïcode Öwner", "2026-11-02"),),
        (Decided("why?", "", [], "Owner One", "2026-11-02"), Decided("how?", "states", ["a-1"], "O O", "1", "denies")),
        {"new": "old"},
    )
    (tmp_path / "1.review.yml").write_text(review_text(said), "utf-8")
    assert load_review(tmp_path, "1") == said


def test_an_acceptance_names_the_person_the_time_and_the_reading(folder: PolicyFolder) -> None:
    clause = folder.compiled().clauses[0]
    signing.accept(folder, None, [clause.id], OWNER, "as agreed")
    at = NOW.isoformat(timespec="seconds")
    assert review_of(folder).accepted == (Accepted(clause.id, stamp(clause), "Owner One", at, "as agreed"),)


def test_all_means_all_that_nobody_accepted_yet(folder: PolicyFolder) -> None:
    first, *others = [clause.id for clause in folder.compiled().clauses]
    signing.accept(folder, None, [first], OWNER)
    chosen = signing.accept(folder, None, None, Signature("Owner Two", NOW))
    assert [one.clause.id for one in chosen] == others
    assert {one.by for one in review_of(folder).accepted if one.clause == first} == {"Owner One"}


def test_nobody_accepts_what_is_not_there(folder: PolicyFolder) -> None:
    before = contents(folder.path)
    with pytest.raises(UnknownClauseError, match="no-such-clause"):
        signing.accept(folder, None, ["no-such-clause"], OWNER)
    assert contents(folder.path) == before


@pytest.mark.parametrize("name", ["", " ", "x", "x" * 81, "Owner\x1b[31m", "Own\u202eer"])
def test_a_signature_needs_a_name(name: str) -> None:
    with pytest.raises(ProfileError, match="--by needs a person's name"):
        Signature(name, NOW)


def test_what_is_confirmed_leaves_the_list_and_keeps_what_it_was(folder: PolicyFolder) -> None:
    signing.confirm(folder, None, ["periods"], OWNER)
    assert "periods" not in {entry.field for entry in folder.profile().to_confirm}
    (said,) = review_of(folder).confirmed
    assert (said.field, said.guesses, said.by) == ("periods", ["6 months"], "Owner One")
    signing.confirm(folder, None, None, OWNER)
    assert folder.profile().to_confirm == ()
    assert "\nto_confirm:" not in (folder.path / "profile.yml").read_text("utf-8")


def test_nothing_is_confirmed_that_does_not_wait(folder: PolicyFolder) -> None:
    with pytest.raises(ProfileError, match="nothing is to be confirmed under help; waiting: contact"):
        signing.confirm(folder, None, ["help"], OWNER)


def test_a_finding_that_lint_does_not_have_is_not_explained(folder: PolicyFolder) -> None:
    with pytest.raises(ProfileError, match="there is no finding ages-differ-000000"):
        signing.explain(folder, ["ages-differ-000000"], OWNER, "why not")


def test_a_decision_is_written_into_both_files_and_keeps_the_comments(folder: PolicyFolder) -> None:
    (chosen,) = signing.decide(folder, None, results(folder), [1], OWNER)
    assert chosen[1].kind is AnswerKind.DENIES
    (question,) = folder.golden()
    assert question == chosen[1] and question.decided
    assert (folder.path / "golden.yml").read_text("utf-8").startswith("# our own remark\n")
    (said,) = review_of(folder).decided
    assert (said.ask, said.kind, tuple(said.clauses), said.by) == (SELL, "denies", question.clauses, "Owner One")


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_question_that_is_not_there_is_not_decided(folder: PolicyFolder, number: int) -> None:
    with pytest.raises(ProfileError, match="has questions 1 to 1"):
        signing.decide(folder, None, results(folder), [number], OWNER)


def test_a_decision_on_what_changed_meanwhile_is_refused(folder: PolicyFolder) -> None:
    found = results(folder)
    path = folder.path / "golden.yml"
    path.write_text(path.read_text("utf-8").replace("sell", "rent"), "utf-8")
    with pytest.raises(ProfileError, match="changed meanwhile"):
        signing.decide(folder, None, found, None, OWNER)


def test_a_signature_that_cannot_be_written_changes_nothing(
    folder: PolicyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = contents(folder.path)
    monkeypatch.setattr(placing, "_write", full)
    with pytest.raises(SourceError):
        signing.confirm(folder, None, None, OWNER)
    assert contents(folder.path) == before and folder.compiled().source == ACME


@pytest.mark.parametrize("text", ["accepted: [{clause: x}]", "accepted: yes", "x", "decided: [1]", "carried: [a]"])
def test_a_review_that_was_spoiled_by_hand_is_refused_by_name(folder: PolicyFolder, text: str) -> None:
    (folder.path / "2026-03-01.review.yml").write_text(text, "utf-8")
    with pytest.raises(ProfileError, match="2026-03-01.review.yml"):
        review_of(folder)
