"""Numpy's threads: kept to one, before numpy is there, unless an operator says otherwise."""

from __future__ import annotations

import subprocess
import sys

from bot.settings import PROJECT
from bot.threads import ONE_THREAD, keep_to_one_thread


def test_what_an_operator_has_set_stays() -> None:
    environment = {"OMP_NUM_THREADS": "4"}
    keep_to_one_thread(environment)
    assert environment == {**ONE_THREAD, "OMP_NUM_THREADS": "4"}


def test_it_is_said_before_numpy_is_loaded() -> None:
    code = "import sys, bot.__main__; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, timeout=60).returncode == 0
