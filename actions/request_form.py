"""How the form of a request is read: which step a message answers, corrects, goes back to or leaves.

Pure functions over what was understood; actions.form says the words. A message that answers nothing and corrects
nothing gives None: it is an interruption, is answered in its own right, and the form asks again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from actions import wording
from actions.referral import OTHER, OWN, party_named
from actions.services import Heard
from policies_kb.profile import Referral
from tickets.vocabulary import TOLD_IN_WORDS, Right


class Step(str, Enum):
    """The steps, in the order in which they are asked. The values are slots of domain.yml."""

    RIGHTS = "request__rights"
    PARTY = "request__party"
    ACCOUNT = "request__account"
    DETAILS = "request__details"
    CONFIRMED = "request__confirmed"


ORIGIN = "request__origin"  # the words in which the wish was first said, contacts masked
FORM = "request_form"
MENTIONED = "mentioned"  # marks a contact that stands in the details: it is not the account, and is never written to
REQUESTED = "requested_slot"
EMPTY: dict[str, Any] = {**{step.value: None for step in Step}, ORIGIN: None}

PARENTAL = frozenset({Right.PARENTAL_REVIEW, Right.PARENTAL_DELETE, Right.PARENTAL_STOP_COLLECTION})
# The law asks no proof for these, and there is nothing to add to them.
PLAIN_OPT_OUTS = frozenset({Right.MARKETING_OPT_OUT, Right.SALE_SHARE_OPT_OUT, Right.LIMIT_SENSITIVE})

_INTERRUPTING = frozenset(
    {
        "ask_policy",
        "small_talk",
        "status",
        "more",
        "what_changed",
        "human",
        "my_data",
        "forget_me",
        "resend_code",
        "prove",
        "other_language",
    }
)
_FIELD_WORDS = {
    Step.ACCOUNT: re.compile(r"\b(e-?mails?|mails?|address|phone|number|account|contact)\b", re.IGNORECASE),
    Step.DETAILS: re.compile(r"\b(details?|text|description|wording|note|what i wrote)\b", re.IGNORECASE),
    Step.RIGHTS: re.compile(r"\b(request|right|deletion|kind|type|what i ask|what i want)\b", re.IGNORECASE),
}
MOST_DETAILS = 3_000  # characters; what the person first said is stored beside it


@dataclass(frozen=True)
class Draft:
    """What the form knows so far; None is "not asked yet"."""

    rights: tuple[Right, ...] | None = None
    party: str | None = None
    account: tuple[Mapping[str, Any], ...] | None = None
    details: str | None = None
    origin: str = ""

    @staticmethod
    def of(slots: Mapping[str, Any]) -> Draft:
        """Read it from a tracker's slots. Rights that this version does not know are left out."""
        known = {right.value for right in Right}
        rights, account = slots.get(Step.RIGHTS.value), slots.get(Step.ACCOUNT.value)
        return Draft(
            rights=tuple(Right(name) for name in rights if name in known) if rights else None,
            party=slots.get(Step.PARTY.value),
            account=None if account is None else tuple(account),
            details=slots.get(Step.DETAILS.value),
            origin=slots.get(ORIGIN) or "",
        )


@dataclass(frozen=True)
class Heeded:
    """What a message did: slots to set, the step to ask next (None: the first open one), something to say first."""

    slots: Mapping[str, Any] = field(default_factory=dict)
    ask: Step | None = None
    say: str = ""
    leave: bool = False


def skipped(rights: tuple[Right, ...], has_referral: bool) -> dict[str, Any]:
    """The steps that these rights do not need, filled in."""
    filled: dict[str, Any] = {}
    if not has_referral:
        filled[Step.PARTY.value] = OWN
    if PLAIN_OPT_OUTS.issuperset(rights) or PARENTAL & set(rights):
        filled[Step.DETAILS.value] = ""  # for a child nothing is asked that could tell who it is
    return filled


def heed(draft: Draft, step: Step, heard: Heard, referral: Referral | None) -> Heeded | None:
    """Read one message at one step; None for an interruption."""
    if heard.pressed and Right.QUESTION in heard.rights:
        return None  # the button that passes a question on works in the middle of everything
    if wording.WHAT_NEXT.search(heard.text):
        return Heeded({step.value: None}, say="utter_form_what_next")
    without = step is Step.ACCOUNT and not heard.pressed and not heard.contacts and _says_none(heard)
    if heard.intent == "cancel" or (
        heard.intent == "request" and wording.turns_down_all(heard) and wording.named_rights(heard.text)
    ):
        return Heeded(leave=True)
    if without:
        return Heeded({Step.ACCOUNT.value: []}, say="utter_account_none")
    if heard.intent == "go_back" and heard.step_pressed:
        return _back_to(draft, Step(heard.step_pressed))
    if step is Step.PARTY and referral is not None and party_named(referral, heard.text):
        return _read_party(draft, heard, referral)
    switched = _switched(draft, step, heard)
    if switched is not None:
        return switched
    told = step is Step.DETAILS and bool(set(draft.rights or ()) & TOLD_IN_WORDS)
    if heard.contacts and not told and (step is not Step.DETAILS or wording.CORRECTING.search(heard.text)):
        return _account_given(heard)
    if told and heard.contacts and not wording.ABOUT_ACCOUNT.search(heard.text):
        return _read_details(draft, heard, referral)  # "it should say …" is the correction, not another account
    if heard.intent == "go_back" or (step is Step.CONFIRMED and heard.intent == "request"):
        return _back(draft, step, heard.text, referral is not None)
    readers = {
        Step.RIGHTS: _read_rights,
        Step.PARTY: _read_party,
        Step.ACCOUNT: _read_account,
        Step.DETAILS: _read_details,
        Step.CONFIRMED: _read_confirmed,
    }
    return readers[step](draft, heard, referral)


def _switched(draft: Draft, step: Step, heard: Heard) -> Heeded | None:
    """ "Actually a copy, not deletion": other rights than before, in words that change or add."""
    if heard.intent != "request" or Right.QUESTION in heard.rights:
        return None
    if not (
        heard.pressed
        or wording.named_rights(heard.text)
        or wording.INSTEAD.search(heard.text)
        or wording.AS_WELL.search(heard.text)
    ):
        return None  # no word for a right, none for a change: it was misread
    rights = wording.wanted_rights(heard)
    before = draft.rights or ()
    if not rights or not before or set(rights) <= set(before) and not _narrows(rights, before, heard.text):
        return None
    changes = bool(wording.INSTEAD.search(heard.text) or wording.AS_WELL.search(heard.text)) and bool(
        wording.named_rights(heard.text)
    )
    if step is Step.DETAILS and not heard.pressed and (heard.contacts or not changes):
        return None  # somebody describing what they want in more words
    adds = bool(wording.AS_WELL.search(heard.text)) and not wording.INSTEAD.search(heard.text)
    names = [right.value for right in dict.fromkeys((*before, *rights) if adds else rights)]
    say = "utter_request_widened" if adds else "utter_request_switched"
    # The first words named what is not wanted any more: staff must not act on them.
    said = {} if adds or heard.pressed else {ORIGIN: heard.full_text}
    return Heeded({Step.RIGHTS.value: names, Step.CONFIRMED.value: None} | said, say=say)


def _narrows(rights: tuple[Right, ...], before: tuple[Right, ...], text: str) -> bool:
    return set(rights) < set(before) and bool(wording.INSTEAD.search(text))


def _back_to(draft: Draft, step: Step) -> Heeded:
    return Heeded({step.value: None, Step.CONFIRMED.value: None}, ask=step)


def _back(draft: Draft, step: Step, text: str, has_referral: bool) -> Heeded:
    for wanted, words in _FIELD_WORDS.items():
        if words.search(text):
            return _back_to(draft, wanted)
    steps = _asked_of(draft, has_referral)
    before = steps[max(0, steps.index(step) - 1)] if step in steps else steps[0]
    return _back_to(draft, before)


def _asked_of(draft: Draft, has_referral: bool) -> list[Step]:
    """The steps that are put to this person, in order."""
    skip = {Step(name) for name in skipped(draft.rights or (), has_referral)}
    return [step for step in Step if step not in skip]


def _account_given(heard: Heard) -> Heeded:
    usable = [contact for contact in heard.contacts if contact["usable"]]
    if not usable:
        stored = all(contact["handle"] for contact in heard.contacts)
        return Heeded({Step.ACCOUNT.value: None}, say="utter_account_malformed" if stored else "utter_account_not_kept")
    return Heeded({Step.ACCOUNT.value: [dict(contact) for contact in usable], Step.CONFIRMED.value: None})


def _read_rights(draft: Draft, heard: Heard, referral: Referral | None) -> Heeded | None:
    rights: list[Right] = [right for right in wording.wanted_rights(heard) if right is not Right.QUESTION]
    if not rights and heard.intent not in _INTERRUPTING:
        rights = wording.named_rights(heard.text)
    if rights:
        return Heeded({Step.RIGHTS.value: [right.value for right in dict.fromkeys(rights)], ORIGIN: heard.full_text})
    return None if heard.intent in _INTERRUPTING else Heeded({Step.RIGHTS.value: None}, say="utter_rights_unclear")


def _read_party(draft: Draft, heard: Heard, referral: Referral | None) -> Heeded | None:
    named = heard.party or (party_named(referral, heard.text) if referral else OWN)
    if named is None and heard.intent in ("affirm", "deny"):
        return Heeded({Step.PARTY.value: None}, say="utter_party_unclear")
    if named is None:
        return None if heard.intent in _INTERRUPTING else Heeded({Step.PARTY.value: None}, say="utter_party_unclear")
    if named == OTHER:
        return Heeded({Step.PARTY.value: OTHER}, leave=True)
    return Heeded({Step.PARTY.value: OWN})


def _read_account(draft: Draft, heard: Heard, referral: Referral | None) -> Heeded | None:
    if heard.intent == "deny":
        return Heeded({Step.ACCOUNT.value: []}, say="utter_account_none")
    about_it = _FIELD_WORDS[Step.ACCOUNT].search(heard.text) is not None
    asks = wording.QUESTION.search(heard.text) is not None
    # "My account name is bluefox" and "can I give my phone instead?" are answers that need another word.
    misses = about_it and (not asks or wording.INSTEAD.search(heard.text) is not None)
    if heard.intent in _INTERRUPTING and not misses:
        return None
    return Heeded({Step.ACCOUNT.value: None}, say="utter_account_unclear")


def _says_none(heard: Heard) -> bool:
    if wording.NONE_AT_ALL.fullmatch(heard.text):
        return True
    named = _FIELD_WORDS[Step.ACCOUNT].search(heard.text) is not None
    return bool(named and wording.NO_CONTACT.search(heard.text)) and not wording.QUESTION.search(heard.text)


_NOT_DETAILS = frozenset({"human", "status", "my_data", "forget_me", "resend_code", "prove"})
_NO_DETAILS = {Step.DETAILS.value: ""}


def _read_details(draft: Draft, heard: Heard, referral: Referral | None) -> Heeded | None:
    if heard.pressed and heard.intent not in _NOT_DETAILS:
        return Heeded(_NO_DETAILS if heard.intent == "deny" else {Step.DETAILS.value: None})
    if wording.PLAIN_YES.fullmatch(heard.text):
        return Heeded({Step.DETAILS.value: None}, say="utter_details_go_on")
    if len(heard.text) < 40 and (
        (heard.intent == "deny" and (heard.pressed or wording.NEGATIVE.search(heard.text)))
        or (heard.intent == "affirm" and wording.NOTHING.search(heard.text))
    ):
        return Heeded(_NO_DETAILS)
    tells = bool(set(draft.rights or ()) & TOLD_IN_WORDS) and not wording.QUESTION.search(heard.text)
    if heard.intent in _NOT_DETAILS and not (tells and len(heard.text) > 20):
        return None
    if heard.intent in ("ask_policy", "more", "what_changed") and wording.QUESTION.search(heard.text):
        return None
    if heard.intent == "small_talk" and len(heard.text) < 40:
        return None
    if not tells and heard.intent != "request" and len(heard.text) < 60 and wording.QUESTION.search(heard.text):
        return Heeded({Step.DETAILS.value: None})  # "what should I write?"
    told_before = [contact for contact in draft.account or () if not contact.get(MENTIONED)]
    mentioned = [{**contact, MENTIONED: True} for contact in heard.contacts if contact["usable"]]
    slots: dict[str, Any] = {Step.DETAILS.value: heard.full_text[:MOST_DETAILS]}
    return Heeded(slots | ({Step.ACCOUNT.value: [*map(dict, told_before), *mentioned]} if mentioned else {}))


def _read_confirmed(draft: Draft, heard: Heard, referral: Referral | None) -> Heeded | None:
    if heard.intent == "affirm":
        return Heeded({Step.CONFIRMED.value: True})
    if heard.intent == "deny":
        return Heeded({Step.CONFIRMED.value: None}, say="utter_confirm_what_to_change")
    for step, words in _FIELD_WORDS.items():
        if words.search(heard.text) and (wording.CHANGES.search(heard.text) or not wording.QUESTION.search(heard.text)):
            return _back_to(draft, step)
    if wording.ADDS.search(heard.text):
        return _back_to(draft, Step.DETAILS)
    return None if heard.intent in _INTERRUPTING else Heeded({Step.CONFIRMED.value: None}, say="utter_confirm_unclear")
