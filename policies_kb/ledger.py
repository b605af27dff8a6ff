"""The silence ledger: what kind of answer each policy gives on each topic, silence included."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from policies_kb.answering import AnswerKind
from policies_kb.model import Clause, PolicyVersion, Stance
from policies_kb.profile import Profile
from policies_kb.topics import Topic

Table = dict[str, dict[str, str]]

MARKS = {
    "states": "answered",
    "denies": "denied",
    "conditional": "conditional",
    "conflict": "conflict",
    "silent": "silent",
}
COLOURS = {
    "states": "#2f7d5b",
    "denies": "#7a4fb0",
    "conditional": "#c98a1b",
    "conflict": "#c0392b",
    "silent": "#e4e2dc",
}
SIGNS = {"states": "✓", "denies": "✗", "conditional": "?", "conflict": "!", "silent": ""}


def ledger_table(policies: Sequence[tuple[Profile, PolicyVersion]]) -> Table:
    """topic -> policy -> kind of answer."""
    return {
        topic.value: {profile.policy: kind_of(topic, profile, version).value for profile, version in policies}
        for topic in Topic
    }


def kind_of(topic: Topic, profile: Profile, version: PolicyVersion) -> AnswerKind:
    """The kind of answer that a version gives on a topic, by its labels and what a person wrote into the profile."""
    ranked = answering(topic, version)
    if not ranked:
        return AnswerKind.SILENT
    if any(topic in conflict.topics for conflict in profile.conflicts):
        return AnswerKind.CONFLICT
    if any(topic in condition.topics for condition in profile.conditions):
        return AnswerKind.CONDITIONAL
    best = [clause for clause in ranked if clause.rank_of(topic) == ranked[0].rank_of(topic)]
    stances = {clause.stance_on(topic) for clause in best}
    if stances == {Stance.DENIES}:
        return AnswerKind.DENIES
    return AnswerKind.CONDITIONAL if stances == {Stance.CONDITIONAL} else AnswerKind.STATES


def answering(topic: Topic, version: PolicyVersion) -> list[Clause]:
    """The clauses that answer questions on a topic, or part of one: by rank, then as they stand in the text."""
    found = [clause for clause in version.clauses if clause.rank_of(topic) in (1, 2)]
    return sorted(found, key=lambda clause: (clause.rank_of(topic), clause.span.start))


def ledger_text(table: Table) -> str:
    """The table for a terminal."""
    policies = list(next(iter(table.values())))
    width = max(len(topic) for topic in table)
    lines = [" " * width + "".join(f"  {policy:<12}" for policy in policies)]
    for topic, kinds in table.items():
        lines.append(f"{topic:<{width}}" + "".join(f"  {MARKS[kinds[policy]]:<12}" for policy in policies))
    counts = [sum(kinds[policy] == "silent" for kinds in table.values()) for policy in policies]
    lines.append(f"{'silent on':<{width}}" + "".join(f"  {count:<12}" for count in counts))
    return "\n".join(lines)


def ledger_svg(table: Table) -> str:
    """The table as a picture; signs as well as colours tell the kinds apart."""
    policies = list(next(iter(table.values())))
    left, top, cell_w, cell_h = 330, 62, 104, 19
    width, height = left + cell_w * len(policies) + 20, top + cell_h * len(table) + 56
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="system-ui, sans-serif" font-size="12" role="img" aria-labelledby="t">',
        '<title id="t">What each policy says on each topic</title>',
        f'<rect width="{width}" height="{height}" fill="#fbfaf7"/>',
        '<text x="16" y="26" font-size="16" font-weight="600" fill="#222">What each policy says on each topic</text>',
    ]
    for column, policy in enumerate(policies):
        x = left + cell_w * column + cell_w / 2 - 2
        parts.append(
            f'<text x="{x}" y="{top - 10}" text-anchor="middle" font-weight="600" fill="#222">{escape(policy)}</text>'
        )
    for row, (topic, kinds) in enumerate(table.items()):
        y = top + cell_h * row
        parts.append(
            f'<text x="{left - 10}" y="{y + 13}" text-anchor="end" fill="#444">{escape(Topic(topic).phrase)}</text>'
        )
        for column, policy in enumerate(policies):
            parts.append(_cell(left + cell_w * column, y, cell_w - 4, cell_h - 3, kinds[policy]))
    parts.append(_legend(16, height - 22))
    return "\n".join([*parts, "</svg>", ""])


def _cell(x: float, y: float, width: float, height: float, kind: str) -> str:
    box = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" fill="{COLOURS[kind]}"/>'
    if not SIGNS[kind]:
        return box
    middle = f'x="{x + width / 2}" y="{y + 12.5}" text-anchor="middle"'
    return f'{box}<text {middle} fill="#fff" font-weight="700">{SIGNS[kind]}</text>'


def _legend(x: float, y: float) -> str:
    parts = []
    for number, (kind, word) in enumerate(MARKS.items()):
        at = x + number * 118
        parts.append(_cell(at, y - 12, 22, 16, kind))
        parts.append(f'<text x="{at + 28}" y="{y}" fill="#222">{word}</text>')
    return "".join(parts)
