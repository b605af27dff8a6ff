"""kill -9 while messages are sent: all arrive in order, and few arrive twice; without the defence some are lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HARNESS = Path(__file__).with_name("worker_kill_harness.py")
ROOT = Path(__file__).parents[2]
KILLS = 20


def killed(mode: str, url: str, folder: Path, letters: int, lanes: int) -> dict[str, int]:
    command = [sys.executable, str(HARNESS), mode, url, str(folder), str(letters), str(lanes), str(KILLS)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    result: dict[str, int] = json.loads(ended.stdout)
    return result


def test_twenty_kills_lose_nothing_and_double_at_most_one_message_each(empty_url: str, tmp_path: Path) -> None:
    result = killed("whole", empty_url, tmp_path, 120, 1)
    assert result["kills"] == KILLS and result["lost"] == 0 and result["out_of_order"] == 0
    assert result["doubled"] <= KILLS


def test_with_many_lanes_too_a_kill_doubles_one_message_at_most(empty_url: str, tmp_path: Path) -> None:
    result = killed("whole", empty_url, tmp_path, 120, 20)
    assert result["kills"] == KILLS and result["lost"] == 0 and result["out_of_order"] == 0
    assert result["doubled"] <= KILLS


def test_noting_before_sending_loses_messages(tmp_path: Path) -> None:
    assert killed("note_first", f"sqlite:///{tmp_path / 'control.db'}", tmp_path, 120, 10)["lost"] > 0
