"""The settings of the Telegram channel, as part of those of the bot process."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pii.redacted import Redacted

API_URL = "https://api.telegram.org/bot"
DEMO_TOKEN = "1:pretend"
MODES = ("polling", "webhook", "off")
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,100}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,256}")


class TelegramSettingsError(ValueError):
    """A setting of the channel that makes no sense; the text names the variable and what it should be."""


@dataclass(frozen=True)
class TelegramSettings:
    """How the bot is reached. policies: those it serves, all of them if empty. demo_port: of the pretend Telegram.

    secret: what Telegram sends along with every update of the webhook, so that nobody else can.
    """

    token: Redacted
    api_url: str = API_URL
    mode: str = "polling"
    secret: Redacted = field(default_factory=lambda: Redacted(""), repr=False)
    policies: tuple[str, ...] = ()
    demo_port: int | None = None

    @property
    def source(self) -> str:
        """The name of this bot in the inbox: its number, which is no secret."""
        return f"telegram:{self.token.reveal().partition(':')[0]}"


def telegram_settings(
    environment: Mapping[str, str], own_secret: Redacted, base_url: str, demo_port: int | None
) -> TelegramSettings | None:
    """None without a bot. Raises TelegramSettingsError.

    demo_port: where a pretend Telegram may be served if there is no token; None where this is not a demo.
    """
    mode = environment.get("TELEGRAM_MODE") or "polling"
    if mode not in MODES:
        raise TelegramSettingsError(f"TELEGRAM_MODE must be polling, webhook or off, not {mode!r}")
    token = environment.get("TELEGRAM_BOT_TOKEN") or ""
    if mode == "off" or (not token and demo_port is None):
        return None
    policies = tuple(environment.get("TELEGRAM_POLICIES", "").split())
    if not token:
        url = f"http://127.0.0.1:{demo_port}/bot"
        return TelegramSettings(Redacted(DEMO_TOKEN), url, policies=policies, demo_port=demo_port)
    if not _TOKEN.fullmatch(token):
        raise TelegramSettingsError("TELEGRAM_BOT_TOKEN must be a number, a colon and letters, as BotFather gives it")
    if mode == "webhook" and not base_url.startswith("https://"):
        raise TelegramSettingsError("TELEGRAM_MODE=webhook needs a PRIVACY_DESK_BASE_URL that begins with https://")
    api_url = (environment.get("TELEGRAM_API_URL") or API_URL).rstrip("/")
    return TelegramSettings(Redacted(token), api_url, mode, _secret(environment, own_secret, token), policies)


def _secret(environment: Mapping[str, str], own_secret: Redacted, token: str) -> Redacted:
    """The one given, else one that every replica works out for itself."""
    given = environment.get("TELEGRAM_SECRET") or ""
    if given and not _SECRET.fullmatch(given):
        raise TelegramSettingsError("TELEGRAM_SECRET must have 32 to 256 letters, digits, - or _")
    made = hmac.new(own_secret.reveal().encode(), f"telegram:{token}".encode(), hashlib.sha256).hexdigest()
    return Redacted(given or made)
