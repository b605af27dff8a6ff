""" "What changed since March?": which response is said, with which quotes and buttons, and how channels show it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone
from typing import Any

import pytest
from domain_reading import domain
from hearing import heard as typed_heard
from rasa_sdk import Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from two_versions import KEEP, NEW, OLD, ONE, SHARE, base_of, policy_of

from actions.changes import ActionWhatChanged
from actions.policy import ActionAnswerPolicy
from actions.request_form import Draft, Step, heed
from actions.services import Services
from actions.slots import ASKED, OFFER
from bot.channels.telegram.rendering import Place, rendered
from bot.desk import Reply
from bot.rendering import plain_text
from policies_kb.answering import Answer, AnswerKind
from policies_kb.knowledge import KnowledgeBase, Policy
from policies_kb.topics import Topic
from tickets.vocabulary import Right

NOW = datetime(2026, 10, 14, 9, 30, tzinfo=timezone.utc)
TWO = policy_of("2026-09-01", _2026_04=OLD, _2026_09_01=NEW)
HOST = "https://desk.example.org"


class Silent(KnowledgeBase):
    """Has nothing to say about changes of the policy."""

    kind = AnswerKind.SILENT

    def answer(self, policy: str, question: str, topics: Any) -> Answer:
        """Asked about one topic only."""
        assert dict(topics) == {Topic.CHANGE: 1.0}
        return Answer(self.kind, Topic.CHANGE, ())


class Quoting(KnowledgeBase):
    """Has an answer to everything, and quotes nothing."""

    def answer(self, policy: str, question: str, topics: Any) -> Answer:
        """What was heard is what is answered."""
        return Answer(AnswerKind.STATES, max(topics, key=topics.get), ())


class Stating(Silent):
    """Says something about changes of the policy."""

    kind = AnswerKind.STATES


def said(policy: Policy, text: str, base: KnowledgeBase | None = None, **entities: str) -> list[dict[str, Any]]:
    nothing: Any = None
    services = Services(base or base_of(policy), nothing, nothing, nothing, lambda: NOW)
    latest = {
        "text": text,
        "intent": {"name": "what_changed"},
        "entities": [{"entity": name, "value": value} for name, value in entities.items()],
        "metadata": {"policy": "made"},
    }
    tracker = Tracker("c1", {}, latest, [], False, None, {}, "action_listen")
    dispatcher = CollectingDispatcher()
    events = asyncio.run(ActionWhatChanged(services).run(dispatcher, tracker, {}))
    assert events == [SlotSet(OFFER, None), SlotSet(ASKED, None)]
    return dispatcher.messages


def responses(policy: Policy, text: str) -> list[str]:
    return [message["response"] for message in said(policy, text)]


def filled(message: dict[str, Any]) -> str:
    """The words of a response, filled in as Rasa does it; a value that is missing is an error."""
    (response,) = domain()["responses"][message["response"]]
    return str(response["text"].format(**message))


def test_changes_are_quoted_in_one_message_with_a_link_to_all_of_them() -> None:
    (message,) = said(TWO, "what changed since May?")
    answer = message["custom"]["answer"]
    assert message["response"] == "utter_changes" and answer["kind"] == "changes"
    assert [(quote["role"], quote["version"]) for quote in answer["quotes"]] == [
        ("before", "2026-04"),
        ("now", "2026-09-01"),
        ("added", "2026-09-01"),
    ]
    assert answer["quotes"][0]["text"] == KEEP and answer["quotes"][0]["url"].startswith("/p/made/2026-04#")
    assert answer["more"] == "/p/made/changes?from=2026-04&to=2026-09-01"
    assert filled(message) == (
        "Since 1 May 2026, Made & Co's privacy policy has changed: 1 clause reworded, 1 added. "
        "Version 2026-04 (from April 2026) gave way to version 2026-09-01 (from 1 September 2026)."
    )


@pytest.mark.parametrize(
    ("policy", "text", "topic", "is_handed_over"),
    [
        (TWO, "has your policy changed since March?", Topic.CHANGE, True),
        (TWO, "did anything in it change after I signed up", Topic.CHANGE, True),
        (TWO, "how will I hear about changes?", Topic.CHANGE, False),
        (TWO, "do you keep data since March?", Topic.RETENTION, False),
        (ONE, "has your policy changed since March?", Topic.CHANGE, False),
    ],
)
def test_whether_it_changed_since_a_day_is_told_by_what_changed(
    policy: Policy, text: str, topic: Topic, is_handed_over: bool
) -> None:
    nothing: Any = None
    services = Services(Quoting({policy.profile.policy: policy}), nothing, nothing, nothing, lambda: NOW)
    latest = {
        "text": text,
        "intent": {"name": "ask_policy"},
        "topics": [{"topic": topic.value, "score": 1.0}],
        "metadata": {"policy": "made"},
    }
    tracker = Tracker("c1", {}, latest, [], False, None, {}, "action_listen")
    events = asyncio.run(ActionAnswerPolicy(services).run(CollectingDispatcher(), tracker, {}))
    assert (FollowupAction("action_what_changed") in events) is is_handed_over


def test_a_day_before_everything_known_is_said_first() -> None:
    first, second = said(TWO, "what changed since 2015?")
    assert (
        filled(first) == "The oldest version I know is 2026-04 (from April 2026). What stood before that I cannot say."
    )
    assert filled(second).startswith("Since version 2026-04, Made & Co's privacy policy has changed")


def test_of_more_changes_than_are_shown_the_number_is_said() -> None:
    lines = [f"Data of kind {letter} is deleted after {{}} days, whoever asks for it and why." for letter in "abcdefg"]
    old, new = ("\n".join(line.format(days) for line in lines) for days in (30, 60))
    _, rest = said(policy_of("2026-09-01", _2026_04=old, _2026_09_01=new), "what changed?")
    assert filled(rest) == "Here are 5 of 7 changes; the page has them all, side by side."


@pytest.mark.parametrize(
    ("policy", "text", "response"),
    [
        (TWO, "since yesterday", "utter_changes_none"),
        (ONE, "since May 2026", "utter_changes_none"),
        (TWO, "since 2031", "utter_changes_future"),
        (policy_of("2", _1=OLD, _2=OLD), "what changed", "utter_changes_no_clause"),
    ],
)
def test_where_nothing_changed_it_is_said_which_version_holds(policy: Policy, text: str, response: str) -> None:
    (message,) = said(policy, text)
    assert message["response"] == response and "version" in filled(message) and not message["custom"]


def test_one_version_is_admitted_with_what_the_policy_says_about_changes() -> None:
    silent, stating = (said(ONE, "what changed?", kind({"made": ONE})) for kind in (Silent, Stating))
    assert [one[0]["response"] for one in (silent, stating)] == ["utter_changes_one_version"] * 2
    assert filled(silent[0]).startswith(
        "I know one version of Made & Co's privacy policy only, 2026-04 (from April 2026)"
    )
    assert not silent[0]["custom"] and stating[0]["custom"]["answer"]["topic"] == "policy_change"


def test_a_day_that_only_the_person_knows_is_asked_for_with_the_versions_as_buttons() -> None:
    (message,) = said(TWO, "what changed since I signed up?")
    assert message["response"] == "utter_changes_when"
    assert message["buttons"] == [
        {"title": "Since version 2026-04 (from April 2026)", "payload": '/what_changed{"since": "2026-04"}'}
    ]
    (told,) = said(TWO, '/what_changed{"since": "2026-04"}', since="2026-04")
    assert told["response"] == "utter_changes" and told["since"] == "version 2026-04"


def test_figures_with_two_readings_are_asked_back_and_a_button_settles_it() -> None:
    (message,) = said(TWO, "since 05/10/2026")
    assert filled(message) == "Those figures can mean 10 May 2026 or 5 October 2026. Which one is it?"
    payloads = [button["payload"] for button in message["buttons"]]
    assert payloads == ['/what_changed{"since": "2026-05-10"}', '/what_changed{"since": "2026-10-05"}']
    assert said(TWO, payloads[0], since="2026-05-10")[0]["response"] == "utter_changes"
    assert said(TWO, payloads[1], since="2026-10-05")[0]["response"] == "utter_changes_none"


def test_what_words_claim_to_carry_is_not_taken_for_a_button() -> None:
    assert said(TWO, "what changed since yesterday", since="2026-04")[0]["response"] == "utter_changes_none"


def test_a_version_of_a_date_that_nobody_knows_says_so() -> None:
    (message,) = said(policy_of("2026-04", undated=SHARE, _2026_04=OLD), "what changed?")
    assert "Version undated (its date is not known) gave way to" in filled(message)


@pytest.mark.parametrize("step", [Step.ACCOUNT, Step.DETAILS, Step.CONFIRMED])
def test_in_a_form_it_is_an_interruption(step: Step) -> None:
    draft = Draft(rights=(Right.DELETION,), party="own", account=(), details="")
    asked = typed_heard("what changed since March?", "what_changed")
    assert heed(draft, step, asked, None) is None


# --- how it is shown


def reply_of(text: str = "what changed since May?") -> Reply:
    (message,) = said(TWO, text)
    return Reply(filled(message), message["custom"]["answer"])


def test_as_plain_text_each_quote_has_its_head() -> None:
    text = plain_text(reply_of(), HOST)
    assert f"Before:\n“{KEEP}”" in text and "Now:\n“" in text and "Added:\n“" in text
    assert text.index("Before:") < text.index("Now:") < text.index("Added:")
    assert f"All changes, side by side: {HOST}/p/made/changes?from=2026-04&to=2026-09-01" in text


def test_in_telegram_it_is_one_message_whose_links_name_the_version() -> None:
    message = rendered(reply_of(), Place(HOST, lambda policy: "Made & Co", lambda payload: payload))
    links = {mark.url for mark in message.entities if mark.type == "text_link"}
    assert f"{HOST}/p/made/changes?from=2026-04&to=2026-09-01" in links and len(links) == 4
    assert "Before:" in message.text and "Made & Co privacy policy, version 2026-04" in message.text
    assert f"“{KEEP}”" in message.text and message.text.index("Before:") < message.text.index("Now:")
