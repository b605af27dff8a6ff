"""The golden questions of the policies as pytest tests, one a question. `python -m bot policy test [ID …]` runs them.

A company runs them in its own CI, beside its policy: what is wanted stands in golden.yml, and a change of wording that
takes an answer away fails like code.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from bot.policy_desk import PolicyDesk
from bot.settings import BotSettings
from policies_kb.errors import KnowledgeError
from policies_kb.golden import GoldenResult
from policies_kb.golden_words import golden_report


class Chosen:
    """Tells the tests which policies to ask; empty for all."""

    def __init__(self, policies: Sequence[str]) -> None:
        self.policies = tuple(policies)


def run(policies: Sequence[str], arguments: Sequence[str] = ()) -> int:
    """Ask the golden questions of these policies. pytest's exit code. Raises KnowledgeError where pytest is missing."""
    if importlib.util.find_spec("pytest") is None:
        raise KnowledgeError("the golden questions are asked by pytest: install requirements-dev.lock first")
    import pytest

    for read in (_desk, _results):
        read.cache_clear()  # the settings may be others than in an earlier run of this process
    quiet = ["--tb=short", "-p", "no:cacheprovider", "--disable-warnings", *arguments]
    return int(pytest.main([str(Path(__file__)), *quiet], plugins=[Chosen(policies)]))


@lru_cache(maxsize=1)
def _desk() -> PolicyDesk:
    return PolicyDesk(BotSettings.from_environment(), None)


@cache
def _results(policy: str) -> list[GoldenResult]:
    (folder,) = _desk().folders([policy])
    return _desk().golden(folder)


def pytest_generate_tests(metafunc: Any) -> None:
    """One test a golden question."""
    chosen = next((one for one in metafunc.config.pluginmanager.get_plugins() if isinstance(one, Chosen)), Chosen(()))
    cases = [
        (folder.policy, number)
        for folder in _desk().folders(chosen.policies)
        for number in range(1, len(folder.golden()) + 1)
    ]
    if "golden_case" in metafunc.fixturenames:
        metafunc.parametrize("golden_case", cases, ids=[f"{policy}-{number}" for policy, number in cases])


def test_a_golden_question_is_answered_as_it_was_decided(golden_case: tuple[str, int]) -> None:
    """The kind of answer, the clause that answers first, and all clauses that must be quoted."""
    policy, number = golden_case
    result = _results(policy)[number - 1]
    (folder,) = _desk().folders([policy])
    assert result.holds, f"question {number} of {policy}\n{golden_report(result, folder)}"
