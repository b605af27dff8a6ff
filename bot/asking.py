"""`python -m bot ask`: one question, or a file of them, answered on the command line."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import secrets
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from bot.desk import Reply, Turn
from bot.intake import IntakeError, take
from bot.launch import Parts, assemble, open_store
from bot.rendering import plain_text
from bot.settings import BotSettings
from bot.training import ensure_model_apart
from policies_kb.compiler import read_source
from policies_kb.errors import SourceError
from policies_kb.knowledge import KnowledgeBase, policy_from_text
from policies_kb.workshop import workshop
from tickets.errors import StoreLockedError
from tickets.store import Store

NOT_FILED = (
    "a request is taken on the page while the product is served, and not at all for a policy that is not in the "
    "knowledge base"
)


@dataclass(frozen=True)
class Asker:
    """A desk bound to one policy."""

    parts: Parts
    policy: str
    base_url: str

    async def ask(self, text: str) -> dict[str, Any]:
        """One question in a conversation of its own, as plain data."""
        conversation = f"cli:{secrets.token_hex(8)}"
        try:
            taken = take(text)
        except IntakeError as error:
            return {"intent": None, "topics": [], "answer": None, "request": None, "reply": str(error)}
        turn = Turn.typed(conversation, self.policy, secrets.token_hex(8), taken)
        reply = await self.parts.desk.reply(turn)
        reading = await self.parts.desk.reading(conversation)
        await self.parts.desk.agent.tracker_store._tracker_store.delete(conversation)
        return self._record(reply, reading)

    def _record(self, reply: Reply, reading: dict[str, Any]) -> dict[str, Any]:
        answer = reply.answer and {**reply.answer, "quotes": [self._quote(quote) for quote in reply.answer["quotes"]]}
        return {
            "intent": (reading.get("intent") or {}).get("name"),
            "topics": reading.get("topics") or [],
            "answer": answer,
            "request": {key: reply.request[key] for key in ("rights", "reference")} if reply.request else None,
            "reply": plain_text(reply, self.base_url),
        }

    def _quote(self, quote: dict[str, Any]) -> dict[str, Any]:
        return {**quote, "url": self.base_url + quote["url"]}


def run_ask(parsed: argparse.Namespace, settings: BotSettings) -> int:
    """The command. Exit code 0 when everything was answered, 1 when a line could not be read or a request not filed."""
    base, policy = _knowledge(parsed, settings)
    measuring = parsed.jsonl or parsed.policy_file is not None
    with _store(settings, scratch=measuring and not parsed.file_requests, insist=parsed.file_requests) as (store, real):
        try:
            parts = assemble(settings, ensure_model_apart(settings.models), store, base)
            asker = Asker(parts, policy, settings.base_url)
            if parsed.jsonl:
                return asyncio.run(_answer_lines(asker, sys.stdin, sys.stdout))
            return _answer_one(asker, parsed.question, real)
        finally:
            store.close()


def _answer_one(asker: Asker, question: str, real: bool) -> int:
    """Print the reply; a receipt of a request that is only in a scratch store is never shown."""
    record = asyncio.run(asker.ask(question))
    if record["request"] and not real:
        print(f"privacy desk: NOT filed: {NOT_FILED}", file=sys.stderr)
        return 1
    print(record["reply"])
    return 0


def _knowledge(parsed: argparse.Namespace, settings: BotSettings) -> tuple[KnowledgeBase, str]:
    shop = workshop(settings.data)
    if parsed.policy_file is None:
        return shop.knowledge, shop.knowledge.get(parsed.policy).profile.policy
    path = Path(parsed.policy_file)
    try:
        text = read_source(path.read_bytes(), str(path))
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from error
    identity = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "text"
    name = parsed.name or path.stem.replace("_", " ").title()
    policy = policy_from_text(text, f"file-{identity}", name, (shop.encoder, shop.vectors), shop.labeller)
    return shop.knowledge.with_policy(policy), policy.profile.policy


@contextlib.contextmanager
def _store(settings: BotSettings, scratch: bool, insist: bool) -> Iterator[tuple[Store, bool]]:
    """The store, and whether it is the real one. Measuring uses a scratch one, so that nothing is filed unwanted.

    Where the served product holds the SQLite file, questions are answered all the same; insist: raise instead.
    """
    real = None
    if not scratch:
        try:
            real = open_store(settings.database_url)
        except StoreLockedError:
            if insist:
                raise
    if real is not None:
        yield real, True
        return
    with tempfile.TemporaryDirectory(prefix="privacy-desk-") as folder:
        yield open_store(f"sqlite:///{folder}/scratch.db"), False


async def _answer_lines(asker: Asker, source: TextIO, target: TextIO) -> int:
    wrong = 0
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            identity, text = record["id"], record["text"]
            if not isinstance(text, str):
                raise TypeError("text is not a string")
        except (ValueError, KeyError, TypeError) as error:
            print(f"line {number}: needs an object with id and text ({error})", file=sys.stderr)
            wrong += 1
            continue
        print(json.dumps({"id": identity, **await asker.ask(text)}, ensure_ascii=False), file=target, flush=True)
    return 1 if wrong else 0
