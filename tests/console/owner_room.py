"""A policy's owner at the console: a folder of policies to write to, a shelf of releases, and a stand-in for the bot.

The stand-in is a package `bot` in a folder of the tests' own: it answers `python -m bot policy …` as it is told.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml
from staff_people import Clock, Person, browser, let_in

from console.app import create_app
from console.house import House
from policies_kb.compiler import compile_policy, dump
from policies_kb.documents import Document
from policies_kb.folders import PolicyFolder
from policies_kb.knowledge import ROOT
from policies_kb.profile import read_yaml
from policies_kb.reviewing import Review, load_review
from policies_kb.workbench import update
from policies_kb.workshop import Workshop
from tickets.vocabulary import Role

EDITED = Path(__file__).resolve().parents[1] / "policies_kb" / "edits" / "klasso" / "2026-09.txt"
RECORDED = "recording-and-storage-with-the-085113"
THEN = datetime(2026, 3, 1, 9, 0, tzinfo=timezone.utc)
PAGES = ("entry", "policy_change", "knowledge", "people")
HERE = "/knowledge/klasso/change"
STAND_IN = """
import json, pathlib, sys, time
told = pathlib.Path(__file__).parent
with (told / "calls").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
given = pathlib.Path(sys.argv[-1])
if given.is_file():
    (told / "given").write_bytes(given.read_bytes())
    modes = [oct(folder.stat().st_mode & 0o777) for folder in (given.parent, given.parent.parent)]
    (told / "modes").write_text(" ".join(modes))
answer = json.loads((told / "answer.json").read_text())
time.sleep(answer["seconds"])
print("\\n".join(answer["progress"]), file=sys.stderr)
print(answer["output"])
sys.exit(answer["code"])
"""


def own_policies(folder: Path, policy: str = "klasso") -> PolicyFolder:
    """A folder of policies to write to, with one that ships."""
    shutil.copytree(ROOT / policy, folder / "policies" / policy)
    for path in (folder / "policies" / policy).iterdir():
        path.chmod(0o644)
    return PolicyFolder(folder / "policies" / policy)


def edited(folder: PolicyFolder, shop: Workshop) -> PolicyFolder:
    """The next version of Klasso taken in, as `policy update` does."""
    text = EDITED.read_text("utf-8")
    return update(folder, Document(text, "txt"), "2026-09", shop.labeller).folder


def mended(folder: PolicyFolder, shop: Workshop) -> PolicyFolder:
    """What an owner does who reads what was carried over: the clause denies it no more, it depends on consent."""
    path = folder.path / "profile.yml"
    data = read_yaml(path)
    assert "denies" not in data["clauses"][RECORDED]
    data["clauses"][RECORDED]["depends"] = ["first_party_collection.calls_recordings"]
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), "utf-8")
    compiled = compile_policy(folder.compiled().source, folder.profile(), folder.current, shop.labeller)
    (folder.path / f"{folder.current}.clauses.json").write_text(dump(compiled), "utf-8")
    return PolicyFolder(folder.path)


class OwnerRoom:
    """The console over that folder, with the stand-in, and who comes in."""

    def __init__(self, house: House, clock: Clock, folder: Path) -> None:
        self.stand_in = folder / "stand-in"
        (self.stand_in / "bot").mkdir(parents=True)
        (self.stand_in / "bot" / "__init__.py").touch()
        (self.stand_in / "bot" / "__main__.py").write_text(STAND_IN, "utf-8")
        house.settings = replace(house.settings, policies=folder / "policies", project=self.stand_in)
        self.house, self.clock = house, clock
        self.app = create_app(house, PAGES)
        self.says("{}")

    @property
    def folder(self) -> PolicyFolder:
        """The policy that is worked on, as it is now."""
        return PolicyFolder(self.house.settings.policies / "klasso")

    @property
    def review(self) -> Review:
        """What was signed."""
        return load_review(self.folder.path, self.folder.current)

    @property
    def calls(self) -> list[list[str]]:
        """What the stand-in was called with."""
        path = self.stand_in / "bot" / "calls"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    @property
    def given(self) -> bytes:
        """What was in the file that the stand-in was given last."""
        return (self.stand_in / "bot" / "given").read_bytes()

    @property
    def uploads(self) -> list[Path]:
        """The files that wait for an errand, with their folders."""
        return sorted((self.house.settings.data / "uploads").rglob("*"))

    def says(self, output: str, code: int = 0, progress: tuple[str, ...] = (), seconds: float = 0.0) -> None:
        """What the stand-in answers from now on, and how long it thinks."""
        told: dict[str, Any] = {"output": output, "code": code, "progress": progress, "seconds": seconds}
        (self.stand_in / "bot" / "answer.json").write_text(json.dumps(told), "utf-8")

    def enter(self, role: Role, login: str = "") -> Person:
        """A new member of that role at a browser of their own."""
        return let_in(browser(self.app), self.house, self.clock, role, login)
