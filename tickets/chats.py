"""Which conversation a Telegram chat has about which policy.

The numbers of chats are sealed and found by a blind index. A conversation's id is random: it does not tell its chat.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Sealed, Vault
from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.store import Store, Unit
from tickets.tables import MAX_NAME
from tickets.tables_arrivals import chats

CHAT_INDEX = "chats.look_up"
"""The name of the blind index: all conversations of one chat are found by it."""
LANE = "tg-lane:"
_CONVERSATION = "tg:"


@dataclass(frozen=True)
class Chat:
    """A chat of a bot. member: in groups alone, so that two members never share what is remembered."""

    bot: str
    chat: int = field(repr=False)
    member: int | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Bound:
    """The conversation of a chat about a policy. is_new: nothing was kept of it, so it begins with the notice."""

    conversation: str
    policy: str
    is_new: bool


class Chats:
    """Knows who a conversation is. `now` is aware UTC."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def lane_of(self, chat: Chat) -> str:
        """The lane in which all that comes from this chat, or member, queues. It outlives a change of keys."""
        return lane_of(self._vault, chat)

    def bind(self, chat: Chat, policy: str, now: datetime) -> Bound:
        """Make the conversation about that policy the chat's current one; made if there is none. Raises InputError."""
        if not 0 < len(policy) <= MAX_NAME or "\0" in policy:
            raise InputError(f"a policy's name has 1 to {MAX_NAME} characters and no NUL")
        with self._store.unit() as unit:
            rows = {row["policy"]: row for row in self._rows(unit, chat)}
            row = rows.get(policy)
            if row is not None and row["is_current"]:
                return Bound(row["conversation"], policy, is_new=False)
            others = [other["id"] for other in rows.values() if other["is_current"]]
            unit.execute(sa.update(chats).where(chats.c.id.in_(others)).values(is_current=False))
            conversation = self._made(unit, chat, policy, now) if row is None else _made_current(unit, row, now)
            unit.commit()
        return Bound(conversation, policy, is_new=row is None or row["forgotten_at"] is not None)

    def current(self, chat: Chat) -> Bound | None:
        """The conversation that was bound last, unless it was forgotten since."""
        with self._store.reading() as unit:
            found = [row for row in self._rows(unit, chat) if row["is_current"]]
        return Bound(found[0]["conversation"], found[0]["policy"], is_new=False) if found else None

    def conversations_of(self, chat: Chat) -> tuple[str, ...]:
        """All conversations of a chat, or member, the one bound last first."""
        with self._store.reading() as unit:
            return tuple(row["conversation"] for row in self._rows(unit, chat))

    def bounds_of(self, chat: Chat) -> tuple[Bound, ...]:
        """The same, each with what it is about."""
        with self._store.reading() as unit:
            return tuple(Bound(row["conversation"], row["policy"], is_new=False) for row in self._rows(unit, chat))

    def address_of(self, conversation: str) -> Chat | None:
        """Where what is said to a conversation goes; None if there is no such conversation, or none any more.

        Of one that was forgotten it is known until the last answer has left and no request is open. Raises
        EncryptionError.
        """
        with self._store.reading() as unit:
            return chat_of(unit, self._vault, conversation)

    def blocked(self, conversation: str, now: datetime) -> None:
        """Note that its person does not want to hear from the bot: in none of the chat's conversations."""
        with self._store.unit() as unit:
            chat = chat_of(unit, self._vault, conversation)
            if chat is not None:
                same = sa.update(chats).where(self._of(chat), chats.c.blocked_at.is_(None))
                unit.execute(same.values(blocked_at=now))
                unit.commit()

    def unblocked(self, chat: Chat) -> None:
        """Note that its person talks to the bot again."""
        with self._store.reading() as unit:
            if not any(row["blocked_at"] for row in self._rows(unit, chat)):
                return  # asked with every message: looking does not queue behind the writers
        with self._store.unit() as unit:
            unit.execute(sa.update(chats).where(self._of(chat)).values(blocked_at=None))
            unit.commit()

    def is_blocked(self, conversation: str) -> bool:
        """Whether its person has blocked the bot, as far as we know."""
        found = sa.select(chats.c.blocked_at).where(chats.c.conversation == conversation)
        with self._store.reading() as unit:
            return unit.execute(found).scalar() is not None

    def _rows(self, unit: Unit, chat: Chat) -> list[Mapping[str, Any]]:
        own = sa.select(chats).where(self._of(chat)).order_by(chats.c.bound_at.desc(), chats.c.id)
        return list(unit.execute(own).mappings())

    def _of(self, chat: Chat) -> Any:
        # Also what is still indexed with the earlier key while keys are being changed.
        return chats.c.look_up.in_(self._vault.look_ups(packed(chat), CHAT_INDEX))

    def _made(self, unit: Unit, chat: Chat, policy: str, now: datetime) -> str:
        row_id, value = secrets.token_hex(16), packed(chat)
        sealed = self._vault.seal(value, _place(row_id))
        values = {
            "id": row_id,
            "conversation": f"{_CONVERSATION}{secrets.token_hex(16)}",
            "policy": policy,
            "look_up": self._vault.look_up(value, CHAT_INDEX),
            "sealed": sealed.data,
            "key_id": sealed.key,
            "is_current": True,
            "bound_at": now,
        }
        unit.execute(sa.insert(chats).values(**values))
        return str(values["conversation"])


def lane_of(vault: Vault, chat: Chat) -> str:
    """See Chats.lane_of."""
    return f"{LANE}{vault.ledger_hash(packed(chat).reveal(), 'inbox.lane')}"


def chat_of(unit: Unit, vault: Vault, conversation: str) -> Chat | None:
    """The chat of a conversation. Raises EncryptionError."""
    row = unit.execute(sa.select(chats).where(chats.c.conversation == conversation)).mappings().first()
    if row is None:
        return None
    return Chat(*json.loads(vault.open(Sealed(row["key_id"], row["sealed"]), _place(row["id"])).reveal()))


def packed(chat: Chat) -> Redacted:
    """The one form in which a chat is sealed, indexed and hashed."""
    return Redacted(json.dumps([chat.bot, chat.chat, chat.member]))


def _made_current(unit: Unit, row: Mapping[str, Any], now: datetime) -> str:
    values = {"is_current": True, "bound_at": now, "forgotten_at": None}
    unit.execute(sa.update(chats).where(chats.c.id == row["id"]).values(**values))
    return str(row["conversation"])


def _place(row_id: str) -> str:
    return f"chats.sealed:{row_id}"
