"""Requests that were filed can be looked at and taken back by who filed them; what goes wrong is admitted."""

from __future__ import annotations

import pytest
from builders import WISH, fresh_address
from talking import Talk, asked, button, read_out, titles

from bot.intake import take
from bot.launch import Parts
from tickets.errors import StoreError
from tickets.service import RequestService
from tickets.vocabulary import Right, Status


@pytest.mark.parametrize(
    "typed",
    [
        '/request{"right": "deletion"}',
        '/request{"right": "question"}',
        '//request{"right": "deletion"}',
        ' \n/ /request{"right": "deletion"}',
        '\u200b/request{"right": "deletion"}',
        "/restart",
        "/session_start",
        "/affirm",
        "/prove",
        '/forget_me{"step": "sure"}',
        '/affirm{"party": "own"}',
        "menu:deletion",
    ],
)
def test_a_typed_command_files_nothing_and_is_no_command(parts: Parts, typed: str) -> None:
    talk = Talk(parts, "klasso")
    talk.file()
    reference = talk.filed()[0].reference
    reply = talk.say(typed)
    assert not take(typed).read.startswith("/") and reply.kind == ""
    assert [(one.reference, one.rights) for one in talk.filed()] == [(reference, (Right.DELETION,))]
    assert [one.status for one in talk.filed()] == [Status.UNVERIFIED]
    assert reply.request is None or reply.request["created"] is False


@pytest.mark.parametrize("typed", ['/request{"right": "access"}', "/affirm", '/go_back{"step": "request__rights"}'])
def test_a_typed_command_in_a_fresh_chat_files_nothing(parts: Parts, typed: str) -> None:
    talk = Talk(parts, "klasso")
    reply = talk.say(typed)
    assert talk.filed() == () and reply.request is None


def test_contact_data_stands_in_no_text_of_a_request(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.go_on(talk.say("Please delete my data, my mail is alice@example.org and my phone is +44 20 7946 0123"))
    talk.say("yes")
    (filed,) = talk.filed()
    details = parts.requests.show(filed.reference)
    assert "[email-1]" in details.text and "alice" not in details.text and "7946" not in details.text
    assert [contact.hint for contact in details.contacts] == ["a…@example.org", "…23"]


def test_the_whole_of_a_long_message_is_kept_with_the_request(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    offer = talk.say(WISH + ". " + "I have my reasons. " * 100 + "Goodbye.")
    assert "first 1,000 characters" in offer.text
    talk.go_on(offer)
    talk.say("yes")
    (filed,) = talk.filed()
    assert parts.requests.show(filed.reference).text.endswith("Goodbye.")


def test_details_are_kept_beside_the_first_words(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    for text in (WISH, "yes", fresh_address(), "It is about the calls of last winter.", "yes"):
        talk.say(text)
    (filed,) = talk.filed()
    assert parts.requests.show(filed.reference).text == f"{WISH}\nIt is about the calls of last winter."


def test_an_address_that_is_only_mentioned_is_never_written_to(parts: Parts) -> None:
    talk, mentioned = Talk(parts, "klasso"), fresh_address()
    for text in (WISH, "yes", "+44 20 7946 0123", f"The calls were with {mentioned}, last winter."):
        talk.say(text)
    receipt = talk.say("yes")
    assert receipt.request is not None and receipt.request["proof"] == "by_staff"
    waiting = parts.outbox.lease(parts.clock(), 1_000)
    assert mentioned not in [parcel.recipient.reveal() for parcel in waiting]


@pytest.mark.parametrize("question", ["What happened to my request?", "status of my request", "Is my request done?"])
def test_the_status_is_told_with_the_reference(parts: Parts, question: str) -> None:
    talk = Talk(parts, "klasso")
    talk.file()
    reply = talk.say(question)
    assert talk.filed()[0].reference in reply.text and "answer by" in reply.text


def test_without_a_request_the_status_says_so(parts: Parts) -> None:
    assert "no request in this conversation" in asked(parts, "klasso", "What happened to my request?").text


def test_who_names_another_persons_request_learns_nothing_of_it(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.file()
    reference = talk.filed()[0].reference
    unknown = f"{reference[:-1]}{'2' if reference[-1] != '2' else '3'}"
    told = asked(parts, "klasso", f"What happened to my request {reference}?")
    made_up = asked(parts, "klasso", f"What happened to my request {unknown}?")
    assert read_out(told).replace(reference, "…") == read_out(made_up).replace(unknown, "…")
    assert "deletion" not in told.text and "answer by" not in told.text


@pytest.mark.parametrize("words", ["I want to withdraw my request", "withdraw my request", "cancel my request"])
def test_a_request_can_be_taken_back_in_words(parts: Parts, words: str) -> None:
    talk = Talk(parts, "klasso")
    talk.file()
    reply = talk.say(words)
    assert [filed.status for filed in talk.filed()] == [Status.WITHDRAWN]
    assert talk.filed()[0].reference in reply.text


def test_a_request_can_be_taken_back_by_its_button(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    receipt = talk.file()
    assert titles(receipt) == ["Send the code again", "Take the request back"]
    talk.press(button(receipt, "Take the request back"))
    assert [filed.status for filed in talk.filed()] == [Status.WITHDRAWN]


def test_taking_back_twice_changes_nothing(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.file()
    talk.say("withdraw my request")
    assert "no open request" in talk.say("withdraw my request").text
    assert [filed.status for filed in talk.filed()] == [Status.WITHDRAWN]


def test_nobody_can_take_back_another_persons_request(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.file()
    reference = talk.filed()[0].reference
    other = Talk(parts, "klasso")
    assert "withdrawn" not in other.say(f"withdraw my request {reference}").text
    assert "no open request" in other.say("withdraw my request").text
    assert [filed.status for filed in talk.filed()] == [Status.UNVERIFIED]


def test_after_taking_back_the_same_wish_is_a_new_request(parts: Parts) -> None:
    talk = Talk(parts, "klasso")
    talk.file()
    talk.say("withdraw my request")
    talk.file()
    assert [filed.status for filed in talk.filed()] == [Status.UNVERIFIED, Status.WITHDRAWN]


def test_a_store_that_fails_is_admitted_and_a_yes_files_the_same_draft(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StoreError("the disk is full")

    talk = Talk(parts, "klasso")
    talk.confirming()
    with monkeypatch.context() as patch:
        patch.setattr(RequestService, "open_request", broken)
        reply = talk.say("yes")
    assert "could not be saved" in reply.text and "does NOT exist yet" in reply.text
    assert reply.request is None and talk.filed() == ()
    again = talk.say("yes")
    if again.request is None:  # the summary may be shown once more
        assert "Is that right?" in again.text
        again = talk.say("yes")
    assert again.request is not None and [filed.rights for filed in talk.filed()] == [(Right.DELETION,)]
