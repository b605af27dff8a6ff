"""A reply as plain text."""

from __future__ import annotations

from typing import Any

from bot.desk import Button, Reply
from bot.rendering import LETTER_HEAD, ROLE_HEADS, STEPS_HEAD, plain_text


def quote(**changes: Any) -> dict[str, Any]:
    usual = {
        "text": "We  keep\nit “as is”.",
        "section": "4. Retention",
        "url": "/p/klasso/2026-04#keep",
        "role": "answer",
        "label": "",
    }
    return {**usual, **changes}


def answer(*quotes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"kind": "states", "quotes": list(quotes), "steps": [], "note": "", "condition": "", **changes}


def test_a_quote_stands_byte_for_byte_with_its_section_and_link() -> None:
    text = plain_text(Reply("The policy says:", answer(quote())), "https://desk.example.org")
    assert text == (
        "The policy says:\n\n“We  keep\nit “as is”.”\n  (4. Retention) https://desk.example.org/p/klasso/2026-04#keep"
    )


def test_a_quote_without_a_section_has_no_empty_brackets() -> None:
    assert "()" not in plain_text(Reply("x", answer(quote(section=""))))


def test_a_related_passage_is_marked_as_no_answer() -> None:
    text = plain_text(Reply("The policy does not say.", answer(quote(role="related"), kind="silent")))
    assert text.index("NOT an answer") < text.index("We  keep")


def test_a_head_stands_once_over_quotes_of_the_same_role() -> None:
    text = plain_text(Reply("x", answer(quote(), quote(role="also"), quote(role="also", text="More."))))
    assert text.count(ROLE_HEADS["also"]) == 1


def test_both_sides_of_a_condition_are_labelled() -> None:
    text = plain_text(Reply("It depends.", answer(quote(label="the app"), quote(label="the website"))))
    assert "If it is the app:" in text and "If it is the website:" in text


def test_steps_are_numbered_and_marked_as_our_help() -> None:
    text = plain_text(Reply("x", answer(quote(), steps=["Open it", "Press Delete"])))
    assert f"{STEPS_HEAD}\n1. Open it\n2. Press Delete" in text


def test_the_closing_stands_after_quotes_and_letter() -> None:
    text = plain_text(Reply("It sends you to them.", answer(quote()), letter="Dear all,", closing="I have noted it."))
    places = [text.index(part) for part in ("It sends", "We  keep", LETTER_HEAD, "Dear all,", "I have noted it.")]
    assert places == sorted(places)


def test_further_answers_follow_the_first() -> None:
    text = plain_text(Reply("x", answer(quote()), more_answers=(answer(quote(text="Another.")),)))
    assert text.index("We  keep") < text.index("Another.")


def test_notes_and_buttons_come_last() -> None:
    reply = Reply("x", answer(quote(), note="Two ages."), buttons=(Button("One", "/a"), Button("Two", "/b")))
    assert plain_text(reply).endswith("Note: Two ages.\n\n[One]\n[Two]") and "/a" not in plain_text(reply)


def test_a_reply_without_an_answer_is_its_text() -> None:
    assert plain_text(Reply("Hello.")) == "Hello."
