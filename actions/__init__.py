"""Front to the dialogue: each action reads the tracker, calls one service, and says a response of domain.yml.

`rasa run actions` registers every action class here; the product calls `actions_for` with the services it already has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rasa_sdk import Action

    from policies_kb.knowledge import KnowledgeBase
    from tickets.service import RequestService


def actions_for(knowledge: "KnowledgeBase", requests: "RequestService") -> "list[Action]":
    """All actions, working on these services."""
    from actions import policy, talk
    from actions import requests as request_actions
    from actions.services import Services

    services = Services(knowledge, requests)
    classes = [*policy.ACTIONS, *request_actions.ACTIONS, *talk.ACTIONS]
    return [action(services) for action in classes]
