"""Signatures that are given on the page: written where the command line writes them, and told in the trail of deeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.pages.policy_change_asking import Asking
from console.pages.policy_change_desk import OwnersDesk
from console.pages.policy_change_view import golden_waiting, waiting
from policies_kb import signing
from policies_kb.errors import KnowledgeError
from policies_kb.folders import PolicyFolder
from policies_kb.gate import Published
from policies_kb.golden import GoldenResult
from policies_kb.signing import Signature
from tickets import deeds
from tickets.vocabulary import Subject

if TYPE_CHECKING:
    from console.house import House

Typed = Mapping[str, str]
CHANGED = "The policy was changed since this page was loaded. Nothing was signed: look at it as it is now, then sign."
READ_FIRST = "Tick first that you have read all of them."
WHY_FIRST = "Say in a sentence why this finding may stay."
TRIES = 3
SHORTEST_WHY = 8  # characters of a sentence


class Wrong(ValueError):
    """What was sent cannot be signed; the text is for the person, and what they typed is kept in the page."""


@dataclass(frozen=True)
class Signed:
    """What was done, in words, and where on the page it goes on."""

    said: str
    place: str


class Signing:
    """Does what the buttons of the page say. Blocking: called in threads."""

    def __init__(self, house: "House", desk: OwnersDesk, asking: Asking) -> None:
        self._house, self._desk, self._asking = house, desk, asking

    def does(self, deed: str) -> Callable[[PolicyFolder, Typed, str, str], Signed]:
        """The function of a button: (folder, what was typed, the name that signs, the member's id)."""
        function = {
            "name": self._keep_name,
            "accept": self._accept,
            "accept-all": self._accept_all,
            "confirm": self._confirm,
            "explain": self._explain,
            "decide": self._decide,
            "decide-all": self._decide_all,
        }[deed]

        def done(folder: PolicyFolder, typed: Typed, by: str, actor: str) -> Signed:
            try:
                return function(folder, typed, Signature(by, self._house.clock()), actor)
            except KnowledgeError as error:
                raise Wrong(self._desk.words(error)) from error

        return done

    def _keep_name(self, folder: PolicyFolder, typed: Typed, who: Signature, actor: str) -> Signed:
        return Signed(f"You sign as {who.by}.", "way")

    def _accept(self, folder: PolicyFolder, typed: Typed, who: Signature, actor: str) -> Signed:
        clause, published = typed.get("clause", ""), self._unchanged(folder, typed)
        signing.accept(folder, published, [clause], who, typed.get("note", ""))
        self._tell(folder, "policy_clauses_accepted", actor, clauses=1)
        return Signed("Accepted.", self._next_clause(folder, published, clause))

    def _accept_all(self, folder: PolicyFolder, typed: Typed, who: Signature, actor: str) -> Signed:
        if typed.get("read_clauses") != "yes":
            raise Wrong(READ_FIRST)
        chosen = signing.accept(folder, self._unchanged(folder, typed), None, who, typed.get("note", ""))
        self._tell(folder, "policy_clauses_accepted", actor, clauses=len(chosen))
        return Signed(f"{_counted(len(chosen), 'clause')} accepted.", "clauses-title")

    def _confirm(self, folder: PolicyFolder, typed: Typed, who: Signature, actor: str) -> Signed:
        name = typed.get("field", "")
        signing.confirm(folder, self._unchanged(folder, typed), [name], who)
        self._tell(folder, "policy_fields_confirmed", actor, fields=1)
        return Signed(f"Confirmed: {name}.", "fields-title")

    def _explain(self, folder: PolicyFolder, typed: Typed, who: Signature, actor: str) -> Signed:
        finding = typed.get("finding", "")
        why = typed.get(f"why_{finding}", "").strip()
        if len(why) < SHORTEST_WHY:
            raise Wrong(WHY_FIRST)
        self._unchanged(folder, typed)
        signing.explain(folder, [finding], who, why)
        self._tell(folder, "policy_findings_explained", actor, findings=1)
        return Signed("Explained.", "lint-title")

    def _decide(self, folder: PolicyFolder, typed: Typed, who: Signature, actor: str) -> Signed:
        text = typed.get("question", "")
        if not (text.isascii() and text.isdigit() and len(text) <= 6):
            raise Wrong("There is no such question.")
        self._decided(folder, typed, [int(text)], who, actor)
        return Signed("Decided: this answer is wanted from now on.", "golden-title")

    def _decide_all(self, folder: PolicyFolder, typed: Typed, who: Signature, actor: str) -> Signed:
        if typed.get("read_golden") != "yes":
            raise Wrong(READ_FIRST)
        count = self._decided(folder, typed, None, who, actor)
        return Signed(f"{_counted(count, 'question')} decided.", "golden-title")

    def _decided(
        self, folder: PolicyFolder, typed: Typed, numbers: list[int] | None, who: Signature, actor: str
    ) -> int:
        """Take the answers that were shown as right. Others may decide other questions at this moment."""
        published = self._unchanged(folder, typed)
        for attempt in range(TRIES):
            results = self._asking.results(folder)
            if results is None:
                raise Wrong("The questions have to be asked again first; that is being done.")
            try:
                due = numbers if numbers is not None else self._due(folder, published, results)
                chosen = signing.decide(folder, published, results, due, who)
                break
            except KnowledgeError:
                if attempt == TRIES - 1 or [one.question for one in results] == list(folder.golden()):
                    raise
        self._tell(folder, "policy_questions_decided", actor, questions=len(chosen))
        return len(chosen)

    def _due(self, folder: PolicyFolder, published: Published | None, results: list[GoldenResult]) -> list[int] | None:
        """The questions that wait, so that no decision is signed over; None for all, where some were taken out."""
        found = golden_waiting(published, folder, results)
        return None if found.gone else [row.number for row in found.rows if row.can_decide]

    def _unchanged(self, folder: PolicyFolder, typed: Typed) -> Published | None:
        """What is published. Raises Wrong if the page showed another text, profile or release than there is now."""
        if typed.get("seen") != self._desk.seen(folder):
            raise Wrong(CHANGED)
        return self._desk.published(folder.policy)

    def _next_clause(self, folder: PolicyFolder, published: Published | None, after: str) -> str:
        """The place of the next clause that waits, in the order of the text."""
        clauses = waiting(published, folder).clauses
        if clauses is None or not clauses.waiting:
            return "clauses-title"
        ids = [row.id for row in clauses.rows]
        place = ids.index(after) if after in ids else 0
        later = [row.id for row in clauses.rows[place:] if row.waits]
        return f"clause-{(later or [clauses.waiting[0].id])[0]}"

    def _tell(self, folder: PolicyFolder, action: str, actor: str, **detail: int) -> None:
        """An entry of the audit trail: which policy and version, how many; the words stand in the review file."""
        tell(self._house, folder.policy, action, actor, version=folder.current, **detail)


def tell(house: "House", policy: str, action: str, actor: str, **detail: object) -> None:
    """Write an entry about a policy into the trail of what staff do beside requests."""
    with house.store.unit() as unit:
        deeds.note(unit, Subject.POLICY, policy, action, actor, house.clock(), **detail)
        unit.commit()


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
