"""The product as benchmarks serve it: a process of its own, with a database in a folder that is thrown away."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.settings import PROJECT, data_folder

BUILT = ("encoder", "labeller", "vectors")  # take half a minute to build, so that a new data folder borrows them
PATIENCE = 120.0  # seconds until a start or a stop counts as hanging


@dataclass
class Product:
    """One served product; it can be stopped and started again on the same port and database.

    without: the defence that is taken away (see bench.without), or none.
    """

    folder: Path
    port: int
    without: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        """Its SQLite file."""
        return self.folder / "bench.db"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self.process is not None
        return self.process.pid

    def processor_seconds(self) -> float:
        """What its process has spent so far, on all processors together."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def start(self) -> float:
        """Start it and wait until it is ready; gives the seconds."""
        self.launch()
        return self.wait()

    def wait(self) -> float:
        """Wait until it is ready; gives the seconds. Raises RuntimeError if it ends instead."""
        started = time.monotonic()
        while not self._is_ready():
            if self.process is None or self.process.poll() is not None or time.monotonic() - started > PATIENCE:
                raise RuntimeError(f"it does not start: {(self.folder / 'log').read_text('utf-8')[-2000:]}")
            time.sleep(0.02)
        return time.monotonic() - started

    def launch(self) -> None:
        """Start it without waiting."""
        module = ["bench.without", self.without] if self.without else ["bot"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *module, "run"],
                cwd=PROJECT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> float:
        """Ask it to end and wait for that; gives the seconds."""
        return self._ended(signal.SIGTERM)

    def kill(self) -> float:
        """End it without asking."""
        return self._ended(signal.SIGKILL)

    def _ended(self, by: signal.Signals) -> float:
        started = time.monotonic()
        if self.process is not None:
            self.process.send_signal(by)
            self.process.wait(PATIENCE)
        return time.monotonic() - started

    def _environment(self) -> dict[str, str]:
        own = {
            "PRIVACY_DESK_DATA": str(_data_in(self.folder)),
            "PRIVACY_DESK_DATABASE_URL": f"sqlite:///{self.database}",
            "PRIVACY_DESK_PORT": str(self.port),
            "PRIVACY_DESK_DEMO_TELEGRAM": "off",
        }
        return {**os.environ, **own, **self.variables}

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2):
                return True
        except OSError:
            return False


@contextlib.contextmanager
def product(without: str = "", **variables: str) -> Iterator[Product]:
    """A product that is not started yet, and whose folder and process are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="privacy-desk-bench-"))
    served = Product(folder, free_port(), without, variables)
    try:
        yield served
    finally:
        if served.process is not None and served.process.poll() is None:
            served.kill()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _data_in(folder: Path) -> Path:
    data, built = folder / "data", data_folder()
    data.mkdir(exist_ok=True)
    for name in BUILT:
        if (built / name).exists() and not (data / name).exists():
            (data / name).symlink_to(built / name)
    return data
