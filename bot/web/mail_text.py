"""A mail in the shape the demo mailbox shows it: paragraphs that fit any width, its code and its own links apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tickets.letters import WIDTH
from tickets.words import time_in_words

if TYPE_CHECKING:
    from tickets.mail import ReceivedMail

STOP = "/stop/"
_CODE = re.compile(r" {4}(?P<code>[0-9A-Z]{4}-[0-9A-Z]{4})")
_ADDRESS = re.compile(r"(?P<base>https?://[^/\s]+(?:/[^/\s]+)*?)/stop/(?P<token>[A-Za-z0-9_-]{1,200})")


@dataclass(frozen=True)
class Piece:
    """A stretch of a mail. kind: text, code (to be typed into the chat), or link, which leads to address."""

    kind: str
    text: str
    address: str = ""


@dataclass(frozen=True)
class MailView:
    """A mail as the page shows it. at: for machines; day: for people."""

    at: str
    day: str
    to: str
    subject: str
    paragraphs: tuple[tuple[Piece, ...], ...]


def mail_view(mail: "ReceivedMail", base_url: str) -> MailView:
    """base_url: where our pages are, as it stands in the mails; where it is empty, every host counts as ours."""
    unified = mail.text.replace("\r\n", "\n").strip("\n")
    paragraphs = [tuple(_pieces(part, base_url.rstrip("/"))) for part in re.split(r"\n{2,}", unified)]
    return MailView(mail.at.isoformat(), time_in_words(mail.at), mail.to, mail.subject, tuple(filter(None, paragraphs)))


def _pieces(paragraph: str, base_url: str) -> Iterator[Piece]:
    run: list[str] = []
    for line in _unfolded(paragraph.split("\n")):
        special = _special(line, base_url)
        if special is None:
            run.append(line)
            continue
        if run:
            yield Piece("text", "\n".join(run))
            run = []
        yield special
    if run:
        yield Piece("text", "\n".join(run))


def _special(line: str, base_url: str) -> Piece | None:
    """The code or our own link, where a line is nothing else."""
    code = _CODE.fullmatch(line)
    if code:
        return Piece("code", code["code"])
    address = _ADDRESS.fullmatch(line.strip())
    if address is None or base_url not in ("", address["base"]):
        return None
    # By its path alone it can lead nowhere but here, whatever host the mail names.
    return Piece("link", line.strip(), f"{urlsplit(address['base']).path}{STOP}{address['token']}")


def _unfolded(lines: list[str]) -> list[str]:
    """Lines joined again that the letter broke because the next word no longer fitted."""
    joined: list[str] = []
    last = ""
    for line in lines:
        word = line.split(" ", 1)[0]
        if last and word and len(last) + 1 + len(word) > WIDTH:
            joined[-1] += f" {line}"
        else:
            joined.append(line)
        last = line
    return joined
