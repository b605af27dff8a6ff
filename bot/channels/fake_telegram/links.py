"""Addresses of links and of buttons, checked as the real server does (td/telegram/LinkManager.cpp)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.channels.fake_telegram.refusals import bad_request

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def checked_link(url: str, what: str, *, strict: bool) -> str:
    """The address, complete. what: "entity URL", "inline keyboard button URL".

    strict: hosts without a dot are refused, as Telegram refuses `http://localhost:8080/`; a product that is tried out
    on a laptop has such addresses, so this is off unless a test asks for it. Raises Refusal.
    """
    reason = _fault(url, strict)
    if reason:
        raise bad_request(f"{what} '{url}' is invalid: {reason}")
    return url if "://" in url else f"http://{url}"


def _fault(url: str, strict: bool) -> str:
    if not url.strip():
        return "URL host is empty"
    scheme = _SCHEME.match(url)
    if scheme and "://" in url and scheme.group(1).lower() not in ("http", "https", "tg", "ton", "tonsite"):
        return "Unsupported URL protocol"
    if scheme and "://" not in url and not url[scheme.end() :].split("/")[0].isdigit():
        return "Unsupported URL protocol"  # javascript:, mailto:, data:
    try:
        host = urlsplit(url if "://" in url else f"http://{url}").hostname or ""
    except ValueError:
        return "Wrong HTTP URL"
    if not host:
        return "URL host is empty"
    if re.search(r"[\s<>\"]", url):
        return "Wrong HTTP URL"
    is_telegram = bool(scheme and scheme.group(1).lower() in ("tg", "ton"))
    has_scheme = "://" in url
    if not is_telegram and "." not in host and ":" not in host and (strict or not has_scheme):
        return "Wrong HTTP URL"
    return ""
