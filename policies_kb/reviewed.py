"""Questions of people that staff found worth learning from: data/nlu/reviewed.yml, one label each, read by a person.

What is written here is what the next training learns. So nothing gets in that would spoil it: no question that quality
is measured with, nothing that stands under another label already, no contact data, nothing that Rasa's files give a
meaning of their own (entities in brackets, variables of the environment).
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml
from rapidfuzz import fuzz, process

from pii.masking import mask
from policies_kb.errors import KnowledgeError
from policies_kb.knowledge import POLICY_ID
from policies_kb.topics import Topic

REVIEWED = Path("data", "nlu", "reviewed.yml")
MEASURED = Path("quality")
ALIKE = 92.0  # rapidfuzz ratio from which two questions count as the same, as in tests/test_data_sets.py
LONGEST = 300
_HEAD = """\
# Questions that people asked and that a member of staff put under a topic, in the console's list of findings.
# Each was read by a person. Take out what does not belong; the console only adds.
"""
_INTENT = "ask_policy/"
_OWN_PLACEHOLDER = re.compile(r"\[((?:email|phone)-\d{1,9})\]")


class ExampleError(KnowledgeError):
    """A question that must not be learned from; the text says why."""


def add_example(folder: Path, policy: str, topic: Topic | str, question: str) -> bool:
    """Put a masked question under a topic; False if it stands there already. folder: the project's.

    Takes effect with the next training. Raises ExampleError, also for a file that cannot be read or written.
    """
    label = _label(policy, topic)
    text = _cleaned(question)
    try:
        with _alone(folder / REVIEWED):
            known = _labels_of(folder).get(plain(text))
            if known == label:
                return False
            if known is not None:
                raise ExampleError(f"this question is learned from already, under {known}: take it out there first")
            _check_measured(folder, text)
            _add(folder / REVIEWED, label, text)
    except (OSError, yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExampleError(f"{REVIEWED} or a file beside it cannot be read or written: nothing was added") from error
    return True


def plain(text: str) -> str:
    """Case, punctuation and spacing do not make another question."""
    return " ".join(re.sub(r"[^\w\s]", "", text.lower()).split())


def _label(policy: str, topic: Topic | str) -> str:
    if not POLICY_ID.match(policy):
        raise ExampleError("there is no such policy")
    try:
        return _INTENT + Topic(topic).value
    except ValueError:
        raise ExampleError("there is no such topic") from None


def _cleaned(question: str) -> str:
    """One line that reads the same to a person, and means nothing to Rasa's reader but its words."""
    if mask(question).found:
        raise ExampleError("the question holds an e-mail address or a phone number: it cannot be learned from")
    line = "".join(char for char in " ".join(question.split()) if char.isprintable())
    line = _OWN_PLACEHOLDER.sub(r"{\1}", line).replace("[", "(").replace("]", ")").replace("${", "{")
    line = re.sub(r"\{((?:email|phone)-\d{1,9})\}", r"[\1]", line)
    if not plain(line):
        raise ExampleError("there are no words in it to learn from")
    if len(line) > LONGEST:
        raise ExampleError(f"an example has at most {LONGEST} characters: this is too long to learn from")
    return line


def _labels_of(folder: Path) -> dict[str, str]:
    """Every question that is learned from, with its label."""
    found: dict[str, str] = {}
    for path in sorted((folder / REVIEWED.parent).rglob("*.yml")):
        for label, examples in _read(path).items():
            found |= {plain(example): label for example in examples}
    return found


def _read(path: Path) -> dict[str, list[str]]:
    """The examples of a training file by label."""
    found: dict[str, list[str]] = {}
    for block in (yaml.safe_load(path.read_text("utf-8")) or {}).get("nlu") or ():
        lines = (line.strip() for line in str(block["examples"]).splitlines())
        found.setdefault(str(block["intent"]), []).extend(line[2:].strip() for line in lines if line.startswith("- "))
    return found


def _check_measured(folder: Path, text: str) -> None:
    asked = [plain(json.loads(line)["text"]) for path in _measured(folder) for line in _lines(path)]
    if process.extractOne(plain(text), asked, scorer=fuzz.ratio, score_cutoff=ALIKE) is not None:
        raise ExampleError("quality is measured with this very question: learning it would spoil the measure")


def _measured(folder: Path) -> list[Path]:
    return sorted((folder / MEASURED).rglob("*.jsonl"))


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if line.strip()]


def _add(path: Path, label: str, text: str) -> None:
    examples = _read(path) if path.exists() else {}
    examples.setdefault(label, []).append(text)
    aside = path.with_name(path.name + ".new")
    with aside.open("w", encoding="utf-8") as file:
        file.write(_written(examples))
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _written(examples: Mapping[str, list[str]]) -> str:
    """By label and question: the same examples give the same file."""
    parts = [_HEAD, 'version: "3.1"\n', "nlu:\n"]
    for label in sorted(examples):
        parts += [f"- intent: {label}\n", "  examples: |\n"]
        parts += [f"    - {example}\n" for example in sorted(set(examples[label]))]
    return "".join(parts)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two members of staff add at once: the second waits, and adds to what the first wrote."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
