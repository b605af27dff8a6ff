"""Which rights are wanted, which steps they need, what takes up an offer: pure functions over what was understood."""

from __future__ import annotations

from typing import Any

import pytest
from hearing import ADDRESS, heard, pressed, with_contact

from actions.own_data import FORGET
from actions.referral import OWN
from actions.request_form import EMPTY, ORIGIN, PARENTAL, PLAIN_OPT_OUTS, Step, skipped
from actions.services import Heard
from actions.slots import OWN_AFTER_ALL
from actions.wording import accepts, turns_down_all, wanted_rights
from tickets.vocabulary import Right


@pytest.mark.parametrize(
    ("text", "rights", "wanted"),
    [
        ("a copy, not deletion", (Right.ACCESS, Right.DELETION), (Right.ACCESS,)),
        ("don't delete, just correct it", (Right.DELETION, Right.CORRECTION), (Right.CORRECTION,)),
        ("delete my son's account", (Right.DELETION, Right.PARENTAL_DELETE), (Right.PARENTAL_DELETE,)),
        (
            "delete his account and mine",
            (Right.DELETION, Right.PARENTAL_DELETE),
            (Right.DELETION, Right.PARENTAL_DELETE),
        ),
        ("delete and export", (Right.DELETION, Right.PORTABILITY), (Right.DELETION, Right.PORTABILITY)),
        ("do not delete it", (Right.DELETION,), ()),
    ],
)
def test_rights_that_the_words_turn_down_are_not_wanted(
    text: str, rights: tuple[Right, ...], wanted: tuple[Right, ...]
) -> None:
    said = heard(text, "request", *rights)
    assert wanted_rights(said) == wanted and turns_down_all(said) == (wanted == ())


def test_every_slot_of_the_form_is_emptied_with_it() -> None:
    assert set(EMPTY) == {ORIGIN, *(step.value for step in Step)} and not any(EMPTY.values())


@pytest.mark.parametrize("right", [right for right in Right if right is not Right.QUESTION])
def test_what_a_right_does_not_need_is_not_asked(right: Right) -> None:
    filled = skipped((right,), has_referral=False)
    assert filled[Step.PARTY.value] == OWN
    assert (Step.DETAILS.value in filled) == (right in PLAIN_OPT_OUTS | PARENTAL)
    assert Step.PARTY.value not in skipped((right,), has_referral=True)


def test_an_opt_out_beside_another_right_is_asked_about() -> None:
    assert Step.DETAILS.value not in skipped((Right.MARKETING_OPT_OUT, Right.DELETION), has_referral=False)
    assert Step.DETAILS.value in skipped((Right.PARENTAL_DELETE, Right.DELETION), has_referral=False)


@pytest.mark.parametrize(
    ("said", "offered", "taken"),
    [
        (heard("yes, go on", "more"), ["deletion"], True),
        (with_contact("yes, my mail is [email-1]", ADDRESS), ["deletion"], True),
        (with_contact("[email-1]", ADDRESS), ["deletion"], True),
        (heard("go on", "more"), [], False),
        (heard("go on", "more"), None, False),
        (heard("do you record calls", "ask_policy"), ["deletion"], False),
        (heard("ok but what about cookies?", "ask_policy"), ["deletion"], False),
        (heard("it is my own account", "ask_policy"), [OWN_AFTER_ALL, "deletion"], True),
        (heard("yes", "ask_policy"), [OWN_AFTER_ALL, "deletion"], False),
        (pressed("/affirm"), ["deletion"], False),
        (with_contact("do you share [email-1] with anybody?", ADDRESS, intent="ask_policy"), ["question"], False),
        (with_contact("my mail is [email-1]", ADDRESS), [FORGET], False),
        (with_contact("my mail is [email-1]", ADDRESS), ["withdraw"], False),
    ],
)
def test_an_offer_is_taken_up_in_any_words_but_by_nothing_else(said: Heard, offered: Any, taken: bool) -> None:
    assert accepts(said, offered) is taken
