"""Which parts of a web page are the policy: not its menus, banners, scripts, nor what it hides."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from selectolax.lexbor import LexborNode

_NEVER_NAMES = (
    "script style template noscript nav footer head svg math iframe object embed canvas audio video button select "
    "textarea input dialog del s strike map datalist progress meter"
)
_NEVER = frozenset(_NEVER_NAMES.split())
_ROLES = frozenset({"navigation", "banner", "contentinfo", "dialog", "alertdialog", "search", "menu", "menubar"})
_HIDING = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_FOR_READERS = frozenset({"sr-only", "visually-hidden", "screen-reader-text"})
_BANNER = re.compile(
    r"cookie[\w-]*(?:banner|consent|bar|popup|notice|modal|law)|onetrust|cybotcookiebot|cky-consent|usercentrics|didomi"
    r"|\bcc-window\b|gdpr-?(?:banner|consent|popup)|consent-?(?:banner|popup|manager)",
    re.IGNORECASE,
)
BANNER_LONGEST = 1500  # characters; a section of the policy that is about cookies has no buttons or is longer
TABLE_CELL = 1500  # characters; a longer cell is a column of the page, not of a table
_Walk = Callable[[LexborNode], Iterator[tuple[LexborNode, bool]]]


def is_left_out(node: LexborNode) -> bool:
    """Whether a visitor does not see it, or it is part of the site and not of the policy."""
    if not node.is_element_node:
        return False
    tag = node.tag or ""
    if tag in _NEVER:
        return True
    if tag == "header" and not _within_article(node):
        return True
    attributes = node.attributes
    if not attributes:
        return tag in ("ul", "ol") and _is_contents(node)
    if (attributes.get("role") or "") in _ROLES or _is_hidden(attributes):
        return True
    return _is_cookie_banner(node, attributes) or (tag in ("ul", "ol") and _is_contents(node))


def content_of(root: LexborNode, walk: _Walk) -> LexborNode:
    """The part that holds most of what can be read, a <main> or an <article> if there is one; otherwise all."""
    length = 0
    begun: list[int] = []
    best: tuple[int, LexborNode] = (0, root)
    for node, entering in walk(root):
        if node.is_text_node:
            length += len((node.text_content or "").strip()) if entering else 0
        elif node.tag in ("main", "article") or node.attributes.get("role") == "main":
            if entering:
                begun.append(length)
            elif (held := length - begun.pop()) >= best[0]:
                best = (held, node)
    return best[1] if best[0] * 2 >= length else root


def is_data_table(table: LexborNode) -> bool:
    """Whether its rows are facts. A table that only arranges the page holds headings, tables or long texts."""
    if table.attributes.get("role") in ("presentation", "none") or table.css_first("h1,h2,h3,h4,h5,h6,table table"):
        return False
    rows = [row.css("td,th") for row in table.css("tr")]
    if not any(len(row) > 1 for row in rows):
        return False
    return all(len(cell.text() or "") <= TABLE_CELL for row in rows for cell in row)


def _within_article(node: LexborNode) -> bool:
    above = node.parent
    while above is not None:
        if above.tag in ("article", "main"):
            return True
        above = above.parent
    return False


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    if "hidden" in attributes and attributes["hidden"] != "until-found":
        return True
    if attributes.get("aria-hidden") == "true" or _HIDING.search(attributes.get("style") or ""):
        return True
    return not _FOR_READERS.isdisjoint((attributes.get("class") or "").split())


def _is_cookie_banner(node: LexborNode, attributes: dict[str, str | None]) -> bool:
    named = f"{attributes.get('id') or ''} {attributes.get('class') or ''}"
    if not _BANNER.search(named) or node.tag in ("html", "body", "main", "article"):
        return False
    return node.css_first("button,[role=button],input") is not None and len(node.text() or "") < BANNER_LONGEST


def _is_contents(node: LexborNode) -> bool:
    """Whether the list is a table of contents: nothing but links to places of this page."""
    links = node.css('a[href^="#"]')
    if len(links) < 3:
        return False
    linked = sum(len((link.text() or "").strip()) for link in links)
    return linked * 10 >= 9 * len("".join((node.text() or "").split("\n")).strip())
