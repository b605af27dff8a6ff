"""profile.yml written as a text: what is refused, at which line, and that nothing is confirmed by deleting it."""

from __future__ import annotations

from pathlib import Path

import pytest
from kb_texts import POLICIES, source_of, tools
from owner_desk import ACME, OWNER, acme, contents, document, own_copy

from policies_kb import editing
from policies_kb.editing import Edited, checked_edit, edit_profile, seen_in
from policies_kb.errors import ProfileError, SourceError
from policies_kb.folders import PolicyFolder
from policies_kb.gate import ObstacleKind, Published, obstacles
from policies_kb.profile_text import FIELDS, read_typed
from policies_kb.signing import confirm
from policies_kb.workbench import check_compiled, update_policy

STARTS = "name: Acme\ncurrent: '1'\n"


def text_of(folder: PolicyFolder) -> str:
    return (folder.path / "profile.yml").read_text("utf-8")


def edit(folder: PolicyFolder, text: str, seen: str = "", is_published: bool = False) -> Edited:
    return edit_profile(folder, text, tools().labeller, seen, is_published)


def to_confirm(folder: PolicyFolder) -> list[str]:
    """What the gate wants to be confirmed, for a policy that was never published."""
    found = obstacles(None, PolicyFolder(folder.path), None)
    return [one.what for one in found if one.kind is ObstacleKind.CONFIRM]


def without_list(text: str) -> str:
    """The profile as somebody leaves it who deletes the list of what waits."""
    head, _, _ = text.partition("to_confirm:")
    return head


@pytest.mark.parametrize("policy", POLICIES)
def test_a_profile_that_is_saved_as_it_was_changes_no_byte(tmp_path: Path, policy: str) -> None:
    folder = own_copy(policy, tmp_path)
    before = contents(folder.path)
    assert edit(folder, text_of(folder), is_published=True).put_back == ()
    assert contents(folder.path) == before


def test_an_edit_is_put_in_place_with_what_follows_from_it(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    sale = next(clause.id for clause in folder.compiled().clauses if "never sell" in clause.text)
    label = f"clauses:\n  {sale}:\n    topics: {{personal_data_sale: 1}}\n"
    topic = next(label.topic.value for label in folder.compiled().clause(sale).labels)  # type: ignore[union-attr]
    edit(folder, f"# mine\n{text_of(folder)}{label.replace('personal_data_sale', topic)}")
    fresh = PolicyFolder(folder.path)
    clause = fresh.compiled().clause(sale)
    assert clause is not None and clause.reviewed and text_of(fresh).startswith("# mine\n")
    check_compiled(fresh, tools().labeller)


def test_an_edit_mends_a_compiled_file_that_did_not_follow(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    (folder.path / "2026-03-01.clauses.json").write_text("{}", "utf-8")
    edit(folder, text_of(folder))
    check_compiled(PolicyFolder(folder.path), tools().labeller)


def test_what_was_deleted_from_the_list_of_what_waits_comes_back(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    waiting = to_confirm(folder)
    assert len(waiting) > 5
    for text in (without_list(text_of(folder)), without_list(text_of(folder)) + "to_confirm: []\n"):
        done = edit(folder, text)
        assert to_confirm(folder) == waiting and len(done.put_back) == len(waiting)


def test_what_waits_cannot_be_rewritten_into_something_smaller(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    waiting = to_confirm(folder)
    other = text_of(folder).replace("field: contact", "field: about").replace("6 months", "7 months")
    edit(folder, other)
    assert set(waiting) <= set(to_confirm(folder))


def test_no_way_of_editing_confirms_anything_of_a_next_version(tmp_path: Path) -> None:
    folder = own_copy("klasso", tmp_path)
    published = Published.of(folder)
    text = (
        source_of("klasso").replace("privacy", "privacy and security", 1)
        + "\nWrite to new@example.org within 9 days.\n"
    )
    folder = update_policy(folder, document(text), "2026-11", tools().labeller)

    def asked() -> set[str]:
        found = obstacles(published, PolicyFolder(folder.path), None)
        return {one.what for one in found if one.kind is ObstacleKind.CONFIRM}

    before = asked()
    assert before
    edit(folder, without_list(text_of(folder)), is_published=True)
    assert asked() == before
    edit(folder, text_of(folder).replace("name: Klasso", "name: Klasso Two"), is_published=True)
    assert any(one.startswith("name: is another") for one in asked() - before)


def test_before_the_first_release_a_field_that_is_changed_after_it_was_confirmed_waits_again(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    confirm(folder, None, None, OWNER)
    assert to_confirm(folder) == []
    edit(folder, text_of(folder).replace("privacy@acme.example.org", "other@example.org"))
    assert to_confirm(folder) == [f"contact: {editing.BY_HAND}"]
    edit(folder, without_list(text_of(folder)))
    assert to_confirm(folder) == [f"contact: {editing.BY_HAND}"]


def test_a_text_made_from_an_older_one_is_refused(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    seen, before = seen_in((folder.path / "profile.yml").read_bytes()), text_of(folder)
    edit(folder, before + "examples: [one]\n", seen)
    with pytest.raises(ProfileError, match="was changed since you opened it"):
        edit(folder, before + "examples: [two]\n", seen)
    assert PolicyFolder(folder.path).profile().examples == ("one",)


def test_id_and_version_stay(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    before = contents(folder.path)
    for text, words in (
        (text_of(folder) + "policy: other\n", "id stays what it is"),
        (text_of(folder).replace('current: "2026-03-01"', "current: '2'"), "current stays 2026-03-01"),
    ):
        with pytest.raises(ProfileError, match=words):
            edit(folder, text)
    assert contents(folder.path) == before
    edit(folder, text_of(folder) + "policy: acme\n")


WRONG = {
    "a colon that is missing": ("name: Acme\ncurrent '1'\nabout: x\n", 2, "a colon is missing"),
    "a colon that is missing at the top": ("name Acme\ncurrent: '1'\n", 1, "a colon is missing"),
    "a colon too many": ("name: Acme: Ltd\ncurrent: '1'\n", 1, "put a text that holds one in quotes"),
    "a tab": ("name: Acme\ncurrent: '1'\nmarks:\n\tasides: [x]\n", 4, "tab"),
    "an open bracket": (f"{STARTS}contact: [a@example.org\nabout: x\n", 3, "comma is missing"),
    "an open quote": (f"{STARTS}about: 'never closed\n", 3, "quote"),
    "bad indenting": (f"{STARTS}marks:\n    asides: []\n  headings: []\n", 5, "indented"),
    "a name twice": (f"{STARTS}name: Other\n", 3, "there twice"),
    "an alias": (f"{STARTS}about: &a x\nexamples: [*a]\n", None, "aliases"),
    "no field": ("just words\n", None, "holds no field"),
    "nothing": ("", None, "holds no field"),
    "an unknown field": (f"{STARTS}contcat: [x]\n", 3, "there is no field 'contcat'"),
    "no name": ("current: '1'\n", None, "name is missing"),
    "an empty name": ("current: '1'\nname:\n", 2, "name is missing"),
    "no list": (f"{STARTS}contact: a@example.org\n", 3, "should be a list"),
    "no topic": (f"{STARTS}clauses:\n  one-a1b2c3:\n    topics: {{weather: 1}}\n", 5, "there is no topic 'weather'"),
    "no rank": (
        f"{STARTS}clauses:\n  one-a1b2c3:\n    topics: {{data_retention: best}}\n",
        5,
        "the rank of a topic is",
    ),
    "a part that is missing": (f"{STARTS}conditions:\n- topics: []\n  cases: []\n", 4, "ask is missing"),
    "a date that is none": (f"{STARTS}effective: soon\n", 3, "a date is written as in"),
    "a day that is none": (f"{STARTS}effective: 2026-02-31\n", 3, "cannot be read"),
    "words for a list of entries": (f"{STARTS}clauses: none\n", 3, "not written as this field is"),
    "a control character": (f"{STARTS}about: x\x07\n", 3, "no text"),
}


@pytest.mark.parametrize("text, line, words", list(WRONG.values()), ids=list(WRONG))
def test_a_slip_is_told_in_plain_words_with_its_line(text: str, line: int | None, words: str) -> None:
    with pytest.raises(ProfileError) as error:
        read_typed("acme", text)
    said = str(error.value)
    assert words in said and said.startswith("profile.yml")
    assert line is None or f"line {line}: " in said, said


def test_clauses_and_lines_that_the_text_does_not_have_are_told_with_their_line(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    before, lines = contents(folder.path), len(text_of(folder).splitlines())
    for added, words in (
        ("clauses:\n  nowhere-a1b2c3:\n    topics: {}\n", "nowhere-a1b2c3"),
        ("examples: []\nconflicts:\n- {topics: [], sides: [nowhere-a1b2c3]}\n", "nowhere-a1b2c3"),
    ):
        with pytest.raises(ProfileError, match=words) as error:
            edit(folder, text_of(folder) + added)
        line = lines + next(n for n, one in enumerate(added.splitlines(), 1) if words in one)
        assert f"line {line}: " in str(error.value)
    marked = text_of(folder).replace("facts:", "marks: {headings: ['No such line']}\nfacts:")
    with pytest.raises(ProfileError, match="No such line"):
        edit(folder, marked)
    assert contents(folder.path) == before


def test_questions_keep_their_clauses(tmp_path: Path) -> None:
    folder = own_copy("classtime", tmp_path)
    clause = next(iter(dict(folder.questions().answered)))
    first_words = folder.compiled().clause(clause).text.splitlines()[0]  # type: ignore[union-attr]
    asides = f"marks:\n  asides: [{first_words!r}]\n"
    with pytest.raises((ProfileError, SourceError)):
        checked_edit(folder, asides + text_of(folder).replace("marks:", "facts_of_no_use:", 1), "", True)


def test_a_large_text_and_a_deep_one_are_refused_quickly(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    for text in (STARTS + "about: " + "x" * 400_000, STARTS + "marks: " + "[" * 5_000, STARTS + "about: " + "{" * 50):
        with pytest.raises(ProfileError):
            edit(folder, text)


def test_every_field_of_the_shipped_profiles_and_of_a_first_one_is_known(tmp_path: Path) -> None:
    texts = [text_of(own_copy(policy, tmp_path / "shipped")) for policy in POLICIES] + [text_of(acme(tmp_path / "new"))]
    used = {line.partition(":")[0] for text in texts for line in text.splitlines() if line[:1].isalpha()}
    assert used <= set(FIELDS) and ACME
