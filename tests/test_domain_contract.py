"""What domain.yml, rules, training data and Python code must agree on; `rasa data validate` cannot see Python."""

from __future__ import annotations

import ast
import re
import string
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from actions import actions_for
from actions.requests import _receipt_response
from actions.speaking import OFFERED, RIGHT_TOPIC, RIGHT_WORDS, offer_button
from actions.talk import SMALL_TALK
from bot.nlu.question_model import ASK, REQUEST
from policies_kb.answering import AnswerKind
from policies_kb.knowledge import policy_folders
from policies_kb.topics import Topic
from quality.reading import training_examples
from tickets.clocks import due
from tickets.model import Receipt
from tickets.vocabulary import Regime, Right, Status

PROJECT = Path(__file__).resolve().parent.parent
COMMON = {  # the 15 commonest topics of people's questions
    Topic.COLLECTION, Topic.CONTACT_DETAILS, Topic.LOCATION, Topic.COOKIES, Topic.PAYMENT, Topic.CALLS, Topic.PURPOSE,
    Topic.ADVERTISING, Topic.SHARING, Topic.SALE, Topic.SECURITY, Topic.RETENTION, Topic.DELETION, Topic.CHILDREN,
    Topic.CONTACT,
}  # fmt: skip
DYNAMIC = {  # f-strings in the code that name a response: every name they can give, and what their callers pass
    "utter_answer_{}": {f"utter_answer_{kind.value}" for kind in AnswerKind},
    "utter_request_{}_{}": {
        f"utter_request_{what}_{clock}" for what in ("opened", "exists") for clock in ("law", "target")
    },
    "utter_{}": {f"utter_{kind}" for kind in SMALL_TALK},
}
FAMILIES = {
    "utter_answer_": {"company", "topic", "condition"},
    "utter_request_opened_": {"rights", "reference", "date"},
    "utter_request_exists_": {"rights", "reference", "date"},
    "utter_request_question": {"rights", "reference", "date"},
}
NO_PLACEHOLDER = {"response", "buttons", "json_message", "text", "image", "attachment", "template"}


@lru_cache(maxsize=1)
def domain() -> dict[str, Any]:
    return dict(yaml.safe_load((PROJECT / "domain.yml").read_text("utf-8")))


@lru_cache(maxsize=1)
def rules() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted((PROJECT / "data" / "stories").glob("*.yml")):
        read = yaml.safe_load(path.read_text("utf-8"))
        found += [*read.get("rules", ()), *read.get("stories", ())]
    return found


def steps(key: str) -> set[str]:
    return {step[key] for rule in rules() for step in rule["steps"] if key in step}


def nodes() -> Iterator[ast.AST]:
    """All of the code that speaks."""
    for package in ("actions", "bot"):
        for path in sorted((PROJECT / package).rglob("*.py")):
            yield from ast.walk(ast.parse(path.read_text("utf-8")))


def spoken_by_name() -> set[str]:
    named = {node.value for node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {name for name in named if re.fullmatch(r"utter_[a-z_]*[a-z]", name)}  # "utter_" begins an f-string


def spoken_by_pattern() -> set[str]:
    found = set()
    for node in nodes():
        if isinstance(node, ast.JoinedStr):
            pattern = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            if pattern.startswith("utter_"):
                found.add(pattern)
    return found


def used_responses() -> set[str]:
    by_rules = {action for action in steps("action") if action.startswith("utter_")}
    return spoken_by_name() | set().union(*DYNAMIC.values()) | by_rules | {"utter_default"}  # Rasa's fallback says it


def placeholders(response: str) -> set[str]:
    texts = [variant["text"] for variant in domain()["responses"][response]]
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name is not None}


# --- responses -----------------------------------------------------------------------------------------------------


def test_every_response_that_is_used_is_defined_and_every_defined_one_is_used() -> None:
    assert set(domain()["responses"]) == used_responses()


def test_every_name_that_code_composes_is_known_here() -> None:
    assert spoken_by_pattern() == set(DYNAMIC)


def test_the_receipts_responses_are_those_the_code_can_name() -> None:
    now = datetime(2026, 1, 31, tzinfo=timezone.utc)
    made = set()
    for right in Right:
        for regimes in [frozenset[Regime](), *(frozenset({regime}) for regime in Regime)]:
            for created in (True, False):
                clock = due(regimes, frozenset({right}), now)
                receipt = Receipt("R", (right,), now, Status.RECEIVED, clock, created)
                made.add(_receipt_response(receipt))
    assert made == DYNAMIC["utter_request_{}_{}"] | {"utter_request_question"}


def test_every_response_is_one_text_that_is_not_empty() -> None:
    for name, variants in domain()["responses"].items():
        assert [set(variant) for variant in variants] == [{"text"}], name
        assert variants[0]["text"].strip() == variants[0]["text"] != ""


def calls() -> Iterator[tuple[str, set[str]]]:
    """Each utter_message with a constant name: the response, and what is passed to fill it."""
    for node in nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "utter_message":
            given = {word.arg: word.value for word in node.keywords if word.arg}
            if isinstance(given.get("response"), ast.Constant):
                yield str(given["response"].value), set(given) - NO_PLACEHOLDER


def test_what_a_caller_passes_is_what_its_response_has_gaps_for() -> None:
    found = list(calls())
    assert len(found) >= 10
    for response, passed in found:
        expected = placeholders(response)
        families = [fields for prefix, fields in FAMILIES.items() if response.startswith(prefix)]
        assert passed == expected or (families and expected <= passed <= families[0]), response


def test_what_a_family_of_responses_has_gaps_for_is_passed() -> None:
    for prefix, passed in FAMILIES.items():
        family = [name for name in domain()["responses"] if name.startswith(prefix)]
        assert family
        for name in family:
            assert placeholders(name) <= passed, name
    by_answers = {name for name in domain()["responses"] if name.startswith("utter_answer_")}
    assert set().union(*(placeholders(name) for name in by_answers)) == FAMILIES["utter_answer_"]
    for name in DYNAMIC["utter_{}"]:
        assert placeholders(name) <= {"company"}, name


def test_what_is_said_without_an_action_has_no_gaps_but_the_welcome() -> None:
    for name in {action for action in steps("action") if action.startswith("utter_")} | {"utter_default"}:
        assert placeholders(name) == set(), name
    assert placeholders("utter_welcome") == {"company"}


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


def test_a_receipt_never_says_that_anything_was_deleted() -> None:
    for name in DYNAMIC["utter_request_{}_{}"]:
        text = domain()["responses"][name][0]["text"]
        assert "{reference}" in text and "{date}" in text
        assert not re.search(r"\b(has|have|was|were) been (deleted|erased|removed)", text)


# --- actions, intents, rules ---------------------------------------------------------------------------------------


def test_the_actions_of_the_domain_are_those_of_the_code() -> None:
    names = [action.name() for action in actions_for(None, None)]  # type: ignore[arg-type]
    assert Counter(names) == Counter(domain()["actions"])


def test_an_actions_name_is_its_classes_name() -> None:
    for action in actions_for(None, None):  # type: ignore[arg-type]
        assert action.name() == re.sub(r"(?<!^)([A-Z])", r"_\1", type(action).__name__).lower()


def test_every_action_is_reached_by_a_rule() -> None:
    assert {action for action in steps("action") if action.startswith("action_")} == set(domain()["actions"])


def test_every_rule_has_a_name_of_its_own_and_known_steps() -> None:
    names = [rule.get("rule") or rule.get("story") for rule in rules()]
    assert len(names) == len(set(names)) and all(names)
    assert steps("action") <= set(domain()["actions"]) | set(domain()["responses"])


def test_every_intent_has_one_rule_and_training_data() -> None:
    intents = [step["intent"] for rule in rules() for step in rule["steps"] if "intent" in step]
    assert Counter(intents) == Counter(domain()["intents"])
    assert {example.intent for example in training_examples()} == set(domain()["intents"])


def test_every_topic_has_enough_examples() -> None:
    assert len(COMMON) == 15 and len(Topic) == 56
    counted = Counter(example.detail for example in training_examples() if example.intent == ASK)
    assert set(counted) == {topic.value for topic in Topic}
    for topic in Topic:
        assert counted[topic.value] >= (40 if topic in COMMON else 20), topic


def test_every_right_that_people_invoke_has_examples() -> None:
    counted = Counter(example.detail for example in training_examples() if example.intent == REQUEST)
    assert set(counted) == {right.value for right in Right} and min(counted.values()) >= 20


def test_every_kind_of_small_talk_has_examples_and_a_response() -> None:
    counted = Counter(example.detail for example in training_examples() if example.intent == "small_talk")
    assert set(counted) == SMALL_TALK and min(counted.values()) >= 20


def test_every_slot_that_the_code_names_is_in_the_domain() -> None:
    from actions.policy import ASKED, OFFER

    assert {ASKED, OFFER} == set(domain()["slots"])


# --- buttons -------------------------------------------------------------------------------------------------------


def payloads() -> list[str]:
    """Every payload that a button can carry."""
    found = [offer_button(right)["payload"] for right in Right]
    for node in nodes():
        if isinstance(node, ast.Dict):
            pairs = {key.value: value for key, value in zip(node.keys, node.values) if isinstance(key, ast.Constant)}
            value = pairs.get("payload")
            if isinstance(value, ast.Constant):
                found.append(str(value.value))
    return found


@pytest.mark.parametrize("payload", payloads())
def test_every_buttons_payload_is_a_command_that_the_domain_knows(payload: str) -> None:
    rasa_domain = Domain.from_dict(domain())
    read = YAMLStoryReader.unpack_regex_message(Message({TEXT: payload}), rasa_domain)
    assert read.get("intent")["name"] in domain()["intents"]
    entities = read.get("entities") or []
    assert {entity["entity"] for entity in entities} <= set(domain()["entities"])
    assert ("{" in payload) == bool(entities)
    for entity in entities:
        assert entity["value"] in {right.value for right in Right}


def test_every_right_has_words_and_a_button_of_its_own() -> None:
    assert set(RIGHT_WORDS) == set(Right)
    titles = [offer_button(right)["title"] for right in Right]
    assert len(set(titles)) == len(titles) and max(map(len, titles)) <= 64
    assert set(RIGHT_TOPIC) == set(Right) - {Right.QUESTION}
    assert all(RIGHT_TOPIC[right] is topic for topic, right in OFFERED.items())
