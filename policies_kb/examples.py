"""The written questions of a policy: `policies_kb/<policy>/questions.yml`.

`clauses:` maps a clause id to questions that this clause answers; `silent:` lists questions that the policy does not
address, each with its topic. They teach the ranking how people ask about this policy; a policy without the file works
without them.
"""

from __future__ import annotations

from pathlib import Path

from policies_kb.errors import ProfileError
from policies_kb.model import PolicyVersion
from policies_kb.profile import read_yaml
from policies_kb.ranking import ExampleQuestions
from policies_kb.topics import Topic


def load_examples(path: Path) -> ExampleQuestions:
    """The written questions, none if there is no file. Raises ProfileError for a malformed one."""
    if not path.exists():
        return ExampleQuestions()
    data = read_yaml(path) or {}
    try:
        answered = [(str(clause), str(q)) for clause, asked in (data.get("clauses") or {}).items() for q in asked]
        silent = [(Topic(entry["topic"]), str(entry["question"])) for entry in data.get("silent") or ()]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ProfileError(f"{path}: {error} is missing or malformed") from error
    return ExampleQuestions(tuple(answered), tuple(silent))


def check_examples(examples: ExampleQuestions, version: PolicyVersion, path: Path) -> None:
    """Raises ProfileError if a question names a clause that the version does not have."""
    known = {clause.id for clause in version.clauses}
    missing = sorted({clause for clause, _ in examples.answered} - known)
    if missing:
        raise ProfileError(f"{path}: names clauses that version {version.version} does not have: {', '.join(missing)}")
