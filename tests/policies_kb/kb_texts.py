"""The texts and tools that these tests share. Everything is read from the project once and never written to."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from policies_kb.compiler import compile_policy, read_source
from policies_kb.encoder_build import build
from policies_kb.knowledge import ROOT, read_version
from policies_kb.model import Clause, PieceKind, PolicyVersion
from policies_kb.profile import Profile, load_profile
from policies_kb.segment import Marks, segment
from policies_kb.workshop import Workshop, workshop

POLICIES = ("classtime", "klantra", "klasso", "klasterina", "kloudtalk")
PROJECT = ROOT.parent
NEWCOMERS = sorted((PROJECT / "quality" / "newcomers").glob("*.txt"))
UNMARKED = Marks()
DATA = Path(os.environ.get("PRIVACY_DESK_DATA") or PROJECT / "var").resolve()


@cache
def profile_of(policy: str) -> Profile:
    return load_profile(ROOT / policy / "profile.yml")


@cache
def source_of(policy: str) -> str:
    path = ROOT / policy / f"{profile_of(policy).current}.txt"
    return read_source(path.read_bytes(), str(path))


@cache
def version_of(policy: str) -> PolicyVersion:
    return read_version(ROOT / policy, profile_of(policy).current)


@cache
def one_long_line() -> str:
    """40,000 characters without a line break: the five policies as a browser's clipboard may give them."""
    lines = [line.strip() for policy in POLICIES for line in source_of(policy).splitlines() if line.strip()]
    return " ".join(lines)[:40_000]


def tools() -> Workshop:
    """The encoder and the labeller of the project, built at most once."""
    return workshop(DATA)


def graphs() -> Path:
    """The folder of the encoder's two graphs."""
    build(DATA / "encoder")
    return DATA / "encoder"


def made_up(source: str, marks: Marks = UNMARKED, policy: str = "acme") -> PolicyVersion:
    """A text that belongs to nobody, compiled without labels."""
    return compile_policy(source, Profile(policy=policy, name="Acme", current="1", marks=marks), "1")


def clauses_of(source: str, marks: Marks = UNMARKED) -> list[str]:
    """The texts of the clauses that a source is cut into."""
    return [piece.span.of(source) for piece in segment(source, marks) if piece.kind is PieceKind.CLAUSE]


def clause_with(version: PolicyVersion, words: str) -> Clause:
    """The one clause that holds these words."""
    (found,) = [clause for clause in version.clauses if words in clause.text]
    return found
