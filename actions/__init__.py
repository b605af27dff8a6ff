"""Front to the dialogue: each action reads the tracker, calls one service, and says a response of domain.yml.

`rasa run actions` registers every action class here; the product calls `actions_for` with the services it already has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rasa_sdk import Action


def actions_for(services: Mapping[str, Any]) -> "list[Action]":
    """All actions, working on these services: the fields of actions.services.Services by name."""
    from actions import changes, form, own_data, policy, proof, talk
    from actions import requests as request_actions
    from actions.services import Services

    shared = Services(**services)
    modules = (policy, changes, request_actions, form, proof, own_data, talk)
    return [action(shared) for module in modules for action in module.ACTIONS]
