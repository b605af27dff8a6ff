"""Mail into a folder, for a machine without a mail server; and what holds for all senders."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from conftest import NOW
from mail_server import Server, mailer, parcel, takes_all, with_server

from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.mail import MaildirMailer, read_maildir
from tickets.worker import Refused, Sender, WebSender


def test_the_folder_gives_back_what_was_sent_newest_first(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "mail"
    assert read_maildir(folder) == []
    sender = MaildirMailer(folder)
    for number in range(3):
        text = Redacted(f"Code {number}: 7F3K-92QD\nGrüße\n")
        asyncio.run(sender.send(parcel(subject=f"Nummer {number} für Sie", text=text)))
    newest = read_maildir(folder)
    assert [mail.subject for mail in newest] == ["Nummer 2 für Sie", "Nummer 1 für Sie", "Nummer 0 für Sie"]
    assert (newest[0].to, newest[0].at) == ("someone@example.org", NOW)
    assert newest[0].text == "Code 2: 7F3K-92QD\nGrüße\n" and "7F3K" not in repr(newest)
    assert len(read_maildir(folder, limit=1)) == 1


def test_only_the_owner_reads_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    asyncio.run(MaildirMailer(folder).send(parcel()))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_folder_keeps_the_newest_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickets.mail._KEPT_IN_FOLDER", 2)
    for number in range(4):
        asyncio.run(MaildirMailer(tmp_path / "mail").send(parcel(subject=str(number))))
    assert [mail.subject for mail in read_maildir(tmp_path / "mail")] == ["3", "2"]


def test_the_folder_takes_no_mail_from_or_to_what_is_not_an_address(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        MaildirMailer(tmp_path / "mail", "privacy")
    with pytest.raises(Refused):
        asyncio.run(MaildirMailer(tmp_path / "mail").send(parcel(recipient=Redacted("../../etc"))))
    assert read_maildir(tmp_path / "mail") == []


@pytest.mark.parametrize("name", ["smtp", "folder", "web"])
def test_every_sender_takes_a_parcel_and_returns_nothing(name: str, tmp_path: Path) -> None:
    server = Server(takes_all)

    async def send() -> None:
        senders: dict[str, Sender] = {
            "smtp": mailer(server),
            "folder": MaildirMailer(tmp_path / "mail"),
            "web": WebSender(),
        }
        assert await senders[name].send(parcel()) is None

    with_server(server, send)
