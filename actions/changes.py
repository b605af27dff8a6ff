"""What changed between two versions of the policy: "what changed since March?", "since I signed up"."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import offer_to_pass_on
from actions.services import Heard, Served, Services, policy_of
from actions.slots import ASKED, OFFER, standing_offer
from actions.speaking import answer_data, changes_data
from actions.wording import accepts
from policies_kb.answering import AnswerKind
from policies_kb.changes_told import News, Outcome, counts_told, news_of, told, worth_telling
from policies_kb.history import DatedVersion, day_in_words, history_of
from policies_kb.knowledge import Policy
from policies_kb.since import Since, Whence, since_when
from policies_kb.topics import Topic

SINCE = "since"  # what our own buttons carry: a version's name, or a day as 2026-03-01
_MOST_BUTTONS = 6
_SAID = {
    Outcome.NO_CLAUSE: "utter_changes_no_clause",
    Outcome.NOTHING: "utter_changes_none",
    Outcome.FUTURE: "utter_changes_future",
}
_log = structlog.get_logger("actions")


class ActionWhatChanged(Served, Action):
    """Quotes what was added, removed and reworded since the day or the version that a question names."""

    def name(self) -> str:
        """As in domain.yml."""
        return "action_what_changed"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """One message; where it is not clear since when, a question with buttons."""
        heard, services = Heard.of(tracker), self._services()
        if accepts(heard, standing_offer(tracker)):
            return [FollowupAction("action_accept_offer")]
        policy, today = policy_of(services, heard), services.now().date()
        pressed = _pressed(tracker) if heard.pressed else ""
        if pressed in policy.versions:
            since = Since(Whence.VERSION, version=pressed)
        else:
            since = since_when(pressed or heard.text, today, policy.versions)
        news = await asyncio.to_thread(news_of, policy, since, today)  # comparing takes a while
        _log.info("changes_told", policy=policy.profile.policy, kind=news.outcome.value)
        _say(dispatcher, services, policy, news, heard)
        events = [SlotSet(OFFER, None), SlotSet(ASKED, None)]
        return [*events, *await offer_to_pass_on(services, dispatcher, tracker, heard)]


def _pressed(tracker: Tracker) -> str:
    entities = (tracker.latest_message or {}).get("entities") or ()
    return next((str(one["value"]) for one in entities if one.get("entity") == SINCE), "")


def _say(dispatcher: CollectingDispatcher, services: Services, policy: Policy, news: News, heard: Heard) -> None:
    values = {
        "company": policy.profile.name,
        "since": news.since,
        "old": news.old.version,
        "old_from": _from(news.old),
        "new": news.new.version,
        "new_from": _from(news.new),
        "version": news.new.version,
        "from": _from(news.new),
    }
    if news.outcome is Outcome.CHANGED:
        _say_changes(dispatcher, news, values)
    elif news.outcome is Outcome.ONE_VERSION:
        _say_one_version(dispatcher, services, policy, heard, values)
    elif news.outcome is Outcome.OWN_DAY:
        buttons = [_version_button(one) for one in history_of(policy)[-_MOST_BUTTONS - 1 : -1]]
        dispatcher.utter_message(response="utter_changes_when", buttons=buttons)
    elif news.outcome is Outcome.TWO_READINGS:
        first, second = (day_in_words(day) for day in news.days)
        buttons = [_button(f"Since {day_in_words(day)}", day.isoformat()) for day in news.days]
        dispatcher.utter_message(response="utter_changes_two_readings", buttons=buttons, first=first, second=second)
    else:
        dispatcher.utter_message(response=_SAID[news.outcome], **values)


def _say_changes(dispatcher: CollectingDispatcher, news: News, values: dict[str, str]) -> None:
    comparison = news.comparison
    if comparison is None:
        raise ValueError("changes without a comparison")
    if news.is_before_all:
        dispatcher.utter_message(
            response="utter_changes_before_all", version=news.old.version, **{"from": values["old_from"]}
        )
    shown, changed = worth_telling(comparison), told(comparison)
    data = {"answer": changes_data(comparison, shown, news.path())}
    dispatcher.utter_message(response="utter_changes", counts=counts_told(comparison), json_message=data, **values)
    if len(shown) < len(changed):
        dispatcher.utter_message(response="utter_changes_most", shown=str(len(shown)), all=str(len(changed)))


def _say_one_version(
    dispatcher: CollectingDispatcher, services: Services, policy: Policy, heard: Heard, values: dict[str, str]
) -> None:
    """With what the policy itself says about its changes."""
    found = services.knowledge.answer(policy.profile.policy, heard.text, {Topic.CHANGE: 1.0})
    data = {} if found.kind is AnswerKind.SILENT else {"answer": answer_data(found)}
    dispatcher.utter_message(response="utter_changes_one_version", json_message=data, **values)


def _from(one: DatedVersion) -> str:
    return f"from {one.words}" if one.words else "its date is not known"


def _version_button(one: DatedVersion) -> dict[str, str]:
    dated = f" ({_from(one)})" if one.words and one.words != one.version else ""
    return _button(f"Since version {one.version}{dated}", one.version)


def _button(title: str, since: str) -> dict[str, str]:
    return {"title": title, "payload": f'/what_changed{{"since": "{since}"}}'}


ACTIONS = (ActionWhatChanged,)
