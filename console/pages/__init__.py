"""The console's pages. Each module has `add(routes, house)`, which hangs its handlers into the house."""

from __future__ import annotations

PAGES = (
    "entry",
    "people",
    "queue",
    "request",
    "decide",
    "filing",
    "policy_change",
    "knowledge",
    "findings",
    "reports",
    "letters",
)
"""In the order in which they are added: /knowledge/add (policy_change) comes before /knowledge/{policy} (knowledge)."""
