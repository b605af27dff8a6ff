"""Clauses that no person has labelled get their topics from what was learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from kb_texts import NEWCOMERS, made_up, one_long_line, profile_of, source_of, tools

from policies_kb.compiler import compile_policy
from policies_kb.encoder import NullEncoder
from policies_kb.errors import ProfileError
from policies_kb.labeller import ClauseLabeller, Example, training_clauses
from policies_kb.model import Clause
from policies_kb.profile import Profile
from policies_kb.topics import Topic

# Written for this test alone; no policy has them.
SENTENCES = {
    "We sell nothing that belongs to you, not to anybody.": Topic.SALE,
    "Little text files in your browser remember that you are logged in.": Topic.COOKIES,
    "Everything is erased ninety days after your last order.": Topic.RETENTION,
    "Children younger than sixteen need a parent's permission to register.": Topic.CHILDREN,
    "Your card number goes straight to the payment company.": Topic.PAYMENT,
    "The phone's GPS tells us where you are when you order a taxi.": Topic.LOCATION,
    "If hackers get in, we tell everybody concerned within three days.": Topic.BREACH,
    "All traffic is encrypted with TLS, and so are the disks.": Topic.ENCRYPTION,
    "You may have wrong entries put right.": Topic.CORRECTION,
    "Ask us for a copy of everything we hold about you.": Topic.ACCESS,
    "To close the account for good, press Remove in your settings.": Topic.DELETION,
    "Unsubscribe from the newsletter with the link at the bottom.": Topic.MARKETING,
    "Our servers stand in Ireland.": Topic.STORAGE_PLACE,
    "We hand data over when a court orders it.": Topic.LEGAL_DISCLOSURE,
    "When the company is bought, customer records go to the new owner.": Topic.BUSINESS_TRANSFER,
    "This notice may change; the new text will be put on this page.": Topic.CHANGE,
    "Write to our data protection officer at dpo@example.org.": Topic.CONTACT,
    "You can lodge a complaint with the supervisory authority.": Topic.COMPLAINT,
    "Phone calls with our hotline are recorded for training.": Topic.CALLS,
    "We do not react to Do Not Track settings of browsers.": Topic.DO_NOT_TRACK,
}


def labelled(sentences: list[str]) -> list[Clause]:
    clauses = [made_up(sentence).clauses[0] for sentence in sentences]
    return [Clause(**{**vars(c), "labels": labels}) for c, labels in zip(clauses, tools().labeller.label(clauses))]


def test_a_sentence_about_selling_nothing_is_about_sale() -> None:
    (clause,) = labelled(["We sell nothing."])
    assert clause.labels[0].topic is Topic.SALE


def test_three_in_four_unseen_sentences_get_their_topic_first_or_second() -> None:
    found = labelled(list(SENTENCES))
    right = [topic in [label.topic for label in c.labels[:2]] for c, topic in zip(found, SENTENCES.values())]
    missed = [sentence for sentence, good in zip(SENTENCES, right) if not good]
    assert sum(right) >= 0.75 * len(SENTENCES), missed


def test_labels_come_strongest_first_with_ranks_a_person_would_give() -> None:
    for clause in labelled(list(SENTENCES)):
        weights = [label.weight for label in clause.labels]
        assert weights == sorted(weights, reverse=True)
        assert all(label.rank in (1, 2, 3) for label in clause.labels)


@pytest.mark.parametrize("path", NEWCOMERS, ids=lambda path: path.stem)
def test_most_clauses_of_an_unseen_policy_get_a_topic(path: Path) -> None:
    text = path.read_bytes().decode()
    version = compile_policy(text, Profile(policy="acme", name="Acme", current="1"), "1", tools().labeller)
    known = [clause for clause in version.clauses if any(label.rank <= 2 for label in clause.labels)]
    assert len(known) >= 0.8 * len(version.clauses)
    assert not any(clause.reviewed for clause in version.clauses)


def test_one_line_of_40000_characters_gets_topics_from_all_over() -> None:
    version = compile_policy(one_long_line(), Profile(policy="acme", name="Acme", current="1"), "1", tools().labeller)
    covered = {label.topic for clause in version.clauses for label in clause.labels if label.rank <= 2}
    assert {Topic.SALE, Topic.COOKIES, Topic.DELETION, Topic.CHILDREN, Topic.RETENTION, Topic.CHANGE} <= covered


def test_labelling_is_the_same_every_time() -> None:
    assert [c.labels for c in labelled(list(SENTENCES))] == [c.labels for c in labelled(list(SENTENCES))]


def test_a_persons_labels_are_never_overwritten() -> None:
    profile = profile_of("klasso")
    plain = compile_policy(source_of("klasso"), profile, profile.current)
    assert compile_policy(source_of("klasso"), profile, profile.current, tools().labeller) == plain


def test_no_clauses_get_no_labels() -> None:
    assert tools().labeller.label([]) == []


def test_a_labeller_survives_being_written_and_read(tmp_path: Path) -> None:
    examples: list[Example] = [("we sell data", (Topic.SALE,)), ("we keep data", (Topic.RETENTION,)), ("hello", ())]
    examples += [(topic.meaning, (topic,)) for topic in Topic]
    fitted = ClauseLabeller.fit(tools().vectors, examples)
    fitted.save(tmp_path / "labeller.npz")
    again = ClauseLabeller.load(tools().vectors, tmp_path / "labeller.npz")
    clauses = list(made_up("Sale\nWe sell nothing that we know about you to anybody at all.\n").clauses)
    assert np.array_equal(fitted.strengths(clauses), again.strengths(clauses))


def test_an_encoder_that_knows_nothing_still_labels_without_failing() -> None:
    examples: list[Example] = [(topic.meaning, (topic,)) for topic in Topic]
    labeller = ClauseLabeller.fit(NullEncoder(), examples)
    clauses = list(made_up("Sale\nWe sell nothing that we know about you to anybody at all.\n").clauses)
    assert labeller.strengths(clauses).shape == (1, len(Topic))


def test_a_shipped_policy_can_be_left_out_of_the_training() -> None:
    everything, without = training_clauses(), training_clauses(without="klasso")
    left_out = {text for text, _ in everything} - {text for text, _ in without}
    assert any("Klasso does not record" in text for text in left_out)
    assert not any("Klasso" in text for text, _ in without)


def test_a_training_line_without_its_bar_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clauses.yml").write_text('- "contact: write to us"\n', "utf-8")
    monkeypatch.setattr("policies_kb.labeller.TRAINING", tmp_path)
    with pytest.raises(ProfileError, match="a line without"):
        training_clauses()
