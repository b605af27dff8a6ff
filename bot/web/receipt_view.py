"""An answer as it was said, as a page: our words of then around the quotes from the version of then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote as quoted_path

from bot.receipts import Quoted, Receipt
from bot.rendering import CHANGE_ROLES, ROLE_HEADS
from bot.web.environment import environment
from policies_kb.knowledge import Policy
from policies_kb.model import Clause
from tickets.words import time_in_words

BADGES = {
    "states": "The policy says",
    "denies": "No, the policy says it does not",
    "conditional": "It depends",
    "conflict": "The policy contradicts itself",
    "silent": "The policy does not say",
    "changes": "What changed in the policy",
}
_SIDES = ("One passage", "Another passage")
_FIRST, _LAST = ("answer", "against", "condition", "exception"), ("related", "also")


@dataclass(frozen=True)
class Shown:
    """A quote with what stands over it. clause: None where the text is not kept here any more."""

    head: str
    version: str
    clause: Clause | None
    path: str = ""


def receipt_page(receipt: Receipt, policy: Policy | None, then: Policy | None = None) -> str:
    """The page. policy: as it is served now; then: as the receipt's release served it. None where it is not here."""
    known = policy or then
    name = known.profile.name if known else receipt.policy
    quotes = [_shown(one, head, receipt, policy, then) for one, head in _ordered(receipt)]
    return (
        environment()
        .get_template("receipt_page.html")
        .render(
            receipt=receipt,
            name=name,
            badge=BADGES.get(receipt.kind, BADGES["states"]),
            said=time_in_words(receipt.said),
            quotes=quotes,
            is_whole=all(one.clause for one in quotes),
            current=policy.current.version if policy else "",
            comparison=_comparison(receipt, policy),
            home=f"/?policy={quoted_path(receipt.policy)}" if policy else "/",
        )
    )


def no_receipt_page() -> str:
    """For a link that this desk did not make, or not all of it."""
    return environment().get_template("receipt_none.html").render(home="/")


def _ordered(receipt: Receipt) -> Iterator[tuple[Quoted, str]]:
    """The quotes in the order in which they were shown, each with its head."""
    roles = dict.fromkeys(one.role for one in receipt.quotes)
    between = [role for role in roles if role not in (*_FIRST, *_LAST)]
    if receipt.kind == "changes":
        yield from ((one, ROLE_HEADS.get(one.role, "").rstrip(":")) for one in receipt.quotes)
        return
    for role in (*_FIRST, *between, *_LAST):
        for place, one in enumerate(one for one in receipt.quotes if one.role == role):
            head = _SIDES[min(place, 1)] if role == "against" else ROLE_HEADS.get(role, "").rstrip(":")
            yield one, one.label or head


def _shown(one: Quoted, head: str, receipt: Receipt, policy: Policy | None, then: Policy | None) -> Shown:
    label = f"{head[:1].upper()}{head[1:]}"
    label += f", in version {one.version}" if one.role in CHANGE_ROLES else ""
    clause = _clause(one, policy)
    if clause is None:  # that version is not served any more, so there is no page to link to
        return Shown(label, one.version, _clause(one, then))
    path = f"/p/{quoted_path(receipt.policy)}/{quoted_path(one.version)}#{quoted_path(clause.id)}"
    return Shown(label, one.version, clause, path)


def _clause(one: Quoted, policy: Policy | None) -> Clause | None:
    compiled = policy.versions.get(one.version) if policy else None
    return one.clause(compiled) if compiled else None


def _comparison(receipt: Receipt, policy: Policy | None) -> str:
    """The page that tells what changed since; empty where nothing did, or where it cannot be told."""
    if policy is None or receipt.version == policy.current.version or receipt.version not in policy.versions:
        return ""
    return f"/p/{quoted_path(receipt.policy)}/changes?from={quoted_path(receipt.version)}"
