"""What the clauses of the folder are about: read by a program or a person, mended on a form, compiled at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from console.access import Routes, Who
from console.guard import RefusedError
from console.pages.knowledge import families, topic_of
from console.pages.policy_change_desk import OwnersDesk
from console.pages.policy_change_rows import labels_of
from console.pages.policy_change_signer import typed_in
from console.pages.policy_change_signing import tell
from console.pages.queue_words import RIGHT_FOR_STAFF
from policies_kb.errors import KnowledgeError
from policies_kb.folders import PolicyFolder
from policies_kb.model import Clause, PolicyVersion, Stance
from policies_kb.profile import ClauseLabel
from policies_kb.relabelling import MOST_TOPICS, RIGHTS, checked_label, label_of, relabel
from policies_kb.topics import Topic
from tickets.errors import InputError
from tickets.vocabulary import Right, Role

if TYPE_CHECKING:
    from console.house import House
    from console.pages.policy_change import Page

SPARE = 3  # empty rows of the form
CHANGED = "The policy was changed since this page was loaded. Nothing was saved: look at it as it is now."
TWICE = "“{topic}” is chosen twice. Choose it once."
NO_TOPIC = "One of the topics is not one of those to choose from."
SAVED = "Saved. Accept the clause as it is read now; the golden questions are asked again."
AUDIENCES = ("app", "web", "student", "child", "parent", "school_licence", "client_data")
RIGHT_WORDS = {right: RIGHT_FOR_STAFF[Right(right)] for right in RIGHTS}


@dataclass(frozen=True)
class Row:
    """A topic of the form as it is chosen, each part as it is sent."""

    topic: str = ""
    rank: str = "1"
    stance: str = Stance.STATES.value


@dataclass(frozen=True)
class Filled:
    """The form as it stands."""

    rows: tuple[Row, ...]
    audience: str
    rights: tuple[str, ...]

    @classmethod
    def of(cls, label: ClauseLabel) -> "Filled":
        """A label as the form shows it."""
        ordered = sorted(label.ranks.items(), key=lambda one: (one[1], one[0].phrase))
        rows = [Row(topic.value, str(rank), label.stances.get(topic, Stance.STATES).value) for topic, rank in ordered]
        return cls((*rows, *[Row()] * SPARE), label.audience, label.rights)

    @classmethod
    def typed(cls, typed: Mapping[str, str]) -> "Filled":
        """What was sent."""
        rows = [
            Row(typed[f"topic_{n}"], typed.get(f"rank_{n}", ""), typed.get(f"stance_{n}", ""))
            for n in range(1, MOST_TOPICS + SPARE + 1)
            if f"topic_{n}" in typed
        ]
        rights = tuple(right for right in RIGHTS if typed.get(f"right_{right}") == "yes")
        return cls(tuple(rows), typed.get("audience", "").strip(), rights)

    def label(self) -> ClauseLabel:
        """The label that it says. Raises InputError or ProfileError for what is none."""
        ranks: dict[Topic, int] = {}
        stances: dict[Topic, Stance] = {}
        for row in self.rows:
            if not row.topic:
                continue
            topic = topic_of(row.topic)
            if topic is None or row.rank not in ("1", "2", "3") or row.stance not in {one.value for one in Stance}:
                raise InputError(NO_TOPIC)
            if topic in ranks:
                raise InputError(TWICE.format(topic=topic.phrase))
            ranks[topic], stances[topic] = int(row.rank), Stance(row.stance)
        return checked_label(ranks, stances, self.audience, self.rights)


class Labels:
    """Reads and writes labels. Its methods block and are called in threads."""

    def __init__(self, house: "House", desk: OwnersDesk) -> None:
        self._house, self._desk = house, desk

    def listed(self, folder: PolicyFolder) -> dict[str, Any]:
        """All clauses of the folder's version with what they are about. Raises RefusedError for a broken folder."""
        version = self._compiled(folder)
        rows = [(clause, labels_of(clause)) for clause in version.clauses]
        unread = sum(not clause.reviewed for clause in version.clauses)
        return self._about(folder) | {"rows": rows, "unread": unread}

    def one(self, folder: PolicyFolder, name: str, filled: Filled | None) -> dict[str, Any]:
        """The form for one clause. Raises HTTPException for one that is not there, RefusedError for a broken folder."""
        clauses: Sequence[Clause] = self._compiled(folder).clauses
        place = next((n for n, clause in enumerate(clauses) if clause.id == name), None)
        if place is None:
            raise HTTPException(404)
        near = [clauses[n].id if 0 <= n < len(clauses) else "" for n in (place - 1, place + 1)]
        return self._about(folder) | {
            "clause": clauses[place],
            "filled": filled or Filled.of(label_of(clauses[place])),
            "before": near[0],
            "after": near[1],
            "topics": families(),
            "audiences": AUDIENCES,
            "rights": RIGHT_WORDS,
            "seen": self._desk.seen(folder),
        }

    def save(self, folder: PolicyFolder, name: str, typed: Mapping[str, str], actor: str) -> None:
        """Give the clause the label that was sent. Raises InputError."""
        if typed.get("seen") != self._desk.seen(folder):
            raise InputError(CHANGED)
        try:
            relabel(folder, name, Filled.typed(typed).label())
        except KnowledgeError as error:
            raise InputError(self._desk.words(error)) from error
        tell(self._house, folder.policy, "policy_label_changed", actor, version=folder.current, clause=name)

    def _compiled(self, folder: PolicyFolder) -> PolicyVersion:
        try:
            return folder.compiled()
        except KnowledgeError as error:
            raise RefusedError(409, "The folder cannot be read", self._desk.words(error)) from error

    def _about(self, folder: PolicyFolder) -> dict[str, Any]:
        return {"policy": folder.policy, "name": folder.profile().name, "version": folder.current}


def add_labels(routes: Routes, house: "House", page: "Page", desk: OwnersDesk) -> None:
    """The list of clauses, and a form for each."""
    labels = Labels(house, desk)

    @routes.get("/knowledge/{policy}/change/labels")
    async def listed(request: Request, who: Who, policy: str) -> Response:
        shown = await asyncio.to_thread(labels.listed, await page.folder(policy))
        return house.look.page(request, who, "policy_labels.html", **shown)

    @routes.get("/knowledge/{policy}/change/labels/{clause}")
    async def form(request: Request, who: Who, policy: str, clause: str) -> Response:
        shown = await asyncio.to_thread(labels.one, await page.folder(policy), clause, None)
        return house.look.page(request, who, "policy_label.html", **shown, wrong="")

    @routes.post("/knowledge/{policy}/change/labels/{clause}", role=Role.APPROVER)
    async def saved(request: Request, who: Who, policy: str, clause: str) -> Response:
        folder, typed = await page.folder(policy), await typed_in(request)
        shown = await asyncio.to_thread(labels.one, folder, clause, Filled.typed(typed))
        try:
            await asyncio.to_thread(labels.save, folder, clause, typed, who.member.id)
        except InputError as error:
            return house.look.page(request, who, "policy_label.html", 422, **shown, wrong=str(error))
        return house.look.go(request, f"/knowledge/{folder.policy}/change#clause-{clause}", SAVED)
