"""Puts answers and receipts into the form that channels render: a response of domain.yml and plain data beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from policies_kb.answering import Answer, AnswerKind, Quote
from policies_kb.changes_told import quotes_of_changes
from policies_kb.comparing import ClauseChange, Comparison
from policies_kb.knowledge import Policy
from policies_kb.topics import TOPIC_OF_RIGHT, Topic
from tickets.model import Summary
from tickets.vocabulary import Right
from tickets.words import OUTCOME_WORDS, RIGHT_WORDS, words_for

CHANGES = "changes"
"""The kind of an answer that tells what changed; beside those of policies_kb.answering.AnswerKind."""
RIGHT_TOPIC: dict[Right, Topic] = {Right(name): topic for name, topic in TOPIC_OF_RIGHT.items()}
OFFERED: dict[Topic, Right] = {
    Topic.ACCESS: Right.ACCESS,
    Topic.DELETION: Right.DELETION,
    Topic.CORRECTION: Right.CORRECTION,
    Topic.PORTABILITY: Right.PORTABILITY,
    Topic.OBJECTION: Right.OBJECTION,
    Topic.WITHDRAW: Right.WITHDRAW_CONSENT,
    Topic.MARKETING: Right.MARKETING_OPT_OUT,
    Topic.COMPLAINT: Right.COMPLAINT,
}
RIGHT_DEEDS: dict[Right, str] = {
    Right.ACCESS: "Send me a copy of the personal data you hold about me.",
    Right.DELETION: "Delete the personal data you hold about me.",
    Right.CORRECTION: "Correct the personal data about me that is wrong: [what is wrong, and what it should say].",
    Right.PORTABILITY: "Send me my data in a structured, machine-readable form.",
    Right.RESTRICTION: "Restrict the use of my personal data.",
    Right.OBJECTION: "Stop using my personal data: I object to it.",
    Right.WITHDRAW_CONSENT: "Stop what you do with my data on the ground of my consent: I withdraw it.",
    Right.MARKETING_OPT_OUT: "Stop sending me marketing.",
    Right.SALE_SHARE_OPT_OUT: "Do not sell or share my personal data.",
    Right.LIMIT_SENSITIVE: "Limit the use of my sensitive personal data.",
    Right.PARENTAL_REVIEW: "Show me the personal data you hold about my child.",
    Right.PARENTAL_DELETE: "Delete the personal data you hold about my child.",
    Right.PARENTAL_STOP_COLLECTION: "Stop collecting personal data about my child.",
    Right.COMPLAINT: "Deal with my complaint: [what happened].",
    Right.APPEAL: "Look again at your decision: [which one].",
    Right.QUESTION: "Answer my question: [your question].",
}
MENU_RIGHTS = (
    Right.DELETION,
    Right.ACCESS,
    Right.CORRECTION,
    Right.PORTABILITY,
    Right.OBJECTION,
    Right.MARKETING_OPT_OUT,
    Right.COMPLAINT,
)
"""What is offered where somebody has not said what they want."""


def response_name(answer: Answer, policy: Policy) -> str:
    """Which response introduces this answer."""
    if answer.kind is AnswerKind.SILENT and answer.topic in policy.index.covered:
        return "utter_answer_silent_detail"
    if answer.kind is AnswerKind.CONDITIONAL and answer.condition:
        return "utter_answer_conditional_ask"
    return f"utter_answer_{answer.kind.value}"


def answer_data(answer: Answer) -> dict[str, Any]:
    """An answer as plain data for channels and for programs."""
    return {
        "kind": answer.kind.value,
        "topic": answer.topic.value,
        "quotes": [quote_data(quote) for quote in answer.quotes],
        "steps": list(answer.steps),
        "note": answer.note,
        "condition": answer.condition,
    }


def changes_data(comparison: Comparison, changes: Sequence[ClauseChange], path: str) -> dict[str, Any]:
    """Changes between two versions in the form of an answer. path: of the page that shows all of them."""
    return {
        "kind": CHANGES,
        "topic": Topic.CHANGE.value,
        "quotes": [quote_data(quote) for quote in quotes_of_changes(comparison, changes)],
        "steps": [],
        "note": "",
        "condition": "",
        "more": path,
    }


def quote_data(quote: Quote) -> dict[str, Any]:
    """A quote as plain data; start and end are character offsets into the policy's source text."""
    return {
        "clause": quote.clause.id,
        "section": quote.clause.section,
        "text": quote.clause.text,
        "items": quote.item_texts(),
        "lead_in": quote.clause.lead_text,
        "start": quote.span.start,
        "end": quote.span.end,
        "policy": quote.policy,
        "version": quote.version,
        "url": quote.path,
        "role": quote.role.value,
        "label": quote.label,
    }


def offer_button(right: Right) -> dict[str, str]:
    """The button that files a request."""
    title = "Ask the support team" if right is Right.QUESTION else f"File a request: {RIGHT_WORDS[right]}"
    return {"title": title, "payload": f'/request{{"right": "{right.value}"}}'}


def outcomes_in_words(one: Summary) -> str:
    """What became of each right, those with the same outcome together."""
    parts = []
    for outcome, words in OUTCOME_WORDS.items():
        rights = [result.right for result in one.outcomes if result.outcome is outcome]
        parts += [f"{words}: {words_for(rights)}"] if rights else []
    return "; ".join(parts)
