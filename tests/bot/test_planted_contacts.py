"""5,000 contacts typed into everything that can be typed into, also while things fail: none is found anywhere."""

from __future__ import annotations

import io
import json
import logging
import sys
import tarfile
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from builders import HOST, tracker_store_of
from chatting import app_over, without_limits
from fakes import FailingAgent
from planted import Planted
from planted_scenes import MOST_OF_A_ROUND, SCENES, Site, questions

from bot.desk import Desk
from bot.launch import Parts
from bot.work import drain_spool
from pii.logs import QUIET_LOGGERS, configure_logging
from pii.masking import Masked
from tickets.conversations import Conversations

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
            yield str(path.relative_to(folder)), path.read_bytes()


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
    planted = Planted()
    failing = Desk(FailingAgent(10**9, planted.some()), menu=parts.desk.menu)  # type: ignore[arg-type]
    apps = app_over(own_settings, parts, parts.desk), app_over(own_settings, parts, failing)
    for app in apps:
        without_limits(app)
    clients = [
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url=HOST)
        for app in apps
    ]
    made = Site(parts, apps, (clients[0], clients[1]), planted, monkeypatch)
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
