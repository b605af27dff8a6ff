"""domain.yml, the rules and the code that speaks, read as data."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=1)
def domain() -> dict[str, Any]:
    """domain.yml."""
    return dict(yaml.safe_load((PROJECT / "domain.yml").read_text("utf-8")))


@lru_cache(maxsize=1)
def rules() -> list[dict[str, Any]]:
    """All rules and stories."""
    found: list[dict[str, Any]] = []
    for path in sorted((PROJECT / "data" / "stories").glob("*.yml")):
        read = yaml.safe_load(path.read_text("utf-8"))
        found += [*read.get("rules", ()), *read.get("stories", ())]
    return found


def steps(key: str) -> set[str]:
    """What stands under that key in any step of a rule."""
    return {step[key] for rule in rules() for step in rule["steps"] if key in step}


def nodes() -> Iterator[ast.AST]:
    """All of the code that speaks."""
    for package in ("actions", "bot"):
        for path in sorted((PROJECT / package).rglob("*.py")):
            yield from ast.walk(ast.parse(path.read_text("utf-8")))


def pattern_of(node: ast.JoinedStr) -> str:
    """An f-string with {} for each of its gaps."""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
