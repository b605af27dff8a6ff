"""What the desk answered to golden questions, as plain data and back: the model may run in another process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from policies_kb.answering import Answer, AnswerKind, Quote, Role
from policies_kb.errors import ProfileError
from policies_kb.golden import GoldenQuestion, GoldenResult
from policies_kb.model import PolicyVersion
from policies_kb.topics import Topic


def golden_record(result: GoldenResult) -> dict[str, Any]:
    """One question with what came. Clauses are named by their ids; what is wanted stands in golden.yml."""
    answer = result.answer
    got = None
    if answer is not None:
        quotes = [{"clause": quote.clause.id, "role": quote.role.value} for quote in answer.quotes]
        got = {"kind": answer.kind.value, "topic": answer.topic.value, "quotes": quotes}
    return {"ask": result.question.ask, "intent": result.intent, "trouble": result.trouble, "got": got}


def golden_results(
    records: Sequence[dict[str, Any]], questions: Sequence[GoldenQuestion], version: PolicyVersion
) -> list[GoldenResult]:
    """The answers of those records to these questions. Raises ProfileError if they are about something else.

    What is wanted may have been decided anew since; what is answered does not depend on it.
    """
    answers = {str(record["ask"]): record for record in records}
    if any(question.ask not in answers for question in questions):
        raise ProfileError(f"{version.policy}/golden.yml was changed meanwhile; ask its questions again")
    try:
        return [_result(answers[question.ask], question, version) for question in questions]
    except (KeyError, TypeError, ValueError) as error:
        raise ProfileError(f"the answers for {version.policy} cannot be read ({error}); ask again") from error


def _result(record: dict[str, Any], question: GoldenQuestion, version: PolicyVersion) -> GoldenResult:
    got = record["got"]
    if got is None:
        return GoldenResult(question, str(record["intent"]), None)
    quotes = tuple(_quote(entry, version) for entry in got["quotes"])
    return GoldenResult(question, str(record["intent"]), Answer(AnswerKind(got["kind"]), Topic(got["topic"]), quotes))


def _quote(entry: dict[str, str], version: PolicyVersion) -> Quote:
    clause = version.clause(entry["clause"])
    if clause is None:
        raise KeyError(entry["clause"])
    return Quote(clause, version.policy, version.version, Role(entry["role"]))
