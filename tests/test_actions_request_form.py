"""How the form reads one message at one step: pure functions over what was understood."""

from __future__ import annotations

from typing import Any

import pytest
from hearing import ADDRESS, COMPLETE, DELETION, LOST, PHONE, TORN, WITH_ACCOUNT, heard, pressed, read, with_contact

from actions.referral import OTHER, OWN
from actions.request_form import MOST_DETAILS, ORIGIN, Draft, Heeded, Step, heed
from actions.services import Heard
from tickets.vocabulary import Right

INTERRUPTIONS = ("small_talk", "status", "human", "my_data", "forget_me", "resend_code", "prove")
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
    assert read_so.slots[Step.RIGHTS.value] == ["access"] and read_so.slots[Step.CONFIRMED.value] is None
    assert read_so.slots.get(ORIGIN) in (None, "actually a copy, not deletion")


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


def test_a_contact_in_the_details_stands_beside_the_account_as_one_that_was_only_mentioned() -> None:
    read_so = read(Step.DETAILS, with_contact("the calls were with [phone-1]", PHONE), WITH_ACCOUNT)
    assert read_so is not None and read_so.slots[Step.ACCOUNT.value] == [ADDRESS, PHONE | {"mentioned": True}]
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
