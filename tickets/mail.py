"""Mail: the message as it travels, by SMTP or, on a machine without a mail server, into a folder.

What stands in a header is one line; anything else is refused before a message is made of it (security threat 5). The
Message-ID is the outbox's id, the same on every try, so that a mail server can drop a double.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import mailbox
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum
from pathlib import Path

import aiosmtplib

from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.outbox import Parcel
from tickets.worker import Refused, RetryLater

TIMEOUT_SECONDS = 20.0  # for connecting and handing over, together
_QUIT_SECONDS = 2.0
_KEPT_IN_FOLDER = 200

# One address and nothing beside it: no list, no name, no quoted part.
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,64}@[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,255}")
_NOT_ONE_LINE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class Security(str, Enum):
    """How the connection is protected. none: only to a server on the same machine."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True)
class SmtpSettings:
    """Where mail goes out. sender: the address it comes from; authorities: a file of CA certificates of one's own."""

    host: str
    port: int
    sender: str
    security: Security = Security.STARTTLS
    user: str = ""
    password: Redacted = field(default_factory=lambda: Redacted(""))
    timeout: float = TIMEOUT_SECONDS
    authorities: Path | None = None


class SmtpMailer:
    """Hands messages to a mail server, each over a connection of its own."""

    def __init__(self, settings: SmtpSettings) -> None:
        """Raises InputError for settings that would send passwords or codes in the clear, or from no address."""
        check_sender(settings.sender)
        if settings.security is Security.NONE and not _is_loopback(settings.host):
            raise InputError("mail without TLS goes only to a server on this machine: use starttls or tls")
        self._settings = settings

    async def send(self, parcel: Parcel) -> None:
        """Raises Refused where the recipient or the message is refused for good, RetryLater for other answers."""
        message = mail_of(parcel, self._settings.sender)
        client = self._client()
        try:
            await asyncio.wait_for(self._hand_over(client, parcel, message), self._settings.timeout)
            # The server has taken it: whatever goes wrong now, it is sent.
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, asyncio.TimeoutError):
                await asyncio.wait_for(client.quit(), _QUIT_SECONDS)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.user or None,
            password=settings.password.reveal() or None,
            local_hostname=settings.sender.rpartition("@")[2],  # not the machine's own name
            timeout=settings.timeout,
            use_tls=settings.security is Security.TLS,
            start_tls=settings.security is Security.STARTTLS,
            cert_bundle=str(settings.authorities) if settings.authorities else None,
        )

    async def _hand_over(self, client: aiosmtplib.SMTP, parcel: Parcel, message: EmailMessage) -> None:
        try:
            await client.connect()
        except aiosmtplib.SMTPResponseException as error:
            raise RetryLater(kind=f"smtp_{error.code}") from None
        try:
            await client.send_message(message, sender=self._settings.sender, recipients=[parcel.recipient.reveal()])
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _told(error.recipients[0].code) from None
        except aiosmtplib.SMTPDataError as error:
            raise _told(error.code) from None
        except aiosmtplib.SMTPNotSupported:
            raise Refused("address_not_supported") from None  # letters outside ASCII, and a server that has none
        except aiosmtplib.SMTPResponseException as error:
            raise RetryLater(kind=f"smtp_{error.code}") from None  # it refuses us, not the recipient: staff can mend it


def _told(code: int) -> Refused | RetryLater:
    return Refused(f"smtp_{code}") if code >= 500 else RetryLater(kind=f"smtp_{code}")


class MaildirMailer:
    """Puts messages into a folder, readable by its owner alone, for trying the product without a mail server.

    Only the newest 200 stay: it is not an archive.
    """

    def __init__(self, folder: Path, sender: str = "privacy-desk@example.org") -> None:
        check_sender(sender)
        self._folder = folder
        self._sender = sender

    async def send(self, parcel: Parcel) -> None:
        """Raises Refused for what is not an address, and OSError where the folder cannot be written."""
        await asyncio.to_thread(self._put, mail_of(parcel, self._sender))

    def _put(self, message: EmailMessage) -> None:
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        box = mailbox.Maildir(self._folder, create=True)  # makes the folder 0700
        key = box.add(message.as_bytes(policy=policy.SMTPUTF8.clone(linesep="\n")))
        (self._folder / "new" / key).chmod(0o600)
        for old in _newest_first(self._folder)[_KEPT_IN_FOLDER:]:
            old.unlink(missing_ok=True)


@dataclass(frozen=True)
class ReceivedMail:
    """A message in the folder."""

    at: datetime
    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)


def read_maildir(folder: Path, limit: int = 50) -> list[ReceivedMail]:
    """The messages of a MaildirMailer, newest first; none where there is no folder yet."""
    return [_received(path) for path in _newest_first(folder)[:limit]]


def _newest_first(folder: Path) -> list[Path]:
    files = [path for part in ("new", "cur") if (folder / part).is_dir() for path in (folder / part).iterdir()]
    return sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)


def _received(path: Path) -> ReceivedMail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    text = message.get_content() if isinstance(message, EmailMessage) else ""
    at = parsedate_to_datetime(str(message["Date"])).astimezone(timezone.utc)
    return ReceivedMail(at, str(message["To"]), str(message["Subject"]), str(text))


def mail_of(parcel: Parcel, sender: str) -> EmailMessage:
    """The message as it travels. Raises Refused for a recipient or a subject that cannot stand in a header."""
    recipient = parcel.recipient.reveal()
    if not _ADDRESS.fullmatch(recipient):
        raise Refused("not_an_address")
    if _NOT_ONE_LINE.search(parcel.subject):
        raise Refused("not_a_subject")
    text = parcel.text.reveal()
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = _address(sender)
    message["To"] = _address(recipient)
    message["Subject"] = parcel.subject
    message["Date"] = format_datetime(parcel.created_at)
    message["Message-ID"] = f"<{parcel.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # so that no absence note comes back (RFC 3834)
    message.set_content(text, charset="utf-8", cte=None if text.isascii() else "quoted-printable")
    return message


def check_sender(sender: str) -> None:
    """Raise InputError unless it is one plain address."""
    if not (_ADDRESS.fullmatch(sender) and sender.isascii()):
        raise InputError("the sender of mails must be one plain address, like privacy@example.org")


def _address(address: str) -> Address:
    username, _, domain = address.rpartition("@")
    return Address(username=username, domain=domain)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
