"""python -m tickets: what an operator sees."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import NOW, wish
from keeping_builders import add_message, add_request, add_talk, drop_kept_aside

from pii.encryption import Vault, load_ring
from pii.redacted import Redacted
from tickets import audit, rotation
from tickets.__main__ import DATABASE_VARIABLE, main
from tickets.anchors import ANCHOR_FILE, daily_anchor, read_anchors
from tickets.commands import keeping
from tickets.commands.settings import DATA_VARIABLE, DAYS_VARIABLE
from tickets.conversations import Conversations
from tickets.inbox import Inbox, Incoming
from tickets.retention import Keeper
from tickets.service import RequestService
from tickets.store import Store
from tickets.vocabulary import Right, Status

LATER = NOW + timedelta(days=900)


@pytest.fixture(autouse=True)
def data(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv(DATABASE_VARIABLE, url)
    monkeypatch.setenv(DATA_VARIABLE, str(folder))
    monkeypatch.setattr(keeping, "_now", lambda: LATER)
    monkeypatch.setattr(rotation, "SETTLE_SECONDS", 0.0)
    yield folder
    drop_kept_aside(url)


@pytest.fixture
def keys(data: Path) -> Vault:
    return Vault(load_ring(data / "keys.json"))


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
            "outcomes": [],
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


def test_show_hints_at_contacts_with_the_keys_and_names_the_key_file_without_them(
    store: Store, keys: Vault, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = "KLS-7F3K-92QD"
    add_request(store, keys, "carla", NOW, reference=reference)
    code, text = ran("show", reference)
    assert code == 0 and "c…@example.org" in text and "carla@" not in text
    (data / "keys.json").unlink()
    assert ran("show", reference) == (2, "")
    assert "key" in capsys.readouterr().err
    assert not (data / "keys.json").exists()  # a look makes no keys


def test_export_gives_json_or_csv(store: Store, keys: Vault) -> None:
    for number in range(2):
        add_request(store, keys, f"c{number}", NOW + timedelta(days=number), policy=("klasso", "klantra")[number])
    assert [one["policy"] for one in json.loads(ran("export")[1])] == ["klasso", "klantra"]
    assert [one["policy"] for one in json.loads(ran("export", "--policy", "klantra", "--json")[1])] == ["klantra"]
    code, text = ran("export", "--csv", "--since", "2026-02-01")
    assert code == 0 and text.count("\r\n") == 2 and '"klantra"' in text


def test_verify_audit_compares_with_the_anchors(store: Store, keys: Vault, data: Path, tmp_path: Path) -> None:
    audit.use_key(store, keys)
    add_request(store, keys, "c1", NOW)
    with store.reading() as unit:
        daily_anchor(unit, data / ANCHOR_FILE, NOW)
    code, text = ran("verify-audit")
    assert code == 0 and "Compared with 1 anchors" in text
    elsewhere = tmp_path / "copy.jsonl"
    elsewhere.write_text('{"at": "2026-01-30", "sequence": 9, "hash": "h1:x", "restored": false}\n')
    code, text = ran("verify-audit", "--anchors", str(elsewhere))
    assert code == 1 and "cut or written anew" in text


def test_outbox_counts_and_names_what_was_given_up(store: Store, keys: Vault) -> None:
    with store.unit() as unit:
        add_message(unit, keys, "c1", NOW)
        unit.commit()
    code, text = ran("outbox")
    assert code == 0 and "waiting        1" in text and "2026-01-31 12:00Z" in text
    with store.unit() as unit:
        add_message(unit, keys, "c1", NOW, status="dead", done_at=NOW, problem="refused")
        unit.commit()
    code, text = ran("outbox")
    assert code == 1 and "refused" in text and "GIVEN UP" in text


def test_inbox_counts_what_waits_and_names_what_was_set_aside_without_its_words(url: str, keys: Vault) -> None:
    assert ran("inbox") == (0, "waiting        0\nwaiting since  -\n")
    with Store(url) as store:
        box = Inbox(store, keys)
        item = box.receive(Incoming("telegram:7", "key-1", "lane-1", Redacted('"canary"')), NOW, take=True).item
        for _ in range(5):
            assert item is not None
            box.failed(item, "ValueError", NOW)
            item = next(iter(box.lease(NOW + timedelta(days=1))), None)
        box.receive(Incoming("web", "key-2", "lane-2", Redacted('"canary"')), NOW)
    code, text = ran("inbox")
    assert code == 1 and text.startswith("waiting        1\nwaiting since  2026-01-31 12:00Z\n")
    assert "1          2026-01-31 12:00Z  telegram:7  ValueError  5" in text
    assert not any(hidden in text for hidden in ("canary", "key-1", "lane-1"))
    assert ran("inbox", "--try-again", "2") == (1, "No message 2 was set aside.\n")
    assert ran("inbox", "--try-again", "1") == (0, "Message 1 waits to be tried again.\n")
    assert ran("inbox")[1].startswith("waiting        2\n")


def filled(url: str, keys: Vault) -> None:
    with Store(url) as store:
        audit.use_key(store, keys)
        add_talk(store, keys, "c1", NOW)
        add_request(store, keys, "c1", NOW, Status.WITHDRAWN)


def test_purge_tells_what_left_and_anchors_the_trail(url: str, keys: Vault, data: Path) -> None:
    filled(url, keys)
    code, text = ran("purge")
    assert code == 0
    assert dict(line.rsplit(maxsplit=1) for line in text.splitlines()) == {
        "conversations": "1",
        "held contacts": "1",
        "expired": "0",
        "pseudonymised": "1",
        "keys": "0",
        "messages": "0",
        "budgets": "0",
        "arrivals": "0",
        "chats": "0",
        "votes": "0",
        "findings": "0",
        "sessions": "0",
    }
    assert len(read_anchors(data / ANCHOR_FILE)) == 1 and ran("verify-audit")[0] == 0


def test_purge_keeps_conversations_as_long_as_the_bot_does(
    url: str, keys: Vault, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(url, keys)
    monkeypatch.setenv(DAYS_VARIABLE, "901")
    assert "conversations  0" in ran("purge")[1]
    for wrong in ("soon", "0"):
        monkeypatch.setenv(DAYS_VARIABLE, wrong)
        assert ran("purge") == (2, "")
    assert DAYS_VARIABLE in capsys.readouterr().err


def test_rotate_keys_changes_the_key_file_and_all_values(url: str, keys: Vault, data: Path) -> None:
    filled(url, keys)
    code, text = ran("rotate-keys")
    assert code == 0 and "5 values are now sealed with the key k2" in text and "Forgotten: k1" in text
    with Store(url, read_only=True) as store:
        assert Conversations(store, Vault(load_ring(data / "keys.json"))).load("c1") == b"talk"


def test_rotate_keys_that_had_to_keep_an_old_key_says_so(url: str, keys: Vault) -> None:
    filled(url, keys)
    with Store(url) as store, store.unit() as unit:
        unit.execute(sa.text("UPDATE conversations SET key_id = 'k7'"))
        unit.commit()
    code, text = ran("rotate-keys")
    assert code == 1 and "old keys were kept" in text


def test_a_backup_is_written_beside_the_bot_and_restored_without_it(
    url: str, keys: Vault, data: Path, tmp_path: Path
) -> None:
    filled(url, keys)
    file = str(tmp_path / "desk.backup")
    with Store(url) as bot:
        code, text = ran("backup", file)
        assert code == 0 and "NOT in it: the key file" in text
        Keeper(bot, keys, ledger=data / "erasures.jsonl").forget("c1", NOW + timedelta(days=1))
    assert ran("restore", file)[0] == 2
    code, text = ran("restore", "--force", file)
    assert code == 0 and "1 requests are back" in text and "1 conversations, 1 requests" in text
    assert "is kept as" in text
    with Store(url) as store:
        assert Conversations(store, keys).load("c1") is None
    assert ran("verify-audit")[0] == 0


@pytest.mark.parametrize("command", ["purge", "rotate-keys", "restore"])
def test_commands_that_write_say_in_one_sentence_that_the_bot_runs(
    url: str, keys: Vault, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    if not url.startswith("sqlite"):  # there bots and commands write side by side
        assert command == "restore" or ran(command)[0] == 0
        return
    filled(url, keys)
    file = str(tmp_path / "desk.backup")
    assert ran("backup", file)[0] == 0
    with Store(url):
        assert ran(command, *([file] if command == "restore" else [])) == (2, "")
    printed = capsys.readouterr().err
    assert printed == "tickets: the bot is running on this SQLite file: stop it, then run this again\n"


@pytest.mark.parametrize("command", ["purge", "rotate-keys", "restore x"])
def test_commands_that_write_make_no_keys(data: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert ran(*command.split()) == (2, "")
    assert "there is no key file" in capsys.readouterr().err and not (data / "keys.json").exists()


def test_a_reader_that_has_seen_enough_gets_no_stack_trace(url: str, keys: Vault) -> None:
    with Store(url) as store:
        for number in range(300):
            add_request(store, keys, f"conversation-{number}", NOW, text="x" * 900)
    shell = f"{sys.executable} -m tickets export --csv | head -1"
    root = str(Path(__file__).parents[2])
    ended = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, cwd=root, check=False)
    assert "reference" in ended.stdout and ended.stderr == ""
