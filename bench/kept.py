"""What a product that has ended left in its database, read with its own keys: replies and turns of each message."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.serving import Product
from bot.sessions import Sessions
from pii.encryption import Vault, load_ring
from pii.redacted import Redacted
from tickets.conversations import Conversations
from tickets.inbox import Inbox
from tickets.outbox import FeedMessage, Outbox
from tickets.store import Store

PAGE = 200


@dataclass
class Kept:
    """By conversation and message id: the replies, and how many turns of the dialogue it was. left: not worked off."""

    replies: dict[tuple[str, str], list[list[dict[str, Any]]]] = field(default_factory=dict)
    turns: Counter[tuple[str, str]] = field(default_factory=Counter)
    left: int = 0


def kept_by(product: Product, tokens: list[str]) -> Kept:
    """All that is kept of the conversations of these tokens. The product must have ended."""
    sessions = Sessions(Redacted((product.folder / "data" / "secret").read_text("utf-8").strip()))
    vault, kept = Vault(load_ring(product.folder / "data" / "keys.json")), Kept()
    with Store(f"sqlite:///{product.database}", read_only=True) as store:
        outbox, conversations, inbox = Outbox(store, vault), Conversations(store, vault), Inbox(store, vault)
        for token in tokens:
            conversation = sessions.read(token).conversation
            for reply in map(json.loads, (one.text for one in _fed(outbox, conversation))):
                kept.replies.setdefault((token, reply["to"]), []).append(reply["replies"])
            for name in _said(conversations.load(conversation)):
                kept.turns[token, name] += 1
        kept.left = inbox.waiting() + len(inbox.quarantined())
    return kept


def _fed(outbox: Outbox, conversation: str) -> Iterator[FeedMessage]:
    after = 0
    while found := outbox.feed(conversation, after, PAGE):
        yield from found
        after = found[-1].sequence


def _said(packed: bytes | None) -> list[str]:
    """The ids of the messages that a kept conversation has turns of."""
    events = json.loads(zlib.decompress(packed))["events"] if packed else []
    return [event["message_id"] for event in events if event["event"] == "user" and event.get("message_id")]
