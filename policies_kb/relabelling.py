"""A person's reading of one clause, written into profile.yml; the compiled file follows at once, without a model.

What is stored of all other clauses stays: those that nobody has labelled keep what the labeller gave them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from policies_kb import compiler
from policies_kb.carrying import listed, open_yaml, quoted, yaml_text
from policies_kb.errors import CompileError, ProfileError, UnknownClauseError
from policies_kb.folders import PolicyFolder
from policies_kb.model import RANK_WEIGHT, Clause, PolicyVersion, Stance, TopicLabel
from policies_kb.placing import alone, place_files
from policies_kb.profile import ClauseLabel, Profile, read_profile
from policies_kb.topics import TOPIC_OF_RIGHT, Topic

MOST_TOPICS = 12
RIGHTS = tuple(TOPIC_OF_RIGHT)
_AUDIENCE = re.compile(r"[a-z][a-z0-9_]{0,39}")


class AsCompiled:
    """Gives every clause the topics that it has in a compiled version."""

    def __init__(self, version: PolicyVersion) -> None:
        self._labels = {clause.id: clause.labels for clause in version.clauses}

    def label(self, clauses: list[Clause]) -> list[tuple[TopicLabel, ...]]:
        """The topics of each clause, as they were."""
        return [self._labels.get(clause.id, ()) for clause in clauses]


def checked_label(
    ranks: Mapping[Topic, int], stances: Mapping[Topic, Stance], audience: str = "", rights: tuple[str, ...] = ()
) -> ClauseLabel:
    """A label as a person gave it. Raises ProfileError that says what is wrong with it."""
    if len(ranks) > MOST_TOPICS:
        raise ProfileError(f"a clause is about {MOST_TOPICS} topics at most; choose those that it answers")
    if wrong := [rank for rank in ranks.values() if rank not in RANK_WEIGHT]:
        raise ProfileError(f"a topic's rank is 1 (answers), 2 (answers in part) or 3 (touches), not {wrong[0]}")
    if unknown := [topic.value for topic in stances if topic not in ranks]:
        raise ProfileError(f"it denies, or depends on, a topic that it is not about: {', '.join(unknown)}")
    if audience and not _AUDIENCE.fullmatch(audience):
        raise ProfileError("an audience is one word of small letters, such as app, web, child or school_licence")
    if strange := [right for right in rights if right not in RIGHTS]:
        raise ProfileError(f"there is no right {strange[0]!r}; there are: {', '.join(RIGHTS)}")
    said: dict[Topic, Stance] = {topic: stance for topic, stance in stances.items() if stance is not Stance.STATES}
    return ClauseLabel(dict(ranks), said, audience, tuple(dict.fromkeys(rights)))


def label_of(clause: Clause) -> ClauseLabel:
    """How a clause is read now, by a person or a program."""
    ranks = {label.topic: label.rank for label in clause.labels}
    return ClauseLabel(ranks, dict(clause.stances), clause.audience, clause.rights)


def relabel(folder: PolicyFolder, clause: str, label: ClauseLabel) -> PolicyFolder:
    """Give a clause of the current version that label. Both files are put in place together.

    Raises UnknownClauseError for a clause that it does not have, CompileError where text, profile and compiled file
    did not belong together before.
    """
    with alone(folder.path):
        folder = PolicyFolder(folder.path)
        before = folder.compiled()
        if before.clause(clause) is None:
            raise UnknownClauseError(f"{folder.policy} {folder.current} has no clause {clause!r}")
        _check_belongs(folder, folder.profile(), before)
        text = _with_label((folder.path / "profile.yml").read_text("utf-8"), clause, label)
        profile = read_profile(folder.policy, text)
        made = compiler.compile_policy(before.source, profile, folder.current, AsCompiled(before))
        files = {"profile.yml": text, f"{folder.current}.clauses.json": compiler.dump(made)}
        place_files(folder.path, {name: content.encode("utf-8") for name, content in files.items()})
    return PolicyFolder(folder.path)


def _check_belongs(folder: PolicyFolder, profile: Profile, version: PolicyVersion) -> None:
    made = compiler.compile_policy(version.source, profile, folder.current, AsCompiled(version))
    if compiler.dump(made) != compiler.dump(version):
        raise CompileError(
            f"{folder.policy}: profile.yml was edited since it was compiled; run `python -m policies_kb compile` first"
        )


def _with_label(text: str, clause: str, label: ClauseLabel) -> str:
    """The profile with that label; order, comments and all else as they were."""
    data = open_yaml(text)
    if not data.get("clauses"):
        data["clauses"] = open_yaml("{}\n")
        data["clauses"].fa.set_block_style()
    labels = data["clauses"]
    if clause in labels:
        labels[clause] = _entry(label)
    else:
        labels[quoted(clause)] = _entry(label)
    return yaml_text(data)


def _entry(label: ClauseLabel) -> Any:
    """A label as people write it."""
    entry = open_yaml("topics: {}\n")
    for topic, rank in sorted(label.ranks.items(), key=lambda one: (one[1], one[0].value)):
        entry["topics"][topic.value] = rank
    entry["topics"].fa.set_flow_style()
    for name, stance in (("denies", Stance.DENIES), ("depends", Stance.CONDITIONAL)):
        if about := [topic.value for topic, said in label.stances.items() if said is stance]:
            entry[name] = listed(about, str)
    if label.audience:
        entry["audience"] = label.audience
    if label.rights:
        entry["rights"] = listed(label.rights, str)
    return entry
