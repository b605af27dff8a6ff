"""What runs beside the app: mail leaves, deadlines are watched, what is due is purged, what was spooled is filed."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import fresh_address, fresh_conversation, fresh_id, played

from bot.launch import Parts, make_app
from bot.settings import BotSettings
from bot.work import demo_mails, drain_spool, mailer, rounds_of
from pii.redacted import Redacted
from tickets.anchors import ANCHOR_FILE
from tickets.mail import MaildirMailer, SmtpMailer, SmtpSettings, read_maildir
from tickets.model import OpenRequest
from tickets.spool import Spool
from tickets.vocabulary import Channel, ContactKind, Right

CODE = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b")
SMTP = SmtpSettings("mail.example.org", 587, "desk@example.org")


@pytest.fixture
def apart(own_settings: BotSettings, tmp_path: Path) -> BotSettings:
    """Settings whose mails and anchors lie in a folder of this test."""
    return replace(own_settings, data=tmp_path)


def test_without_a_mail_server_mail_lies_in_a_folder_that_the_demo_shows(apart: BotSettings) -> None:
    assert isinstance(mailer(apart), MaildirMailer)
    shown = demo_mails(apart)
    assert shown is not None and list(shown()) == []


def test_with_a_mail_server_there_is_no_demo_mailbox(apart: BotSettings) -> None:
    assert demo_mails(replace(apart, mail=SMTP)) is None
    assert isinstance(mailer(replace(apart, mail=SMTP)), SmtpMailer)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "desk.example.org"])
def test_where_others_could_look_there_is_no_demo_mailbox(apart: BotSettings, host: str) -> None:
    assert demo_mails(replace(apart, host=host)) is None


@pytest.mark.asyncio
async def test_the_rounds_are_those_that_are_promised(apart: BotSettings, parts: Parts) -> None:
    await played(parts, fresh_conversation())
    rounds = {one.name: one for one in rounds_of(apart, parts)}
    assert {"spool", "alarms", "purge", "anchor"} <= set(rounds)
    assert rounds["spool"].every.total_seconds() <= 10 and rounds["purge"].every.total_seconds() <= 3600
    for one in rounds.values():
        one.work()
    assert (apart.data / ANCHOR_FILE).exists()


@pytest.mark.asyncio
async def test_a_code_leaves_by_itself_and_is_there_to_be_read(apart: BotSettings, parts: Parts) -> None:
    address, stop = fresh_address(), asyncio.Event()
    services = make_app(apart, parts).state.services
    running = asyncio.create_task(services.background(stop))
    await played(parts, fresh_conversation(), address)
    services.door.wake_outbox()
    for _ in range(1_200):  # what other tests left in the outbox leaves before it
        found = [mail for mail in read_maildir(apart.data / "mail") if mail.to == address]
        if found:
            break
        await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(running, 60)
    assert [CODE.search(mail.text) is not None for mail in found] == [True]


def spooled(parts: Parts, contact: str = "") -> OpenRequest:
    policy = parts.knowledge.get("klasso")
    wish = OpenRequest(
        policy="klasso",
        policy_version=policy.current.version,
        rights=frozenset({Right.ACCESS}),
        channel=Channel.WEB,
        conversation=fresh_conversation(),
        text="",
        regimes=frozenset(),
        idempotency_key=fresh_id(),
    )
    parts.spool.leave(wish, (ContactKind.EMAIL, Redacted(contact)) if contact else None, parts.clock())
    return wish


@pytest.fixture
def spooling(parts: Parts, tmp_path: Path) -> Parts:
    return replace(parts, spool=Spool(tmp_path / "spool", parts.vault))


def test_what_was_spooled_is_filed_with_its_contact_and_once(spooling: Parts) -> None:
    address = fresh_address()
    wishes = [spooled(spooling, address), spooled(spooling)]
    assert drain_spool(spooling) == 2 and drain_spool(spooling) == 0
    for wish in wishes:
        assert [one.rights for one in spooling.requests.status_of(wish.conversation)] == [(Right.ACCESS,)]
    (with_contact,) = spooling.requests.status_of(wishes[0].conversation)
    assert len(spooling.requests.show(with_contact.reference).contacts) == 1


def test_a_file_that_was_filed_before_a_kill_is_not_filed_again(spooling: Parts) -> None:
    address = fresh_address()
    wish = spooled(spooling, address)
    (path,) = spooling.spool.waiting()
    before = path.read_bytes()
    drain_spool(spooling)
    path.write_bytes(before)  # as if the process had died before it removed the file
    drain_spool(spooling)
    assert len(spooling.requests.status_of(wish.conversation)) == 1 and spooling.spool.waiting() == ()


def test_a_file_that_cannot_be_read_stays_aside_and_holds_up_no_other(spooling: Parts) -> None:
    spooled(spooling)
    (bad,) = spooling.spool.waiting()
    bad.write_text("torn", "utf-8")
    good = spooled(spooling)
    assert drain_spool(spooling) == 1 and spooling.spool.waiting() == ()
    assert bad.with_suffix(".bad").exists() and len(spooling.requests.status_of(good.conversation)) == 1


def test_an_empty_spool_asks_nothing_of_the_database(spooling: Parts) -> None:
    def fails(*_: Any) -> Any:
        raise AssertionError("the database was asked")

    broken: Any = replace(spooling, requests=fails, box=fails)
    assert drain_spool(broken) == 0


def test_a_contact_of_the_spool_is_kept_as_any_other(spooling: Parts) -> None:
    wish = spooled(spooling, "pat.roe@example.org")
    drain_spool(spooling)
    assert spooling.keeper.my_data(wish.conversation).hints == ("p…@example.org",)
