"""Mail by SMTP: a real server on loopback that misbehaves, and headers that nothing slips into."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW
from mail_server import SENDER, Server, accepts, certificate, mailer, parcel, takes_all, with_server

from pii.encryption import Vault
from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.mail import TIMEOUT_SECONDS, Security, SmtpMailer, SmtpSettings, mail_of
from tickets.outbox import Letter, Outbox, Parcel, post
from tickets.store import Store
from tickets.vocabulary import Delivery, Way
from tickets.worker import Refused, RetryLater, Worker

HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
}
BREAKS = ["\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1b", "\x85", "\u2028", "\u2029"]
INJECTED = [
    *("Bcc: other@example.org", "X-Extra: 1", "Subject: other", "To: other@example.org", "\tfolded", " folded"),
    *("\r\nbody", "From: other@example.org", "Content-Type: text/html", "Reply-To: other@example.org"),
]
PAYLOADS = [f"{before}{line}{injected}" for line in BREAKS for injected in INJECTED for before in ("x", "")]


def sent(server: Server, one: Parcel | None = None, **changes: Any) -> None:
    with_server(server, lambda: mailer(server, **changes).send(one or parcel()))


def test_a_mail_arrives_with_its_headers_and_its_text() -> None:
    server = Server(takes_all)
    sent(server, parcel(text=Redacted("Grüße aus der Datenschutzstelle.\n.a line with a dot\nFrom here on\n")))
    (message,) = server.got
    assert server.envelopes == [(SENDER, ["someone@example.org"])]
    assert (message["From"], message["To"]) == (SENDER, "someone@example.org")
    assert message["Subject"] == "Your request KLS-7F3K-92QD was received"
    assert message["Message-ID"] == "<0123456789abcdef@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Sat, 31 Jan 2026 12:00:00 +0000"
    assert message.get_content_type() == "text/plain" and message.get_content_charset() == "utf-8"
    expected = ["Grüße aus der Datenschutzstelle.", ".a line with a dot", "From here on"]
    assert message.get_content().splitlines() == expected
    assert set(message.keys()) <= HEADERS | {"X-Peer", "X-MailFrom", "X-RcptTo"}


def test_the_message_id_is_the_same_on_every_try() -> None:
    assert mail_of(parcel(), SENDER)["Message-ID"] == mail_of(parcel(attempts=5), SENDER)["Message-ID"]


def raw_headers(message: EmailMessage) -> list[str]:
    head = message.as_bytes(policy=policy.SMTP).partition(b"\r\n\r\n")[0].decode()
    return [line.partition(":")[0] for line in head.splitlines() if line[:1] not in (" ", "\t")]


def test_the_plain_message_has_exactly_the_headers_it_should() -> None:
    assert set(raw_headers(mail_of(parcel(), SENDER))) == HEADERS


@pytest.mark.parametrize("place", ["subject", "recipient", "text"])
def test_two_hundred_line_breaks_bring_in_no_header(place: str) -> None:
    assert len(PAYLOADS) >= 200
    for payload in PAYLOADS:
        value: Any = payload if place == "subject" else Redacted(payload)
        if place == "text":
            assert set(raw_headers(mail_of(parcel(text=value), SENDER))) == HEADERS
        else:
            with pytest.raises(Refused):
                mail_of(parcel(**{place: value}), SENDER)


@pytest.mark.parametrize("company", ["Клясса", "Школа Клясса навчання", "Société Générale d'Éducation Numérique"])
def test_a_company_written_with_letters_outside_ascii_is_named_in_the_subject(company: str) -> None:
    server = Server(takes_all)
    subject = f"Somebody wants to look at your request KLS-7F3K-92QD to {company}"
    sent(server, parcel(subject=subject))
    assert server.got[0]["Subject"] == subject


@pytest.mark.parametrize(
    "recipient",
    [
        *("", "someone", "@example.org", "someone@", "a@b@example.org", "a@example.org, b@example.org"),
        *(
            "a@example.org b@example.org",
            "Name <a@example.org>",
            "<a@example.org>",
            '"a b"@example.org',
            "a;b@example.org",
        ),
        *("a@example.org>SIZE=1", "a@[127.0.0.1]", "a@example.org\\", "a" * 65 + "@example.org"),
    ],
)
def test_what_is_not_one_plain_address_gets_no_mail(recipient: str) -> None:
    server = Server(takes_all)
    with pytest.raises(Refused, match="not_an_address"):
        sent(server, parcel(recipient=Redacted(recipient)))
    assert server.got == []


@pytest.mark.parametrize("recipient", ["zoë@example.org", "someone@bücher.example"])
def test_an_address_outside_ascii_is_used_as_it_is_or_refused_but_never_changed(recipient: str) -> None:
    able, unable = Server(takes_all), Server(takes_all)
    with_server(able, lambda: mailer(able).send(parcel(recipient=Redacted(recipient))), enable_SMTPUTF8=True)
    assert able.envelopes == [(SENDER, [recipient])] and able.got[0]["To"] == recipient
    with pytest.raises(Refused, match="address_not_supported"):
        sent(unable, parcel(recipient=Redacted(recipient)))


async def answers_451(message_id: str) -> str:
    return "451 try later"


async def answers_554(message_id: str) -> str:
    return "554 no"


TOLD: dict[str, tuple[Server, type[Exception], str]] = {
    "a recipient that is not there": (Server(takes_all, "550 nobody here"), Refused, "smtp_550"),
    "a recipient whose box is full": (Server(takes_all, "452 full"), RetryLater, "smtp_452"),
    "a message that is put off": (Server(answers_451), RetryLater, "smtp_451"),
    "a message that is not wanted": (Server(answers_554), Refused, "smtp_554"),
    "a sender that is not wanted, which staff can mend": (
        Server(takes_all, sender_answer="550 not you"),
        RetryLater,
        "smtp_550",
    ),
}


@pytest.mark.parametrize("case", TOLD)
def test_the_answers_of_a_mail_server_are_told_apart(case: str) -> None:
    server, kind, problem = TOLD[case]
    with pytest.raises(kind) as caught:
        sent(server)
    assert caught.value.kind == problem and caught.value.__cause__ is None  # type: ignore[attr-defined]
    assert "example.org" not in str(caught.value)


def test_a_server_that_is_slow_is_given_up() -> None:
    async def sleeps(message_id: str) -> None:
        await asyncio.sleep(5)

    assert TIMEOUT_SECONDS == 20
    with pytest.raises((asyncio.TimeoutError, TimeoutError)):
        sent(Server(sleeps), timeout=0.2)


def test_no_server_at_all_is_a_failure_to_be_tried_again() -> None:
    server = Server(takes_all, port=1)
    with pytest.raises(OSError):
        asyncio.run(mailer(server).send(parcel()))


def test_a_connection_lost_after_the_message_was_taken_is_no_failure() -> None:
    server = Server(takes_all)

    async def quits(server_: Any, session: Any, envelope: Any) -> str:
        server_.transport.abort()
        return "221 bye"

    server.handle_QUIT = quits  # type: ignore[attr-defined]
    sent(server)
    assert len(server.got) == 1


@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_over_starttls_it_logs_in_and_a_wrong_password_is_for_staff_to_mend(tmp_path: Path, password: str) -> None:
    server = Server(takes_all)
    with certificate(tmp_path) as (context, trusted):
        changes = {
            "security": Security.STARTTLS,
            "user": "desk",
            "password": Redacted(password),
            "authorities": trusted,
        }
        during = lambda: mailer(server, **changes).send(parcel())  # noqa: E731
        rules = {"tls_context": context, "authenticator": accepts, "auth_required": True}
        if password == "secret":
            with_server(server, during, **rules)
        else:
            with pytest.raises(RetryLater, match="smtp_535"):
                with_server(server, during, **rules)
    assert len(server.got) == (password == "secret")


def test_a_certificate_nobody_vouches_for_gets_no_mail(tmp_path: Path) -> None:
    server = Server(takes_all)
    with certificate(tmp_path) as (context, _), pytest.raises(Exception, match="certificate verify failed"):
        with_server(server, lambda: mailer(server, security=Security.STARTTLS).send(parcel()), tls_context=context)
    assert server.got == []


def test_a_server_without_starttls_gets_no_mail_where_starttls_is_asked_for() -> None:
    server = Server(takes_all)
    with pytest.raises(Exception, match="STARTTLS"):
        sent(server, security=Security.STARTTLS)
    assert server.got == []


@pytest.mark.parametrize("host", ["mail.example.org", "192.0.2.1", "0.0.0.0", "::"])
def test_without_tls_mail_goes_only_to_this_machine(host: str) -> None:
    with pytest.raises(InputError, match="TLS"):
        SmtpMailer(SmtpSettings(host, 25, SENDER, Security.NONE))
    for own in ("127.0.0.1", "::1", "localhost"):
        SmtpMailer(SmtpSettings(own, 25, SENDER, Security.NONE))


@pytest.mark.parametrize("sender", ["", "privacy", "Desk <privacy@example.org>", "a@example.org\r\nBcc: b@example.org"])
def test_mail_comes_from_one_plain_address(sender: str) -> None:
    with pytest.raises(InputError):
        SmtpMailer(SmtpSettings("127.0.0.1", 25, sender, Security.NONE))


def test_the_settings_do_not_show_the_password() -> None:
    assert "secret" not in repr(SmtpSettings("127.0.0.1", 25, SENDER, password=Redacted("secret")))


def test_three_hundred_mails_arrive_in_order_from_a_server_that_fails_every_fifth_time(
    tmp_path: Path, migrated_file: Path, vault: Vault
) -> None:
    chance, now = random.Random(11), NOW
    failed: dict[str, int] = defaultdict(int)

    async def fails_often(message_id: str) -> str | None:
        if chance.random() >= 0.2:
            return None
        kind = chance.choices(("451 later", "hang up", "timeout"), (45, 45, 10))[0]
        failed[kind] += 1
        if kind == "timeout":
            await asyncio.sleep(2)
        return "451 later" if kind == "timeout" else kind

    server = Server(fails_often)
    (tmp_path / "test.db").write_bytes(migrated_file.read_bytes())
    with Store(f"sqlite:///{tmp_path / 'test.db'}") as store:
        box = Outbox(store, vault)
        with store.unit() as unit:
            for number in range(300):
                address = Redacted(f"someone{number % 25}@example.org")
                post(unit, vault, Letter(Way.MAIL, str(number % 25), "received", address, f"{number:03}", "x"), NOW)
            unit.commit()

        async def rounds() -> None:
            nonlocal now
            worker = Worker(box, {Way.MAIL: mailer(server, timeout=1)}, lambda: now)
            while box.oldest_waiting() is not None:
                now += timedelta(seconds=20)
                while await worker.run_once():
                    pass

        with_server(server, rounds)
        assert box.counts()[Delivery.SENT] == 300
    arrived: dict[str, list[str]] = defaultdict(list)
    for message in server.got:
        arrived[str(message["To"])].append(str(message["Subject"]))
    assert all(numbers == sorted(set(numbers)) for numbers in arrived.values())
    assert len(server.got) == 300 and len(failed) == 3 and sum(failed.values()) > 40
