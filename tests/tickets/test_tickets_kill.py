"""kill -9 while requests are filed: what was answered is there, once and whole; without the defences it is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tickets.store import Store

HARNESS = Path(__file__).with_name("kill_harness.py")
ROOT = Path(__file__).parents[2]
KILLS = 20


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    """The controls are about the harness, so one database is enough for them."""
    return f"sqlite:///{tmp_path / 'control.db'}"


def killed(mode: str, url: str, kills: int = KILLS) -> dict[str, int]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(HARNESS), mode, url, "1000000" if mode != "memory" else "50", str(kills)]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    result: dict[str, int] = json.loads(ended.stdout)
    return result


def test_twenty_kills_lose_double_and_tear_nothing(empty_url: str) -> None:
    result = killed("whole", empty_url)
    assert result["kills"] == KILLS and result["acknowledged"] >= KILLS
    assert (result["lost"], result["doubled"], result["torn"]) == (0, 0, 0)


def test_without_the_key_requests_are_doubled(file_url: str) -> None:
    assert killed("no_key", file_url, kills=2 * KILLS)["doubled"] > 0


def test_without_the_transaction_requests_are_torn(file_url: str) -> None:
    assert killed("no_transaction", file_url)["torn"] > 0


def test_answering_before_the_commit_loses_requests(file_url: str) -> None:
    assert killed("memory", file_url, kills=1)["lost"] > 0


@pytest.mark.parametrize("killed_after", [0.002, 0.006])
def test_a_migration_that_is_killed_can_be_run_again(empty_url: str, killed_after: float) -> None:
    code = (
        "import sys, threading, os, signal, time\n"
        "from tickets.store import Store\n"
        "store = Store(sys.argv[1])\n"
        "threading.Timer(float(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()\n"
        "store.migrate()\n"
        "time.sleep(1)\n"
    )
    command = [sys.executable, "-c", code, empty_url, str(killed_after)]
    ended = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
    assert ended.returncode == -9
    with Store(empty_url) as store:
        store.migrate()
        store.check_current()
