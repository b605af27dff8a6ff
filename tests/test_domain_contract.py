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
from rasa_sdk.executor import CollectingDispatcher

from actions import actions_for
from actions.filing import say_receipt
from actions.own_data import SURE
from actions.referral import OTHER, OWN, letter
from actions.request_form import FORM, ORIGIN, Step
from actions.slots import ASKED, OFFER
from actions.speaking import MENU_RIGHTS, OFFERED, RIGHT_DEEDS, RIGHT_TOPIC, RIGHT_WORDS, offer_button
from actions.talk import SMALL_TALK
from bot.intake import COMMANDS, take
from bot.nlu.question_model import ASK, REQUEST
from bot.reception import PROVE
from policies_kb.answering import AnswerKind
from policies_kb.knowledge import policy_folders
from policies_kb.topics import Topic
from quality.reading import training_examples
from tickets.clocks import due
from tickets.model import Proof, Receipt
from tickets.vocabulary import Regime, Right, Status
from tickets.words import RIGHT_WORDS as WORDS_OF_THE_STORE

PROJECT = Path(__file__).resolve().parent.parent
COMMON = {  # the 15 commonest topics of people's questions
    Topic.COLLECTION, Topic.CONTACT_DETAILS, Topic.LOCATION, Topic.COOKIES, Topic.PAYMENT, Topic.CALLS, Topic.PURPOSE,
    Topic.ADVERTISING, Topic.SHARING, Topic.SALE, Topic.SECURITY, Topic.RETENTION, Topic.DELETION, Topic.CHILDREN,
    Topic.CONTACT,
}  # fmt: skip
DYNAMIC = {  # f-strings in the code that name a response: every name they can give
    "utter_answer_{}": {f"utter_answer_{kind.value}" for kind in AnswerKind},
    "utter_{}": {f"utter_{kind}" for kind in SMALL_TALK},
}
FAMILIES = {  # responses whose name is chosen in the code, and what their callers pass
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
PAYLOADS = {  # f-strings in the code that are a button's payload: every value they can carry
    '/request{"right": "{}"}': [right.value for right in Right],
    '/request{"right": "{}", "party": "own"}': [right.value for right in Right],
    '/affirm{"party": "{}"}': [OTHER, OWN],
    '/go_back{"step": "{}"}': [step.value for step in Step],
    '/forget_me{"step": "{}"}': [SURE],
}
CARRIED = {
    "right": {right.value for right in Right},
    "party": {OTHER, OWN},
    "step": {SURE} | {step.value for step in Step},
}
NEVER_TYPED = {"prove"}
FRAGMENTS = {"utter_forgotten_kept"}  # stands in a gap of another response, with the blank after it
SERVICES = dict.fromkeys(("knowledge", "requests", "identity", "keeper"))
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


def pattern_of(node: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


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


def test_every_response_that_is_used_is_defined_and_every_defined_one_is_used() -> None:
    assert set(domain()["responses"]) == used_responses()


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
        names = [name for name in domain()["responses"] if name.startswith(prefix)]
        assert names
        for name in names:
            assert placeholders(name) <= passed | ({"requests"} if name == "utter_proof_reached" else set()), name
    by_answers = {name for name in domain()["responses"] if name.startswith("utter_answer_")}
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


# --- actions, intents, rules ---------------------------------------------------------------------------------------


def test_the_actions_of_the_domain_are_those_of_the_code() -> None:
    names = [action.name() for action in actions_for(SERVICES)]
    assert Counter(names) == Counter(domain()["actions"])


def test_an_actions_name_is_its_classes_name_or_the_one_under_which_rasa_looks_for_a_forms_action() -> None:
    for action in actions_for(SERVICES):
        kind = type(action).__name__
        by_class = re.sub(r"(?<!^)([A-Z])", r"_\1", kind).lower()
        if kind.startswith("Ask"):
            step = Step[kind.removeprefix("Ask").upper()]
            assert action.name() == f"action_ask_{FORM}_{step.value}"
        else:
            assert action.name() == by_class


def test_the_form_asks_for_every_step_in_its_order_and_each_step_has_its_question() -> None:
    assert list(domain()["forms"]) == [FORM]
    assert domain()["forms"][FORM] == {"required_slots": [step.value for step in Step]}
    asked = {name for name in domain()["actions"] if name.startswith("action_ask_")}
    assert asked == {f"action_ask_{FORM}_{step.value}" for step in Step}
    assert f"validate_{FORM}" in domain()["actions"]


def followed_up() -> set[str]:
    """Actions that other actions hand over to."""
    return {
        str(node.args[0].value)
        for node in nodes()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "FollowupAction"
        and isinstance(node.args[0], ast.Constant)
    }


def test_every_action_is_reached_by_a_rule_or_by_the_form() -> None:
    by_rule = {action for action in steps("action") if action.startswith("action_")}
    by_form = {name for name in domain()["actions"] if name.startswith((f"validate_{FORM}", f"action_ask_{FORM}_"))}
    assert by_rule | by_form == set(domain()["actions"]) and not by_rule & by_form


def test_what_an_action_hands_over_to_is_an_action_or_the_form() -> None:
    assert followed_up() and followed_up() <= set(domain()["actions"]) | {FORM}


def test_every_rule_has_a_name_of_its_own_and_known_steps() -> None:
    names = [rule.get("rule") or rule.get("story") for rule in rules()]
    assert len(names) == len(set(names)) and all(names)
    assert steps("action") <= set(domain()["actions"]) | set(domain()["responses"]) | {FORM}


def test_every_intent_has_one_rule_and_training_data_unless_it_is_never_typed() -> None:
    intents = [step["intent"] for rule in rules() for step in rule["steps"] if "intent" in step]
    assert Counter(intents) == Counter(domain()["intents"])
    assert {example.intent for example in training_examples()} == set(domain()["intents"]) - NEVER_TYPED


def test_what_is_never_typed_is_a_command_of_our_own() -> None:
    assert {PROVE.removeprefix("/")} == NEVER_TYPED
    assert take(PROVE).read != PROVE and not any(words.startswith("/") for words in COMMANDS.values())


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


def test_every_slot_that_the_code_names_is_in_the_domain_and_only_actions_set_it() -> None:
    assert {ASKED, OFFER, ORIGIN, *(step.value for step in Step)} == set(domain()["slots"])
    for name, slot in domain()["slots"].items():
        assert slot == {"type": "any", "influence_conversation": False, "mappings": [{"type": "custom"}]}, name


# --- buttons -------------------------------------------------------------------------------------------------------


def payload_nodes() -> Iterator[ast.expr]:
    """What stands for "payload" in every dictionary of the code."""
    for node in nodes():
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                if isinstance(key, ast.Constant) and key.value == "payload":
                    yield value


def payloads() -> list[str]:
    """Every payload that a button can carry."""
    found = {str(node.value) for node in payload_nodes() if isinstance(node, ast.Constant)}
    for pattern, values in PAYLOADS.items():
        found |= {pattern.replace("{}", value) for value in values}
    return sorted(found)


def test_every_payload_that_code_composes_is_known_here() -> None:
    found = list(payload_nodes())
    assert all(isinstance(node, (ast.Constant, ast.JoinedStr)) for node in found)
    assert {pattern_of(node) for node in found if isinstance(node, ast.JoinedStr)} == set(PAYLOADS)


@pytest.mark.parametrize("payload", payloads())
def test_every_buttons_payload_is_a_command_that_the_domain_knows(payload: str) -> None:
    rasa_domain = Domain.from_dict(domain())
    read = YAMLStoryReader.unpack_regex_message(Message({TEXT: payload}), rasa_domain)
    assert read.get("intent")["name"] in domain()["intents"]
    entities = read.get("entities") or []
    assert {entity["entity"] for entity in entities} <= set(domain()["entities"])
    assert ("{" in payload) == bool(entities)
    for entity in entities:
        assert entity["value"] in CARRIED[entity["entity"]]


def test_the_domains_entities_are_those_that_buttons_carry() -> None:
    assert set(domain()["entities"]) == set(CARRIED)


def test_every_right_has_words_and_a_button_of_its_own() -> None:
    assert set(RIGHT_WORDS) == set(RIGHT_DEEDS) == set(WORDS_OF_THE_STORE) == set(Right)
    assert RIGHT_WORDS == WORDS_OF_THE_STORE and set(MENU_RIGHTS) <= set(Right) - {Right.QUESTION}
    titles = [offer_button(right)["title"] for right in Right]
    assert len(set(titles)) == len(titles) and max(map(len, titles)) <= 64
    assert set(RIGHT_TOPIC) == set(Right) - {Right.QUESTION}
    assert all(RIGHT_TOPIC[right] is topic for topic, right in OFFERED.items())
