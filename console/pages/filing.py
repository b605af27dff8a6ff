"""Entering a request that came by phone, mail or letter, dated with the day on which it came."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response

from console.access import Routes, Who
from console.pages.queue_bulk import as_sentence
from console.pages.queue_words import RIGHT_FOR_STAFF
from pii.redacted import Redacted
from policies_kb.errors import KnowledgeError
from tickets.errors import ClockError, InputError, KeyReusedError
from tickets.handling import Manner, StaffFiling
from tickets.vocabulary import Regime, Right, Role

if TYPE_CHECKING:
    from console.house import House

PATH = "/queue/new"
MANNER_WORDS: dict[Manner, str] = {Manner.PHONE: "By phone", Manner.MAIL: "By mail", Manner.LETTER: "By letter"}
_LONGEST = 4_001  # one more than a request may have, so that what is too long is told of and not cut
_SENT_BEFORE = (
    "This form was sent before with other words, and that request was entered. "
    "Send it again only if this is another request."
)


@dataclass(frozen=True)
class Entered:
    """What was typed. Not in repr: it holds somebody's contact."""

    fields: Mapping[str, str] = field(repr=False)
    rights: tuple[str, ...] = ()

    @classmethod
    async def of(cls, request: Request) -> "Entered":
        """From a request whose form was checked by the guard."""
        form = await request.form()
        fields = {name: str(value)[:_LONGEST].replace("\r\n", "\n") for name, value in form.items()}
        return cls(fields, tuple(str(one) for one in form.getlist("right")))

    def get(self, name: str) -> str:
        """A field's text without blanks around it; empty if it was not given."""
        return self.fields.get(name, "").strip()


def add(routes: Routes, house: "House") -> None:
    """The form, and what it is sent to."""

    @routes.get(PATH, role=Role.AGENT)
    async def form(request: Request, who: Who) -> Response:
        return house.look.page(request, who, "filing.html", **_values(house, Entered({})))

    @routes.post(PATH, role=Role.AGENT)
    async def enter(request: Request, who: Who) -> Response:
        entered = await Entered.of(request)
        try:
            wish = _wish(house, entered)
            receipt = await asyncio.to_thread(house.handling.file_for, wish, who.member.id, house.clock())
        except (InputError, ClockError) as error:
            values = _values(house, entered) | {"wrong": as_sentence(str(error))}
            return house.look.page(request, who, "filing.html", status=422, **values)
        except KeyReusedError:
            values = _values(house, entered, secrets.token_hex(16)) | {"wrong": _SENT_BEFORE}
            return house.look.page(request, who, "filing.html", status=409, **values)
        said = f"{receipt.reference} is entered. Its answer is due by {receipt.clock.answer_by:%d.%m.%Y}."
        return house.look.go(request, f"/requests/{receipt.reference}", said)


def _wish(house: "House", entered: Entered) -> StaffFiling:
    """What is to be entered. Raises InputError that says what is missing."""
    try:
        policy = house.knowledge.get(entered.get("policy"))
    except KnowledgeError:
        raise InputError("Choose whose policy it is about.") from None
    rights = frozenset(right for right in Right if right.value in entered.rights)
    if not rights:
        raise InputError("Tick what is asked for.")
    return StaffFiling(
        policy=policy.profile.policy,
        policy_version=policy.current.version,
        rights=rights,
        regimes=frozenset(Regime(word) for word in policy.profile.regimes),
        received=_day(entered.get("received")),
        manner=_manner(entered.get("manner")),
        contact=Redacted(entered.get("contact")),
        key=entered.get("key"),
        text=entered.get("text"),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("Give the day on which it came, as year-month-day.") from None


def _manner(text: str) -> Manner:
    try:
        return Manner(text)
    except ValueError:
        raise InputError("Choose how it came.") from None


def _values(house: "House", entered: Entered, key: str = "") -> dict[str, Any]:
    """What the form shows. key: a new one, where the form's own was used up."""
    today = house.clock().date().isoformat()
    return {
        "entered": entered,
        "policies": [(policy, house.knowledge.name_of(policy)) for policy in house.knowledge.ids],
        "rights": [(right.value, words) for right, words in RIGHT_FOR_STAFF.items()],
        "manners": [(manner.value, words) for manner, words in MANNER_WORDS.items()],
        "today": today,
        "received": entered.get("received") or today,
        "key": key or entered.get("key") or secrets.token_hex(16),
        "wrong": "",
    }
