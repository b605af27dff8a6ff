"""The work beside the app: which rounds there are, how mail leaves, and the demo mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.inbound import Handler, Inbound
from bot.rounds import Round, run_rounds
from bot.settings import LOOPBACK, BotSettings
from bot.web_door import SOURCE
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
    from fastapi import FastAPI

    from bot.channels.telegram.start import House, Telegram
    from bot.launch import Parts
    from bot.web_door import WebDoor
    from policies_kb.knowledge import Policy

MOST_MAILS = 30  # of the demo mailbox


def demo_mails(settings: BotSettings) -> Callable[[], Sequence[ReceivedMail]] | None:
    """Reads the demo mailbox; None where a mail server is set, or where others than this machine could look."""
    if settings.mail is not None or settings.host not in LOOPBACK:
        return None
    return lambda: read_maildir(settings.data / "mail", MOST_MAILS)


def mailer(settings: BotSettings) -> Sender:
    """How mail leaves: by the server of the settings, else into a folder."""
    return SmtpMailer(settings.mail) if settings.mail is not None else MaildirMailer(settings.data / "mail")


@dataclass
class Background:
    """All that runs beside the app: what arrived is answered, what waits is sent, rounds are made."""

    settings: BotSettings
    parts: "Parts"
    door: "WebDoor"
    welcome: "Callable[[Policy], str]"
    others: Sequence[Callable[[asyncio.Event], Coroutine[Any, Any, None]]] = ()  # what is served beside it
    routes: "list[Callable[[FastAPI], None]]" = field(default_factory=list)  # what channels add to the app

    def __post_init__(self) -> None:
        parts = self.parts
        senders: dict[Way, Sender] = {Way.MAIL: mailer(self.settings), Way.WEB: WebSender()}
        handlers: dict[str, Handler] = {SOURCE: self.door.handle}
        self._telegram = self._with_telegram(senders, handlers)
        self._worker = Worker(parts.outbox, senders, parts.clock, self.door.bells.ring)
        self._inbound = Inbound(parts.inbox, handlers, parts.clock)
        self._rounds = rounds_of(self.settings, parts)
        self.door.wake_outbox, self.door.wake_inbox = self._worker.wake, self._inbound.wake

    def _with_telegram(self, senders: dict[Way, Sender], handlers: dict[str, Handler]) -> "Telegram | None":
        if self.settings.telegram is None:
            return None
        from bot.channels.telegram.start import Telegram

        house = house_of(self.settings, self.parts, self.welcome)
        telegram = Telegram(self.settings.telegram, house, lambda: self._inbound.wake(), lambda: self._worker.wake())
        senders[Way.TELEGRAM] = telegram.sender
        handlers[telegram.source] = telegram.handle
        self.routes.append(telegram.add_routes)
        return telegram

    async def run(self, stop: asyncio.Event) -> None:
        """Until the event is set. Sending goes on for a moment longer than answering."""
        answered, sent = asyncio.Event(), asyncio.Event()

        async def answer() -> None:
            try:
                await self._inbound.run(stop)
            finally:
                answered.set()

        async def send() -> None:
            try:
                await self._worker.run(answered)
            finally:
                sent.set()

        also = [self._telegram.run(stop)] if self._telegram else []
        also += [serve(sent) for serve in self.others]
        await asyncio.gather(answer(), send(), run_rounds(self._rounds, stop), *also)
        if self._telegram is not None:
            await self._telegram.close()


def house_of(settings: BotSettings, parts: "Parts", welcome: "Callable[[Policy], str]") -> "House":
    """What the Telegram channel works with."""
    from bot.channels.telegram.start import House

    return House(
        desk=parts.desk,
        reception=parts.reception,
        knowledge=parts.knowledge,
        store=parts.store,
        vault=parts.vault,
        inbox=parts.inbox,
        chats=parts.chats,
        keeper=parts.keeper,
        identity=parts.identity,
        forgetting=parts.forgetting,
        welcome=welcome,
        secret=settings.secret,
        base_url=settings.base_url,
        clock=parts.clock,
    )


def rounds_of(settings: BotSettings, parts: "Parts") -> list[Round]:
    """What is done by the clock."""

    def anchor() -> None:
        with parts.store.reading() as unit:
            daily_anchor(unit, settings.data / ANCHOR_FILE, parts.clock())

    return [
        Round("spool", timedelta(seconds=5), lambda: drain_spool(parts)),
        Round("findings", timedelta(seconds=5), parts.noting.drain),
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
