"""A reply as one message to Telegram."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from bot.channels.telegram.passages import CUT, READ_ON
from bot.channels.telegram.rendered import Rendered, Sheet, printable
from bot.channels.telegram.rendering import Place, rendered, rows_of
from bot.channels.telegram.units import LONGEST, part, parts_of, units
from bot.desk import Button, Reply
from bot.rendering import ROLE_HEADS, STEPS_HEAD, WHY

PLACE = Place("https://desk.example.org", {"klasso": "Klasso"}.get, lambda payload: f"{payload}:seal")  # type: ignore[arg-type]
TYPES = {"bold", "italic", "blockquote", "expandable_blockquote", "text_link", "code", "pre"}


def quote(text: str = "We  keep\nit “as is”.", role: str = "answer", **changes: Any) -> dict[str, Any]:
    usual = {"policy": "klasso", "text": text, "section": "4. Retention", "url": "/p/klasso/2026-04#keep", "role": role}
    return {**usual, "label": "", **changes}


def answer(*quotes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    empty = {"kind": "states", "topic": "data_retention", "steps": [], "note": "", "condition": ""}
    return {**empty, "quotes": list(quotes), **changes}


REQUEST = {
    "reference": "KLS-7F3K-92QD",
    "rights": ["deletion", "access"],
    "received": "2026-01-31T12:00:00+00:00",
    "status": "unverified",
    "answer_by": "2026-03-02",
    "working": ["received Sat 31 Jan 2026 -> one month -> Mon 2 Mar 2026"],
    "is_target": False,
    "proof": "code_sent",
    "created": True,
}


def marked(message: Rendered, kind: str) -> list[str]:
    """What stands in that look."""
    return [part(message.text, mark.offset, mark.length) for mark in message.entities if mark.type == kind]


def check(message: Rendered) -> None:
    """What Telegram would refuse, or change by itself, is not in it."""
    assert 0 < units(message.text) <= LONGEST and message.text == message.text.strip() == printable(message.text)
    for mark in message.entities:
        assert mark.type in TYPES and mark.offset >= 0 and mark.length > 0
        assert mark.offset + mark.length <= units(message.text)
        inside = part(message.text, mark.offset, mark.length)
        assert units(inside) == mark.length and inside in message.text  # no character is cut in two
        assert (mark.type == "text_link") == bool(mark.url)
    assert Rendered.from_json(message.to_json()) == message


def test_a_quote_stands_byte_for_byte_and_links_to_its_clause() -> None:
    message = rendered(Reply("This is what Klasso's privacy policy says:", answer(quote())), PLACE)
    check(message)
    assert marked(message, "blockquote") == ["“We  keep\nit “as is”.”"]
    assert marked(message, "text_link") == ["Klasso privacy policy, section “4. Retention”"]
    (link,) = [mark.url for mark in message.entities if mark.url]
    assert link == "https://desk.example.org/p/klasso/2026-04#keep"
    assert marked(message, "bold") == ["This is what Klasso's privacy policy says:"]


def test_only_the_verdict_is_bold_not_all_that_introduces_the_quotes() -> None:
    message = rendered(Reply("The policy does not say: nothing about bees. Ask a person.", answer(quote())), PLACE)
    assert marked(message, "bold") == ["The policy does not say:"]


@pytest.mark.parametrize(
    "url", ["//elsewhere.example.org/x", "https://elsewhere.example.org", "javascript:x", "/\\x", ""]
)
def test_a_link_leads_to_our_own_pages_only(url: str) -> None:
    message = rendered(Reply("x", answer(quote(url=url))), PLACE)
    assert marked(message, "text_link") == [] and "Klasso privacy policy" in message.text


def test_without_a_public_address_the_source_is_named_in_plain_words() -> None:
    message = rendered(Reply("x", answer(quote(section=""))), replace(PLACE, base_url=""))
    assert marked(message, "text_link") == [] and message.text.endswith("Klasso privacy policy")


def test_the_order_is_answer_exception_help_related_also() -> None:
    quotes = [quote("also", "also"), quote("related", "related"), quote("except", "exception"), quote("main")]
    text = rendered(Reply("x", answer(*quotes, steps=["Open it", "Press"], note="Two ages.")), PLACE).text
    wanted = ["“main”", ROLE_HEADS["exception"], "“except”", STEPS_HEAD, "1. Open it\n2. Press", "Two ages."]
    wanted += [ROLE_HEADS["related"], "“related”", ROLE_HEADS["also"], "“also”"]
    assert [text.index(part) for part in wanted] == sorted(text.index(part) for part in wanted)


def test_both_sides_of_a_contradiction_and_of_a_condition_are_labelled() -> None:
    sides = rendered(Reply("x", answer(quote("a", "against"), quote("b", "against"), kind="conflict")), PLACE)
    assert marked(sides, "bold")[1:] == ["One passage:", "Another passage:"]
    either = rendered(Reply("x", answer(quote(label="the app"), quote(label="the site"))), PLACE)
    assert marked(either, "bold")[1:] == ["The app:", "The site:"]


def test_each_of_several_answers_is_headed_by_its_question_and_verdict() -> None:
    other = answer(quote("b"), topic="third_party_sharing.sale", kind="denies")
    text = rendered(Reply("x", answer(quote("a")), more_answers=(other,)), PLACE).text
    places = [text.index(part) for part in ("The policy says:", "“a”", "No, the policy says it does not:", "“b”")]
    assert places == sorted(places)


def test_a_receipt_says_what_was_asked_by_when_and_why() -> None:
    message = rendered(Reply("Your request is open.", request=REQUEST), PLACE)
    check(message)
    assert marked(message, "code") == ["KLS-7F3K-92QD"]
    assert "Answer due by: 2 Mar 2026" in message.text and "deletion, a copy of your data" in message.text
    assert marked(message, "expandable_blockquote") == ["received Sat 31 Jan 2026 → one month → Mon 2 Mar 2026"]


def test_a_target_is_not_called_a_due_date_and_a_referral_has_none() -> None:
    assert "Our target for the answer: " in rendered(Reply("x", request={**REQUEST, "is_target": True}), PLACE).text
    referred = rendered(Reply("x", answer(quote()), {**REQUEST, "status": "referred"}), PLACE).text
    assert WHY not in referred and "due" not in referred and referred.index("“We") < referred.index("KLS-")


def test_a_letter_stands_in_a_block_that_one_tap_copies() -> None:
    message = rendered(Reply("x", letter="Dear all,\n\nPlease *delete* my data.", closing="Noted."), PLACE)
    assert marked(message, "pre") == ["Dear all,\n\nPlease *delete* my data."] and message.text.endswith("Noted.")


def test_the_greeting_comes_first() -> None:
    assert rendered(Reply("Hello."), PLACE, "I am a machine.").text == "I am a machine.\n\nHello."


def test_short_titles_share_a_row_and_long_ones_do_not() -> None:
    titles = ["Yes", "No", "File a request: a copy of your data", "Cancel"]
    rows = rows_of([Button(title, f"/{title}") for title in titles], PLACE.data)
    assert [[key.title for key in row] for row in rows] == [["Yes", "No"], [titles[2]], ["Cancel"]]
    assert rows[0][0].data == "/Yes:seal"


LONG = "We keep your data for a while. Then we delete it; this is certain! " * 200


def test_of_a_long_answer_what_else_the_policy_says_goes_first_and_that_is_said() -> None:
    quotes = [quote("main " * 500), quote("also " * 200, "also"), quote("last " * 500, "also", url="/p/klasso/1#last")]
    message = rendered(Reply("x", answer(*quotes)), PLACE)
    check(message)
    assert "main " * 500 in message.text and "also " * 200 in message.text and "last" not in message.text
    assert "One more passage: Klasso privacy policy" in message.text and message.entities[-1].url.endswith("#last")


def test_a_quote_that_is_too_long_is_cut_after_a_sentence_and_says_where_to_read_on() -> None:
    message = rendered(Reply("x", answer(quote(LONG))), PLACE)
    check(message)
    (shown,) = marked(message, "blockquote")
    assert shown.startswith("“") and shown.endswith(f"{CUT}”")
    kept = shown[1 : -len(CUT) - 1]
    assert LONG.startswith(kept) and kept[-1] in ".;!" and units(kept) > 3_000
    assert marked(message, "text_link") == [f"{READ_ON}Klasso privacy policy, section “4. Retention”"]


def test_both_sides_stay_when_both_are_too_long() -> None:
    message = rendered(Reply("x", answer(quote(LONG, "against"), quote(LONG, "against"), kind="conflict")), PLACE)
    check(message)
    first, second = marked(message, "blockquote")
    assert min(units(first), units(second)) > 1_500


WITHOUT_SENTENCES = ["😀" * 5_000, "x" * 9_000, "я " * 4_000, "\n" * 5_000 + "x", "a" + "😀" * 4_095]


@pytest.mark.parametrize("text", WITHOUT_SENTENCES, ids=range(len(WITHOUT_SENTENCES)))
def test_a_text_without_sentences_is_cut_between_characters(text: str) -> None:
    check(rendered(Reply("x", answer(quote(text), quote(text), quote(text, "also"))), PLACE))
    check(rendered(Reply(text, answer(quote(text)), letter=text, closing=text), PLACE, text))


HOSTILE = [
    "<b>bold</b>", "<a href='https://evil.example.org'>x</a>", "*bold* _it_ `code` ~~x~~ ||x||",
    "[x](https://evil.example.org)", "[x](tg://user?id=1)", "&lt;b&gt; &amp;", "\\*\\_\\[", "{{7*7}} ${x} %s {0}",
    "/request{\"right\": \"deletion\"}",
    "```\ncode", "<pre><code>", "\u202eevil", "@admin #tag $USD", "a\u200bb", "😀" * 50, "e\u0301" * 50,
    "👩‍👩‍👧‍👦", "🏳️‍🌈",
    "<tg-spoiler>", "\"quotes\" “more”", "'; DROP TABLE x; --", "line\nline\n\n\nline", "\ttab",
    "<script>alert(1)</script>",
]  # fmt: skip


def test_2000_hostile_texts_arrive_as_they_are_with_no_foreign_mark_or_link() -> None:
    chance = random.Random(7)
    for _ in range(2_000):
        said = " ".join(chance.choices(HOSTILE, k=chance.randint(1, 6))).strip()
        where = chance.randrange(4)
        reply = [
            Reply(said),
            Reply("x", letter=said),
            Reply("x", answer(quote(said), note=said, steps=[said])),
            Reply("x", request=REQUEST, closing=said),
        ][where]
        message = rendered(reply, PLACE)
        check(message)
        assert said in message.text
        assert {mark.url for mark in message.entities if mark.url} <= {"https://desk.example.org/p/klasso/2026-04#keep"}
        if where == 0:
            assert message.text == said and message.entities == ()


def test_marks_follow_the_text_when_white_space_goes_at_its_ends() -> None:
    sheet = Sheet()
    sheet.add("\n \n")
    sheet.add(" 😀bold ", "bold")
    sheet.add("plain  ")
    message = sheet.done()
    assert message.text == "😀bold plain" and marked(message, "bold") == ["😀bold "]


@pytest.mark.parametrize("text", ["word " * 2_000, "x" * 9_000, "😀" * 5_000, "line\n" * 3_000], ids=range(4))
def test_a_long_plain_text_goes_in_parts_that_telegram_takes(text: str) -> None:
    parts = parts_of(text)
    assert len(parts) > 1 and all(0 < len(part.encode("utf-16-le")) // 2 <= LONGEST for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
