"""A mail server on loopback that answers as a test wants, a certificate for it, and a parcel to be mailed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from conftest import NOW
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pii.redacted import Redacted
from tickets.mail import Security, SmtpMailer, SmtpSettings
from tickets.outbox import Parcel
from tickets.vocabulary import Way

SENDER = "privacy@example.org"


def parcel(**changes: Any) -> Parcel:
    usual = Parcel(
        sequence=1,
        id="0123456789abcdef",
        way=Way.MAIL,
        lane="lane-1",
        kind="received",
        request_id=None,
        recipient=Redacted("someone@example.org"),
        subject="Your request KLS-7F3K-92QD was received",
        text=Redacted("It was received.\n"),
        attempts=0,
        created_at=NOW,
        leased_until=NOW,
        deadline=None,
    )
    return replace(usual, **changes)


@dataclass
class Server:
    """What a mail server got, and how it answers. An answer of None: take the message."""

    answer: Callable[[str], Awaitable[str | None]]
    recipient_answer: str = "250 OK"
    sender_answer: str = "250 OK"
    got: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        envelope.mail_from = address
        return self.sender_answer

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        answer = await self.answer(str(message["Message-ID"]))
        if answer == "hang up":
            server.transport.close()
            return "421 gone"
        if answer is None:
            self.got.append(message)
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        return answer or "250 OK"


async def takes_all(message_id: str) -> None:
    return None


def with_server(server: Server, during: Callable[[], Awaitable[Any]], **smtp: Any) -> Any:
    """Run something while the server listens on loopback."""

    async def both() -> Any:
        protocol = lambda: SMTP(server, hostname="mail.example.org", **smtp)  # noqa: E731
        listening = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
        server.port = listening.sockets[0].getsockname()[1]
        try:
            return await during()
        finally:
            listening.close()

    return asyncio.run(both())


def mailer(server: Server, **changes: Any) -> SmtpMailer:
    usual = SmtpSettings("127.0.0.1", server.port, SENDER, Security.NONE)
    return SmtpMailer(replace(usual, **changes))


@contextmanager
def certificate(folder: Path) -> Iterator[tuple[ssl.SSLContext, Path]]:
    """A certificate for 127.0.0.1 that signs itself, and the file by which to trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    yield context, certificate_file


def accepts(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"desk", b"secret"), handled=False)
