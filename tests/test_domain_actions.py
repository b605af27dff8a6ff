"""What domain.yml, rules, training data and Python code must agree on: actions, intents, slots, buttons."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from domain_reading import domain, nodes, pattern_of, rules, steps
from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from actions import actions_for
from actions.own_data import SURE
from actions.referral import OTHER, OWN
from actions.request_form import FORM, ORIGIN, Step
from actions.slots import ASKED, OFFER
from actions.speaking import MENU_RIGHTS, OFFERED, RIGHT_DEEDS, RIGHT_TOPIC, RIGHT_WORDS, offer_button
from actions.talk import SMALL_TALK
from bot.intake import COMMANDS, take
from bot.nlu.question_model import ASK, REQUEST
from bot.reception import PROVE
from policies_kb.topics import Topic
from quality.reading import training_examples
from tickets.vocabulary import Right
from tickets.words import RIGHT_WORDS as WORDS_OF_THE_STORE

COMMON = {  # the 15 commonest topics of people's questions
    Topic.COLLECTION, Topic.CONTACT_DETAILS, Topic.LOCATION, Topic.COOKIES, Topic.PAYMENT, Topic.CALLS, Topic.PURPOSE,
    Topic.ADVERTISING, Topic.SHARING, Topic.SALE, Topic.SECURITY, Topic.RETENTION, Topic.DELETION, Topic.CHILDREN,
    Topic.CONTACT,
}  # fmt: skip
SINCE = ["2026-04", "2026-03-01"]  # a version's name, or a day
PAYLOADS = {  # f-strings in the code that are a button's payload: every value they can carry
    '/request{"right": "{}"}': [right.value for right in Right],
    '/request{"right": "{}", "party": "own"}': [right.value for right in Right],
    '/affirm{"party": "{}"}': [OTHER, OWN],
    '/go_back{"step": "{}"}': [step.value for step in Step],
    '/forget_me{"step": "{}"}': [SURE],
    '/what_changed{"since": "{}"}': SINCE,
}
CARRIED = {
    "right": {right.value for right in Right},
    "party": {OTHER, OWN},
    "step": {SURE} | {step.value for step in Step},
    "since": set(SINCE),
}
NEVER_TYPED = {"prove"}
SERVICES = dict.fromkeys(("knowledge", "requests", "identity", "keeper"))


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


def test_rasas_own_action_server_finds_every_action_and_no_other() -> None:
    from rasa_sdk.executor import ActionExecutor

    server = ActionExecutor()
    server.register_package("actions")
    assert set(server.actions) == {action.name() for action in actions_for(SERVICES)}
