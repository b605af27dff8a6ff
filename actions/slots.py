"""The slots of domain.yml that several flows share, and handing a message over to another action."""

from __future__ import annotations

from rasa_sdk.events import EventType, FollowupAction

ASKED = "asked__text"  # the last question about the policy
OFFER = "offer__rights"  # what a "yes" is to
LISTEN = "action_listen"


def then_listen(events: list[EventType]) -> list[EventType]:
    """End the turn after an action that another one may have handed over to: no rule knows what would come next."""
    follows = any(event.get("event") == "followup" for event in events)
    return events if follows else [*events, FollowupAction(LISTEN)]
