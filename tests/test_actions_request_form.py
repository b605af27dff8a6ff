"""How the form reads one message at one step: pure functions over what was understood."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.own_data import FORGET
from actions.referral import OTHER, OWN
from actions.request_form import (
    EMPTY,
    MOST_DETAILS,
    ORIGIN,
    OWN_AFTER_ALL,
    PARENTAL,
    PLAIN_OPT_OUTS,
    Draft,
    Heeded,
    Step,
    accepts,
    heed,
    skipped,
    turns_down_all,
    wanted_rights,
)
from actions.services import Heard
from tickets.vocabulary import Right

ADDRESS = {"kind": "email", "placeholder": "[email-1]", "handle": "h1", "hint": "p…@example.org", "usable": True}
PHONE = {"kind": "phone", "placeholder": "[phone-1]", "handle": "h2", "hint": "…23", "usable": True}
TORN = ADDRESS | {"usable": False}  # no whole address
LOST = ADDRESS | {"handle": "", "usable": False}  # the store was down
DELETION = Draft(rights=(Right.DELETION,), party=OWN)
WITH_ACCOUNT = replace(DELETION, account=(ADDRESS,))
COMPLETE = replace(WITH_ACCOUNT, details="")
INTERRUPTIONS = ("small_talk", "status", "human", "my_data", "forget_me", "resend_code", "prove")


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
    return heard(text, intent, contacts=contacts)


def read(step: Step, said: Heard, draft: Draft) -> Heeded | None:
    return heed(draft, step, said, None)


BLANK: dict[Step, Draft] = {
    Step.RIGHTS: Draft(),
    Step.ACCOUNT: DELETION,
    Step.DETAILS: WITH_ACCOUNT,
    Step.CONFIRMED: COMPLETE,
}

# --- every step ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", BLANK)
def test_cancelling_leaves_the_form_at_every_step(step: Step) -> None:
    assert read(step, heard("cancel", "cancel"), BLANK[step]) == Heeded(leave=True)
    assert read(step, pressed("/cancel"), BLANK[step]) == Heeded(leave=True)


@pytest.mark.parametrize("step", BLANK)
def test_turning_down_all_that_was_asked_for_leaves_the_form(step: Step) -> None:
    said = heard("don't delete my account after all", "request", Right.DELETION)
    assert read(step, said, BLANK[step]) == Heeded(leave=True)


@pytest.mark.parametrize("step", BLANK)
@pytest.mark.parametrize("intent", INTERRUPTIONS)
def test_what_is_about_something_else_interrupts_and_sets_nothing(step: Step, intent: str) -> None:
    assert read(step, heard("are you a machine?", intent), BLANK[step]) is None


@pytest.mark.parametrize("step", BLANK)
def test_a_question_about_the_policy_interrupts(step: Step) -> None:
    assert read(step, heard("do you record calls?", "ask_policy"), BLANK[step]) is None


@pytest.mark.parametrize("step", BLANK)
def test_the_button_to_pass_a_question_on_interrupts_at_every_step(step: Step) -> None:
    said = pressed('/request{"right": "question"}', Right.QUESTION)
    assert read(step, said, BLANK[step]) is None


@pytest.mark.parametrize("step", [Step.ACCOUNT, Step.DETAILS, Step.CONFIRMED])
@pytest.mark.parametrize("wanted", [Step.RIGHTS, Step.ACCOUNT, Step.DETAILS])
def test_a_button_goes_back_to_the_step_it_names(step: Step, wanted: Step) -> None:
    said = pressed(f'/go_back{{"step": "{wanted.value}"}}', step_pressed=wanted.value)
    read_so = read(step, said, BLANK[step])
    assert read_so is not None and read_so.ask is wanted
    assert read_so.slots == {wanted.value: None, Step.CONFIRMED.value: None}


@pytest.mark.parametrize(
    ("step", "text", "wanted"),
    [
        (Step.DETAILS, "go back", Step.ACCOUNT),
        (Step.CONFIRMED, "go back", Step.DETAILS),
        (Step.CONFIRMED, "change the e-mail", Step.ACCOUNT),
        (Step.CONFIRMED, "the phone number is not right", Step.ACCOUNT),
        (Step.CONFIRMED, "let me change the details", Step.DETAILS),
        (Step.CONFIRMED, "I want to change what I ask", Step.RIGHTS),
        (Step.ACCOUNT, "back", Step.RIGHTS),
    ],
)
def test_going_back_in_words_finds_the_step(step: Step, text: str, wanted: Step) -> None:
    read_so = read(step, heard(text, "go_back"), BLANK[step])
    assert read_so is not None and read_so.ask is wanted and read_so.slots[wanted.value] is None


@pytest.mark.parametrize("step", [Step.ACCOUNT, Step.CONFIRMED])
def test_other_rights_take_the_place_of_those_before(step: Step) -> None:
    said = heard("actually a copy, not deletion", "request", Right.ACCESS, Right.DELETION)
    read_so = read(step, said, BLANK[step])
    assert read_so is not None and read_so.say == "utter_request_switched"
    assert read_so.slots == {Step.RIGHTS.value: ["access"], Step.CONFIRMED.value: None}


def test_rights_that_are_added_stand_beside_those_before() -> None:
    read_so = read(Step.CONFIRMED, heard("also a copy of my data please", "request", Right.ACCESS), COMPLETE)
    assert read_so is not None and read_so.say == "utter_request_widened"
    assert read_so.slots[Step.RIGHTS.value] == ["deletion", "access"]


def test_an_address_that_comes_later_replaces_the_one_before_and_the_summary_is_shown_again() -> None:
    other = ADDRESS | {"handle": "h9"}
    for step in (Step.CONFIRMED, Step.DETAILS):
        read_so = read(step, with_contact("I mistyped, it should be [email-1]", other), BLANK[step])
        assert read_so is not None
        assert read_so.slots == {Step.ACCOUNT.value: [other], Step.CONFIRMED.value: None}


# --- what is asked for ---------------------------------------------------------------------------------------------


def test_rights_are_taken_with_the_words_in_which_they_were_said() -> None:
    read_so = read(Step.RIGHTS, heard("delete it all", "request", Right.DELETION), Draft())
    assert read_so == Heeded({Step.RIGHTS.value: ["deletion"], ORIGIN: "delete it all"})


@pytest.mark.parametrize(("text", "right"), [("erase", "deletion"), ("a copy", "access"), ("object", "objection")])
def test_one_word_is_enough_where_rights_are_asked_for(text: str, right: str) -> None:
    read_so = read(Step.RIGHTS, heard(text, "nonsense"), Draft())
    assert read_so is not None and read_so.slots[Step.RIGHTS.value] == [right]


def test_what_names_no_right_is_asked_again() -> None:
    assert read(Step.RIGHTS, heard("hm", "nonsense"), Draft()) == Heeded(
        {Step.RIGHTS.value: None}, say="utter_rights_unclear"
    )


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


# --- who decides ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (heard("through my school", "nonsense"), Heeded({Step.PARTY.value: OTHER}, leave=True)),
        (heard("my own account", "nonsense"), Heeded({Step.PARTY.value: OWN})),
        (heard("not through a school", "deny"), Heeded({Step.PARTY.value: OWN})),
        (pressed('/affirm{"party": "other"}', party=OTHER), Heeded({Step.PARTY.value: OTHER}, leave=True)),
        (pressed('/affirm{"party": "own"}', party=OWN), Heeded({Step.PARTY.value: OWN})),
        (heard("yes", "affirm"), Heeded({Step.PARTY.value: None}, say="utter_party_unclear")),
        (heard("no", "deny"), Heeded({Step.PARTY.value: None}, say="utter_party_unclear")),
        (heard("hm", "nonsense"), Heeded({Step.PARTY.value: None}, say="utter_party_unclear")),
        (heard("who are you?", "small_talk"), None),
    ],
)
def test_the_party_is_named_by_a_button_or_in_words(knowledge: Any, said: Heard, expected: Heeded | None) -> None:
    referral = knowledge.get("classtime").profile.referral
    assert heed(Draft(rights=(Right.DELETION,)), Step.PARTY, said, referral) == expected


# --- the account ---------------------------------------------------------------------------------------------------


def test_contacts_are_taken_as_handles_and_hints() -> None:
    read_so = read(Step.ACCOUNT, with_contact("[email-1] or [phone-1]", ADDRESS, PHONE), DELETION)
    assert read_so == Heeded({Step.ACCOUNT.value: [ADDRESS, PHONE], Step.CONFIRMED.value: None})


def test_a_contact_that_cannot_be_used_is_told_from_one_that_could_not_be_kept() -> None:
    torn = read(Step.ACCOUNT, with_contact("[email-1]", TORN), DELETION)
    lost = read(Step.ACCOUNT, with_contact("[email-1]", LOST), DELETION)
    assert torn is not None and torn.say == "utter_account_malformed" and torn.slots == {Step.ACCOUNT.value: None}
    assert lost is not None and lost.say == "utter_account_not_kept" and lost.slots == {Step.ACCOUNT.value: None}


def test_of_two_contacts_the_one_that_can_be_used_is_taken() -> None:
    read_so = read(Step.ACCOUNT, with_contact("[email-1] [phone-1]", TORN, PHONE), DELETION)
    assert read_so is not None and read_so.slots[Step.ACCOUNT.value] == [PHONE]


@pytest.mark.parametrize(
    "said",
    [
        heard("no", "deny"),
        heard("I have no account", "nonsense"),
        heard("I don't remember which email I used", "ask_policy"),
        heard("no phone and no mail", "unsure"),
    ],
)
def test_having_none_is_an_answer(said: Heard) -> None:
    assert read(Step.ACCOUNT, said, DELETION) == Heeded({Step.ACCOUNT.value: []}, say="utter_account_none")


@pytest.mark.parametrize("said", [heard("yes", "affirm"), heard("blue", "nonsense"), heard("hm", "unsure")])
def test_what_is_no_account_is_asked_again(said: Heard) -> None:
    assert read(Step.ACCOUNT, said, DELETION) == Heeded({Step.ACCOUNT.value: None}, say="utter_account_unclear")


# --- the details ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said", [heard("no", "deny"), heard("nothing", "deny"), pressed("/deny"), heard("that's all", "affirm")]
)
def test_nothing_to_add_is_an_answer(said: Heard) -> None:
    assert read(Step.DETAILS, said, WITH_ACCOUNT) == Heeded({Step.DETAILS.value: ""})


@pytest.mark.parametrize("text", ["yes", "Yes.", "sure", "yes there is"])
def test_a_bare_yes_asks_what_it_is(text: str) -> None:
    read_so = read(Step.DETAILS, heard(text, "affirm"), WITH_ACCOUNT)
    assert read_so == Heeded({Step.DETAILS.value: None}, say="utter_details_go_on")


def test_words_are_taken_whole_and_cut_where_they_are_too_many() -> None:
    said = heard("the calls of last winter", "nonsense", full_text="word " * 1000)
    read_so = read(Step.DETAILS, said, WITH_ACCOUNT)
    assert read_so == Heeded({Step.DETAILS.value: ("word " * 1000)[:MOST_DETAILS]})


def test_a_contact_in_the_details_is_added_to_the_account() -> None:
    read_so = read(Step.DETAILS, with_contact("the calls were with [phone-1]", PHONE), WITH_ACCOUNT)
    assert read_so is not None and read_so.slots[Step.ACCOUNT.value] == [ADDRESS, PHONE]
    assert read_so.slots[Step.DETAILS.value] == "the calls were with [phone-1]"


@pytest.mark.parametrize("intent", ["go_back", "nonsense", "ask_policy"])
@pytest.mark.parametrize("text", ["it should say [email-1]", "the new address is [email-1]", "[email-1]"])
def test_what_a_correction_should_say_is_no_other_account(text: str, intent: str) -> None:
    before, new = ADDRESS, ADDRESS | {"handle": "h9"}
    correction = Draft(rights=(Right.CORRECTION,), party=OWN, account=(before,))
    read_so = read(Step.DETAILS, with_contact(text, new, intent=intent), correction)
    assert read_so is not None and read_so.slots[Step.DETAILS.value] == text
    assert read_so.slots.get(Step.ACCOUNT.value, [before])[0] == before


def test_what_happened_is_told_in_words_that_would_be_something_else_elsewhere() -> None:
    complaint = Draft(rights=(Right.COMPLAINT,), party=OWN, account=())
    said = heard("Nobody answered me for weeks", "status")
    assert read(Step.DETAILS, said, complaint) == Heeded({Step.DETAILS.value: "Nobody answered me for weeks"})
    assert read(Step.DETAILS, said, WITH_ACCOUNT) is None


def test_no_payload_of_a_button_ever_becomes_a_text() -> None:
    for payload in ("/affirm", '/affirm{"party": "own"}', '/request{"right": "deletion"}', "/my_data", "/resend_code"):
        rights = (Right.DELETION,) if "deletion" in payload else ()
        read_so = read(Step.DETAILS, pressed(payload, *rights), WITH_ACCOUNT)
        assert read_so is None or not str(read_so.slots.get(Step.DETAILS.value) or "").startswith("/"), payload


# --- the summary ---------------------------------------------------------------------------------------------------


def test_only_a_yes_confirms() -> None:
    assert read(Step.CONFIRMED, heard("yes", "affirm"), COMPLETE) == Heeded({Step.CONFIRMED.value: True})
    for intent in ("deny", "nonsense", "unsure", "out_of_scope", "request", "more", "go_back", *INTERRUPTIONS):
        read_so = read(Step.CONFIRMED, heard("hm", intent), COMPLETE)
        assert read_so is None or read_so.slots.get(Step.CONFIRMED.value) is not True, intent


def test_a_no_asks_what_to_change_and_files_nothing() -> None:
    assert read(Step.CONFIRMED, heard("no", "deny"), COMPLETE) == Heeded(
        {Step.CONFIRMED.value: None}, say="utter_confirm_what_to_change"
    )


def test_naming_what_is_wrong_goes_there() -> None:
    read_so = read(Step.CONFIRMED, heard("the address is wrong", "nonsense"), COMPLETE)
    assert read_so is not None and read_so.ask is Step.ACCOUNT


# --- steps that are left out, offers that are taken up --------------------------------------------------------------


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
