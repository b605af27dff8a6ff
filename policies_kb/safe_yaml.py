"""YAML of a policy's owner, read safely: no aliases, no tags, a limit to nesting, nothing from the environment."""

from __future__ import annotations

from typing import Any

import yaml

MAX_DEPTH = 12

# libyaml where it is there: ten times as fast. It is given only what _checked has passed.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _checked(text: str) -> str:
    """The text if it holds no aliases and is nested no deeper than MAX_DEPTH; raises yaml.YAMLError otherwise."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed here: write the value out")
        depth += isinstance(event, yaml.events.CollectionStartEvent)
        depth -= isinstance(event, yaml.events.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise yaml.YAMLError(f"nested deeper than {MAX_DEPTH} levels")
    return text


def parse_yaml(text: str) -> Any:
    """A YAML text of the policy's owner, read safely. Raises yaml.YAMLError."""
    return yaml.load(_checked(text), Loader=_LOADER)
