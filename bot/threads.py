"""One thread for each calculation.

A message's matrices are small: numpy's second thread makes nothing faster, and spins while it waits for work. What that
costs: python -m bench.channels, against the same with OPENBLAS_NUM_THREADS=2.
"""

from __future__ import annotations

from collections.abc import MutableMapping

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def keep_to_one_thread(environment: MutableMapping[str, str]) -> None:
    """For the libraries that look at these variables when they are loaded; what an operator has set stays."""
    for name, value in ONE_THREAD.items():
        environment.setdefault(name, value)
