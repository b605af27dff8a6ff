"""The slots of domain.yml that several flows share, and handing a message over to another action."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, FollowupAction

ASKED = "asked__text"  # the last question about the policy
OFFER = "offer__rights"  # what a "yes" is to
LISTEN = "action_listen"
FORGET = "forget_me"  # in OFFER: erasing the chat
WITHDRAW = "withdraw"  # in OFFER: taking a request back
OWN_AFTER_ALL = "own"  # in OFFER: a person who was sent to somebody else may say that this was wrong
ANSWER = "answer"  # in OFFER: passing on what was typed as the answer to a question of the support team
FINAL = frozenset({FORGET, WITHDRAW, ANSWER})


def standing_offer(tracker: Tracker) -> list[str]:
    """What a "yes" is to now. What cannot be taken back is offered for one message only."""
    offered = list(tracker.get_slot(OFFER) or ())
    return [] if FINAL & set(offered) and _messages_since(tracker) > 1 else offered


def _messages_since(tracker: Tracker) -> int:
    """How many messages have come since the offer was made, this one included."""
    count = 0
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            count += 1
        if event.get("event") == "slot" and event.get("name") == OFFER:
            return count
    return count


def then_listen(tracker: Tracker, events: list[EventType]) -> list[EventType]:
    """End a turn in which another action handed over to this one: no rule knows what would come next.

    Where a form is open, it speaks again.
    """
    if any(event.get("event") == "followup" for event in events) or not _handed_over(tracker):
        return events
    return [*events, FollowupAction((tracker.active_loop or {}).get("name") or LISTEN)]


def _handed_over(tracker: Tracker) -> bool:
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return False
        if event.get("event") == "followup":
            return True
    return False
