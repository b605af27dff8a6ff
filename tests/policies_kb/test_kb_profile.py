"""A profile is read safely: no aliases, no tags, no environment, and every mistake is named with its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from kb_texts import POLICIES, profile_of, version_of

from policies_kb.errors import ProfileError
from policies_kb.examples import check_examples, load_examples
from policies_kb.knowledge import ROOT
from policies_kb.profile import MAX_BYTES, load_profile
from policies_kb.topics import Topic

GOOD = 'name: Acme\ncurrent: "1"\n'


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "acme" / "profile.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_folder_names_the_policy(tmp_path: Path) -> None:
    profile = load_profile(written(tmp_path, GOOD))
    assert (profile.policy, profile.name, profile.current, profile.labels) == ("acme", "Acme", "1", {})


def test_nothing_is_filled_in_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "swordfish")
    profile = load_profile(written(tmp_path, GOOD + 'about: "${SECRET_OF_THE_HOST} $SECRET_OF_THE_HOST"\n'))
    assert profile.about == "${SECRET_OF_THE_HOST} $SECRET_OF_THE_HOST"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "aliases: &names [acme]\ncontact: *names\n", "aliases"),
        (GOOD + "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "aliases"),
        (GOOD + "about: !!python/object/apply:os.system [ls]\n", "not valid YAML"),
        (GOOD + "about: !!python/name:os.system\n", "not valid YAML"),
        (GOOD + "about: [unclosed\n", "not valid YAML"),
        (b"name: caf\xe9\n", "not valid YAML"),
        ("[" * 50_000, "not valid YAML"),
        ("- a list\n", "must be a mapping"),
        ("just words\n", "must be a mapping"),
        ("", "must be a mapping"),
        ("name: Acme\n", "current"),
        (GOOD + "aliases: acme\n", "should be a list"),
        (GOOD + "clauses:\n  one: {topics: {horoscopes: 1}}\n", "horoscopes"),
        (GOOD + "clauses:\n  one: {topics: {contact: first}}\n", "first"),
        (GOOD + "clauses:\n  one: {topics: {contact: 1}, denies: [complaint]}\n", "complaint"),
        (GOOD + "clauses: [one]\n", "malformed"),
        (GOOD + "conflicts: [{topics: [contact]}]\n", "sides"),
        (GOOD + "conditions: [{topics: [contact], ask: x}]\n", "cases"),
        (GOOD + "help: [{topic: horoscopes}]\n", "horoscopes"),
        (GOOD + "marks: everything\n", "malformed"),
    ],
    ids=lambda value: repr(value[:40]),
)  # fmt: skip
def test_a_mistake_in_a_profile_is_refused_with_its_file(tmp_path: Path, text: str | bytes, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ProfileError, match=said) as caught:
        load_profile(path)
    assert str(path) in str(caught.value)


def test_an_oversized_profile_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="larger than"):
        load_profile(written(tmp_path, GOOD + "#" * MAX_BYTES))


def test_a_missing_profile_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="profile.yml: cannot be read"):
        load_profile(tmp_path / "acme" / "profile.yml")


@pytest.mark.parametrize("policy", POLICIES)
def test_a_shipped_profile_names_company_contact_and_example_questions(policy: str) -> None:
    profile = profile_of(policy)
    assert profile.policy == policy == profile.name.lower()
    assert profile.aliases and profile.contact and profile.controller and len(profile.examples) >= 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clauses: [one]\n", "malformed"),
        ("silent: [{topic: horoscopes, question: x}]\n", "horoscopes"),
        ("silent: [{topic: contact}]\n", "question"),
        ("- one\n", "malformed"),
    ],
)
def test_a_mistake_in_the_written_questions_is_refused_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "questions.yml"
    path.write_text(text, "utf-8")
    with pytest.raises(ProfileError, match=said) as caught:
        load_examples(path)
    assert str(path) in str(caught.value)


def test_a_policy_needs_no_written_questions(tmp_path: Path) -> None:
    assert load_examples(tmp_path / "questions.yml").answered == ()


def test_a_written_question_for_a_clause_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "questions.yml"
    path.write_text("clauses:\n  no-such-clause-000000: [do you?]\n", "utf-8")
    with pytest.raises(ProfileError, match="no-such-clause-000000"):
        check_examples(load_examples(path), version_of("klasso"), path)


@pytest.mark.parametrize("policy", POLICIES)
def test_no_question_is_written_both_as_answered_and_as_silent(policy: str) -> None:
    examples = load_examples(ROOT / policy / "questions.yml")
    answered = {question.lower() for _, question in examples.answered}
    assert answered and not answered & {question.lower() for _, question in examples.silent}


@pytest.mark.parametrize("topic", Topic)
def test_every_topic_can_be_spoken_of(topic: Topic) -> None:
    assert topic.phrase and topic.meaning
    assert topic.parent is None or topic.value.startswith(f"{topic.parent.value}.")
