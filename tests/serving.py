"""A served product for tests: `python -m bot run` on a free port, with a database of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from builders import PROJECT, environment

PATIENCE = 60.0  # seconds until a hang counts as one; nothing depends on speed


@dataclass
class Running:
    """A served product."""

    process: subprocess.Popen[str]
    port: int
    folder: Path
    log: Path

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{self.port}"


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def started(folder: Path, port: int | None = None, **variables: str) -> Running:
    """Start it, its two streams into files; wait until it says that it is ready."""
    port, log = port or free_port(), folder / "log"
    with log.open("w") as stderr, (folder / "out").open("w") as stdout:
        process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            cwd=PROJECT,
            env=environment(folder, PRIVACY_DESK_PORT=str(port), **variables),
        )
    until = time.monotonic() + PATIENCE
    while "ready" not in (folder / "out").read_text("utf-8"):
        assert process.poll() is None and time.monotonic() < until, log.read_text("utf-8")[-2000:]
        time.sleep(0.1)
    return Running(process, port, folder, log)


def stopped(running: Running) -> int:
    """Ask it to end, and wait."""
    running.process.send_signal(signal.SIGTERM)
    return running.process.wait(PATIENCE)
