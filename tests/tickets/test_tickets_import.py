"""Importing the rooms has no effect, and they import no front and no other core."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_importing_does_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, tickets.service, tickets.__main__, pii.logs, logging, threading\n"
        "assert not logging.getLogger().handlers and threading.active_count() == 1\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('bot', 'actions', 'policies_kb', 'rasa')]\n"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-B", "-c", code], cwd=tmp_path, env=environment, check=True)
    assert list(tmp_path.iterdir()) == []
