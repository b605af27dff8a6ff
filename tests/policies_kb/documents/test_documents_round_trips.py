"""The five policies as Markdown, HTML, Word and PDF: read back, they have the clauses that their texts have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from document_files import WRITERS, parts_of_text, read

from policies_kb.knowledge import ROOT
from policies_kb.model import PieceKind
from policies_kb.profile import load_profile
from policies_kb.segment import Marks, segment

TEXTS = sorted(path for path in ROOT.glob("*/*.txt") if (path.parent / "profile.yml").exists())
SAME = 0.98  # of a policy's clauses
_BULLET = re.compile(r"^\s*(?:[•▪*]|[-–−](?=\s))\s*", re.MULTILINE)


def clause_texts(source: str, marks: Marks) -> list[str]:
    """What every clause says, without bullets and however its lines are broken."""
    pieces = segment(source, marks)
    clauses = [piece.span.of(source) for piece in pieces if piece.kind is not PieceKind.HEADING]
    return [" ".join(_BULLET.sub("", text).split()) for text in clauses]


def share_kept(source: str, back: str, marks: Marks) -> tuple[float, list[str]]:
    """The share of the source's clauses that are found again, and those that are not."""
    left = clause_texts(back, marks)
    lost = []
    wanted = clause_texts(source, marks)
    for text in wanted:
        if text in left:
            left.remove(text)
        else:
            lost.append(text)
    return 1 - len(lost) / len(wanted), lost


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.parent.name)
def test_a_policy_has_the_same_clauses_in_every_kind_of_file(text: Path, kind: str, tmp_path: Path) -> None:
    marks = load_profile(text.parent / "profile.yml").marks
    source = text.read_text("utf-8")
    if kind == "pdf":  # the standard fonts have Western letters only
        source = re.sub(r"[Ѐ-ӿ][Ѐ-ӿ :]*", "", source).replace("−", "-")
    path = WRITERS[kind](parts_of_text(source, marks), tmp_path / f"policy.{kind}")
    document = read(path)
    share, lost = share_kept(source, document.text, marks)
    assert document.kind == kind
    assert share >= SAME, lost[:5]
