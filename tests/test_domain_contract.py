"""What domain.yml, rules, training data and Python code must agree on; `rasa data validate` cannot see Python."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from domain_reading import PROJECT, domain, nodes, pattern_of, steps
from rasa_sdk.executor import CollectingDispatcher

from actions.filing import say_receipt
from actions.referral import letter
from actions.talk import SMALL_TALK
from policies_kb.answering import AnswerKind
from policies_kb.knowledge import policy_folders
from tickets.clocks import due
from tickets.model import Proof, Receipt
from tickets.vocabulary import Regime, Right, Status

DYNAMIC = {  # f-strings in the code that name a response: every name they can give
    "utter_answer_{}": {f"utter_answer_{kind.value}" for kind in AnswerKind},
    "utter_{}": {f"utter_{kind}" for kind in SMALL_TALK},
}
FAMILIES = {  # responses whose name is chosen in the code, and what their callers pass
    "utter_answer_offered": {"reference"},
    "utter_answer_passed_on": set(),
    "utter_answer_not_awaited": set(),
    "utter_answer_": {"company", "topic", "condition"},
    "utter_policy_on_right": {"company", "rights", "topic"},
    "utter_request_question": {"reference", "date", "rights"},
    "utter_request_exists": {"reference", "date", "rights"},
    "utter_ask_account": {"company"},
    "utter_ask_details": set(),
    "utter_due_": {"date"},
    "utter_next_": {"hint"},
    "utter_referral_": {"reference"},
    "utter_proof_": {"left", "reference"},
    "utter_code_": {"hint"},
}
HEEDED = {"rights"}  # what the form passes with the word it says before it asks on
FRAGMENTS = {"utter_forgotten_kept"}  # stands in a gap of another response, with the blank after it
NO_PLACEHOLDER = {"response", "buttons", "json_message", "text", "image", "attachment", "template"}


def spoken_by_name() -> set[str]:
    named = {node.value for node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {name for name in named if re.fullmatch(r"utter_[a-z_]*[a-z]", name)}  # "utter_" begins an f-string


def spoken_by_pattern() -> set[str]:
    patterns = {pattern_of(node) for node in nodes() if isinstance(node, ast.JoinedStr)}
    return {pattern for pattern in patterns if pattern.startswith("utter_")}


def used_responses() -> set[str]:
    by_rules = {action for action in steps("action") if action.startswith("utter_")}
    return spoken_by_name() | set().union(*DYNAMIC.values()) | by_rules | {"utter_default"}  # Rasa's fallback says it


def placeholders(response: str) -> set[str]:
    texts = [variant["text"] for variant in domain()["responses"][response]]
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name is not None}


# --- responses -----------------------------------------------------------------------------------------------------


RASAS_NAME_FOR_IT = "utter_action"  # the field of a message in which Rasa says which response it was


def test_every_response_that_is_used_is_defined_and_every_defined_one_is_used() -> None:
    assert set(domain()["responses"]) == used_responses() - {RASAS_NAME_FOR_IT}


def test_every_name_that_code_composes_is_known_here() -> None:
    assert spoken_by_pattern() == set(DYNAMIC)


def test_every_receipt_fills_every_gap_of_its_responses() -> None:
    now, said = datetime(2026, 1, 31, tzinfo=timezone.utc), set()
    for right in Right:
        for regimes in [frozenset[Regime](), *(frozenset({regime}) for regime in Regime)]:
            clock = due(regimes, frozenset({right}), now)
            for created in (True, False):
                for proof in Proof:
                    dispatcher = CollectingDispatcher()
                    say_receipt(dispatcher, Receipt("R", (right,), now, Status.RECEIVED, clock, created, proof=proof))
                    for message in dispatcher.messages:
                        assert placeholders(message["response"]) <= set(message)
                        said.add(message["response"])
    assert said == {name for name in domain()["responses"] if name.startswith(("utter_due_", "utter_next_"))} | {
        "utter_request_filed",
        "utter_request_exists",
    }


def test_every_response_is_one_text_that_is_not_empty() -> None:
    for name, variants in domain()["responses"].items():
        assert [set(variant) for variant in variants] == [{"text"}], name
        text = variants[0]["text"]
        assert text.strip() == (text.rstrip(" ") if name in FRAGMENTS else text) != "", name


def calls() -> Iterator[tuple[str, set[str]]]:
    """Each utter_message with a constant name: the response, and what is passed to fill it."""
    for node in nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "utter_message":
            given = {word.arg: word.value for word in node.keywords if word.arg}
            is_spelled_out = all(word.arg for word in node.keywords)
            if isinstance(given.get("response"), ast.Constant) and is_spelled_out:
                yield str(given["response"].value), set(given) - NO_PLACEHOLDER


def family(response: str) -> set[str] | None:
    return next((passed for prefix, passed in FAMILIES.items() if response.startswith(prefix)), None)


def test_what_a_caller_passes_is_what_its_response_has_gaps_for() -> None:
    found = list(calls())
    assert len(found) >= 20
    for response, passed in found:
        expected, chosen = placeholders(response), family(response)
        assert passed == expected or (chosen is not None and expected <= passed <= chosen), response


def test_what_is_passed_to_a_family_of_responses_fills_each_of_them() -> None:
    for prefix, passed in FAMILIES.items():
        names = [name for name in domain()["responses"] if family(name) is passed]
        assert names, prefix
        for name in names:
            assert placeholders(name) <= passed | ({"requests"} if name == "utter_proof_reached" else set()), name
    by_answers = {name for name in domain()["responses"] if family(name) is FAMILIES["utter_answer_"]}
    assert set().union(*(placeholders(name) for name in by_answers)) == FAMILIES["utter_answer_"]
    for name in DYNAMIC["utter_{}"]:
        assert placeholders(name) <= {"company"}, name


def test_what_the_form_says_before_it_asks_on_has_gaps_for_the_rights_alone() -> None:
    tree = ast.parse((PROJECT / "actions" / "request_form.py").read_text("utf-8"))
    named = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    said = {name for name in named if isinstance(name, str) and name.startswith("utter_")}
    assert len(said) >= 8 and all(placeholders(name) <= HEEDED for name in said)


def test_the_letter_to_another_party_has_no_gap_that_is_not_filled(knowledge: Any) -> None:
    policy = knowledge.get("classtime")
    filled = letter(policy, policy.profile.referral, (Right.DELETION,), datetime(2026, 1, 31).date())
    assert set(filled) == placeholders("utter_letter") and all(filled.values())


def test_what_is_said_after_forgetting_is_filled_without_rasa() -> None:
    assert (placeholders("utter_forgotten"), placeholders("utter_forgotten_kept")) == ({"kept"}, {"requests"})


def test_what_is_said_without_an_action_has_no_gaps_but_the_welcome() -> None:
    for name in {action for action in steps("action") if action.startswith("utter_")} | {"utter_default"}:
        assert placeholders(name) == set(), name
    assert placeholders("utter_welcome") == {"company", "days"}


def test_the_welcome_says_that_it_is_a_machine_what_is_kept_and_how_to_reach_a_person() -> None:
    text = domain()["responses"]["utter_welcome"][0]["text"]
    assert all(word in text for word in ("machine", "kept", "person"))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def test_no_response_holds_a_policys_text() -> None:
    """Eight words in a row that also stand in a policy would be a quote that nobody can check."""
    runs = set()
    for folder in policy_folders():
        for path in folder.glob("*.txt"):
            said = words(path.read_text("utf-8"))
            runs |= {tuple(said[at : at + 8]) for at in range(len(said) - 7)}
    assert len(runs) > 5000
    for name, variants in domain()["responses"].items():
        said = words(variants[0]["text"])
        assert not runs & {tuple(said[at : at + 8]) for at in range(len(said) - 7)}, name


def test_what_is_said_of_a_request_never_says_that_anything_was_deleted() -> None:
    told = ("utter_request_", "utter_due_", "utter_next_", "utter_proof_", "utter_status")
    texts = {name: text[0]["text"] for name, text in domain()["responses"].items() if name.startswith(told)}
    assert len(texts) >= 15
    for name, text in texts.items():
        assert not re.search(r"\b(has|have|was|were|are|is) (been |now )?(deleted|erased|removed)", text), name
    for name in ("utter_request_filed", "utter_request_exists", "utter_request_question"):
        assert "{reference}" in texts[name], name
    for name in ("utter_due_law", "utter_due_target"):
        assert "{date}" in texts[name], name
    assert "does NOT exist" in texts["utter_request_not_saved"]
