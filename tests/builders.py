"""Ready-made things for tests: ids, turns, whole requests, processes of the product."""

from __future__ import annotations

import itertools
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from bot.desk import Reply, Turn
from bot.intake import take
from bot.settings import data_folder

PROJECT = Path(__file__).resolve().parent.parent
BUILT = ("encoder", "labeller", "vectors")
HOST = "http://desk.example.org"
WISH = "please delete my account"
_ANSWERS = {  # words of the desk -> what is said to them; the offer and the summary come last in their messages
    "Is that right?": "yes",
    "Shall I open a request": "yes",
    "reaches the right people": "it is my own account",
    "e-mail address": "{address}",
    "anything the support team should know": "no",
    "What is wrong, and what": "It should say example.org",
    "What happened?": "My records were lost.",
}
MOST_STEPS = 7  # from a wish to its receipt
_CODE = re.compile(r"(?<![\w-])[0-9A-Z]{4}-[0-9A-Z]{4}(?![\w-])")
_numbers = itertools.count(1)


def fresh_id(prefix: str = "m") -> str:
    """An id that no other message of this run has."""
    return f"{prefix}-{next(_numbers)}"


def fresh_conversation() -> str:
    """A conversation that nobody has spoken in."""
    return f"test:{secrets.token_hex(8)}"


def fresh_address() -> str:
    """An address of its own for each request: one mailbox gets a few codes a day only."""
    return f"{secrets.token_hex(6)}@example.org"


def answer_to(said: str, address: str) -> str:
    """What somebody says who wants the request filed, to what the desk said last."""
    return next(answer.format(address=address) for asked, answer in _ANSWERS.items() if asked in said)


def typed(text: str, conversation: str | None = None, policy: str = "klasso", message_id: str | None = None) -> Turn:
    """A typed message as a channel hands it to the desk."""
    return Turn.typed(conversation or fresh_conversation(), policy, message_id or fresh_id(), take(text))


def tracker_store_of(parts: Any) -> Any:
    """Our own tracker store, which Rasa keeps behind a wrapper."""
    store = parts.desk.agent.tracker_store
    return getattr(store, "_tracker_store", store)


async def events_of(parts: Any, conversation: str) -> list[dict[str, Any]]:
    """All that the tracker of a conversation holds, as plain data."""
    tracker = await parts.desk.agent.tracker_store.retrieve(conversation)
    return [event.as_dict() for event in tracker.events] if tracker else []


async def played(parts: Any, conversation: str, address: str = "", wish: str = WISH, policy: str = "klasso") -> Reply:
    """A wish played through reception and desk to its receipt; gives that."""
    said, address = wish, address or fresh_address()
    for _ in range(MOST_STEPS):
        reply: Reply = await parts.desk.reply(await parts.reception.typed(conversation, policy, fresh_id(), said))
        if reply.request:
            return reply
        said = answer_to(f"{reply.text}\n{reply.closing}", address)
    raise AssertionError("nothing was filed")


def mailed_code(parts: Any, address: str) -> str:
    """The code in the newest mail that waits for that address, as it is written there."""
    own = [parcel for parcel in parts.outbox.lease(parts.clock(), 1_000) if parcel.recipient.reveal() == address]
    for parcel in own:
        parts.outbox.delivered(parcel, parts.clock())
    return str([code for parcel in own for code in _CODE.findall(parcel.text.reveal())][-1])


def said_in(reply: dict[str, Any]) -> str:
    """All that the desk itself says in a reply."""
    return f"{reply['text']}\n{reply['closing']}"


def only_reply(response: httpx.Response) -> dict[str, Any]:
    """The one reply that an answer of the API holds."""
    assert response.status_code == 200, response.text
    (reply,) = response.json()["replies"]
    return dict(reply)


def filed_over(http: httpx.Client, policy: str) -> dict[str, Any]:
    """A request filed at a served product, in a conversation of its own; gives the receipt."""
    token = http.post("/api/sessions", json={"policy": policy}).json()["token"]
    said = WISH
    for _ in range(MOST_STEPS):
        message = {"id": fresh_id(), "text": said}
        reply = only_reply(http.post("/api/messages", json=message, headers={"Authorization": f"Bearer {token}"}))
        if reply["request"]:
            return dict(reply["request"])
        said = answer_to(said_in(reply), fresh_address())
    raise AssertionError("nothing was filed")


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """The environment of a process of the product: the project's built files; all else in that folder."""
    own = {
        "PRIVACY_DESK_DATA": str(data_in(folder)),
        "PRIVACY_DESK_DATABASE_URL": f"sqlite:///{folder / 'privacy-desk.db'}",
        "PYTHONPATH": str(PROJECT),
        "PRIVACY_DESK_DEMO_TELEGRAM": "off",
        "PRIVACY_DESK_CONSOLE": "0",
    }
    return {**os.environ, **own, **variables}


def data_in(folder: Path) -> Path:
    """A data folder with the project's built files in it, which take half a minute to build."""
    data, built = folder / "data", data_folder()
    data.mkdir(parents=True, exist_ok=True)
    for name in BUILT:
        if (built / name).exists() and not (data / name).exists():
            (data / name).symlink_to(built / name)
    return data


def bot_process(arguments: list[str], folder: Path, **variables: str) -> subprocess.Popen[str]:
    """`python -m bot …`, started."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env=environment(folder, **variables),
    )
