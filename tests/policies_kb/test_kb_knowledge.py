"""All policies of a deployment are read from a folder; whatever is wrong there is refused with the file to mend."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from kb_texts import POLICIES, profile_of, source_of, tools

from policies_kb.encoder import NullEncoder
from policies_kb.errors import CompileError, KnowledgeError, ProfileError, SourceError, UnknownPolicyError
from policies_kb.knowledge import ROOT, KnowledgeBase, policy_folders, policy_from_text
from policies_kb.topics import Topic


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of policies with Klasso in it."""
    shutil.copytree(ROOT / "klasso", tmp_path / "klasso")
    for path in (tmp_path / "klasso").iterdir():
        path.chmod(0o644)
    return tmp_path


def loaded(root: Path) -> KnowledgeBase:
    return KnowledgeBase.load(NullEncoder(), NullEncoder(), root)


def test_the_five_policies_are_there() -> None:
    assert tools().knowledge.ids == list(POLICIES)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policys_text_is_what_the_company_published(policy: str) -> None:
    assert tools().knowledge.get(policy).current.source == source_of(policy)


def test_a_folder_that_holds_no_profile_is_no_policy(root: Path) -> None:
    (root / "training").mkdir()
    (root / "Not An Id").mkdir()
    shutil.copy(root / "klasso" / "profile.yml", root / "Not An Id")
    assert [folder.name for folder in policy_folders(root)] == ["klasso"]


def test_an_unknown_policy_is_answered_with_those_that_are_there(root: Path) -> None:
    with pytest.raises(UnknownPolicyError, match="'zoom'.*klasso"):
        loaded(root).get("zoom")


def broken(root: Path, what: str) -> str:
    """Break something; the name of the file to mend."""
    folder, version = root / "klasso", profile_of("klasso").current
    text, compiled = folder / f"{version}.txt", folder / f"{version}.clauses.json"
    if what == "text changed":
        text.write_text(text.read_text("utf-8").replace("six", "five") + " ", "utf-8")
        return compiled.name
    if what == "text gone":
        text.unlink()
        return "profile.yml"
    if what == "text is not text":
        text.write_bytes(b"\xff\xfe")
        return text.name
    if what == "compiled gone":
        compiled.unlink()
        return compiled.name
    if what == "compiled damaged":
        compiled.write_text("{", "utf-8")
        return compiled.name
    if what == "profile damaged":
        (folder / "profile.yml").write_text("name: [", "utf-8")
        return "profile.yml"
    (folder / "questions.yml").write_text("clauses: {no-such-clause-000000: [why]}\n", "utf-8")
    return "questions.yml"


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("text changed", CompileError),
        ("text gone", ProfileError),
        ("text is not text", SourceError),
        ("compiled gone", CompileError),
        ("compiled damaged", CompileError),
        ("profile damaged", ProfileError),
        ("questions name no clause", ProfileError),
    ],
)
def test_what_is_broken_is_refused_with_the_file_to_mend(root: Path, what: str, error: type[KnowledgeError]) -> None:
    name = broken(root, what)
    with pytest.raises(error) as caught:
        loaded(root)
    assert f"klasso/{name}" in str(caught.value)


def test_older_versions_stay_readable_beside_the_current_one(root: Path) -> None:
    from policies_kb.compiler import compile_policy, dump

    text = (root / "klasso" / "2026-04.txt").read_text("utf-8").replace("April 2026", "April 2025")
    (root / "klasso" / "2025-04.txt").write_text(text, "utf-8")
    older = compile_policy(text, profile_of("klasso"), "2025-04")
    (root / "klasso" / "2025-04.clauses.json").write_text(dump(older), "utf-8")
    policy = loaded(root).get("klasso")
    assert sorted(policy.versions) == ["2025-04", "2026-04"]
    assert policy.current.version == "2026-04"
    unchanged = {clause.id for clause in older.clauses} & {clause.id for clause in policy.current.clauses}
    assert len(unchanged) == len(policy.current.clauses) - 1


def test_a_pasted_text_becomes_a_policy_beside_the_others() -> None:
    shop = tools()
    text = "Sale\nWe never sell your name, your address or anything else to anybody.\n"
    policy = policy_from_text(text, "file-acme", "Acme", (shop.encoder, shop.vectors), shop.labeller)
    base = shop.knowledge.with_policy(policy)
    assert base.ids == sorted([*POLICIES, "file-acme"]) and "file-acme" not in shop.knowledge.ids
    found = base.answer("file-acme", "do you sell my data?", {Topic.SALE: 1.0})
    assert [quote.clause.text for quote in found.quotes] == [text.splitlines()[1]]


def test_the_names_of_companies_do_not_count_in_a_question() -> None:
    spoken = tools().knowledge.question_text
    assert spoken.plain("Does KloudTalk record  calls?") == "Does the company record calls?"
    assert spoken.plain("is class time's data sold") == "is the company data sold"
    assert spoken.plain("write to [email-1] or [phone-2]") == "write to my email or my phone"
    assert spoken.plain("Do you record calls?") == "Do you record calls?"
