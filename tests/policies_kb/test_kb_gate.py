"""The gate: every reason not to publish, alone and with the command that settles it; and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from kb_texts import POLICIES, tools
from owner_desk import ACME, OWNER, TopicReader, acme, answers_of, document, own_copy

from policies_kb import signing
from policies_kb.answering import AnswerKind
from policies_kb.folders import PolicyFolder
from policies_kb.gate import AS_SHIPPED, Obstacle, ObstacleKind, Published, is_as_shipped, is_complete, obstacles
from policies_kb.golden import GoldenQuestion, GoldenResult, ask_golden, golden_text
from policies_kb.knowledge import ROOT
from policies_kb.lint import findings
from policies_kb.pending import finding_id
from policies_kb.reviewing import load_review
from policies_kb.topics import Topic
from policies_kb.workbench import update_policy

KEEP, SELL = "how long do you keep data", "do you sell my data"
READER = TopicReader({KEEP: Topic.RETENTION, SELL: Topic.SALE})
MORE = "\nLinks\nWe link to other sites, see section 9.\n"


@dataclass(frozen=True)
class Counted:
    right: int
    of: int = 100


def golden_of(folder: PolicyFolder) -> list[GoldenResult]:
    return ask_golden(folder.golden(), READER, answers_of(folder))


def standing(published: Published | None, folder: PolicyFolder) -> list[Obstacle]:
    return obstacles(published, PolicyFolder(folder.path), golden_of(folder))


def kinds(found: list[Obstacle]) -> set[str]:
    return {one.kind.value for one in found}


def settle(published: Published | None, folder: PolicyFolder) -> None:
    """Everything that a person can say."""
    signing.confirm(folder, published, None, OWNER)
    signing.accept(folder, published, None, OWNER)
    new = [finding_id(one) for one in findings(folder.compiled(), folder.profile())]
    signing.explain(folder, new, OWNER, "It is meant that way.")
    signing.decide(folder, published, golden_of(folder), None, OWNER)


@pytest.fixture
def newcomer(tmp_path: Path) -> PolicyFolder:
    folder = acme(tmp_path)
    asks = [GoldenQuestion(one, AnswerKind.SILENT, decided=False) for one in (KEEP, SELL)]
    (folder.path / "golden.yml").write_text(golden_text(asks), "utf-8")
    return folder


@pytest.fixture
def published(newcomer: PolicyFolder) -> Published:
    settle(None, newcomer)
    return Published.of(PolicyFolder(newcomer.path))


def test_of_a_first_version_everything_is_to_be_looked_at(newcomer: PolicyFolder) -> None:
    found = standing(None, newcomer)
    assert kinds(found) == {"confirm", "clause", "golden"}
    clauses = [one for one in found if one.kind is ObstacleKind.CLAUSE]
    assert len(clauses) == len(newcomer.compiled().clauses) and not is_complete(newcomer)


def test_the_obstacles_come_in_the_order_in_which_they_are_settled(newcomer: PolicyFolder) -> None:
    order = list(ObstacleKind)
    places = [order.index(one.kind) for one in standing(None, newcomer)]
    assert places == sorted(places)


def test_every_obstacle_says_what_why_and_which_command(newcomer: PolicyFolder) -> None:
    for one in standing(None, newcomer):
        assert one.what and one.why and one.command.startswith("python -m bot policy") and "acme" in one.command
        assert all(part in str(one) for part in (one.what, one.why, one.command))


def test_what_a_person_settled_no_longer_stands_in_the_way(newcomer: PolicyFolder) -> None:
    settle(None, newcomer)
    assert standing(None, newcomer) == [] and is_complete(newcomer)


def test_nothing_stands_in_the_way_of_what_is_published_already(newcomer: PolicyFolder, published: Published) -> None:
    assert standing(published, newcomer) == []


def test_one_changed_clause_has_to_be_accepted_and_its_question_decided(
    newcomer: PolicyFolder, published: Published
) -> None:
    fresh = update_policy(newcomer, document(ACME.replace("6 months", "12 months")), "2", tools().labeller)
    found = standing(published, fresh)
    (changed,) = [one.what for one in found if one.kind is ObstacleKind.CLAUSE]
    assert changed.endswith("(reworded)")
    (asked,) = [one.what for one in found if one.kind is ObstacleKind.GOLDEN]
    assert KEEP in asked
    settle(published, fresh)
    assert standing(published, fresh) == []


def test_a_clause_that_is_removed_has_to_be_accepted_too(newcomer: PolicyFolder, published: Published) -> None:
    text = ACME.replace("We use cookies so that you stay logged in and find your basket again.\n", "")
    found = standing(published, update_policy(newcomer, document(text), "2", tools().labeller))
    assert [one.what for one in found if one.kind is ObstacleKind.CLAUSE][0].endswith("(removed)")


def test_an_acceptance_holds_for_the_reading_it_was_given_for(newcomer: PolicyFolder, published: Published) -> None:
    """The words stay, the labels do not: the desk would answer otherwise."""
    compiled = newcomer.path / "2026-03-01.clauses.json"
    compiled.write_text(compiled.read_text("utf-8").replace('"denies"', '"states"'), "utf-8")
    found = standing(published, newcomer)
    assert any(one.what.endswith("(labels changed)") for one in found)


@pytest.mark.parametrize(
    "line, name",
    [('contact: ["x@example.org"]', "contact"), ("regimes: [ccpa]", "regimes"), ("controller: me", "controller")],
)
def test_a_field_that_people_are_told_of_is_confirmed_after_a_change(
    newcomer: PolicyFolder, published: Published, line: str, name: str
) -> None:
    path = newcomer.path / "profile.yml"
    lines = [line if old.startswith(f"{name}:") else old for old in path.read_text("utf-8").splitlines()]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    (found,) = standing(published, newcomer)
    assert found.kind is ObstacleKind.CONFIRM and found.command == f"python -m bot policy confirm acme {name} --by NAME"
    signing.confirm(newcomer, published, [name], OWNER)
    assert standing(published, newcomer) == []


def test_a_new_finding_has_to_be_explained_and_an_old_one_has_not(newcomer: PolicyFolder, published: Published) -> None:
    fresh = update_policy(newcomer, document(ACME + MORE), "2", tools().labeller)
    (found,) = [one for one in standing(published, fresh) if one.kind is ObstacleKind.LINT]
    assert "section 9 does not exist" in found.what
    settle(published, fresh)
    again = Published.of(PolicyFolder(fresh.path))
    later = update_policy(fresh, document(ACME.replace("basket", "cart") + MORE), "3", tools().labeller)
    assert ObstacleKind.LINT not in {one.kind for one in standing(again, later)}


def test_a_policy_without_golden_questions_is_not_published(newcomer: PolicyFolder) -> None:
    (newcomer.path / "golden.yml").unlink()
    assert "golden.yml holds no question" in {one.what for one in standing(None, newcomer)}


def test_golden_questions_cannot_be_weakened_by_hand(newcomer: PolicyFolder, published: Published) -> None:
    path = newcomer.path / "golden.yml"
    whole = path.read_text("utf-8")
    path.write_text(whole[: whole.index(f'- ask: "{SELL}"')], "utf-8")
    (found,) = standing(published, newcomer)
    assert found.kind is ObstacleKind.GOLDEN and SELL in found.what
    signing.decide(newcomer, published, golden_of(newcomer), None, OWNER)
    assert standing(published, newcomer) == []
    said = load_review(newcomer.path, newcomer.current).decided
    assert signing.decide(newcomer, published, golden_of(newcomer), None, OWNER) == []
    assert load_review(newcomer.path, newcomer.current).decided == said


def test_another_wish_for_an_answer_is_decided_by_somebody(newcomer: PolicyFolder, published: Published) -> None:
    path = newcomer.path / "golden.yml"
    keep = next(one for one in published.golden if one.ask == KEEP)
    path.write_text(path.read_text("utf-8").replace(keep.clauses[0], f'{keep.clauses[0]}", "another-000000'), "utf-8")
    (found,) = standing(published, newcomer)
    assert "wants another answer" in found.why
    signing.decide(newcomer, published, golden_of(newcomer), [1], OWNER)
    assert standing(published, newcomer) == []
    assert signing.decide(newcomer, published, golden_of(newcomer), None, OWNER) == []  # nobody signs it over again


@pytest.mark.parametrize("served, new, refused", [(90, 89, True), (90, 90, False), (90, 91, False), (None, 1, False)])
def test_a_model_that_lost_on_the_held_back_set_is_not_published(
    newcomer: PolicyFolder, published: Published, served: int | None, new: int, refused: bool
) -> None:
    before = Counted(served) if served is not None else None
    found = obstacles(published, newcomer, golden_of(newcomer), None, (before, Counted(new)))
    assert kinds(found) == ({"model"} if refused else set())


@pytest.mark.parametrize("name, text", [("profile.yml", "name: ["), ("golden.yml", "- {}"), ("questions.yml", "x")])
def test_a_folder_that_cannot_be_read_is_one_obstacle(newcomer: PolicyFolder, name: str, text: str) -> None:
    (newcomer.path / name).write_text(text, "utf-8")
    (found,) = obstacles(None, PolicyFolder(newcomer.path), None)
    assert found.kind is ObstacleKind.COMPILE and name in found.what


def test_a_text_that_was_edited_after_compiling_is_not_published(newcomer: PolicyFolder) -> None:
    path = newcomer.path / "2026-03-01.txt"
    path.write_text(path.read_text("utf-8").replace("never sell", "gladly sell"), "utf-8")
    (found,) = obstacles(None, PolicyFolder(newcomer.path), None)
    assert found.kind is ObstacleKind.COMPILE and found.command == "python -m policies_kb compile"


@pytest.mark.parametrize("policy", POLICIES)
def test_a_shipped_text_is_published_first_as_it_was_shipped(policy: str) -> None:
    folder = PolicyFolder(ROOT / policy)
    assert is_as_shipped(folder) and obstacles(None, folder, None) == []
    assert not list(folder.path.glob("*.review.yml")), "names of people do not belong into the product"
    assert set(AS_SHIPPED) == set(POLICIES)


def test_a_shipped_policy_with_another_text_is_a_newcomer(tmp_path: Path) -> None:
    folder = own_copy("klasso", tmp_path)
    text = folder.compiled().source.replace("does not record", "does now record")
    fresh = update_policy(folder, document(text), "2", tools().labeller)
    assert not is_as_shipped(fresh) and not is_complete(fresh)
