"""The settings of the bot process, read once from the environment. `.env.example` lists them with their meaning."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.origins import OriginError, Origins
from bot.telegram_settings import TelegramSettings, TelegramSettingsError, telegram_settings
from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.mail import Security, SmtpMailer, SmtpSettings

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SHORTEST_KEY = 32  # characters
PROJECT = Path(__file__).resolve().parent.parent


class SettingsError(ValueError):
    """A setting that is missing or makes no sense; the text names the variable and what it should be."""


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """PRIVACY_DESK_DATA: where everything lies that is built or stored at run time; var/ in the project by default."""
    return Path(environment.get("PRIVACY_DESK_DATA") or PROJECT / "var").resolve()


@dataclass(frozen=True)
class BotSettings:
    """One process's settings."""

    host: str
    port: int
    base_url: str  # how people reach the public pages, without a slash at the end
    data: Path
    models: Path
    policies: Path  # where policies are edited; what is served is a release made of it
    database_url: str
    secret: Redacted = field(repr=False)
    keys: Path  # the key file of the encrypted columns
    mail: SmtpSettings | None = None  # None: mails lie in a folder, for trying the product out
    telegram: TelegramSettings | None = None  # None: no Telegram
    origins: Mapping[str, frozenset[str]] = field(default_factory=dict)  # the sites that may show a policy's widget
    login_keys: Mapping[str, Redacted] = field(default_factory=dict, repr=False)  # of each policy's own site
    behind_proxy: bool = False
    console: bool = True  # whether the staff console is served beside it
    target_days: int = 30
    conversation_days: int = 30

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "BotSettings":
        """Raises SettingsError for what cannot be used."""
        data = data_folder(environment)
        host = environment.get("PRIVACY_DESK_HOST") or "127.0.0.1"
        port = _port(environment.get("PRIVACY_DESK_PORT") or "8080")
        base_url = (environment.get("PRIVACY_DESK_BASE_URL") or f"http://{host}:{port}").rstrip("/")
        if not base_url.startswith(("http://", "https://")):
            raise SettingsError("PRIVACY_DESK_BASE_URL must begin with http:// or https://")
        secret = _secret(environment.get("PRIVACY_DESK_SECRET"), data)
        return cls(
            host=host,
            port=port,
            base_url=base_url,
            data=data,
            models=Path(environment.get("PRIVACY_DESK_MODELS") or PROJECT / "models").resolve(),
            policies=Path(environment.get("PRIVACY_DESK_POLICIES") or PROJECT / "policies_kb").resolve(),
            database_url=environment.get("PRIVACY_DESK_DATABASE_URL") or f"sqlite:///{data / 'privacy-desk.db'}",
            secret=secret,
            keys=Path(environment.get("PRIVACY_DESK_KEYS") or data / "keys.json").resolve(),
            mail=_mail(environment),
            telegram=_telegram(environment, secret, base_url, port if host in LOOPBACK else None),
            origins=_origins(environment),
            login_keys=_login_keys(environment),
            behind_proxy=_switch(environment, "PRIVACY_DESK_BEHIND_PROXY"),
            console=_switch(environment, "PRIVACY_DESK_CONSOLE", "1"),
            target_days=_days(environment, "PRIVACY_DESK_TARGET_DAYS", 30),
            conversation_days=_days(environment, "PRIVACY_DESK_CONVERSATION_DAYS", 30),
        )


def _port(text: str, name: str = "PRIVACY_DESK_PORT") -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise SettingsError(f"{name} must be a number from 1 to 65535, not {text!r}")
    return int(text)


def _days(environment: Mapping[str, str], name: str, usual: int) -> int:
    text = environment.get(name) or str(usual)
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 365:
        raise SettingsError(f"{name} must be a number of days from 1 to 365, not {text!r}")
    return int(text)


def _switch(environment: Mapping[str, str], name: str, usual: str = "0") -> bool:
    text = environment.get(name) or usual
    if text not in ("0", "1"):
        raise SettingsError(f"{name} must be 1 (yes) or 0 (no), not {text!r}")
    return text == "1"


def _origins(environment: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    try:
        return Origins.read(environment.get("PRIVACY_DESK_ORIGINS") or "")
    except OriginError as error:
        raise SettingsError(
            f"PRIVACY_DESK_ORIGINS: {error}; write policy=origin,origin and a space between policies"
        ) from error


def _login_keys(environment: Mapping[str, str]) -> Mapping[str, Redacted]:
    """The secret that each policy's own site signs login tokens with."""
    found = {}
    for part in (environment.get("PRIVACY_DESK_LOGIN_KEYS") or "").split():
        policy, sign, key = part.partition("=")
        if not policy or not sign or len(key) < SHORTEST_KEY:
            raise SettingsError(
                f"PRIVACY_DESK_LOGIN_KEYS must be policy=key pairs, each key of {SHORTEST_KEY} characters or more"
            )
        found[policy] = Redacted(key)
    return found


def _telegram(
    environment: Mapping[str, str], secret: Redacted, base_url: str, port: int | None
) -> TelegramSettings | None:
    """The bot; on a loopback address without a token and without a mail server, a pretend one for trying it out."""
    is_demo = port is not None and not environment.get("PRIVACY_DESK_SMTP_HOST")
    usual = str(min(65_535, (port or 0) + 1))
    chosen = environment.get("PRIVACY_DESK_DEMO_TELEGRAM") or usual
    demo_port = _port(chosen, "PRIVACY_DESK_DEMO_TELEGRAM") if is_demo and chosen != "off" else None
    try:
        return telegram_settings(environment, secret, base_url, demo_port)
    except TelegramSettingsError as error:
        raise SettingsError(str(error)) from error


def _mail(environment: Mapping[str, str]) -> SmtpSettings | None:
    """The mail server, None where none is named. Raises SettingsError for half a setting."""
    host = environment.get("PRIVACY_DESK_SMTP_HOST") or ""
    if not host:
        return None
    tls = environment.get("PRIVACY_DESK_SMTP_TLS") or "starttls"
    if tls not in {security.value for security in Security}:
        raise SettingsError(f"PRIVACY_DESK_SMTP_TLS must be starttls, tls or none, not {tls!r}")
    sender = environment.get("PRIVACY_DESK_MAIL_FROM") or ""
    usual = "465" if tls == "tls" else "587"
    port = _port(environment.get("PRIVACY_DESK_SMTP_PORT") or usual, "PRIVACY_DESK_SMTP_PORT")
    user = environment.get("PRIVACY_DESK_SMTP_USER") or ""
    password = Redacted(environment.get("PRIVACY_DESK_SMTP_PASSWORD") or "")
    settings = SmtpSettings(host, port, sender, Security(tls), user, password)
    try:
        SmtpMailer(settings)
    except InputError as error:
        raise SettingsError(f"PRIVACY_DESK_SMTP_…, PRIVACY_DESK_MAIL_FROM: {error}") from error
    return settings


def _secret(given: str | None, data: Path) -> Redacted:
    """The key that signs sessions: the one given, else one that is made once and kept beside the data."""
    if given:
        if len(given) < SHORTEST_KEY:
            raise SettingsError("PRIVACY_DESK_SECRET must have at least 32 characters; leave it out to have one made")
        return Redacted(given)
    path = data / "secret"
    try:
        data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        kept = path.read_text("utf-8").strip()
        if len(kept) < SHORTEST_KEY:
            raise SettingsError(f"{path} is damaged; delete it to have a new one made (open chats will end)") from None
        return Redacted(kept)
    except OSError as error:
        raise SettingsError(f"PRIVACY_DESK_DATA={data} cannot be written to ({error.strerror})") from error
    made = secrets.token_urlsafe(48)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(made)
    return Redacted(made)
