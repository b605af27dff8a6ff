"""`python -m bot policy`: an owner's way from a text to a release and back, and what is refused on it."""

from __future__ import annotations

import io
import json
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from builders import data_in

from bot import policy_desk
from bot.commands import main
from bot.held_back import Measured
from bot.nlu.question_model import Reading
from bot.policy_desk import PolicyDesk
from bot.releases.building import build_draft
from bot.settings import BotSettings
from policies_kb.folders import PolicyFolder
from policies_kb.gate import ObstacleKind
from policies_kb.golden import Understood
from policies_kb.knowledge import ROOT
from policies_kb.releases.folder_shelf import FolderShelf
from policies_kb.workshop import workshop

EDITED = Path(__file__).resolve().parents[1] / "policies_kb" / "edits" / "classtime" / "2026-09-01.txt"
BY = ["--by", "Owner One"]
ACME = """Privacy Policy of Acme

Last updated: March 1, 2026

What we collect
We collect your name and e-mail address when you register. This privacy policy says what personal data we process.

What we keep
We keep your personal data for 6 months after you delete your account, and delete it afterwards.

Sharing
We never sell your personal information to third parties. Service providers process it for us under contract.

Cookies
We use cookies so that you stay logged in and find your basket again. You may withdraw your consent at any time.

Your rights
Under the GDPR you have the right to access your data and to have it deleted. Write to privacy@acme.example.org.
"""
Captured = pytest.CaptureFixture[str]


class Desk:
    """The command line of an owner with a folder of policies and a shelf of their own."""

    def __init__(self, folder: Path, capsys: Captured) -> None:
        self.root = folder / "policies"
        self.data = data_in(folder)
        self.capsys = capsys
        self.root.mkdir()

    def with_policy(self, policy: str) -> PolicyFolder:
        shutil.copytree(ROOT / policy, self.root / policy)
        return PolicyFolder(self.root / policy)

    def says(self, *arguments: str, code: int = 0) -> str:
        """What a command prints; it must end with that code."""
        self.capsys.readouterr()
        found = main(["policy", *arguments], 0.0)
        out, error = self.capsys.readouterr()
        assert found == code, (arguments, out[-2000:], error[-2000:])
        return out + error

    @property
    def shelf(self) -> FolderShelf:
        return FolderShelf(self.data / "releases")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, model_path: Path) -> Desk:
    made = Desk(tmp_path, capsys)
    monkeypatch.setenv("PRIVACY_DESK_POLICIES", str(made.root))
    monkeypatch.setenv("PRIVACY_DESK_DATA", str(made.data))
    monkeypatch.setenv("PRIVACY_DESK_DATABASE_URL", f"sqlite:///{tmp_path / 'privacy-desk.db'}")
    monkeypatch.setattr(workshop(made.data).vectors, "save", lambda: None)
    return made


@pytest.fixture
def acme_file(tmp_path: Path) -> Path:
    path = tmp_path / "acme policy.txt"
    path.write_text(ACME, "utf-8")
    return path


def settle(desk: Desk, policy: str) -> None:
    for command in ("confirm", "accept", "decide"):
        desk.says(command, policy, "--all", *BY)


def test_a_newcomer_goes_from_a_file_to_a_release(desk: Desk, acme_file: Path) -> None:
    said = desk.says("add", "acme", str(acme_file), "--name", "Acme Ltd")
    assert "Acme Ltd 2026-03-01: 6 clauses" in said and "privacy@acme.example.org" in said and "6 months" in said
    assert "silent on:" in said and "review acme" in said and "usual questions" in said
    assert "accept acme" in desk.says("review", "acme", code=1)
    refused = desk.says("publish", "acme", *BY, code=1)
    assert "nobody has accepted this clause" in refused and desk.shelf.current() is None
    settle(desk, "acme")
    assert "nothing stands in the way" in desk.says("review", "acme")
    assert "release 1 is published: acme" in desk.says("publish", "acme", *BY, "--why", "we open")
    assert desk.shelf.manifest(1).policies["acme"].current == "2026-03-01"
    assert "Owner One (we open): 1 policies" in desk.says("releases")
    assert "passed" in desk.says("test", "acme")


def test_an_update_is_compared_looked_at_published_and_rolled_back(desk: Desk, tmp_path: Path) -> None:
    desk.with_policy("classtime")
    desk.says("publish", "classtime", *BY)
    said = desk.says("update", "classtime", str(EDITED), "--version", "2026-09-01")
    assert "personal-data-stored-in-user" in said and "reworded clauses were carried over" in said
    page = tmp_path / "changes.html"
    desk.says("compare", "classtime", "--page", str(page))
    assert "12 months" in page.read_text("utf-8") and "http" not in page.read_text("utf-8").split("<body")[0]
    told = json.loads(desk.says("compare", "classtime", "--json"))
    assert (told["from"], told["to"]) == ("2020-09-25", "2026-09-01")
    lost = desk.says("test", "classtime", code=1)
    assert "where it reads" in lost and "12 months" in lost
    for kind in ("To be confirmed", "Clauses to be accepted", "Golden questions"):
        assert kind in desk.says("review", "classtime", code=1)
    assert "was wanted: states personal-data-stored-in-user-c67455" in desk.says("decide", "classtime", "1", *BY)
    settle(desk, "classtime")
    assert "release 2 is published" in desk.says("publish", "--all", *BY)
    assert "classtime 2026-09-01" in desk.says("releases")
    assert "release 1 is the current one" in desk.says("rollback", "1", *BY, "--why", "too early")
    assert desk.shelf.current() == 1 and "back to 1" in desk.says("releases")
    assert desk.says("list").splitlines()[1].split()[:3] == ["classtime", "2020-09-25", "2026-09-01"]


def test_pasted_text_is_taken_from_standard_input(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(" ".join(ACME.split())))
    assert "Acme 2026-03-01" in desk.says("add", "acme", "-", "--name", "Acme")


def test_a_clause_is_labelled_by_a_person(desk: Desk) -> None:
    folder = desk.with_policy("klasso")
    clause = "no-recording-or-storage-klasso-a3b242"
    assert "calls_recordings=1 (answers, denies)" in desk.says("label", "klasso", clause)
    said = desk.says("label", "klasso", clause, "--topic", "data_retention=2", "--audience", "app")
    assert "data_retention=2 (answers in part)" in said and "for: app" in said and "calls_recordings" not in said
    kept = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    wrong = (
        (("--topic", "data_retension=1"), "nearest: data_retention"),
        (("--topic", "data_retention=x"), "NAME=RANK"),
        (("--topic", "data_retention", "--denies", "purpose"), "not about: purpose"),
        (("--topic", "data_retention", "--none"), "not both"),
        (("--audience", "web"), "name its topics too"),
        (("--denies", "data_retention"), "name its topics too"),
    )
    for options, words in wrong:
        assert words in desk.says("label", "klasso", clause, *options, code=2)
    assert "policies_kb show klasso" in desk.says("label", "klasso", "nowhere", "--none", code=2)
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == kept
    assert "no topic" not in desk.says("label", "klasso", clause, "--none")
    assert folder.compiled().clause(clause).labels == ()  # type: ignore[union-attr]


def test_what_is_no_policy_is_only_taken_where_somebody_insists(desk: Desk, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.txt"
    lines = ["Mix the flour with the milk, then fry it in butter until it is golden."] * 12
    recipe.write_text("\n".join(["Pancakes", "", *lines]), "utf-8")
    desk.says("add", "acme", str(recipe), "--name", "Acme", code=2)
    assert not (desk.root / "acme").exists()
    assert "Acme undated" in desk.says("add", "acme", str(recipe), "--name", "Acme", "--anyway")


def test_nobody_signs_without_a_name_or_for_nothing(desk: Desk) -> None:
    desk.with_policy("klasso")
    for command in ("accept", "confirm", "decide"):
        with pytest.raises(SystemExit):
            main(["policy", command, "klasso", "--all"], 0.0)
        assert "printable characters" in desk.says(command, "klasso", "--all", "--by", "\x1b", code=2)
        assert "name what you mean, or say --all" in desk.says(command, "klasso", *BY, code=2)
    with pytest.raises(SystemExit):
        main(["policy", "publish", "klasso"], 0.0)
    assert "or say --all" in desk.says("publish", *BY, code=2)
    assert "there is no finding x" in desk.says("explain", "klasso", "x", *BY, "--why", "so it is", code=2)
    assert not list(desk.root.glob("*/*.review.yml"))


@pytest.mark.parametrize("command", ["review", "compare", "test"])
def test_a_policy_that_is_not_there_is_told(desk: Desk, command: str) -> None:
    desk.with_policy("klasso")
    assert "there is no policy 'zoom' in policies; there are: klasso" in desk.says(command, "zoom", code=2)


def test_one_version_alone_cannot_be_compared(desk: Desk) -> None:
    desk.with_policy("klasso")
    assert "nothing to compare" in desk.says("compare", "klasso", code=2)
    assert "no version '1999'" in desk.says("compare", "klasso", "--from", "1999", code=2)


def test_a_release_that_is_not_there_is_not_rolled_back_to(desk: Desk) -> None:
    assert "there is no release yet" in desk.says("releases")
    assert "there is no release" in desk.says("rollback", "7", *BY, code=2)


def test_a_policy_is_taken_out_and_brought_back(desk: Desk) -> None:
    desk.with_policy("klasso")
    desk.with_policy("classtime")
    assert "not published" in desk.says("withdraw", "klasso", *BY, code=2)
    desk.says("publish", "--all", *BY)
    said = desk.says("withdraw", "klasso", *BY, "--why", "the company left")
    assert "release 2 is published, without klasso" in said and "publish klasso brings it back" in said
    assert "Owner One (the company left): without klasso" in desk.says("releases")
    assert re.search(r"klasso +- ", desk.says("list"))
    assert "the only policy" in desk.says("withdraw", "classtime", *BY, code=2)
    desk.says("publish", "klasso", *BY)
    assert sorted(desk.shelf.manifest(3).policies) == ["classtime", "klasso"]


def test_publishing_the_same_again_is_told(desk: Desk) -> None:
    desk.with_policy("klasso")
    desk.says("publish", "klasso", *BY)
    assert "nothing has changed" in desk.says("publish", "klasso", *BY, code=2)
    assert desk.shelf.current() == 1


def test_publishing_before_the_first_start_leaves_no_other_policy_out(desk: Desk, acme_file: Path) -> None:
    desk.with_policy("klasso")
    desk.with_policy("kloudtalk")
    desk.says("add", "acme", str(acme_file), "--name", "Acme Ltd")
    desk.says("add", "unread", str(acme_file), "--name", "Unread Ltd")
    settle(desk, "acme")
    assert "release 2 is published: acme" in desk.says("publish", "acme", *BY)
    assert sorted(desk.shelf.manifest(2).policies) == ["acme", "klasso", "kloudtalk"]


def test_an_edited_compiled_file_is_not_published(desk: Desk) -> None:
    folder = desk.with_policy("klasso")
    desk.says("publish", "klasso", *BY)
    path = folder.path / "2026-04.clauses.json"
    path.write_text(path.read_text("utf-8").replace("denies", "states"), "utf-8")
    desk.says("accept", "klasso", "--all", *BY)
    assert "does not follow from its text and profile" in desk.says("publish", "klasso", *BY, code=1)
    assert desk.shelf.current() == 1


def test_a_model_that_lost_is_not_published(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a training: the release before has another model, which did better."""
    desk.with_policy("klasso")
    monkeypatch.setattr(policy_desk, "measure", lambda reader: Measured(150, 160, ()))
    monkeypatch.setattr(policy_desk.PolicyDesk, "served_measure", lambda self: Measured(151, 160, ()))
    refused = desk.says("publish", "klasso", *BY, code=1)
    assert (
        "reads 150 of 160 held-back messages rightly, the one that is served 151" in refused
        and desk.shelf.current() is None
    )


def test_a_policy_without_golden_questions_is_given_the_usual_ones_first(desk: Desk) -> None:
    folder = desk.with_policy("klasso")
    (folder.path / "golden.yml").unlink()
    assert "begins with the usual ones" in desk.says("decide", "klasso", "--all", *BY)
    assert len(folder.golden()) >= 25 and not any(one.decided for one in folder.golden())


class Distracted:
    """A reader that takes every message for small talk."""

    def __init__(self, *_: object) -> None: ...

    def naming(self, names: tuple[str, ...]) -> "Distracted":
        return self

    def reading(self, text: str) -> Reading:
        return Reading("small_talk", 1.0, (), (), (), "")

    def read(self, text: str) -> Understood:
        return Understood("small_talk", {})


def test_a_new_model_must_not_lose_the_answers_of_policies_that_nobody_touches(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.with_policy("klasso")
    desk.with_policy("klantra")
    desk.says("publish", "klasso", "klantra", *BY)
    settings = BotSettings.from_environment()
    owner = PolicyDesk(settings, desk.shelf)
    with tempfile.TemporaryDirectory() as scratch:
        prepared = build_draft(settings, desk.shelf, ["klasso"], "Owner One", "", Path(scratch), lambda line: None)
        assert owner.gate(prepared) == [], "the control: the model that is served loses nothing"
        monkeypatch.setattr(policy_desk, "ModelReader", SimpleNamespace(load=Distracted))
        monkeypatch.setattr(policy_desk.PolicyDesk, "served_measure", lambda self: None)
        found = owner.gate(replace(prepared, is_trained_anew=True))
    told = [str(one) for one in found]
    assert any("klantra: " in one and "not read as a question" in one for one in told)
    assert any(one.kind is ObstacleKind.GOLDEN and "klasso" in one.command for one in found)
