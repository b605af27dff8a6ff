"""Messages as the dialogue hears them, and drafts of requests, for tests of how the form reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actions.referral import OWN
from actions.request_form import Draft, Heeded, Step, heed
from actions.services import Heard
from tickets.vocabulary import Right

ADDRESS = {"kind": "email", "placeholder": "[email-1]", "handle": "h1", "hint": "p…@example.org", "usable": True}
PHONE = {"kind": "phone", "placeholder": "[phone-1]", "handle": "h2", "hint": "…23", "usable": True}
TORN = ADDRESS | {"usable": False}  # no whole address
LOST = ADDRESS | {"handle": "", "usable": False}  # the store was down
DELETION = Draft(rights=(Right.DELETION,), party=OWN)
WITH_ACCOUNT = replace(DELETION, account=(ADDRESS,))
COMPLETE = replace(WITH_ACCOUNT, details="")


def heard(text: str, intent: str = "", *rights: Right, **more: Any) -> Heard:
    """What was understood of a typed message."""
    usual: dict[str, Any] = {"text": text, "intent": intent, "rights": rights, "topics": {}, "detail": ""}
    usual |= {"policy": "klasso", "channel": "web", "message_id": "m", "full_text": text}
    return Heard(**(usual | more))


def pressed(payload: str, *rights: Right, **more: Any) -> Heard:
    """A button of ours."""
    intent = payload.removeprefix("/").partition("{")[0]
    return heard(payload, intent, *rights, pressed=True, **more)


def with_contact(text: str, *contacts: dict[str, Any], intent: str = "nonsense") -> Heard:
    """A typed message out of which these contacts were taken."""
    return heard(text, intent, contacts=contacts)


def read(step: Step, said: Heard, draft: Draft) -> Heeded | None:
    """How the form reads it, where nobody else decides about the data."""
    return heed(draft, step, said, None)
