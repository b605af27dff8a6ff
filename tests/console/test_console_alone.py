"""`python -m console` alone on PostgreSQL: it starts, prints a login that works, and shows the queue."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import httpx
import pyotp
import pytest
from builders import PROJECT, environment
from postgres import POSTGRES, own_schema
from serving import PATIENCE, free_port
from staff_people import PASSWORD, token_in

from pii.encryption import Vault, load_ring
from tickets import audit
from tickets.letters import Correspondence
from tickets.model import OpenRequest
from tickets.service import RequestService
from tickets.store import Store
from tickets.vocabulary import Channel, Regime, Right

pytestmark = pytest.mark.skipif(not POSTGRES, reason="TEST_POSTGRES_URL names no server")


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of an empty schema."""
    with own_schema() as url:
        yield url


@pytest.fixture
def served(tmp_path: Path, database: str) -> Iterator[tuple[str, str]]:
    """Where it is served, and what it printed."""
    port, out = free_port(), tmp_path / "out"
    variables = environment(
        tmp_path, PRIVACY_DESK_DATABASE_URL=database, PRIVACY_DESK_CONSOLE_PORT=str(port), PRIVACY_DESK_CONSOLE="1"
    )
    with out.open("w") as stdout, (tmp_path / "log").open("w") as stderr:
        command = [sys.executable, "-m", "console"]
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr, cwd=PROJECT, env=variables)
    url, until = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
    try:
        while not _answers(url):
            alive = process.poll() is None and time.monotonic() < until
            assert alive, (tmp_path / "log").read_text("utf-8")[-2000:]
            time.sleep(0.1)
        yield url, out.read_text("utf-8")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/login", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def file_a_request(database: str, keys: Path) -> str:
    """What another process, the bot, does beside it."""
    wish = OpenRequest(
        policy="klasso",
        policy_version="2026-04",
        rights=frozenset({Right.MARKETING_OPT_OUT}),
        channel=Channel.WEB,
        conversation="conversation-1",
        text="please stop writing",
        regimes=frozenset({Regime.GDPR}),
        idempotency_key="key-1",
    )
    with Store(database) as store:
        vault = Vault(load_ring(keys))
        audit.use_key(store, vault)
        service = RequestService(store, vault, Correspondence("https://desk.example.org", str.title))
        return service.open_request(wish, datetime.now(timezone.utc)).reference


def send(browser: httpx.Client, path: str, **form: str) -> httpx.Response:
    """Fill in the form of the page that one is on."""
    token = token_in(browser.get(path).text)
    return browser.post(path, data={"token": token, **form}, headers={"origin": str(browser.base_url).rstrip("/")})


def test_it_starts_logs_in_and_shows_what_was_filed_beside_it(
    served: tuple[str, str], database: str, tmp_path: Path
) -> None:
    url, printed = served
    login, first = re.search(r"first login +(\S+)\s+password, once +(\S+)", printed).groups()  # type: ignore[union-attr]
    with httpx.Client(base_url=url, timeout=30, follow_redirects=False) as browser:
        assert browser.get("/queue").status_code == 303  # to the login
        assert send(browser, "/login", login=login, password=first).status_code == 303
        changed = send(browser, "/first-password", old=first, new=PASSWORD, repeated=PASSWORD)
        assert changed.status_code == 303, changed.text[:2000]
        page = browser.get("/second-factor/new").text
        secret = re.findall(r'class="secret">([A-Z2-7 ]+)<', page)[0].replace(" ", "")
        code = pyotp.TOTP(secret).now()
        done = send(browser, "/second-factor/new", code=code)
        assert done.status_code in (200, 303), done.text[:2000]
        reference = file_a_request(database, tmp_path / "data" / "keys.json")
        queue = browser.get("/queue")
        assert queue.status_code == 200 and reference in queue.text
        assert browser.get(f"/requests/{reference}").status_code == 200
