"""parse_mode: text with HTML or Markdown in it becomes plain text and entities, or is refused as by the real server.

The product sends entities by offset and never markup; this is here so that a slip shows, and for other bots.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from bot.channels.fake_telegram.formatting import units
from bot.channels.fake_telegram.refusals import Refusal, bad_request

Wire = dict[str, Any]
_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "code": "code", "pre": "pre", "blockquote": "blockquote", "a": "text_link", "span": "spoiler",
}  # fmt: skip
_HTML = re.compile(r"<(/?)([a-zA-Z][a-zA-Z-]*)((?:\s[^<>]*)?)>|(<)")
_HREF = re.compile(r"""href\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+))""")
_MARKS = {
    "MarkdownV2": (("```", "pre"), ("||", "spoiler"), ("__", "underline"), ("*", "bold"), ("_", "italic"),
                   ("~", "strikethrough"), ("`", "code")),
    "Markdown": (("```", "pre"), ("*", "bold"), ("_", "italic"), ("`", "code")),
}  # fmt: skip
_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_LINK = re.compile(r"\[((?:\\.|[^\]\\])*)\]\(((?:\\.|[^)\\])*)\)")


def parsed(text: str, mode: str) -> tuple[str, list[Wire]]:
    """The plain text and its entities. mode: HTML, Markdown or MarkdownV2, capitals as one likes. Raises Refusal."""
    for known, parse in (("html", _parse_html), ("markdown", _parse_legacy), ("markdownv2", _parse_v2)):
        if mode.lower() == known:
            return parse(text)
    raise bad_request("unsupported parse_mode")


def _fault(reason: str) -> Refusal:
    return bad_request(f"can't parse entities: {reason}")


def _parse_html(text: str) -> tuple[str, list[Wire]]:
    plain, at = "", 0
    entities: list[Wire] = []
    opened: list[tuple[str, int, str]] = []  # tag, where it began, address
    for match in _HTML.finditer(text):
        plain += unescape(text[at : match.start()])
        at = match.end()
        place = len(text[: match.start()].encode())
        name = (match.group(2) or "").lower()
        if match.group(4) or name not in _TAGS:
            raise _fault(f'Unsupported start tag "{name}" at byte offset {place}')
        if not match.group(1):
            opened.append((name, units(plain), _href(match.group(3))))
            continue
        if not opened or opened[-1][0] != name:
            raise _fault(f'Unmatched end tag at byte offset {place}, expected "</{opened[-1][0] if opened else ""}>"')
        _, start, address = opened.pop()
        entities.append(_entity(_TAGS[name], start, units(plain), address))
    if opened:
        raise _fault(f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return plain + unescape(text[at:]), _meaningful(entities)


def _href(attributes: str) -> str:
    found = _HREF.search(attributes)
    return unescape(next((group for group in found.groups() if group is not None), "")) if found else ""


def _entity(kind: str, start: int, end: int, address: str = "") -> Wire:
    made: Wire = {"type": kind, "offset": start, "length": end - start}
    return {**made, "url": address} if kind == "text_link" else made


def _meaningful(entities: list[Wire]) -> list[Wire]:
    """Without links that lead nowhere: with parse_mode the real server leaves them out in silence."""
    return [one for one in entities if one["type"] != "text_link" or one.get("url")]


def _parse_legacy(text: str) -> tuple[str, list[Wire]]:
    return _parse_marks(text, "Markdown", reserved=frozenset())


def _parse_v2(text: str) -> tuple[str, list[Wire]]:
    return _parse_marks(text, "MarkdownV2", reserved=_RESERVED)


def _parse_marks(text: str, mode: str, reserved: frozenset[str]) -> tuple[str, list[Wire]]:
    plain, at = "", 0
    entities: list[Wire] = []
    opened: list[tuple[str, int, int]] = []  # mark, where it began, and that in bytes of the source
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in _RESERVED | {"\\"}:
            plain, at = plain + text[at + 1], at + 2
            continue
        if link := _LINK.match(text, at):
            start, plain = units(plain), plain + re.sub(r"\\(.)", r"\1", link.group(1))
            entities.append(_entity("text_link", start, units(plain), re.sub(r"\\(.)", r"\1", link.group(2))))
            at = link.end()
            continue
        mark, kind = next(((one, kind) for one, kind in _MARKS[mode] if text.startswith(one, at)), ("", ""))
        if not mark:
            if text[at] in reserved:
                raise _fault(f"Character '{text[at]}' is reserved and must be escaped with the preceding '\\'")
            plain, at = plain + text[at], at + 1
            continue
        if opened and opened[-1][0] == mark:
            _, start, _ = opened.pop()
            entities.append(_entity(kind, start, units(plain)))
        else:
            opened.append((mark, units(plain), len(text[:at].encode())))
        at += len(mark)
    if opened:
        raise _fault(f"Can't find end of the entity starting at byte offset {opened[-1][2]}")
    return plain, _meaningful(entities)
