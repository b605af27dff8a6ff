"""What stands in the way of publishing a policy; nothing is published over it. Each obstacle names its command."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from policies_kb.comparing import Compared
from policies_kb.errors import CompileError, KnowledgeError
from policies_kb.examples import check_examples
from policies_kb.folders import PolicyFolder
from policies_kb.golden import GoldenQuestion, GoldenResult
from policies_kb.lint import Finding, findings
from policies_kb.model import PolicyVersion
from policies_kb.pending import changed_fields, field_stamp, finding_id, pending_clauses
from policies_kb.profile import Profile
from policies_kb.reviewing import Review, load_review

# The texts that ship with the product, by the SHA-256 of their source: their first publication is nobody's to accept.
AS_SHIPPED = {
    "classtime": "5eeff953c95a8c63bf218e610050d45bb8a033f89dac5f6b3a1097e10b5a7cc8",
    "klantra": "e79a34c7bb92b16f769fda246fe4bfe84a5b83b7a7d7dea895db29549782af31",
    "klasso": "e4b128d3a51e526c27faaaec4b2cef7e850d1dc94d4f501082e5d181f450ddf5",
    "klasterina": "837b11447aabf56b7ded36bd6bbd7954f574797022ed2ccb04ac276c843e7f0c",
    "kloudtalk": "0fab91b8e03ebc60610b5d48a70f1bddcf47cb8b1f939816f80208f175299623",
}
COMMAND = "python -m bot policy"


class ObstacleKind(str, Enum):
    """In the order in which they are settled."""

    COMPILE = "compile"
    CONFIRM = "confirm"
    CLAUSE = "clause"
    LINT = "lint"
    GOLDEN = "golden"
    MODEL = "model"


@dataclass(frozen=True)
class Obstacle:
    """One thing that stands in the way: what it is, why it does, and the command that settles it."""

    kind: ObstacleKind
    what: str
    why: str
    command: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}. {self.command}"


@dataclass(frozen=True)
class Published:
    """A policy as it is served."""

    profile: Profile
    version: PolicyVersion
    golden: tuple[GoldenQuestion, ...] = ()

    @classmethod
    def of(cls, folder: PolicyFolder) -> "Published":
        """From the unpacked folder of a release."""
        return cls(folder.profile(), folder.compiled(), folder.golden())

    @property
    def compared(self) -> Compared:
        """As `compare` takes it."""
        return self.profile, self.version


class Measured(Protocol):
    """How many messages of the held-back set a model read rightly."""

    @property
    def right(self) -> int:
        """So many."""
        ...

    @property
    def of(self) -> int:
        """Of so many."""
        ...


def is_as_shipped(folder: PolicyFolder) -> bool:
    """Whether the current text is the one that the product ships for this policy."""
    text = folder.path / f"{folder.current}.txt"
    return AS_SHIPPED.get(folder.policy) == hashlib.sha256(text.read_bytes()).hexdigest()


def obstacles(
    published: Published | None,
    folder: PolicyFolder,
    golden: Sequence[GoldenResult] | None,
    lint: Sequence[Finding] | None = None,
    measure: tuple[Measured | None, Measured] | None = None,
) -> list[Obstacle]:
    """All that stands in the way, in the order in which it is settled.

    golden: None where nobody asked the questions yet; lint: None to look here; measure: the model that is served, and
    the one that would be.
    """
    try:
        profile, version = folder.profile(), folder.compiled()
        check_examples(folder.questions(), version, folder.path / "questions.yml")
        questions, review = folder.golden(), load_review(folder.path, folder.current)
        exempt = published is None and is_as_shipped(folder)
    except KnowledgeError as error:
        why = "the folder cannot be read as a whole"
        settles = "python -m policies_kb compile" if isinstance(error, CompileError) else "mend the file that is named"
        return [Obstacle(ObstacleKind.COMPILE, str(error), why, settles)]
    lost = _lost(measure)
    if exempt:
        return lost
    found = findings(version, profile) if lint is None else lint
    return [
        *_to_confirm(published, profile, review),
        *_clauses(published, (profile, version), review),
        *_lint(published, folder.policy, found, review),
        *_golden(published, folder.policy, questions, golden, review),
        *lost,
    ]


def is_complete(folder: PolicyFolder) -> bool:
    """Whether a policy that was never published could be, as far as can be told without a model."""
    return not obstacles(None, folder, None)


def _to_confirm(published: Published | None, profile: Profile, review: Review) -> list[Obstacle]:
    found = [
        Obstacle(
            ObstacleKind.CONFIRM,
            f"{entry.field}: {entry.guess}" + (f" (clause {entry.clause})" if entry.clause else ""),
            "a program read this or took it out, and nobody has confirmed it",
            f"{COMMAND} confirm {profile.policy} {entry.field} --by NAME",
        )
        for entry in profile.to_confirm
    ]
    named = {entry.field for entry in profile.to_confirm}
    for name in changed_fields(published.profile, profile, review.carried) if published else ():
        if name not in named and not review.confirms(name, field_stamp(profile, name, {})):
            found.append(
                Obstacle(
                    ObstacleKind.CONFIRM,
                    f"{name}: is another than in what is published",
                    "people are told what stands there, and nobody has confirmed the change",
                    f"{COMMAND} confirm {profile.policy} {name} --by NAME",
                )
            )
    return found


def _clauses(published: Published | None, now: Compared, review: Review) -> list[Obstacle]:
    policy = now[0].policy
    pending = pending_clauses(published.compared if published else None, now)
    return [
        Obstacle(
            ObstacleKind.CLAUSE,
            f"{one.clause.id} ({one.change})",
            "nobody has accepted this clause as it is now"
            + (f"; its labels are those of {review.carried[one.clause.id]}" if one.clause.id in review.carried else ""),
            f"{COMMAND} accept {policy} {one.clause.id} --by NAME",
        )
        for one in pending
        if not review.accepts(one)
    ]


def _lint(published: Published | None, policy: str, now: Sequence[Finding], review: Review) -> list[Obstacle]:
    known = {finding_id(one) for one in findings(published.version, published.profile)} if published else set()
    fresh = {finding_id(one): one for one in now if finding_id(one) not in known}
    return [
        Obstacle(
            ObstacleKind.LINT,
            f"{identity}: {finding.kind.value}, {finding.text}{_shown_by(finding)}",
            "it is new, and nobody has said why it may stay",
            f"{COMMAND} explain {policy} {identity} --by NAME --why TEXT",
        )
        for identity, finding in fresh.items()
        if not review.explains(identity)
    ]


def _shown_by(finding: Finding) -> str:
    return f" (clauses {', '.join(clause.id for clause in finding.clauses[:4])})" if finding.clauses else ""


def _golden(
    published: Published | None,
    policy: str,
    questions: Sequence[GoldenQuestion],
    results: Sequence[GoldenResult] | None,
    review: Review,
) -> list[Obstacle]:
    if not questions:
        why = "without golden questions nobody would notice that an answer got lost"
        return [
            Obstacle(
                ObstacleKind.GOLDEN, "golden.yml holds no question", why, f"{COMMAND} decide {policy} --all --by NAME"
            )
        ]
    troubles = {result.question.ask: result.trouble for result in results or ()}
    before = {one.ask: one for one in published.golden} if published else {}
    decided = {(one.ask, one.kind, tuple(one.clauses)) for one in review.decided}
    found = []
    for number, one in enumerate(questions, 1):
        why = troubles.get(one.ask) or ("" if one.decided else "nobody has said that the desk's answer is right")
        changed = one.ask in before and not _wants_the_same(before[one.ask], one)
        if changed and not why and (one.ask, one.kind.value, one.clauses) not in decided:
            why = "golden.yml wants another answer than what is published, and nobody decided that"
        if why:
            command = f"{COMMAND} decide {policy} {number} --by NAME"
            found.append(Obstacle(ObstacleKind.GOLDEN, f"{number}. {one.ask!r}", why, command))
    gone = [ask for ask in before if ask not in {one.ask for one in questions}]
    return found + [
        Obstacle(
            ObstacleKind.GOLDEN,
            repr(ask),
            "golden.yml does not ask this any more, and nobody decided that",
            f"{COMMAND} decide {policy} --all --by NAME",
        )
        for ask in gone
        if (ask, "", ()) not in decided
    ]


def _wants_the_same(before: GoldenQuestion, now: GoldenQuestion) -> bool:
    """Another clause that may answer as well takes nothing away; one that may not any more does."""
    return before.kind is now.kind and set(before.clauses) == set(now.clauses) and set(before.all) <= set(now.all)


def _lost(measure: tuple[Measured | None, Measured] | None) -> list[Obstacle]:
    served, new = measure or (None, None)
    if served is None or new is None or new.right >= served.right:
        return []
    what = (
        f"the new model reads {new.right} of {new.of} held-back messages rightly, the one that is served {served.right}"
    )
    why = "what was added to data/nlu spoils the reading of other questions; take it out again or say it differently"
    return [Obstacle(ObstacleKind.MODEL, what, why, "git diff data/nlu")]
