"""What is read out of a policy's text for its first profile, and what is not."""

from __future__ import annotations

from datetime import date

import pytest
from kb_texts import POLICIES, made_up, profile_of, version_of
from owner_desk import ACME

from policies_kb.drafting import Guesses, asides, guesses


def read_in(*lines: str) -> Guesses:
    return guesses(made_up("\n".join(["Privacy Policy", "", *lines])))


def test_a_whole_policy_is_read() -> None:
    found = guesses(made_up(ACME))
    assert found.values("contact") == ("privacy@acme.example.org", "+44 20 7946 0123")
    assert found.values("controller") == ("Acme Ltd is the controller of your personal data.",)
    assert found.values("periods") == ("6 months",) and found.values("ages") == ("16",)
    assert found.values("regimes") == ("gdpr",) and set(found.values("rights")) == {"access", "deletion"}
    assert (found.effective, found.version) == (date(2026, 3, 1), "2026-03-01")


def test_every_guess_names_the_clause_it_rests_on() -> None:
    version = made_up(ACME)
    words = {"contact": "privacy@", "regimes": "GDPR", "ages": "16", "periods": "6 months", "controller": "controller"}
    for name, expected in words.items():
        places = [guess.clause for guess in guesses(version).found if guess.field == name]
        assert places and all(expected in (version.clause(place) or version.clauses[0]).text for place in places[:1])


@pytest.mark.parametrize(
    "text, day, name",
    [
        ("Last updated: September 25, 2020", date(2020, 9, 25), "2020-09-25"),
        ("Last modified on 3 May 2025.", date(2025, 5, 3), "2025-05-03"),
        ("Last updated: April 2026", date(2026, 4, 1), "2026-04"),
        ("Effective date: 2026-02-11", date(2026, 2, 11), "2026-02-11"),
        ("This notice is in force from 20 January 2025.", date(2025, 1, 20), "2025-01-20"),
        ("Effective as of 1st of Oct. 2024", date(2024, 10, 1), "2024-10-01"),
        ("Updated 24.12.2025", date(2025, 12, 24), "2025-12-24"),
        ("Last updated 03/04/2026", None, ""),
        ("Last updated: February 31, 2026", None, ""),
        ("We were founded in April 2019.", None, ""),
        ("Last updated from time to time.", None, ""),
    ],
)
def test_the_date_from_which_the_text_holds(text: str, day: date | None, name: str) -> None:
    found = read_in(text, "", "We keep nothing at all about anybody.")
    assert (found.effective, found.version) == (day, name)


@pytest.mark.parametrize(
    "text, laws",
    [
        ("You have rights under the UK GDPR.", ("uk_gdpr",)),
        ("We comply with the General Data Protection Regulation and the UK GDPR.", ("uk_gdpr", "gdpr")),
        ("California residents: the CPRA applies.", ("ccpa",)),
        ("We follow the Children's Online Privacy Protection Act and FERPA.", ("coppa", "ferpa")),
        ("We are not subject to the GDPR.", ()),
        ("The ccpap library is a dependency.", ()),
    ],
)
def test_a_law_counts_where_the_policy_claims_it(text: str, laws: tuple[str, ...]) -> None:
    assert read_in(text).values("regimes") == laws


@pytest.mark.parametrize(
    "text, rights",
    [
        ("You may request a copy of your data.", {"access"}),
        ("You can ask us to correct or delete your data.", {"correction", "deletion"}),
        ("You have the right to data portability and to object to processing.", {"portability", "objection"}),
        ("You may withdraw your consent at any time.", {"withdraw_consent"}),
        ("You can unsubscribe from our marketing e-mails.", {"marketing_opt_out"}),
        ("You may lodge a complaint with a supervisory authority.", {"complaint"}),
        ("We delete logs when they are old.", set()),
    ],
)
def test_rights_count_where_they_are_granted(text: str, rights: set[str]) -> None:
    assert set(read_in(text).values("rights")) == rights


def test_an_extension_inside_an_international_number_is_no_number_of_its_own() -> None:
    found = read_in("Call +1 (202) 555-0142 or (202) 555-0199.")
    assert found.values("contact") == ("+1 (202) 555-0142", "(202) 555-0199")


def test_only_what_certainly_is_no_policy_text_becomes_an_aside() -> None:
    lines = [
        "Skip to content",
        "© 2026 Acme Ltd. All rights reserved.",
        "Home | Pricing | Log in",
        "Accept all cookies",
    ]
    policy = ["Cookies", "We use cookies.", "All rights are listed below.", "Contact us about copyright."]
    assert asides("\n".join([*lines, *policy])) == tuple(lines)


@pytest.mark.parametrize("policy", POLICIES)
def test_what_a_person_wrote_about_the_shipped_policies_is_read_too(policy: str) -> None:
    """A person's profile names the same addresses, and claims no law that is not read."""
    found, profile = guesses(version_of(policy)), profile_of(policy)
    written = " ".join(profile.contact)
    assert [one for one in found.values("contact") if one not in written] == []
    assert set(profile.regimes) <= set(found.values("regimes"))
