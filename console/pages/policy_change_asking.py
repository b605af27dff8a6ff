"""The golden questions on the page: asked by the command line in a process of its own, kept as long as they hold.

What the desk answers depends on texts, labels, profile and model; not on what is wanted, nor on what others sign.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response

from console.access import Who
from console.pages.policy_change_desk import OwnersDesk
from console.pages.policy_change_errands import ASK, ASKING_SECONDS, PUBLISH, Errand, Errands
from console.pages.policy_change_view import golden_waiting, waiting
from policies_kb.errors import KnowledgeError, ProfileError
from policies_kb.folders import PolicyFolder
from policies_kb.golden import GoldenResult
from policies_kb.golden_records import golden_results

if TYPE_CHECKING:
    from console.house import House

ANSWERED = (0, 1)  # 1: something stands in the way
TEMPLATE = "policy_change_golden.html"
NOT_READ = "What came back cannot be read. Ask again; if that does not help: python -m bot policy review"


class Asking:
    """Asks, remembers what came, and renders the part of the page that shows it."""

    def __init__(self, house: "House", desk: OwnersDesk, errands: Errands) -> None:
        self._house, self._desk, self._errands = house, desk, errands
        self._kept: dict[str, tuple[str, dict[str, Any]]] = {}  # by policy: what it is about, what came

    def forget(self, policy: str) -> None:
        """Ask anew the next time."""
        self._kept.pop(policy, None)
        last = self._errands.last(ASK, policy)
        if last is not None and not last.is_running:
            last.key = ""

    def results(self, folder: PolicyFolder) -> list[GoldenResult] | None:
        """The answers to the present golden questions, as they were shown; None where they have to be asked again."""
        record = self._record(folder.policy, self._desk.seen(folder))
        if record is None:
            return None
        try:
            return golden_results(record.get("golden") or [], folder.golden(), folder.compiled())
        except ProfileError:
            self.forget(folder.policy)
            return None

    def compile_trouble(self, folder: PolicyFolder) -> list[dict[str, str]]:
        """Why the compiled file does not follow from the text, where only the labeller can tell."""
        record = self._record(folder.policy, self._desk.seen(folder)) or {}
        return [one for one in record.get("obstacles") or [] if one.get("kind") == "compile"]

    async def part(self, request: Request, who: Who, folder: PolicyFolder) -> Response:
        """The part of the page as it is now; starts asking where that is due."""
        values: dict[str, Any] = {"policy": folder.policy, "state": "", "trouble": "", "golden": None, "waits": 0}
        values |= {"compile_trouble": [], "count": 0, "run": self._errands.last(PUBLISH, folder.policy)}
        try:
            values |= await self._state(folder)
        except KnowledgeError as error:
            values |= {"state": "failed", "trouble": self._desk.words(error)}
        return self._house.look.part(request, who, TEMPLATE, **values)

    async def _state(self, folder: PolicyFolder) -> dict[str, Any]:
        key, count = await asyncio.to_thread(lambda: (self._desk.seen(folder), len(folder.golden())))
        # Looked at before its answers are taken in: one that ends while they are read is taken in the next time.
        last, running = self._errands.last(ASK, folder.policy), self._errands.running
        asked = last.key if last is not None else ""  # of the folder as it was then
        is_fresh = self._take_in(folder.policy)
        results = await asyncio.to_thread(self.results, folder)
        if results is not None:
            return {"count": count, **await asyncio.to_thread(self._shown, folder, results)}
        if is_fresh and last is not None and asked == key:  # asking the same again at once would bring the same
            last.key, last.told = key, [NOT_READ]
        if running is None and last is not None and last.key == key:
            return {"state": "failed", "trouble": last.trouble, "count": count}
        if running is None:
            self._errands.start(Errand(ASK, folder.policy, key), ["review", folder.policy, "--json"], ASKING_SECONDS)
        asking = running is None or (running.what == ASK and running.policy == folder.policy)
        return {"state": "asking" if asking else "queued", "count": count}

    def _shown(self, folder: PolicyFolder, results: list[GoldenResult]) -> dict[str, Any]:
        published = self._desk.published(folder.policy)
        golden = golden_waiting(published, folder, results)
        broken = self.compile_trouble(folder)
        return {
            "state": "done",
            "golden": golden,
            "compile_trouble": broken,
            "waits": waiting(published, folder).count + golden.count + len(broken) + (0 if results else 1),
            "is_same": self._desk.standing(folder.policy).is_same,
        }

    def _record(self, policy: str, key: str) -> dict[str, Any] | None:
        kept = self._kept.get(policy)
        return kept[1] if kept is not None and kept[0] == key else None

    def _take_in(self, policy: str) -> bool:
        """What an errand brought, once; whether there was something new."""
        last = self._errands.last(ASK, policy)
        if last is None or last.is_running or not last.output:
            return False
        output, last.output = last.output, ""
        if last.code not in ANSWERED:
            return False
        try:
            record = json.loads(next(line for line in reversed(output.splitlines()) if line.startswith("{")))
            self._kept[policy] = (last.key, record)
        except (ValueError, StopIteration):
            last.told = [NOT_READ]
            return False
        return True
