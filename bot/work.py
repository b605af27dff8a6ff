"""The work beside the app: which rounds there are, how mail leaves, and the demo mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.rounds import Round, run_rounds
from bot.settings import BotSettings
from pii.masking import Contact
from pii.masking import ContactKind as FoundKind
from pii.redacted import Redacted
from tickets.alarms import due_alarms
from tickets.anchors import ANCHOR_FILE, daily_anchor
from tickets.letters import Details, News, news_letter
from tickets.mail import MaildirMailer, ReceivedMail, SmtpMailer, read_maildir
from tickets.model import OpenRequest, Receipt
from tickets.outbox import Letter, post
from tickets.vocabulary import Channel, ContactKind, Way
from tickets.worker import Sender, WebSender, Worker

if TYPE_CHECKING:
    from bot.launch import Parts

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MOST_MAILS = 30  # of the demo mailbox


def demo_mails(settings: BotSettings) -> Callable[[], Sequence[ReceivedMail]] | None:
    """Reads the demo mailbox; None where a mail server is set, or where others than this machine could look."""
    if settings.mail is not None or settings.host not in LOOPBACK:
        return None
    return lambda: read_maildir(settings.data / "mail", MOST_MAILS)


def mailer(settings: BotSettings) -> Sender:
    """How mail leaves: by the server of the settings, else into a folder."""
    return SmtpMailer(settings.mail) if settings.mail is not None else MaildirMailer(settings.data / "mail")


def background(
    settings: BotSettings, parts: "Parts"
) -> tuple[Callable[[asyncio.Event], Awaitable[None]], Callable[[], None]]:
    """What sends and makes the rounds until the event is set, and what wakes it after a message was answered."""
    senders: dict[Way, Sender] = {Way.MAIL: mailer(settings), Way.WEB: WebSender()}
    if settings.telegram_token is not None:
        from bot.telegram_sender import TelegramSender

        senders[Way.TELEGRAM] = TelegramSender(settings.telegram_token)
    worker = Worker(parts.outbox, senders, parts.clock)
    rounds = rounds_of(settings, parts)

    async def run(stop: asyncio.Event) -> None:
        await asyncio.gather(worker.run(stop), run_rounds(rounds, stop))

    return run, worker.wake


def rounds_of(settings: BotSettings, parts: "Parts") -> list[Round]:
    """What is done by the clock."""

    def anchor() -> None:
        with parts.store.reading() as unit:
            daily_anchor(unit, settings.data / ANCHOR_FILE, parts.clock())

    return [
        Round("spool", timedelta(seconds=5), lambda: drain_spool(parts)),
        Round("alarms", timedelta(minutes=10), lambda: due_alarms(parts.store, parts.clock())),
        Round("purge", timedelta(hours=1), lambda: parts.keeper.purge(parts.clock())),
        Round("anchor", timedelta(hours=1), anchor),
    ]


def drain_spool(parts: "Parts") -> int:
    """File what came while the database was down."""

    def keep(conversation: str, kind: ContactKind, value: Redacted, at: datetime) -> str:
        found = Contact(FoundKind(kind.value), "[contact]", value)
        return next(iter(parts.box.keep(conversation, [found], at).values()))

    def file(wish: OpenRequest, at: datetime) -> Receipt:
        receipt = parts.requests.open_request(wish, at)
        _announce(parts, wish, receipt)
        return receipt

    return parts.spool.drain(file, keep) if parts.spool.waiting() else 0


def _announce(parts: "Parts", wish: OpenRequest, receipt: Receipt) -> None:
    """The promised reference, into the conversation. After a kill in between it may come twice, never not at all."""
    _, text = news_letter(
        News.RECEIVED,
        parts.mail,
        policy=wish.policy,
        rights=receipt.rights,
        reference=receipt.reference,
        at=receipt.received,
        details=Details(answer_by=receipt.clock.answer_by),
        width=0,
    )
    way = Way.TELEGRAM if wish.channel is Channel.TELEGRAM else Way.WEB
    conversation = wish.conversation
    letter = Letter(way, conversation, News.RECEIVED.value, Redacted(conversation), "", f"{receipt.reference}: {text}")
    with parts.store.unit() as unit:
        post(unit, parts.vault, letter, parts.clock())
        unit.commit()
