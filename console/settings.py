"""The settings of the console, read once from the environment. `.env.example` lists them with their meaning."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "::1", "localhost")
PROJECT = Path(__file__).resolve().parent.parent
_ORIGIN = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")


class ConsoleSettingsError(ValueError):
    """A setting that is missing or makes no sense; the text names the variable and what it should be."""


@dataclass(frozen=True)
class ConsoleSettings:
    """host, port: where it listens. url: how a browser reaches it, without a slash at the end.

    project: where data/nlu lies, into which staff add examples. No variable sets it: the training reads there too.
    """

    host: str
    port: int
    url: str
    data: Path
    database_url: str
    keys: Path
    public_url: str  # of the pages that everybody sees, for links to clauses
    behind_proxy: bool = False
    target_days: int = 30
    conversation_days: int = 30
    project: Path = PROJECT
    policies: Path = PROJECT / "policies_kb"  # where policies are edited; people are answered from a release of it

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "ConsoleSettings":
        """Raises ConsoleSettingsError for what cannot be used."""
        data = Path(environment.get("PRIVACY_DESK_DATA") or PROJECT / "var").resolve()
        host = environment.get("PRIVACY_DESK_CONSOLE_HOST") or "127.0.0.1"
        port = _port(environment.get("PRIVACY_DESK_CONSOLE_PORT") or "8090")
        public = f"http://{environment.get('PRIVACY_DESK_HOST') or '127.0.0.1'}:"
        public += environment.get("PRIVACY_DESK_PORT") or "8080"
        return cls(
            host=host,
            port=port,
            url=_url(environment.get("PRIVACY_DESK_CONSOLE_URL") or "", host, port),
            data=data,
            database_url=environment.get("PRIVACY_DESK_DATABASE_URL") or f"sqlite:///{data / 'privacy-desk.db'}",
            keys=Path(environment.get("PRIVACY_DESK_KEYS") or data / "keys.json").resolve(),
            public_url=(environment.get("PRIVACY_DESK_BASE_URL") or public).rstrip("/"),
            behind_proxy=_switch(environment, "PRIVACY_DESK_BEHIND_PROXY"),
            target_days=_days(environment, "PRIVACY_DESK_TARGET_DAYS"),
            conversation_days=_days(environment, "PRIVACY_DESK_CONVERSATION_DAYS"),
            policies=Path(environment.get("PRIVACY_DESK_POLICIES") or PROJECT / "policies_kb").resolve(),
        )

    @property
    def is_https(self) -> bool:
        """Whether browsers reach it by https, so that its cookie can insist on that."""
        return self.url.startswith("https://")

    @property
    def origins(self) -> frozenset[str]:
        """Our own pages, as a browser names them. On this machine alone they have three names."""
        if self.is_https or urlsplit(self.url).hostname not in LOOPBACK:
            return frozenset({self.url})
        port = urlsplit(self.url).port or 80
        return frozenset({self.url} | {f"http://{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")})


def _url(given: str, host: str, port: int) -> str:
    """How a browser reaches it. Passwords do not travel in the clear: elsewhere than on this machine it is https."""
    if not given:
        if host not in LOOPBACK:
            raise ConsoleSettingsError(
                f"PRIVACY_DESK_CONSOLE_HOST={host} can be reached from other machines: put a proxy with https in front "
                "and set PRIVACY_DESK_CONSOLE_URL=https://…, or leave the host out"
            )
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    url = given.rstrip("/").lower()
    if not _ORIGIN.fullmatch(url):
        raise ConsoleSettingsError("PRIVACY_DESK_CONSOLE_URL must be like https://console.example.org, without a path")
    if not url.startswith("https://") and (host not in LOOPBACK or urlsplit(url).hostname not in LOOPBACK):
        raise ConsoleSettingsError("PRIVACY_DESK_CONSOLE_URL must begin with https://")
    return url


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise ConsoleSettingsError(f"PRIVACY_DESK_CONSOLE_PORT must be a number from 1 to 65535, not {text!r}")
    return int(text)


def _days(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name) or "30"
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 365:
        raise ConsoleSettingsError(f"{name} must be a number of days from 1 to 365, not {text!r}")
    return int(text)


def _switch(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name) or "0"
    if text not in ("0", "1"):
        raise ConsoleSettingsError(f"{name} must be 1 (yes) or 0 (no), not {text!r}")
    return text == "1"
