"""python -m console | python -m console user add|reset|disable|enable|list"""

from __future__ import annotations

import sys

from console.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
