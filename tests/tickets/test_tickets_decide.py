"""python -m tickets decide and contact: a request is carried to its outcome from the command line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import NOW, wish

from pii.encryption import Vault, load_ring
from pii.masking import mask
from tickets.__main__ import main
from tickets.commands.settings import DATA_VARIABLE, DATABASE_VARIABLE, Settings
from tickets.contacts import ContactBox
from tickets.service import RequestService
from tickets.store import Store
from tickets.vocabulary import Right, Status

ADDRESS = "anna@example.org"


@pytest.fixture(autouse=True)
def settings(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv(DATABASE_VARIABLE, url)
    monkeypatch.setenv(DATA_VARIABLE, str(folder))
    load_ring(folder / "keys.json")
    yield Settings.from_environment({DATABASE_VARIABLE: url, DATA_VARIABLE: str(folder)})


def filed(settings: Settings, *rights: Right) -> str:
    with Store(settings.database_url) as store:
        vault = Vault(load_ring(settings.keys))
        handles = ContactBox(store, vault).keep("conversation-1", mask(ADDRESS).found, NOW)
        service = RequestService(store, vault, settings.mail)
        filing = wish(rights=frozenset(rights), text="please", contacts=tuple(handles.values()))
        return service.open_request(filing, NOW).reference


def run(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    return main(arguments, out), out.getvalue()


def status(settings: Settings, reference: str) -> Status:
    with Store(settings.database_url, read_only=True) as store:
        service = RequestService(store, Vault(load_ring(settings.keys)), settings.mail)
        return service.show(reference).summary.status


def test_an_objection_is_carried_from_proof_to_the_outcome(settings: Settings) -> None:
    reference = filed(settings, Right.OBJECTION)
    for move, who in (("verify", "staff:1"), ("start", "staff:1"), ("approve", "staff:2"), ("fulfil", "staff:1")):
        code, said = run("decide", reference, move, "--as", who)
        assert code == 0 and reference in said, move
    assert status(settings, reference) is Status.FULFILLED


def test_one_signal_is_not_enough_for_a_deletion(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    reference = filed(settings, Right.DELETION)
    assert run("decide", reference, "verify", "--as", "staff:1")[0] == 0
    assert status(settings, reference) is Status.UNVERIFIED
    assert run("decide", reference, "start", "--as", "staff:1")[0] == 2
    assert "unverified" in capsys.readouterr().err and status(settings, reference) is Status.UNVERIFIED


def test_a_refusal_needs_a_reason_and_its_basis(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    reference = filed(settings, Right.DELETION)
    refuse = ("decide", reference, "refuse", "--as", "staff:1")
    assert run(*refuse)[0] == 2 and "--reason" in capsys.readouterr().err
    assert run(*refuse, "--reason", "LegallyExempted")[0] == 2 and "--basis" in capsys.readouterr().err
    assert run(*refuse, "--reason", "ComplexityOfProcess", "--basis", "x")[0] == 2
    assert run(*refuse, "--reason", "LegallyExempted", "--basis", "GDPR Art. 17(3)(b)")[0] == 0
    assert status(settings, reference) is Status.DENIED


def test_who_looks_at_a_contact_is_written_down(settings: Settings) -> None:
    reference = filed(settings, Right.DELETION)
    assert ADDRESS not in run("show", reference)[1]
    code, said = run("contact", reference, "--as", "staff:1", "--reason", "compare with the records")
    assert code == 0 and ADDRESS in said
    assert "staff:1" in run("show", reference)[1]


def test_an_unknown_reference_is_told(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    filed(settings, Right.DELETION)
    assert run("decide", "KLS-2222-C222", "start", "--as", "staff:1")[0] == 1
    assert "no such request" in capsys.readouterr().err


def test_a_part_is_told_of_each_right(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    reference = filed(settings, Right.OBJECTION, Right.MARKETING_OPT_OUT)
    for move, who in (("verify", "staff:1"), ("start", "staff:1"), ("approve", "staff:2")):
        assert run("decide", reference, move, "--as", who)[0] == 0
    why = ("--reason", "LegallyExempted", "--basis", "GDPR Art. 21(1)")
    part = ("decide", reference, "partly-fulfil", "--as", "staff:1", "--done", "marketing_opt_out", *why)
    assert run(*part)[0] != 0 and "each right" in capsys.readouterr().err
    assert run(*part, "--refused", "objection")[0] == 0
    assert status(settings, reference) is Status.PARTLY_FULFILLED
