"""Companies' names in messages: they are made alike before a message is read, so that the words decide.

The model knows the names that stand in its own training lines; they belong to it. The names of the policy that a
message is about are given when it is read. So a policy is added without a training, and how a message about one policy
is read does not depend on which others there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from policies_kb.knowledge import names_of, policy_folders
from policies_kb.profile import load_profile
from policies_kb.question_text import QuestionText

SPOKEN_OF: ContextVar[tuple[str, ...]] = ContextVar("spoken_of", default=())
"""How the company is called that the message under way is about."""


@contextmanager
def speaking_of(names: tuple[str, ...]) -> Iterator[None]:
    """Messages are read as ones about the company of these names."""
    token = SPOKEN_OF.set(names)
    try:
        yield
    finally:
        SPOKEN_OF.reset(token)


def training_files(project: Path) -> list[Path]:
    """Everything that is trained on."""
    return sorted((project / "data").rglob("*.yml"))


def training_names(project: Path) -> tuple[str, ...]:
    """Those names and aliases of the project's policies that stand in its training data."""
    profiles = [load_profile(folder / "profile.yml") for folder in policy_folders(project / "policies_kb")]
    spoken = QuestionText(name for profile in profiles for name in names_of(profile))
    return tuple(
        sorted({name for path in training_files(project) for name in spoken.names_in(path.read_text("utf-8"))})
    )


@lru_cache(maxsize=600)
def question_text(names: tuple[str, ...]) -> QuestionText:
    """One for each set of names; making it takes longer than using it."""
    return QuestionText(names)
