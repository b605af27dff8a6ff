"""A person's label of one clause: in profile.yml and in the compiled file, and nowhere else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.settings import BotSettings
from policies_kb.answering import AnswerKind
from policies_kb.compiler import compile_policy, dump
from policies_kb.errors import CompileError, ProfileError, UnknownClauseError
from policies_kb.folders import PolicyFolder
from policies_kb.knowledge import ROOT, KnowledgeBase, load_policy
from policies_kb.model import Stance
from policies_kb.profile import ClauseLabel, load_profile
from policies_kb.relabelling import AsCompiled, checked_label, label_of, relabel
from policies_kb.topics import Topic
from policies_kb.workbench import check_compiled
from policies_kb.workshop import Workshop, workshop

RECORDED = "no-recording-or-storage-klasso-a3b242"
COOKIES, RETENTION, CALLS = Topic.COOKIES, Topic.RETENTION, Topic.CALLS


@pytest.fixture(scope="module")
def shop(settings: BotSettings) -> Workshop:
    return workshop(settings.data)


@pytest.fixture
def folder(tmp_path: Path) -> PolicyFolder:
    shutil.copytree(ROOT / "klasso", tmp_path / "klasso")
    return PolicyFolder(tmp_path / "klasso")


def lines_of(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_a_label_changes_its_lines_and_nothing_else(folder: PolicyFolder) -> None:
    before = lines_of(folder.path / "profile.yml")
    label = checked_label({COOKIES: 1, RETENTION: 2}, {COOKIES: Stance.DENIES}, "web", ("deletion",))
    done = relabel(folder, RECORDED, label)
    assert label_of(done.compiled().clause(RECORDED)) == label  # type: ignore[arg-type]
    after = lines_of(folder.path / "profile.yml")
    same = [line for line in before if line in after]
    assert len(before) - len(same) <= 5 and before.index(f'  "{RECORDED}":') == after.index(f'  "{RECORDED}":')
    others = [(one, label_of(one)) for one in done.compiled().clauses if one.id != RECORDED]
    shipped = PolicyFolder(ROOT / "klasso").compiled()
    assert others == [(one, label_of(one)) for one in shipped.clauses if one.id != RECORDED]


def test_the_compiled_file_is_what_the_compiler_makes(folder: PolicyFolder, shop: Workshop) -> None:
    check_compiled(relabel(folder, RECORDED, checked_label({COOKIES: 3}, {})), shop.labeller)


def test_what_a_program_read_in_other_clauses_stays(folder: PolicyFolder, shop: Workshop) -> None:
    bare = "policy: klasso\nname: Klasso\ncurrent: '2026-04'\n"
    (folder.path / "profile.yml").write_text(bare, "utf-8")
    made = compile_policy(folder.compiled().source, load_profile(folder.path / "profile.yml"), "2026-04", shop.labeller)
    (folder.path / "2026-04.clauses.json").write_text(dump(made), "utf-8")
    chosen = made.clauses[4].id
    done = relabel(PolicyFolder(folder.path), chosen, checked_label({CALLS: 1}, {CALLS: Stance.DENIES}))
    assert done.compiled().clause(chosen).reviewed  # type: ignore[union-attr]
    for one in made.clauses:
        if one.id != chosen:
            assert done.compiled().clause(one.id) == one
    check_compiled(done, shop.labeller)


def test_the_answer_follows(folder: PolicyFolder, shop: Workshop) -> None:
    def kind() -> AnswerKind:
        policy = load_policy(folder.path, (shop.encoder, shop.vectors))
        return KnowledgeBase({"klasso": policy}).answer("klasso", "are calls recorded", {CALLS: 1.0}).kind

    assert kind() is AnswerKind.DENIES
    was = label_of(folder.compiled().clause(RECORDED))  # type: ignore[arg-type]
    relabel(folder, RECORDED, ClauseLabel(was.ranks, {CALLS: Stance.CONDITIONAL}, was.audience, was.rights))
    assert kind() is AnswerKind.CONDITIONAL


def test_a_clause_about_nothing_answers_nothing(folder: PolicyFolder) -> None:
    done = relabel(folder, RECORDED, checked_label({}, {}))
    clause = done.compiled().clause(RECORDED)
    assert clause is not None and clause.reviewed and not clause.labels and not clause.stances


def test_what_cannot_be_labelled_changes_nothing(folder: PolicyFolder) -> None:
    kept = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    with pytest.raises(UnknownClauseError, match="no clause 'nowhere'"):
        relabel(folder, "nowhere", checked_label({COOKIES: 1}, {}))
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == kept


def test_a_profile_that_was_edited_and_not_compiled_is_compiled_first(folder: PolicyFolder) -> None:
    path = folder.path / "profile.yml"
    path.write_text(path.read_text("utf-8").replace("{policy_scope: 1}", "{policy_scope: 2}"), "utf-8")
    with pytest.raises(CompileError, match="policies_kb compile"):
        relabel(folder, RECORDED, checked_label({COOKIES: 1}, {}))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ranks": {COOKIES: 4}}, "1 .answers., 2"),
        ({"ranks": {COOKIES: 1}, "stances": {RETENTION: Stance.DENIES}}, "a topic that it is not about"),
        ({"ranks": {COOKIES: 1}, "audience": "the web: everybody"}, "one word of small letters"),
        ({"ranks": {COOKIES: 1}, "rights": ("flying",)}, "no right 'flying'"),
        ({"ranks": dict.fromkeys(list(Topic)[:13], 3)}, "12 topics at most"),
    ],
)
def test_a_label_that_is_none_is_told(given: dict, words: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ProfileError, match=words):
        checked_label(**{"stances": {}, **given})


def test_a_clause_that_the_version_does_not_have_gets_no_topics(folder: PolicyFolder) -> None:
    version = folder.compiled()
    other = PolicyFolder(ROOT / "klantra").compiled().clauses[:1]
    assert AsCompiled(version).label(list(other)) == [()]
