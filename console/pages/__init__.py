"""The console's pages. Each module has `add(routes, house)`, which hangs its handlers into the house."""

from __future__ import annotations

PAGES = (
    "entry",
    "people",
    "queue",
    "request",
    "decide",
    "filing",
    "knowledge",
    "policy_change",
    "findings",
    "reports",
    "letters",
)
"""In the order in which they are added."""
