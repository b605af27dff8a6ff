"""`python -m bot ask`: one question, or a file of them, answered on the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import secrets
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from bot.desk import Reply
from bot.intake import IntakeError
from bot.launch import Parts, assemble, open_store
from bot.rasa_agent import delete_tracker
from bot.rendering import plain_text
from bot.settings import BotSettings
from bot.training import ensure_model_apart
from policies_kb.compiler import read_source
from policies_kb.errors import SourceError
from policies_kb.knowledge import KnowledgeBase, policy_from_text
from policies_kb.workshop import workshop

IN_A_CHAT = "a request is opened in a conversation: serve the product (make run) and say yes there"


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
            turn = await self.parts.reception.typed(conversation, self.policy, secrets.token_hex(8), text)
        except IntakeError as error:
            return {"intent": None, "topics": [], "answer": None, "request": None, "reply": str(error)}
        reply = await self.parts.desk.reply(turn)
        reading = await self.parts.desk.reading(conversation)
        await delete_tracker(self.parts.desk.agent, conversation)
        return self._record(reply, reading)

    def _record(self, reply: Reply, reading: dict[str, Any]) -> dict[str, Any]:
        """request: the rights that were heard; there is no reference before it is opened in a chat."""
        answer = reply.answer and {**reply.answer, "quotes": [self._quote(quote) for quote in reply.answer["quotes"]]}
        intent = (reading.get("intent") or {}).get("name")
        offered = {"rights": reading.get("rights") or [], "reference": None} if intent == "request" else None
        return {
            "intent": intent,
            "topics": reading.get("topics") or [],
            "answer": answer,
            "request": offered,
            "reply": plain_text(reply, self.base_url),
        }

    def _quote(self, quote: dict[str, Any]) -> dict[str, Any]:
        return {**quote, "url": self.base_url + quote["url"]}


def run_ask(parsed: argparse.Namespace, settings: BotSettings) -> int:
    """The command. Exit code 0 when everything was answered, 1 when a line could not be read.

    It works on a scratch store: nothing is filed, and a served product is not disturbed.
    """
    base, policy = _knowledge(parsed, settings)
    with tempfile.TemporaryDirectory(prefix="privacy-desk-") as folder:
        scratch = replace(
            settings,
            data=Path(folder),
            keys=Path(folder) / "keys.json",
            database_url=f"sqlite:///{folder}/scratch.db",
        )
        with open_store(scratch.database_url) as store:
            parts = assemble(scratch, ensure_model_apart(settings.models), store, base)
            asker = Asker(parts, policy, settings.base_url)
            if parsed.jsonl:
                return asyncio.run(_answer_lines(asker, sys.stdin, sys.stdout))
            return _answer_one(asker, parsed.question)


def _answer_one(asker: Asker, question: str) -> int:
    record = asyncio.run(asker.ask(question))
    print(record["reply"])
    if record["request"]:
        print(f"privacy desk: {IN_A_CHAT}", file=sys.stderr)
    return 0


def _knowledge(parsed: argparse.Namespace, settings: BotSettings) -> tuple[KnowledgeBase, str]:
    shop = workshop(settings.data, settings.policies)
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
