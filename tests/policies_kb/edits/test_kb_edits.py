"""The made-up versions are what edits.yml says: every clause that differs is named, the kinds of answer are true."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policies_kb.compiler import compile_policy, read_source
from policies_kb.knowledge import ROOT
from policies_kb.ledger import ledger_table
from policies_kb.model import Clause, PolicyVersion
from policies_kb.profile import Profile, load_profile, read_yaml

EDITS = Path(__file__).parent
POLICIES = ("classtime", "klantra", "klasso", "klasterina", "kloudtalk")
CHANGES = {"reworded", "moved", "added", "removed"}


@cache
def steps_of(policy: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = read_yaml(EDITS / policy / "edits.yml")
    return steps


STEPS = [pytest.param(policy, step, id=f"{policy} {step['new']}") for policy in POLICIES for step in steps_of(policy)]


@cache
def version_of_edit(policy: str, version: str) -> tuple[Profile, PolicyVersion]:
    """A version with its profile: the shipped one, or one of this folder."""
    is_shipped = (ROOT / policy / f"{version}.txt").exists()
    text = (ROOT if is_shipped else EDITS) / policy / f"{version}.txt"
    profile = load_profile(ROOT / policy / "profile.yml" if is_shipped else text.with_suffix(".profile.yml"))
    return profile, compile_policy(read_source(text.read_bytes(), text.name), profile, version)


def the_clause(version: PolicyVersion, first_words: str) -> Clause:
    found = [clause for clause in version.clauses if clause.text.startswith(first_words)]
    assert len(found) == 1, f"{first_words!r} begins {len(found)} clauses"
    return found[0]


@pytest.mark.parametrize(("policy", "step"), STEPS)
def test_every_clause_that_differs_is_named_by_one_edit(policy: str, step: dict[str, Any]) -> None:
    old, new = (version_of_edit(policy, step[side])[1] for side in ("old", "new"))
    before, after = ({clause.id for clause in version.clauses} for version in (old, new))
    differing = [edit for edit in step["edits"] if edit["change"] != "moved"]
    gone = sorted(the_clause(old, edit["old"]).id for edit in differing if edit["old"])
    come = sorted(the_clause(new, edit["new"]).id for edit in differing if edit["new"])
    assert (gone, come) == (sorted(before - after), sorted(after - before))


@pytest.mark.parametrize(("policy", "step"), STEPS)
def test_edits_have_the_sides_that_their_change_needs(policy: str, step: dict[str, Any]) -> None:
    for edit in step["edits"]:
        assert edit["change"] in CHANGES
        assert bool(edit["old"]) == (edit["change"] != "added"), edit["what"]
        assert bool(edit["new"]) == (edit["change"] != "removed"), edit["what"]


@pytest.mark.parametrize(("policy", "step"), STEPS)
def test_a_moved_clause_is_the_same_in_another_place(policy: str, step: dict[str, Any]) -> None:
    old, new = (version_of_edit(policy, step[side])[1] for side in ("old", "new"))
    kept_before = [clause.id for clause in old.clauses if new.clause(clause.id)]
    kept_after = [clause.id for clause in new.clauses if old.clause(clause.id)]
    moved = {the_clause(old, edit["old"]).id for edit in step["edits"] if edit["change"] == "moved"}
    assert (kept_before == kept_after) is not bool(moved)
    assert [i for i in kept_before if i not in moved] == [i for i in kept_after if i not in moved]


@pytest.mark.parametrize(("policy", "step"), STEPS)
def test_the_kinds_of_answer_are_those_of_the_two_profiles(policy: str, step: dict[str, Any]) -> None:
    before, after = (ledger_table([version_of_edit(policy, step[side])]) for side in ("old", "new"))
    for edit in step["edits"]:
        for topic in edit["topics"]:
            assert (before[topic][policy], after[topic][policy]) == (edit["kind_before"], edit["kind_after"]), edit
