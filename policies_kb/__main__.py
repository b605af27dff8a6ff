"""python -m policies_kb compile [--check] | lint | ledger | show <policy or clause> | add <id> <file> --name …"""

from __future__ import annotations

import sys

from policies_kb.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
