"""How commands print: aligned tables and JSON, and nothing that steers the terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TextIO


def print_table(lines: Sequence[Sequence[str]], out: TextIO) -> None:
    """Lines of cells in aligned columns."""
    printed = [[printable(cell) for cell in line] for line in lines]
    widths = [max(len(cell) for cell in column) for column in zip(*printed, strict=True)]
    for line in printed:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip(), file=out)


def print_json(data: object, out: TextIO) -> None:
    """Plain data, indented."""
    print(json.dumps(data, indent=2), file=out)


def printable(text: str) -> str:
    """What people typed must not steer the terminal."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
