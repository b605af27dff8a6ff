"""The export: what the law asks a controller to keep, nothing of the person, and no formula for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from typing import Any

import pytest
from conftest import NOW
from keeping_builders import add_request, put_request

from pii.encryption import Vault
from tickets import export
from tickets.export import FIELDS, records, write_csv, write_json
from tickets.retention import Keeper
from tickets.store import Store
from tickets.vocabulary import Status

REFUSED: dict[str, Any] = {"refusal_reason": "ProcessExcessive", "refusal_basis": "GDPR Art. 12(5)"}


def as_csv(store: Store) -> list[list[str]]:
    out = io.StringIO(newline="")
    write_csv(records(store), out)
    return list(csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True))


def as_json(store: Store) -> list[dict[str, Any]]:
    out = io.StringIO()
    write_json(records(store), out)
    found: list[dict[str, Any]] = json.loads(out.getvalue())
    return found


def test_a_record_says_what_11_ccr_7101_asks_for(store: Store, vault: Vault) -> None:
    closed = NOW + timedelta(days=2)
    name = add_request(store, vault, "c1", NOW, Status.DENIED, **REFUSED, closed_at=closed)
    assert as_json(store) == [
        {
            "reference": f"KLS-{name[:9]}",
            "policy": "klasso",
            "policy_version": "2026-04",
            "received": "2026-01-31T12:00:00+00:00",
            "asked_for": ["deletion"],
            "manner": "web",
            "status": "denied",
            "drp_status": "denied/too_many_requests",
            "verified": None,
            "acknowledge_by": None,
            "answer_by": "2026-03-02",
            "answer_by_is": "law",
            "working": ["received", "one month"],
            "extended": None,
            "extension_reason": None,
            "responded": "2026-02-02T12:00:00+00:00",
            "response": "denied",
            "denial_reason": "ProcessExcessive",
            "denial_basis": "GDPR Art. 12(5)",
            "outcomes": [
                {
                    "right": "deletion",
                    "outcome": "refused",
                    "denial_reason": "ProcessExcessive",
                    "denial_basis": "GDPR Art. 12(5)",
                    "complain_to": "the data protection authority of the EU country in which you live or work, or "
                    "where it happened",
                }
            ],
            "referred_to": None,
        }
    ]


def test_nothing_of_the_person_is_in_it(store: Store, vault: Vault) -> None:
    add_request(store, vault, "canary-talk", NOW, text="canary-text")
    printed = json.dumps(as_json(store)) + str(as_csv(store))
    assert "canary" not in printed and "example.org" not in printed


def test_csv_and_json_say_the_same(store: Store, vault: Vault) -> None:
    add_request(store, vault, "c1", NOW)
    heading, row = as_csv(store)
    assert tuple(heading) == FIELDS
    (record,) = as_json(store)
    assert tuple(record) == FIELDS
    assert dict(zip(heading, row)) == {name: export._cell(value) for name, value in record.items()}


def test_an_empty_export_is_valid(store: Store) -> None:
    assert as_json(store) == [] and as_csv(store) == [list(FIELDS)]


def test_the_record_stays_when_its_person_is_gone(store: Store, vault: Vault) -> None:
    add_request(store, vault, "c1", NOW, Status.DENIED, **REFUSED)
    before = as_json(store)
    Keeper(store, vault).forget("c1", NOW)
    assert as_json(store) == before


def test_it_is_narrowed_by_policy_and_day_and_sorted_by_receipt(
    store: Store, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_BATCH", 3)
    with store.unit() as unit:
        for number in range(10):
            policy = "klantra" if number % 2 else "klasso"
            put_request(unit, vault, f"c{number}", NOW - timedelta(days=number), policy=policy)
        unit.commit()
    days = [record["received"][:10] for record in records(store)]
    assert len(days) == 10 and days == sorted(days)
    since = date(2026, 1, 28)
    assert {record["received"][:10] for record in records(store, since=since)} == {
        *("2026-01-28", "2026-01-29", "2026-01-30", "2026-01-31")
    }
    assert {record["policy"] for record in records(store, policy="klantra")} == {"klantra"}
    assert len(list(records(store, policy="klantra", since=since))) == 2


STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")
BODIES = ("1+1", 'HYPERLINK("https://example.org")', "cmd|' /C calc'!A0", '"quoted"', "a,b", "line\r\nbreak", "")


@pytest.mark.parametrize("start", STARTS)
def test_no_cell_begins_like_a_formula(start: str) -> None:
    for body in BODIES:
        out = io.StringIO(newline="")
        write_csv(iter([dict.fromkeys(FIELDS, f"{start}{body}")]), out)
        _, row = csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True)
        assert len(row) == len(FIELDS)
        for cell in row:
            assert cell[0] == "'" and cell[1:] == f"{start}{body}".replace("\0", "\ufffd")


def test_lines_end_as_rfc_4180_says_and_ten_thousand_rows_come_back(store: Store) -> None:
    texts = [f'{number}, "x"\r\n\u2028 -> ü' for number in range(10_000)]
    out = io.StringIO(newline="")
    assert write_csv((dict.fromkeys(FIELDS, text) for text in texts), out) == 10_000
    assert out.getvalue().startswith('"reference","policy",') and out.getvalue().endswith('"\r\n')
    back = list(csv.DictReader(io.StringIO(out.getvalue(), newline=""), strict=True))
    assert [row["denial_basis"] for row in back] == texts
