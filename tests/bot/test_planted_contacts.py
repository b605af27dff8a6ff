"""5,000 contacts typed into everything that can be typed into, also while things fail: none is found anywhere."""

from __future__ import annotations

import io
import json
import logging
import sys
import tarfile
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from builders import HOST, WISH, Chat, app_over, fresh_id, open_chat, tracker_store_of
from fakes import FailingAgent
from planted import Planted

from bot.desk import Desk
from bot.launch import Parts
from bot.work import drain_spool
from pii.logs import QUIET_LOGGERS, configure_logging
from pii.masking import Masked
from policies_kb.knowledge import KnowledgeBase
from tickets.contacts import ContactBox
from tickets.conversations import Conversations
from tickets.errors import StoreUnavailableError
from tickets.store import Store

pytestmark = pytest.mark.asyncio


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log pipe of the product, into memory."""
    root = logging.getLogger()
    before = root.handlers, root.level, sys.excepthook, threading.excepthook, structlog.get_config()
    levels = {name: logging.getLogger(name).level for name in QUIET_LOGGERS}
    written = io.StringIO()
    configure_logging(written)
    yield written
    root.handlers, root.level, sys.excepthook, threading.excepthook, configured = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(False)
    structlog.configure(**configured)


@dataclass
class Site:
    """The product over HTTP, once well and once with an assistant that always fails."""

    parts: Parts
    apps: tuple[Any, Any]
    clients: tuple[httpx.AsyncClient, httpx.AsyncClient]
    planted: Planted
    monkeypatch: pytest.MonkeyPatch
    conversations: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    async def chat(self, failing: bool = False, policy: str = "klasso") -> Chat:
        chat = await open_chat(self.clients[failing], policy)
        self.conversations.append(self.apps[failing].state.services.sessions.read(chat.token).conversation)
        return chat

    async def keep(self, response: httpx.Response) -> None:
        """Every body and every head that leaves the product."""
        await response.aread()
        self.statuses.add(response.status_code)
        self.answered.append(f"{response.headers}\n{response.text}")


# --- where people type ---------------------------------------------------------------------------------------------


async def questions(site: Site) -> None:
    chat = await site.chat()
    for text in ("do you share {} with anybody?", "how long do you keep {}?", "hello, I am {}", "what is {} to you?"):
        await chat.say(text.format(site.planted.some()))


async def after_a_request(site: Site) -> None:
    chat = await site.chat()
    await chat.file()
    for text in ("what is the status of {}?", "send the code to {}", "my data: {}", "no, {}", "{}", "cancel {}"):
        await chat.say(text.format(site.planted.some(between="\n")))


async def the_form(site: Site) -> None:
    chat = await site.chat(policy="kloudtalk")
    await chat.until_asked("Which e-mail address")
    for text in ("it is {}", "it is about {}", "I mistyped, it should be {}", "change the account to {}", "{}?"):
        await chat.say(text.format(site.planted.some(between="; ")))
    await chat.say("cancel")


async def a_wish_with_everything(site: Site) -> None:
    chat = await site.chat(policy="classtime")
    await chat.say(f"{WISH}, I am {site.planted.some()}")
    await chat.say(f"it is my own account, {site.planted.some()}")


async def a_filed_request(site: Site) -> None:
    chat = await site.chat()
    for text in (WISH, "yes", site.planted.some(5), "no"):
        await chat.say(text)
    assert (await chat.say("yes"))["request"]["created"]


async def forgetting(site: Site) -> None:
    chat = await site.chat()
    await chat.say(site.planted.some(between=" and "))
    for text in ("forget me", "yes"):
        await chat.say(text)


async def malformed(site: Site) -> None:
    chat, http = await site.chat(), site.clients[0]
    some = site.planted.some()
    one = site.planted.some(1)
    for body in ({"id": some, "text": "hi"}, {"id": "1", "text": [some]}, {"id": "1", "text": {some: some}}, [some]):
        await chat.post(body)  # type: ignore[arg-type]
    for body in ({"id": "2", "button": some}, {"id": "2", "button": one}, {"id": fresh_id(), "text": some * 20}):
        await chat.post(body)
    await http.post("/api/messages", content=f'{{"id": "1", "text": "{some}'.encode(), headers=_typed(chat))
    await http.post("/api/messages", json={"id": "1", "text": "hi"}, headers={"Authorization": "Bearer planted"})
    await http.post("/api/sessions", json={"policy": one})
    await http.post("/api/sessions", json={"policy": some})
    for path in ("/p/{}", "/p/klasso/{}", "/stop/{}", "/static/{}", "/nothing/{}", "/?q={}"):
        await http.get(path.format(httpx.QueryParams({"q": one})["q"]))
    await http.post(f"/stop/{one}")
    await http.get("/api/messages", params={"after": one}, headers=_typed(chat))


def _typed(chat: Chat) -> dict[str, str]:
    return {"Authorization": f"Bearer {chat.token}", "content-type": "application/json"}


# --- while something fails -----------------------------------------------------------------------------------------


async def the_menu(site: Site) -> None:
    chat = await site.chat(failing=True)
    failed = await chat.say(f"please delete {site.planted.some()}")
    await chat.press(next(button for button in failed["buttons"] if "deletion" in button["title"]))
    assert "Your request is open" in (await chat.say(f"it is {site.planted.some(5)}"))["text"]
    await chat.say(site.planted.some())


async def the_menu_without_a_store(site: Site) -> None:
    chat = await site.chat(failing=True)
    failed = await chat.say(site.planted.some())
    await chat.press(next(button for button in failed["buttons"] if "copy" in button["title"]))
    some = site.planted.some()
    with site.monkeypatch.context() as patch:
        _break_store(patch, some)
        assert "is kept safely" in (await chat.say(some))["text"]


async def a_store_that_fails(site: Site) -> None:
    chat = await site.chat()
    await chat.confirming()
    for text in ("yes", "{}", "what is the status of {}?", "delete {}", "forget me, {}"):
        some = site.planted.some()
        with site.monkeypatch.context() as patch:
            _break_store(patch, some)
            await chat.say(text.format(some))


def _break_store(patch: pytest.MonkeyPatch, told: str) -> None:
    def down(*_: Any) -> Any:
        raise StoreUnavailableError(f"it broke on {told}")

    patch.setattr(Store, "unit", down)
    patch.setattr(Store, "reading", down)


async def an_action_that_fails(site: Site) -> None:
    chat = await site.chat()
    some = site.planted.some()

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError(f"it broke on {some}")

    with site.monkeypatch.context() as patch:
        patch.setattr(KnowledgeBase, "answer", broken)
        assert "Something went wrong" in (await chat.say(f"do you share {some} with anybody?"))["text"]


async def a_reception_that_fails(site: Site) -> None:
    chat = await site.chat()
    some = site.planted.some()

    def broken(*_: Any) -> Any:
        raise RuntimeError(f"it broke on {some}")

    with site.monkeypatch.context() as patch:
        patch.setattr(ContactBox, "keep", broken)
        await chat.post({"id": fresh_id(), "text": some})


MOST_OF_A_ROUND = 1000  # contacts that all scenes together take, and more
Scene = Callable[[Site], Awaitable[None]]
SCENES: tuple[Scene, ...] = (
    questions,
    after_a_request,
    the_form,
    a_wish_with_everything,
    a_filed_request,
    forgetting,
    malformed,
    the_menu,
    the_menu_without_a_store,
    a_store_that_fails,
    an_action_that_fails,
    a_reception_that_fails,
)


# --- where they are looked for -------------------------------------------------------------------------------------


def trackers_in_memory(site: Site) -> str:
    store = tracker_store_of(site.parts).store
    return "\n".join(store[name] for name in site.conversations if name in store)


def trackers_in_the_store(site: Site) -> str:
    kept = Conversations(site.parts.store, site.parts.vault)
    packed = [data for name in site.conversations if (data := kept.load(name)) is not None]
    return "\n".join(zlib.decompress(data).decode("utf-8") for data in packed)


def raw_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()


def unpacked(model: Path) -> bytes:
    with tarfile.open(model) as archive:
        files = [archive.extractfile(member) for member in archive.getmembers() if member.isfile()]
        return b"\n".join(file.read() for file in files if file is not None)


async def played_over(site: Site) -> None:
    """All scenes in turn until every contact was typed, then everything that can be looked at."""
    while site.planted.left > MOST_OF_A_ROUND:
        for scene in SCENES:
            await scene(site)
    while site.planted.left:
        await questions(site)
    for http in site.clients:
        for path in ("/", "/p/klasso", "/docs", "/openapi.json", "/metrics", "/readyz", "/demo/mail", "/api/policies"):
            await http.get(path)


@pytest.fixture
def site(own_settings: Any, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Site:
    failing = Desk(FailingAgent(10**9, "with a detail"), menu=parts.desk.menu)  # type: ignore[arg-type]
    apps = app_over(own_settings, parts, parts.desk), app_over(own_settings, parts, failing)
    clients = [
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url=HOST)
        for app in apps
    ]
    made = Site(parts, apps, (clients[0], clients[1]), Planted(), monkeypatch)
    for client in clients:
        client.event_hooks = {"response": [made.keep]}
    return made


@pytest.mark.timeout(280)
async def test_five_thousand_planted_contacts_are_found_nowhere(
    site: Site, own_settings: Any, model_path: Path, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    await played_over(site)
    assert site.planted.given == 5000 and len(set(site.planted.all)) == 5000
    assert {200, 201, 401, 403, 404, 413, 422, 500} <= site.statuses
    printed, database = capsys.readouterr(), Path(own_settings.database_url.removeprefix("sqlite:///"))
    places: dict[str, str | bytes] = {
        "trackers in memory": trackers_in_memory(site),
        "trackers in the store": trackers_in_the_store(site),
        "log": log.getvalue(),
        "printed": printed.out + printed.err,
        "what was answered": "\n".join(site.answered),
        "model": unpacked(model_path),
        **{f"beside the database: {name}": data for name, data in raw_files(database.parent)},
        **{f"data: {name}": data for name, data in raw_files(own_settings.data)},
    }
    assert {name: sorted(site.planted.found_in(text))[:3] for name, text in places.items()} == dict.fromkeys(places, [])
    # Each place holds something of these conversations, so the search was not in vain.
    for name in ("trackers in memory", "trackers in the store"):
        assert "[email-1]" in str(places[name]) and "[phone-1]" in str(places[name]), name
    for event in ("question_answered", "assistant_failed", "request_not_saved", "contact_not_kept", "menu_not_filed"):
        assert f'"{event}"' in log.getvalue(), event
    assert "@example.org" in "\n".join(site.answered)  # the hints
    assert drain_spool(site.parts) > 0


# --- controls ------------------------------------------------------------------------------------------------------


async def test_the_search_finds_every_single_one() -> None:
    planted = Planted()
    missed = [one for one in planted.all if not planted.found_in(json.dumps({"text": f"I am {one}, thanks"}))]
    assert missed == []
    assert planted.found_in(f"\x00\xff{planted.all[0]}\x00".encode())
    assert planted.found_in("[email-1] p…@example.org …23 2026-03-02T10:00:00+00:00 1772445600.123456789") == set()


async def test_without_the_masking_they_would_be_found_in_the_trackers(site: Site) -> None:
    site.monkeypatch.setattr("bot.intake.mask", lambda text: Masked(text, ()))
    chat = await site.chat()
    await chat.say(f"do you share {site.planted.some(4)} with anybody?")
    assert len(site.planted.found_in(trackers_in_memory(site))) == 4
    assert len(site.planted.found_in(trackers_in_the_store(site))) == 4
