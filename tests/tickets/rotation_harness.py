"""Changes keys in a child process that is killed with SIGKILL again and again.

python rotation_harness.py URL KEY_FILE KILLS        prints how many children were killed before they were done
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from tickets import rotation
from tickets.store import Store

rotation._BATCH = 10  # so that a kill falls between batches and into them


def killed_after(seconds: float, url: str, ring: Path) -> bool:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            with Store(url) as store:
                os.write(writing, b".")
                rotation.rotate(store, ring, sleep=lambda _: None)
            os._exit(0)
        finally:
            os._exit(1)
    os.read(reading, 1)  # it begins now
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(reading)
    os.close(writing)
    return os.WIFSIGNALED(status)


if __name__ == "__main__":
    dice = random.Random(7)
    print(sum(killed_after(dice.uniform(0, 0.04), sys.argv[1], Path(sys.argv[2])) for _ in range(int(sys.argv[3]))))
