"""A reply as plain text, for the command line and for channels that show nothing else."""

from __future__ import annotations

from typing import Any

from bot.desk import Reply

ROLE_HEADS = {
    "also": "Also in the policy:",
    "exception": "To be read with it:",
    "related": "The nearest passage, which is NOT an answer:",
    "before": "Before:",
    "now": "Now:",
    "added": "Added:",
    "removed": "Removed:",
}
CHANGE_ROLES = frozenset({"before", "now", "added", "removed"})
ALL_CHANGES = "All changes, side by side"
STEPS_HEAD = "In plain words (our help, not the policy's text):"
WHY = "Why that date:"
LETTER_HEAD = "A letter that you can copy and send:"


def plain_text(reply: Reply, base_url: str = "") -> str:
    """Everything a reply holds, in reading order; quotes byte for byte between “ and ”."""
    parts = [reply.text]
    if reply.request and reply.request.get("working") and reply.request.get("status") != "referred":
        parts.append(f"{WHY}\n" + "\n".join(line.replace(" -> ", " → ") for line in reply.request["working"]))
    for answer in (reply.answer, *reply.more_answers):
        if answer:
            parts += _answer(answer, base_url)
    if reply.letter:
        parts.append(f"{LETTER_HEAD}\n\n{reply.letter}")
    if reply.closing:
        parts.append(reply.closing)
    if reply.buttons:
        parts.append("\n".join(f"[{button.title}]" for button in reply.buttons))
    return "\n\n".join(parts)


def _answer(answer: dict[str, Any], base_url: str) -> list[str]:
    parts = []
    if answer["steps"]:
        steps = "\n".join(f"{number}. {step}" for number, step in enumerate(answer["steps"], 1))
        parts.append(f"{STEPS_HEAD}\n{steps}")
    parts += _quotes(answer["quotes"], base_url)
    if answer["note"]:
        parts.append(f"Note: {answer['note']}")
    if answer.get("more"):
        parts.append(f"{ALL_CHANGES}: {base_url}{answer['more']}")
    return parts


def _quotes(quotes: list[dict[str, Any]], base_url: str) -> list[str]:
    lines = []
    last = ""
    for quote in quotes:
        head = ROLE_HEADS.get(quote["role"], "")
        is_headed = quote["role"] != last or quote["role"] in CHANGE_ROLES
        label = f"If it is {quote['label']}:" if quote["label"] else head if is_headed else ""
        last = quote["role"]
        section = f"({quote['section']}) " if quote["section"] else ""
        body = f"“{quote['text']}”\n  {section}{base_url}{quote['url']}"
        lines.append(f"{label}\n{body}" if label else body)
    return lines
