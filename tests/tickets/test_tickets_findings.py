"""Questions that were not answered well: counted, grouped, settled, sealed, and gone in their time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW

from pii.encryption import Vault, load_ring
from pii.redacted import Redacted
from tickets import findings as module
from tickets import rotation
from tickets.errors import InputError
from tickets.findings import Asked, Findings
from tickets.retention import Keeper
from tickets.store import Store
from tickets.tables_staff import findings as table
from tickets.vocabulary import Finding, Verdict

Count = Callable[[str], int]
STAFF = "staff:a1b2c3d4e5f60718"


@pytest.fixture
def findings(store: Store, vault: Vault) -> Findings:
    return Findings(store, vault)


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def note(findings: Findings, question: str, now: datetime = NOW, **changes: Any) -> None:
    usual = {"policy": "klasso", "version": "2026-04", "kind": Finding.SILENT, "topic": "data_retention"}
    findings.note(**(usual | changes), question=Redacted(question), now=now)


# Counting and grouping


def test_the_same_question_is_one_finding_that_counts_up(findings: Findings, count: Count) -> None:
    for number, question in enumerate(("Do you keep backups?", "do you  keep backups", "DO YOU KEEP: backups!?")):
        note(findings, question, days(number))
    (group,) = findings.groups()
    assert (group.question, group.times, group.alike) == ("Do you keep backups?", 3, ())
    assert (group.first_at, group.last_at, group.topic) == (NOW, days(2), "data_retention")
    assert count("findings") == 1


def test_what_is_nearly_the_same_is_one_group_under_the_one_asked_most_often(findings: Findings) -> None:
    note(findings, "do you keep my old backup", days(1))
    for number in (2, 3):
        note(findings, "do you keep my old backups", days(number))
    note(findings, "who reads my messages", days(4))
    first, second = findings.groups()
    assert (first.question, first.times, first.alike) == (
        "do you keep my old backups",
        3,
        ("do you keep my old backup",),
    )
    assert (first.first_at, first.last_at) == (days(1), days(3))
    assert (second.question, second.times) == ("who reads my messages", 1)


@pytest.mark.parametrize("change", [{"policy": "klantra"}, {"kind": Finding.CONFLICT}])
def test_policies_and_kinds_are_never_put_together(findings: Findings, count: Count, change: dict[str, Any]) -> None:
    note(findings, "do you keep backups")
    note(findings, "do you keep backups", **change)
    note(findings, "do you keep the backups", **change)
    assert [len(group.alike) for group in findings.groups()] == [1, 0] and count("findings") == 3


def test_they_are_narrowed_by_policy_and_kind_and_counted(findings: Findings) -> None:
    note(findings, "one thing")
    note(findings, "another matter", kind=Finding.VOTED_WRONG)
    note(findings, "something else", policy="klantra")
    assert [group.policy for group in findings.groups("klantra")] == ["klantra"]
    assert [group.kind for group in findings.groups(kind=Finding.VOTED_WRONG)] == [Finding.VOTED_WRONG]
    assert len(findings.groups()) == 3 and len(findings.groups(limit=2)) == 2
    wanted = dict.fromkeys(Finding, 0) | {Finding.SILENT: 1, Finding.VOTED_WRONG: 1}
    assert findings.counts("klasso") == wanted and findings.counts()[Finding.SILENT] == 2


def test_what_people_write_in_other_scripts_or_signs_is_kept_apart(findings: Findings) -> None:
    for question in ("видалити мої дані", "データを削除", "???", "!!!", "🙂🙂"):
        note(findings, question)
    # Signs alone are one and the same nothing.
    assert sorted(group.times for group in findings.groups()) == [1, 1, 3]


# Verdicts


def test_a_verdict_settles_the_group_and_the_next_same_question_stays_settled(findings: Findings) -> None:
    for question in ("do you keep my old backups", "do you keep my old backup", "who reads my messages"):
        note(findings, question)
    group = next(one for one in findings.groups() if one.alike)
    assert findings.settle(group.id, Verdict.DISMISSED, STAFF, days(1)) == 2
    note(findings, "Do you keep my old backups?", days(2))
    assert [one.question for one in findings.groups()] == ["who reads my messages"]


def test_asked_about_a_newer_version_of_the_policy_it_is_open_again(findings: Findings) -> None:
    note(findings, "do you keep backups")
    findings.settle(findings.groups()[0].id, Verdict.ADDED, STAFF, NOW)
    note(findings, "do you keep backups", days(1), version="2026-09")
    (group,) = findings.groups()
    assert (group.version, group.times) == ("2026-09", 2)


def test_who_comes_second_settles_nothing(findings: Findings, store: Store) -> None:
    note(findings, "do you keep backups")
    (group,) = findings.groups()
    assert findings.settle(group.id, Verdict.ADDED, STAFF, NOW) == 1
    assert findings.settle(group.id, Verdict.DISMISSED, "staff:other", NOW) == 0
    assert findings.settle("0" * 32, Verdict.DISMISSED, STAFF, NOW) == 0
    with store.reading() as unit:
        row = unit.execute(sa.select(table)).mappings().one()
    assert (row["verdict"], row["actor"]) == ("added", STAFF)


@pytest.mark.parametrize(
    ("verdict", "actor"), [(Verdict.OPEN, STAFF), (Verdict.ADDED, ""), (Verdict.ADDED, "one@example.org")]
)
def test_a_verdict_needs_a_decision_and_somebody_without_a_name(
    findings: Findings, verdict: Verdict, actor: str
) -> None:
    note(findings, "do you keep backups")
    with pytest.raises(InputError):
        findings.settle(findings.groups()[0].id, verdict, actor, NOW)
    assert len(findings.groups()) == 1


def test_many_who_ask_at_once_are_all_counted(findings: Findings) -> None:
    barrier = Barrier(8)

    def ask() -> None:
        barrier.wait()
        note(findings, "do you keep backups")

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [group.times for group in findings.groups()] == [8]


# What is kept


@pytest.mark.parametrize(
    "changes",
    [
        {"question": "write to one@example.org"},
        {"question": "call +44 20 7946 0123"},
        {"question": "  "},
        {"question": "x" * 1_001},
        {"question": "a\0b"},
        {"question": "\ud800"},
        {"policy": ""},
        {"topic": "x" * 201},
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_beside_it_is_kept(
    findings: Findings, count: Count, changes: dict[str, Any]
) -> None:
    good = Asked("klasso", "2026-04", Finding.SILENT, "", Redacted("a question"))
    asked = good.__dict__ | changes | {"question": Redacted(changes.get("question", "another question"))}
    with pytest.raises(InputError):
        findings.note_all([good, Asked(**asked)], NOW)
    assert count("findings") == 0


def test_nobody_can_fill_the_disk(findings: Findings, count: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OPEN", 3)
    note(findings, "settled long ago", days(-9))
    findings.settle(findings.groups()[0].id, Verdict.DISMISSED, STAFF, NOW)
    for number in range(6):
        note(findings, f"{'abcdef'[number] * 12}", days(number))
    assert sorted(group.last_at for group in findings.groups()) == [days(3), days(4), days(5)]
    assert count("findings") == 4  # what somebody has looked at stays


def test_a_question_that_does_not_open_hides_no_other(findings: Findings, store: Store) -> None:
    note(findings, "do you keep backups")
    note(findings, "who reads my messages")
    with store.unit() as unit:
        unit.execute(sa.update(table).where(table.c.id == findings.groups()[0].id).values(sealed=b"x" * 40))
        unit.commit()
    assert sorted(len(group.question) > 0 for group in findings.groups()) == [False, True]


def test_the_question_lies_nowhere_in_the_file_and_in_no_repr(
    migrated_file: Path, tmp_path: Path, vault: Vault
) -> None:
    path = tmp_path / "findings.db"
    path.write_bytes(migrated_file.read_bytes())
    with Store(f"sqlite:///{path}") as store:
        findings = Findings(store, vault)
        note(findings, "canary backups")
        note(findings, "canary backup")
        assert "canary" not in repr(findings.groups()) and findings.groups()[0].alike
    assert b"data_retention" in path.read_bytes() and b"canary" not in path.read_bytes()


def test_what_is_settled_leaves_after_half_a_year_and_what_is_open_after_a_year(
    findings: Findings, store: Store, vault: Vault, count: Count
) -> None:
    keeper = Keeper(store, vault)
    note(findings, "do you keep backups")
    findings.settle(findings.groups()[0].id, Verdict.DISMISSED, STAFF, days(1))
    note(findings, "who reads my messages")
    assert keeper.purge(days(180)).findings == 0 and keeper.purge(days(180.1)).findings == 1
    assert [group.question for group in findings.groups()] == ["who reads my messages"]
    assert keeper.purge(days(365)).findings == 0 and keeper.purge(days(365.1)).findings == 1
    assert count("findings") == 0


def test_a_change_of_keys_seals_them_anew_and_equal_questions_still_meet(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "SETTLE_SECONDS", 0.0)
    ring = tmp_path / "keys.json"
    note(Findings(store, Vault(load_ring(ring))), "do you keep backups")
    rotation.rotate(store, ring)
    after = Findings(store, Vault(load_ring(ring)))
    note(after, "Do you keep backups?", days(1))
    assert [(group.question, group.times) for group in after.groups()] == [("do you keep backups", 2)]
    with store.reading() as unit:
        assert set(unit.execute(sa.select(table.c.key_id)).scalars()) == {"k2"}
