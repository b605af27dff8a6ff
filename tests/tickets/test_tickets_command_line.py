"""python -m tickets: what an operator sees."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import NOW, wish

from tickets.__main__ import DATABASE_VARIABLE, main
from tickets.service import RequestService
from tickets.store import Store
from tickets.vocabulary import Right


@pytest.fixture(autouse=True)
def database(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, url)


def ran(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    return main(arguments, out), out.getvalue()


def test_an_empty_store_says_so() -> None:
    assert ran("list") == (0, "No requests yet.\n")
    assert ran("list", "--policy", "klasso") == (0, "No requests match.\n")
    assert ran("list", "--json") == (0, "[]\n")


def test_the_list_is_an_aligned_table(service: RequestService) -> None:
    service.open_request(wish(rights=frozenset({Right.ACCESS, Right.DELETION})), NOW)
    service.open_request(wish(conversation="c2", policy="klantra", regimes=frozenset()), NOW + timedelta(days=5))
    code, text = ran("list")
    heading, first, second = text.splitlines()
    assert code == 0 and heading.split("  ")[0] == "REFERENCE"
    for word, row in (("klasso", first), ("klantra", second)):
        assert row.index(word) == heading.index("POLICY")
    assert "access, deletion" in first and first.endswith("2026-03-02") and second.endswith("2026-03-07 (target)")


def test_the_list_as_json_is_narrowed_by_filters(service: RequestService) -> None:
    receipt = service.open_request(wish(), NOW)
    service.open_request(wish(conversation="c2", policy="klantra"), NOW)
    code, text = ran("list", "--policy", "klasso", "--open", "--due-by", "2026-03-02", "--status", "received", "--json")
    assert code == 0
    assert json.loads(text) == [
        {
            "reference": receipt.reference,
            "policy": "klasso",
            "rights": ["deletion"],
            "status": "received",
            "received": "2026-01-31T12:00:00+00:00",
            "acknowledge_by": None,
            "answer_by": "2026-03-02",
            "is_target": False,
        }
    ]


def test_a_list_that_is_cut_says_so(service: RequestService) -> None:
    for number in range(3):
        service.open_request(wish(conversation=f"c{number}"), NOW)
    assert "--limit shows more" in ran("list", "--limit", "2")[1]


def test_show_tells_one_request_with_its_working_and_history(service: RequestService) -> None:
    receipt = service.open_request(wish(text="first line\nsecond line"), NOW)
    service.withdraw(receipt.reference, "conversation-1", NOW)
    code, text = ran("show", receipt.reference.lower())
    assert code == 0
    for expected in (receipt.reference, "withdrawn", receipt.clock.working[0], "second line", "opened by requester"):
        assert expected in text
    assert json.loads(ran("show", receipt.reference, "--json")[1])["history"][1]["action"] == "withdrawn"


def test_what_people_typed_does_not_steer_the_terminal(service: RequestService) -> None:
    receipt = service.open_request(wish(text="\x1b[2J\x07\u202e gone"), NOW)
    text = ran("show", receipt.reference)[1]
    assert not set("\x1b\x07\u202e") & set(text) and "gone" in text


def test_an_unknown_reference_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran("show", "KLS-7F3K-92QD") == (1, "")
    assert "no such request" in capsys.readouterr().err


def test_verify_audit_tells_whole_from_damaged(service: RequestService, store: Store) -> None:
    service.open_request(wish(), NOW)
    code, text = ran("verify-audit")
    assert code == 0 and text.startswith("The audit trail is whole: 1 entries, newest 1 ")
    with store.unit() as unit:
        unit.connection.exec_driver_sql("UPDATE requests SET status = 'unverified'")
        unit.commit()
    code, text = ran("verify-audit")
    assert code == 1 and "DAMAGED" in text


@pytest.mark.parametrize("value", ["sqlite:////nowhere/at/all.db", "mysql://example.org/x"])
def test_a_database_that_cannot_be_opened_is_told_with_the_variables_name(
    value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, value)
    assert ran("list") == (2, "")
    assert DATABASE_VARIABLE in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["list", "--status", "nonsense"], ["list", "--limit", "0"], ["show"]])
def test_a_wrong_call_shows_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2 and "usage: python -m tickets" in capsys.readouterr().err


def test_it_runs_as_a_module_beside_a_writer(store: Store, url: str) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tickets", "list"]
    environment = os.environ | {DATABASE_VARIABLE: url}
    ended = subprocess.run(command, capture_output=True, text=True, cwd=root, env=environment, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "No requests yet.\n", "")
