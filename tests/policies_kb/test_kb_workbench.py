"""A policy is added and updated: what is made, what is carried over, and that nothing is left half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import time

import pytest
from kb_texts import PROJECT, source_of, tools
from owner_desk import ACME, EDITS, acme, contents, document, own_copy

from policies_kb import workbench
from policies_kb.compiler import compile_policy, denies, dump
from policies_kb.errors import KnowledgeError, ProfileError
from policies_kb.folders import PolicyFolder, all_folders, check_frozen
from policies_kb.model import Stance
from policies_kb.profile import load_profile
from policies_kb.reviewing import load_review
from policies_kb.topics import Topic
from policies_kb.workbench import add_policy, check_compiled, update, update_policy

SIX, TWELVE = "for 6 months after", "for 12 months after"


def waiting(folder: PolicyFolder, field: str) -> list[str]:
    return [entry.guess for entry in folder.profile().to_confirm if entry.field == field]


def test_a_newcomer_gets_everything_that_serving_needs(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    assert sorted(contents(folder.path)) == ["2026-03-01.clauses.json", "2026-03-01.txt", "profile.yml"]
    assert (folder.path / "2026-03-01.txt").read_text("utf-8") == ACME
    profile = folder.profile()
    assert profile.name == "Acme Ltd" and profile.aliases == ("acme ltd", "acme") and profile.regimes == ("gdpr",)
    assert profile.contact == ("privacy@acme.example.org", "+44 20 7946 0123")
    assert profile.facts == {"ages": ("16",), "periods": ("6 months",), "rights": ("access", "deletion")}
    sale = next(clause for clause in folder.compiled().clauses if "never sell" in clause.text)
    assert sale.rank_of(Topic.SALE) == 1 and sale.stance_on(Topic.SALE) is Stance.DENIES
    check_compiled(folder, tools().labeller)


def test_everything_that_was_read_waits_for_a_person(tmp_path: Path) -> None:
    fields = {entry.field for entry in acme(tmp_path).profile().to_confirm}
    assert fields == {"contact", "regimes", "controller", "effective", "ages", "periods", "rights"}


def test_a_text_without_date_and_address_says_so(tmp_path: Path) -> None:
    folder = acme(tmp_path, "Privacy Policy\n\nCookies\nWe use cookies so that you stay logged in.\n")
    assert folder.current == "undated"
    assert waiting(folder, "effective") and waiting(folder, "contact")


@pytest.mark.parametrize("name", ['Acme: "the" #1 & Söhne ${HOME}', "O'Acme {name}", "- Acme", "[acme]"])
def test_a_name_is_kept_whatever_is_in_it(tmp_path: Path, name: str) -> None:
    folder = add_policy(tmp_path, "acme", name, document(ACME), "1", tools().labeller)
    assert folder.profile().name == name


@pytest.mark.parametrize("policy", ["Acme", "a", "../acme", "a/b", "1acme", "acme ltd", "", "x" * 42, "acmé", "acme\n"])
def test_an_id_that_could_not_stand_in_a_link_adds_nothing(tmp_path: Path, policy: str) -> None:
    with pytest.raises(ProfileError, match="cannot be an id"):
        add_policy(tmp_path, policy, "Acme", document(ACME), "", tools().labeller)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "version", ["../1", "a/b", "..", "1\n", ".hidden", "changes", "transparency", "1.json", "2026.profile"]
)
def test_a_version_that_could_not_name_a_file_adds_nothing(tmp_path: Path, version: str) -> None:
    with pytest.raises(ProfileError, match="cannot name a version"):
        add_policy(tmp_path, "acme", "Acme", document(ACME), version, tools().labeller)
    assert list(tmp_path.iterdir()) == []


def test_the_same_policy_is_not_added_twice(tmp_path: Path) -> None:
    before = contents(acme(tmp_path).path)
    with pytest.raises(ProfileError, match="there is a policy 'acme' already"):
        acme(tmp_path)
    assert contents(tmp_path / "acme") == before


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KnowledgeError("no"), KeyboardInterrupt()])
def test_what_goes_wrong_in_between_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(workbench, "_write_version", broken)
    with pytest.raises((KnowledgeError, KeyboardInterrupt)):
        acme(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_killed_commands_left_is_swept_by_the_next_once_nobody_can_be_at_work_in_it(tmp_path: Path) -> None:
    old, young, other = tmp_path / ".adding-old", tmp_path / ".adding-young", tmp_path / ".updating-x"
    for folder in (old, young, other):
        (folder / "acme").mkdir(parents=True)
    for folder in (old, other):
        os.utime(folder, (time() - 3_700,) * 2)
    made = acme(tmp_path)
    assert not old.exists() and young.is_dir() and other.is_dir()
    update_policy(made, document(ACME.replace(SIX, TWELVE)), "2", tools().labeller)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".adding-young", "acme"]


def test_a_command_that_is_killed_while_it_adds_leaves_no_policy_and_is_not_in_the_way(tmp_path: Path) -> None:
    tools()  # built here, so that the child finds it
    script = (
        "import os, signal; from pathlib import Path; from kb_texts import tools;"
        "from owner_desk import ACME, document;"
        "from policies_kb.workbench import add_policy;"
        f"add_policy(Path({str(tmp_path)!r}), 'acme', 'Acme', document(ACME), '', tools().labeller,"
        " lambda folder: os.kill(os.getpid(), signal.SIGKILL))"
    )
    paths = {"PYTHONPATH": f"{PROJECT}:{Path(__file__).parent}"}
    ended = subprocess.run([sys.executable, "-W", "ignore", "-c", script], env={**os.environ, **paths}, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert [folder.policy for folder in all_folders(tmp_path)] == [] and not (tmp_path / "acme").exists()
    assert len(list(tmp_path.glob(".adding-*"))) == 1
    assert acme(tmp_path).current == "2026-03-01"


def test_a_page_of_the_console_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="a page of the console is called so"):
        add_policy(tmp_path, "add", "Add Ltd", document(ACME), "", tools().labeller)


def test_an_update_keeps_the_old_version_as_it_was(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    before = contents(folder.path)
    text = ACME.replace(SIX, TWELVE).replace("March 1, 2026", "June 1, 2026")
    fresh = update_policy(folder, document(text), "", tools().labeller)
    assert fresh.versions() == ["2026-03-01", "2026-06-01"] and fresh.current == "2026-06-01"
    after = contents(fresh.path)
    assert after["2026-03-01.profile.yml"] == before["profile.yml"]
    assert after["2026-03-01.clauses.json"] == before["2026-03-01.clauses.json"]
    check_frozen(fresh, "2026-03-01")
    check_compiled(fresh, tools().labeller)


def test_what_the_new_text_says_otherwise_waits_for_a_person(tmp_path: Path) -> None:
    folder = own_copy("classtime", tmp_path)
    text = source_of("classtime").replace("6 months", "12 months")
    fresh = update_policy(folder, document(text), "2026-01", tools().labeller)
    assert waiting(fresh, "periods") == ["new in the text: 12 months", "no longer in the text: 6 months"]
    assert waiting(fresh, "help") == ["access_edit_delete.deletion: speaks of 6 months, which the text no longer has"]


def test_labels_conditions_help_and_questions_go_to_the_new_wording(tmp_path: Path) -> None:
    old_id = "personal-data-stored-in-user-c67455"
    folder = own_copy("classtime", tmp_path)
    text = source_of("classtime").replace("6 months", "12 months")
    done = update(folder, document(text), "2026-01", tools().labeller)
    (new_id,) = done.carried
    assert done.carried == {new_id: old_id}
    profile = done.folder.profile()
    assert profile.labels[new_id] == folder.profile("2020-09-25").labels[old_id] and old_id not in profile.labels
    named = [clause for condition in profile.conditions for case in condition.cases for clause in case.clauses]
    helped = [clause for help_ in profile.helps for clause in help_.with_clauses]
    asked = [clause for clause, _ in done.folder.questions().answered]
    assert all(new_id in ids and old_id not in ids for ids in (named, helped, asked))
    assert load_review(done.folder.path, "2026-01").carried == done.carried


def test_comments_and_order_of_the_profile_stay(tmp_path: Path) -> None:
    folder = own_copy("klasso", tmp_path)
    path = folder.path / "profile.yml"
    path.write_text(
        "# our own remark\n" + path.read_text("utf-8").replace("clauses:\n", "# labels:\nclauses:\n", 1), "utf-8"
    )
    lines = path.read_text("utf-8").splitlines()
    text = source_of("klasso").replace("Last updated: April 2026", "Last updated: May 2026")
    update_policy(PolicyFolder(folder.path), document(text), "", tools().labeller)
    after = path.read_text("utf-8").splitlines()
    changed = {line for line in after if line not in lines}
    assert "# our own remark" in after and "# labels:" in after
    assert sum(line in after for line in lines) >= len(lines) - 3
    assert all(
        any(word in line for word in ("current", "effective", "to_confirm", "last-updated", "field"))
        for line in changed
    )


def test_a_no_is_never_carried_over_in_silence(tmp_path: Path) -> None:
    old_id = "we-do-not-rent-or-5fd73d"
    text = source_of("classtime").replace(
        "We do not rent or sell your personal data to third parties.",
        "We may rent or sell your personal data to third parties.",
    )
    done = update(own_copy("classtime", tmp_path), document(text), "2026-01", tools().labeller)
    (new_id,) = [new for new, old in done.carried.items() if old == old_id]
    clause = done.folder.compiled().clause(new_id)
    assert clause is not None and clause.stance_on(Topic.SALE) is Stance.STATES
    assert any("denies: third_party_sharing.sale was taken out" in guess for guess in waiting(done.folder, "clauses"))


def test_a_no_that_keeps_a_denying_word_but_turns_round_is_taken_out(tmp_path: Path) -> None:
    text = (EDITS / "klasso" / "2026-09.txt").read_text("utf-8")
    done = update(own_copy("klasso", tmp_path), document(text), "2026-09", tools().labeller)
    clause = done.folder.compiled().clause("recording-and-storage-with-the-085113")
    assert clause is not None and denies(clause.text), "it still denies something, but not the recording"
    assert clause.stance_on(Topic.CALLS) is Stance.STATES


def test_a_no_whose_denying_words_stay_is_asked_about(tmp_path: Path) -> None:
    text = source_of("classtime").replace(
        "We do not rent or sell your personal data to third parties.",
        "We do not rent or sell your personal data to other parties.",
    )
    done = update(own_copy("classtime", tmp_path), document(text), "2026-01", tools().labeller)
    (new_id,) = [new for new, old in done.carried.items() if old == "we-do-not-rent-or-5fd73d"]
    clause = done.folder.compiled().clause(new_id)
    assert clause is not None and clause.stance_on(Topic.SALE) is Stance.DENIES
    assert any("third_party_sharing.sale was carried over" in guess for guess in waiting(done.folder, "clauses"))


def test_what_names_a_clause_that_is_gone_is_taken_out_and_told(tmp_path: Path) -> None:
    text = (
        source_of("classtime")
        .replace("We do not respond to Do Not Track (DNT) signals.\n", "")
        .replace("How do we Respond to Do Not Track Signals?\n", "")
    )
    fresh = update_policy(own_copy("classtime", tmp_path), document(text), "2026-01", tools().labeller)
    gone = "we-do-not-respond-to-d4403d"
    assert gone not in fresh.profile().labels and gone not in {clause for clause, _ in fresh.questions().answered}
    assert waiting(fresh, "clauses") and waiting(fresh, "questions")


@pytest.mark.parametrize("path", sorted(EDITS.glob("*/*.txt")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_realistic_edits_of_the_shipped_policies_go_through(tmp_path: Path, path: Path) -> None:
    folder = own_copy(path.parent.name, tmp_path)
    fresh = update_policy(folder, document(path.read_text("utf-8")), path.stem, tools().labeller)
    assert fresh.current == path.stem and fresh.profile().to_confirm
    check_compiled(fresh, tools().labeller)
    for version in fresh.versions()[:-1]:
        check_frozen(fresh, version)


def test_two_updates_make_a_history_of_three(tmp_path: Path) -> None:
    folder = own_copy("classtime", tmp_path)
    for path in sorted((EDITS / "classtime").glob("*.txt")):
        folder = update_policy(folder, document(path.read_text("utf-8")), path.stem, tools().labeller)
    assert folder.versions() == ["2020-09-25", "2026-09-01", "2026-12-01"]
    assert folder.profile("2026-09-01").current == "2026-09-01"


def test_a_draft_is_replaced_by_a_text_for_the_same_version(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    text = document(ACME.replace(SIX, TWELVE))
    with pytest.raises(ProfileError, match="has a version '2026-03-01' already"):
        update(folder, text, "", tools().labeller)
    fresh = update(folder, text, "", tools().labeller, is_draft=True).folder
    assert fresh.versions() == ["2026-03-01"] and TWELVE in fresh.compiled().source
    assert not (fresh.path / "2026-03-01.profile.yml").exists()


def test_the_same_text_is_no_new_version(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    before = contents(folder.path)
    with pytest.raises(ProfileError, match="letter for letter"):
        update(folder, document(ACME), "2", tools().labeller)
    assert contents(folder.path) == before


def test_an_update_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = own_copy("classtime", tmp_path)
    before = contents(tmp_path)

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(workbench, "_write_version", broken)
    with pytest.raises(ProfileError, match="nothing was changed"):
        update_policy(folder, document(source_of("classtime") + "\nMore.\n"), "2", tools().labeller)
    assert contents(tmp_path) == before


def test_rasas_reading_of_the_environment_does_not_reach_the_owners_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rasa.shared.utils.io import read_yaml as rasas_reader

    monkeypatch.setenv("PLANTED", "planted-value")
    assert rasas_reader("a: ${PLANTED}") == {"a": "planted-value"}, "the control: Rasa's loader is armed"
    folder = acme(tmp_path)
    path = folder.path / "profile.yml"
    path.write_text(path.read_text("utf-8").replace('about: ""', "about: ${PLANTED}"), "utf-8")
    update_policy(folder, document(ACME.replace(SIX, TWELVE)), "2", tools().labeller)
    assert load_profile(path).about == "${PLANTED}" and "planted-value" not in path.read_text("utf-8")


def test_a_compiled_file_that_does_not_follow_is_found(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    other = compile_policy(folder.compiled().source, folder.profile(), folder.current)
    (folder.path / "2026-03-01.clauses.json").write_text(dump(other), "utf-8")
    with pytest.raises(KnowledgeError, match="does not follow"):
        check_compiled(PolicyFolder(folder.path), tools().labeller)
