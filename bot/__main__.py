"""python -m bot run | ask | train | nlu-data | rasa …"""

from __future__ import annotations

import gc
import os
import sys
import time

from bot.threads import keep_to_one_thread

STARTED = time.monotonic()


def _silence_old_libraries() -> None:
    """Libraries that Rasa pins warn of their own age at every import; nobody who runs the product can act on it."""
    import warnings

    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    sys.warnoptions.append("ignore")
    warnings.simplefilter("ignore")
    warnings.showwarning = lambda *_, **__: None  # Rasa and pyparsing set filters of their own


if __name__ == "__main__":
    gc.disable()  # what is imported and loaded at start lives as long as the process; launch switches it on again
    _silence_old_libraries()
    keep_to_one_thread(os.environ)
    from bot.commands import main

    sys.exit(main(sys.argv[1:], STARTED))
