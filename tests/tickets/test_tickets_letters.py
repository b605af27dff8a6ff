"""What the letters say, and that a value in them is never read as a template."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timezone
from typing import Any

import pytest
from conftest import NOW

from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.letters import Correspondence, Details, News, code_letter, news_letter, reach_letter
from tickets.model import RightResult
from tickets.vocabulary import Channel, DelayReason, RefusalReason, Regime, Right, RightOutcome, Status
from tickets.words import (
    CHANNEL_WORDS,
    COMPLAINT_WORDS,
    DELAY_WORDS,
    REFUSAL_WORDS,
    RIGHT_WORDS,
    STATUS_WORDS,
    day_in_words,
    time_in_words,
    words_for,
)

MAIL = Correspondence("https://privacy.example.org/", str.title)
TOKEN = "abcdefghijklmnopqrstuv"
ENOUGH = Details(
    question="Which of your two accounts do you mean?",
    reply="We have found both of your accounts.",
    reason=RefusalReason.LEGAL_OBLIGATION_IMPAIRED,
    basis="GDPR Art. 17(3)(b)",
    answer_by=date(2026, 3, 2),
    controller="your school",
    original="KLS-8G4L-93RF",
    regimes=(Regime.GDPR,),
    results=(
        RightResult(
            Right.DELETION, RightOutcome.REFUSED, RefusalReason.LEGAL_OBLIGATION_IMPAIRED, "GDPR Art. 17(3)(b)"
        ),
        RightResult(Right.ACCESS, RightOutcome.FULFILLED),
        RightResult(Right.OBJECTION, RightOutcome.PARTLY_FULFILLED, RefusalReason.FULFILMENT_IMPOSSIBLE, "clause 7"),
    ),
)
SEEDS = [
    *("{{7*7}}", "${7*7}", "$code", "${code}", "$$", "$", "${", "{code}", "{0}", "{0.__class__}", "%s", "%(code)s"),
    *("{% include '/etc/passwd' %}", "<%= 7*7 %>", "#{7*7}", "@(7*7)", "[[${7*7}]]", "*{7*7}", "~{x}", "{{=it}}"),
    *("{{config}}", "{{''.__class__.__mro__}}", "${T(java.lang.Runtime)}", "{{constructor.constructor('x')()}}"),
    *("{php}echo 1{/php}", "<script>alert(1)</script>", "$company", "$stop", "${reference}", "$question", "\\x41"),
    *("{{#each}}", "{{>partial}}", "${{7*7}}", "$(id)", "`id`", "{{ 7 * 7 }}", "%{7*7}", "a{*b*}c", "=1+1"),
]
PAYLOADS = [form.format(seed) for seed in SEEDS for form in ("{}", "before {} after", "{0}{0}", "'{}'", '"{}')]


def letter(kind: str = "code", **changes: Any) -> tuple[str, str]:
    usual: dict[str, Any] = {
        "policy": "klasso",
        "rights": [Right.ACCESS, Right.DELETION],
        "reference": "KLS-7F3K-92QD",
        "channel": Channel.TELEGRAM,
        "at": NOW,
        "code": Redacted("7F3K92QD"),
        "minutes": 10,
        "stop_token": Redacted(TOKEN),
    }
    return (code_letter if kind == "code" else reach_letter)(MAIL, **(usual | changes))


def news(kind: News, details: Details = ENOUGH, **changes: Any) -> tuple[str, str]:
    usual: dict[str, Any] = {"policy": "klasso", "rights": [Right.DELETION], "reference": "KLS-7F3K-92QD", "at": NOW}
    return news_letter(kind, MAIL, details=details, **(usual | changes))


def flowing(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("kind", ["code", "reach"])
@pytest.mark.parametrize("channel", Channel)
def test_a_letter_with_a_code_says_action_reference_channel_time_and_how_to_stop(kind: str, channel: Channel) -> None:
    _, text = letter(kind, channel=channel)
    assert "What is asked for: a copy of your data, deletion\n" in text
    assert "Company: Klasso\n" in text and "Reference: KLS-7F3K-92QD\n" in text
    assert f"Asked through: {CHANNEL_WORDS[channel]}\n" in text
    assert "Asked on: Saturday 31 January 2026, 12:00 UTC\n" in text
    assert f"\nhttps://privacy.example.org/stop/{TOKEN}\n" in text
    assert "Stopping needs no login" in flowing(text) and "not you" in text


@pytest.mark.parametrize("kind", ["code", "reach"])
def test_the_code_is_easy_to_read_and_the_letter_warns_against_giving_it_away(kind: str) -> None:
    _, text = letter(kind)
    assert "\n    7F3K-92QD\n" in text and "within 10 minutes" in flowing(text)
    assert "Nobody of the team will ever ask you for this code" in flowing(text)


@pytest.mark.parametrize("kind", ["code", "reach"])
def test_neither_code_nor_link_stands_in_the_subject(kind: str) -> None:
    subject, _ = letter(kind, reference="KLS-2222-CCCC")
    assert "KLS-2222-CCCC" in subject and "7F3K" not in subject and TOKEN not in subject and "\n" not in subject


def test_a_code_in_another_form_is_left_as_it_is() -> None:
    assert "\n    7F3K-92QD\n" in letter(code=Redacted("7F3K-92QD"))[1]


def test_every_line_is_short_enough_to_travel_unbroken() -> None:
    every = [letter("code", rights=list(Right)), letter("reach", rights=list(Right))]
    every += [news(kind, replace(ENOUGH, regimes=tuple(Regime)), rights=list(Right)) for kind in News]
    assert max(len(line) for _, text in every for line in text.splitlines()) <= 76


def test_a_chat_gets_its_news_without_line_breaks_in_sentences() -> None:
    _, text = news(News.DENIED, width=0)
    assert any(len(line) > 150 for line in text.splitlines())


SAYS: dict[News, list[str]] = {
    News.RECEIVED: ["was received on Saturday 31 January 2026", "answered by Monday 2 March 2026"],
    News.VERIFIED: ["settled", "answered by Monday 2 March 2026"],
    News.ASKED: ["Which of your two accounts do you mean?"],
    News.EXTENDED: ["longer", "because the request is complex", "by Monday 2 March 2026"],
    News.FULFILLED: ["Klasso has done what you asked for"],
    News.PARTLY_FULFILLED: [
        "Done: a copy of your data.",
        f"Not done: deletion, because {REFUSAL_WORDS[RefusalReason.LEGAL_OBLIGATION_IMPAIRED]}. It rests on: GDPR Art",
        "Done in part: objection. The rest was not done, because it is impossible to do. It rests on: clause 7",
        "complain to",
    ],
    News.DENIED: [REFUSAL_WORDS[RefusalReason.LEGAL_OBLIGATION_IMPAIRED], "GDPR Art. 17(3)(b)", "complain to", "court"],
    News.REFERRED: ["Please turn to: your school"],
    News.DUPLICATE: ["the same as KLS-8G4L-93RF"],
    News.EXPIRED: ["Nobody showed in time", "nothing was done"],
    News.WITHDRAWN: ["taken back"],
    News.REPLIED: ["support team of Klasso writes", "found both of your accounts", "To answer, say"],
}


@pytest.mark.parametrize("kind", News)
def test_a_piece_of_news_says_what_it_is_about_and_what_became_of_it(kind: News) -> None:
    details = replace(ENOUGH, reason=DelayReason.COMPLEXITY_OF_PROCESS) if kind is News.EXTENDED else ENOUGH
    subject, text = news(kind, details)
    assert "KLS-7F3K-92QD" in subject and "Klasso" in text and "deletion" in text and "Reference: KLS-7F3K-92QD" in text
    missing = [words for words in SAYS[kind] if words not in flowing(text)]
    assert not missing and "$" not in subject + text


@pytest.mark.parametrize(
    ("kind", "lacking"),
    [
        (News.RECEIVED, {"answer_by": None}),
        (News.ASKED, {"question": ""}),
        (News.EXTENDED, {"reason": None}),
        (News.DENIED, {"reason": None}),
        (News.DENIED, {"basis": ""}),
        (News.PARTLY_FULFILLED, {"results": ()}),
        (News.PARTLY_FULFILLED, {"results": (RightResult(Right.ACCESS, RightOutcome.REFUSED),)}),
        (News.REFERRED, {"controller": ""}),
        (News.DUPLICATE, {"original": ""}),
        (News.REPLIED, {"reply": ""}),
    ],
)
def test_a_letter_that_lacks_what_it_has_to_say_is_not_written(kind: News, lacking: dict[str, Any]) -> None:
    told = {"results": "outcomes"}.get(next(iter(lacking)), next(iter(lacking)))
    with pytest.raises(InputError, match=told):
        news(kind, replace(ENOUGH, **lacking))


def test_a_refusal_names_where_to_complain_by_the_laws_that_apply() -> None:
    everywhere = flowing(news(News.DENIED, replace(ENOUGH, regimes=()))[1])
    california = flowing(news(News.DENIED, replace(ENOUGH, regimes=(Regime.CCPA,)))[1])
    both = flowing(news(News.DENIED, replace(ENOUGH, regimes=(Regime.CCPA, Regime.UK_GDPR)))[1])
    assert "where you live" in everywhere and "court" not in everywhere
    assert "California Privacy Protection Agency" in california and "court" not in california
    assert "Information Commissioner" in both and "California" in both and "court" in both


@pytest.mark.parametrize("place", ["question", "basis", "controller"])
def test_two_hundred_payloads_of_template_languages_arrive_as_they_are(place: str) -> None:
    assert len(PAYLOADS) >= 200
    kind = {"question": News.ASKED, "basis": News.DENIED, "controller": News.REFERRED}[place]
    plain = flowing(news(kind, replace(ENOUGH, **{place: "PLACE"}))[1])
    changed = [
        one
        for one in PAYLOADS
        if flowing(news(kind, replace(ENOUGH, **{place: one}))[1]) != plain.replace("PLACE", one)
    ]
    assert changed == []


def test_a_company_whose_name_looks_like_a_template_is_only_named() -> None:
    _, text = code_letter(
        Correspondence("https://privacy.example.org", lambda policy: "$code {{7*7}}"),
        policy="klasso",
        rights=[Right.DELETION],
        reference="KLS-2222-CCCC",
        channel=Channel.WEB,
        at=NOW,
        code=Redacted("7F3K92QD"),
        minutes=10,
        stop_token=Redacted(TOKEN),
    )
    assert "Company: $code {{7*7}}\n" in text and text.count("92QD") == 1


def test_every_word_of_the_vocabularies_has_words_for_people() -> None:
    assert set(RIGHT_WORDS) == set(Right) and set(STATUS_WORDS) == set(Status) and set(CHANNEL_WORDS) == set(Channel)
    assert set(DELAY_WORDS) == set(DelayReason) and set(REFUSAL_WORDS) == set(RefusalReason)
    assert set(COMPLAINT_WORDS) == set(Regime)
    assert words_for((Right.ACCESS, Right.DELETION)) == "a copy of your data, deletion"


def test_days_and_times_are_written_out_in_utc() -> None:
    assert day_in_words(date(2026, 3, 2)) == "Monday 2 March 2026"
    eastern = datetime.fromisoformat("2026-12-31T20:05:00-05:00")
    assert time_in_words(eastern) == "Friday 1 January 2027, 01:05 UTC"
    assert time_in_words(datetime(2026, 1, 31, 9, 5, tzinfo=timezone.utc)).endswith("09:05 UTC")
