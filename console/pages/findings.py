"""Questions that were not answered well, grouped: learned from as examples of a topic, or dismissed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import Form, Request
from fastapi.responses import Response

from console.access import Routes, Who
from console.pages.knowledge import families, topic_of
from policies_kb.reviewed import ExampleError, add_example
from tickets.errors import InputError
from tickets.findings import FindingGroup
from tickets.vocabulary import Finding, Role, Verdict

if TYPE_CHECKING:
    from console.house import House

MOST_SHOWN = 100
MOST_LOOKED_AT = 1_000
KIND_WORDS: dict[Finding, str] = {
    Finding.UNANSWERED: "Not answered",
    Finding.SILENT: "Policy is silent",
    Finding.CONFLICT: "Clauses conflict",
    Finding.VOTED_WRONG: "Voted wrong",
}
KIND_MEANINGS: dict[Finding, str] = {
    Finding.UNANSWERED: "The assistant did not see what was asked. An example under the right topic helps it.",
    Finding.SILENT: "The topic was seen, and no clause answers it. If the topic is wrong, an example helps; if it is "
    "right, only the owner of the policy can mend it.",
    Finding.CONFLICT: "Two clauses contradict each other on this. Only the owner of the policy can mend it.",
    Finding.VOTED_WRONG: "Somebody was not content with the answer. If another topic was meant, an example helps.",
}
GONE = "Somebody else was first: this question is not open any more."
CHANGED = "The list has changed meanwhile: this question is settled, or stands under another wording now."
Wordings = Annotated[list[str] | None, Form()]
Place = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True)
class Narrowing:
    """What the list is narrowed to. kind: None for all."""

    policy: str = ""
    kind: Finding | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Narrowing":
        """As a link or a form says it; a kind that there is none of counts as all."""
        known = {kind.value: kind for kind in Finding}
        return cls(query.get("policy", "")[:60], known.get(query.get("kind", "")))

    def at(self, path: str, **changes: str) -> str:
        """A link that keeps it."""
        said = {"policy": self.policy, "kind": self.kind.value if self.kind else ""} | changes
        query = urlencode({name: value for name, value in said.items() if value})
        return f"{path}?{query}" if query else path


class Questions:
    """Reads what the pages show of the findings. Its methods block and are called in threads."""

    def __init__(self, house: "House") -> None:
        self._house = house

    def listed(self, narrowed: Narrowing) -> dict[str, Any]:
        """The open questions that agree with it, with counts of each kind."""
        counts = self._house.findings.counts(narrowed.policy)
        groups = self._house.findings.groups(narrowed.policy, narrowed.kind, MOST_SHOWN + 1)
        tabs = [("All", narrowed.at("/findings", kind=""), sum(counts.values()), narrowed.kind is None)]
        for kind, words in KIND_WORDS.items():
            tabs.append((words, narrowed.at("/findings", kind=kind.value), counts[kind], kind is narrowed.kind))
        return {
            "groups": [self._shown(group) for group in groups[:MOST_SHOWN]],
            "is_more": len(groups) > MOST_SHOWN,
            "tabs": tabs,
            "narrowed": narrowed,
            "meaning": KIND_MEANINGS[narrowed.kind] if narrowed.kind else "",
            "policies": self._choices(),
        }

    def group(self, finding_id: str, narrowed: Narrowing) -> FindingGroup | None:
        """One group of open questions, by the id and what it was found under."""
        groups = self._house.findings.groups(narrowed.policy, narrowed.kind, MOST_LOOKED_AT)
        return next((group for group in groups if group.id == finding_id), None)

    def form(self, group: FindingGroup, ticked: Iterable[str], topic: str, wrong: str) -> dict[str, Any]:
        """The form that makes an example of a group's question, as it was filled in."""
        chosen = topic_of(topic)
        return {
            "group": self._shown(group),
            "wordings": (group.question, *group.alike),
            "ticked": tuple(ticked),
            "topics": families(),
            "topic": chosen,
            "was": topic_of(group.topic),
            "wrong": wrong,
            "narrowed": Narrowing(group.policy, group.kind),
            "meaning": KIND_MEANINGS[group.kind],
        }

    def add(self, group: FindingGroup, wordings: Iterable[str], topic: str) -> int:
        """Write the wordings down as examples; gives how many are new. Raises ExampleError and InputError."""
        known = (group.question, *group.alike)
        chosen = [wording for wording in known if wording in set(wordings)]
        if not chosen or topic_of(topic) is None:
            raise InputError("Choose a topic, and at least one wording of the question.")
        return sum(add_example(self._house.settings.project, group.policy, topic, wording) for wording in chosen)

    def _shown(self, group: FindingGroup) -> dict[str, Any]:
        topic, policy = topic_of(group.topic), group.policy
        is_known = policy in self._house.knowledge.ids
        is_older = is_known and self._house.knowledge.get(policy).current.version != group.version
        about = f"/knowledge/{policy}?{urlencode({'topic': group.topic})}#clauses" if is_known and topic else ""
        return {
            "group": group,
            "policy": self._house.knowledge.name_of(policy) if is_known else policy,
            "kind": KIND_WORDS[group.kind],
            "topic": topic.phrase if topic else "",
            "about": about,
            "is_older": is_older,
            "url": Narrowing(policy, group.kind).at(f"/findings/{group.id}"),
        }

    def _choices(self) -> list[tuple[str, str]]:
        return [(policy, self._house.knowledge.name_of(policy)) for policy in self._house.knowledge.ids]


def add(routes: Routes, house: "House") -> None:
    """The list, the form that makes an example, and what the two send."""
    questions = Questions(house)

    @routes.get("/findings")
    async def listed(request: Request, who: Who) -> Response:
        shown = await asyncio.to_thread(questions.listed, Narrowing.of(request.query_params))
        return house.look.page(request, who, "findings.html", **shown)

    @routes.get("/findings/{finding_id}")
    async def form(request: Request, who: Who, finding_id: str) -> Response:
        narrowed = Narrowing.of(request.query_params)
        group = await asyncio.to_thread(questions.group, finding_id, narrowed)
        if group is None:
            return house.look.go(request, narrowed.at("/findings"), CHANGED)
        shown = questions.form(group, [group.question], group.topic, "")
        return house.look.page(request, who, "findings_example.html", **shown)

    @routes.post("/findings/{finding_id}/example", role=Role.AGENT)
    async def add_it(
        request: Request,
        who: Who,
        finding_id: str,
        wording: Wordings = None,
        topic: Place = "",
    ) -> Response:
        narrowed = Narrowing.of(request.query_params)
        group = await asyncio.to_thread(questions.group, finding_id, narrowed)
        if group is None:
            return house.look.go(request, narrowed.at("/findings"), CHANGED)
        try:
            new = await asyncio.to_thread(questions.add, group, wording or (), topic)
        except (ExampleError, InputError) as error:
            shown = questions.form(group, wording or (), topic, str(error))
            return house.look.page(request, who, "findings_example.html", 422, **shown)
        settle, now = house.findings.settle, house.clock()
        await asyncio.to_thread(settle, finding_id, Verdict.ADDED, who.member.id, now, topic=topic)
        return house.look.go(request, narrowed.at("/findings", kind=""), _said(new))

    @routes.post("/findings/{finding_id}/dismiss", role=Role.AGENT)
    async def dismiss(request: Request, who: Who, finding_id: str) -> Response:
        now, back = house.clock(), Narrowing.of(request.query_params).at("/findings")
        settled = await asyncio.to_thread(house.findings.settle, finding_id, Verdict.DISMISSED, who.member.id, now)
        return house.look.go(request, back, "Dismissed." if settled else GONE)


def _said(new: int) -> str:
    if not new:
        return "That was an example already; the question is settled."
    return (
        f"{new} example{'' if new == 1 else 's'} added. The next training learns from {'it' if new == 1 else 'them'}."
    )
