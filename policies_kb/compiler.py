"""Source text + profile -> the compiled clauses of one policy version. Deterministic; fails on what it cannot place.

The compiled file `<version>.clauses.json` is committed, and `compile --check` proves that it follows from its source
and profile. Clauses of shipped policies carry labels that a person reviewed; a clause without one gets its topics
from the labeller that is passed in (see `labeller`).
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import Any, Protocol

from policies_kb import facts
from policies_kb.errors import CompileError, SourceError
from policies_kb.model import RANK_WEIGHT, Clause, Piece, PieceKind, PolicyVersion, Span, Stance, TopicLabel
from policies_kb.profile import Profile
from policies_kb.segment import segment
from policies_kb.topics import Topic

MAX_SOURCE = 2_000_000
_WORD = re.compile(r"[a-z0-9]+")


class Labeller(Protocol):
    """Gives clauses their topics where no person has."""

    def label(self, clauses: list[Clause]) -> list[tuple[TopicLabel, ...]]:
        """The topics of each clause, strongest first."""
        ...


def read_source(raw: bytes, name: str) -> str:
    """The text of a source file. Raises SourceError for what is not readable UTF-8 text."""
    if len(raw) > MAX_SOURCE:
        raise SourceError(f"{name}: {len(raw):,} bytes; a policy text may have {MAX_SOURCE:,} at most")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{name}: is not UTF-8 text (byte {error.start}); save it as UTF-8 and try again") from error
    if "\x00" in text:
        raise SourceError(f"{name}: contains NUL bytes, so it is not a text file")
    if not text.strip():
        raise SourceError(f"{name}: is empty")
    return text


def compile_policy(source: str, profile: Profile, version: str, labeller: Labeller | None = None) -> PolicyVersion:
    """Cut, identify and label the clauses of one version.

    Raises CompileError where a character is left over, or where the profile names a line or a clause that is not there.
    """
    pieces = segment(source, profile.marks)
    _check_cover(source, pieces)
    _check_marks(source, profile)
    clauses = _identified(source, pieces, profile)
    if labeller is not None:
        clauses = _with_predictions(clauses, labeller)
    compiled = PolicyVersion(profile.policy, version, source, tuple(pieces), tuple(clauses))
    if version == profile.current:
        _check_profile(compiled, profile)
    return compiled


def _check_cover(source: str, pieces: list[Piece]) -> None:
    at = 0
    for piece in pieces:
        if piece.span.start < at or source[at : piece.span.start].strip():
            left_over = source[at : piece.span.start].strip()[:60]
            raise CompileError(f"characters {at}-{piece.span.start} are in no clause or in two: {left_over!r}")
        at = piece.span.end
    if source[at:].strip():
        raise CompileError(f"characters from {at} on are in no clause: {source[at:].strip()[:60]!r}")


def _check_marks(source: str, profile: Profile) -> None:
    lines = {line.strip() for line in source.splitlines()}
    for line in sorted(profile.marks.asides | profile.marks.headings):
        if line not in lines:
            raise CompileError(f"profile of {profile.policy}: marks a line that the text does not have: {line[:60]!r}")
    for words in profile.marks.starts:
        if words not in source:
            raise CompileError(f"profile of {profile.policy}: no clause can start with {words[:60]!r}: not in the text")


def _identified(source: str, pieces: list[Piece], profile: Profile) -> list[Clause]:
    clauses: list[Clause] = []
    seen: dict[str, int] = {}
    for piece in pieces:
        if piece.kind is not PieceKind.CLAUSE:
            continue
        text = piece.span.of(source)
        base = clause_id(text)
        seen[base] = seen.get(base, 0) + 1
        identity = base if seen[base] == 1 else f"{base}-{seen[base]}"
        clauses.append(_clause(identity, source, piece, profile))
    return clauses


def clause_id(text: str) -> str:
    """A readable id that depends on the clause's text alone, so that it stays while the text is unchanged."""
    plain = unicodedata.normalize("NFKC", " ".join(text.split())).casefold()
    words = _WORD.findall(unicodedata.normalize("NFKD", plain))[:5]
    digest = hashlib.sha256(plain.encode("utf-8")).hexdigest()[:6]
    return "-".join([*words, digest]) if words else f"clause-{digest}"


def _clause(identity: str, source: str, piece: Piece, profile: Profile) -> Clause:
    text = piece.span.of(source)
    label = profile.labels.get(identity)
    ranked = sorted(label.ranks.items(), key=lambda item: (item[1], item[0].value)) if label else []
    return Clause(
        id=identity,
        span=piece.span,
        path=piece.path,
        text=text,
        lead_in=piece.lead_in,
        lead_text=piece.lead_in.of(source) if piece.lead_in else "",
        items=piece.items,
        labels=tuple(TopicLabel(topic, rank, RANK_WEIGHT.get(rank, 0.1)) for topic, rank in ranked),
        stances=dict(label.stances) if label else {},
        audience=label.audience if label else "",
        rights=label.rights if label else (),
        periods=facts.periods(text),
        contacts=facts.contacts(text),
        reviewed=label is not None,
    )


def _with_predictions(clauses: list[Clause], labeller: Labeller) -> list[Clause]:
    open_ones = [clause for clause in clauses if not clause.reviewed]
    predicted = dict(zip([clause.id for clause in open_ones], labeller.label(open_ones)))
    return [clause if clause.reviewed else _labelled(clause, predicted[clause.id]) for clause in clauses]


_DENIAL = re.compile(
    r"\b(?:(?:do|does|did|will|shall|are|is|has|have|can|may)(?: not|n['’]?t)|never|cannot|no longer)\b[^.;:?]{0,40}?"
    r"\b(?:collect|sell|rent|share|record|store|retain|use|track|respond|disclose|transfer|process|knowingly|trade|lease|"
    r"resell|re-use|reuse|transmit|keep|read|access|send|contain|show|display|make|engage|allow|intended|directed)",
    re.IGNORECASE,
)


def denies(text: str) -> bool:
    """Whether a clause's first sentence, read by its wording alone, says that something is not done."""
    return bool(_DENIAL.search(text[:160]))


def _labelled(clause: Clause, labels: tuple[TopicLabel, ...]) -> Clause:
    stance = {labels[0].topic: Stance.DENIES} if labels and denies(clause.text) else {}
    return Clause(**{**vars(clause), "labels": labels, "stances": stance})


def _check_profile(compiled: PolicyVersion, profile: Profile) -> None:
    known = {clause.id for clause in compiled.clauses}
    named = set(profile.labels)
    named.update(side for conflict in profile.conflicts for side in conflict.sides)
    named.update(c for condition in profile.conditions for case in condition.cases for c in case.clauses)
    named.update(c for help_ in profile.helps for c in help_.with_clauses)
    named.update(profile.referral.clauses if profile.referral else ())
    missing = sorted(named - known)
    if missing:
        raise CompileError(
            f"profile of {profile.policy} names clauses that version {compiled.version} does not have: "
            f"{', '.join(missing)}; run `python -m policies_kb show {profile.policy}` for the ids"
        )


def dump(compiled: PolicyVersion) -> str:
    """The committed form of a compiled version: JSON, one clause a block, in the order of the text."""
    head = {
        "generated": "by `python -m policies_kb compile`; do not edit: change the profile instead",
        "policy": compiled.policy,
        "version": compiled.version,
        "source_sha256": hashlib.sha256(compiled.source.encode("utf-8")).hexdigest(),
        "pieces": [_piece_record(piece) for piece in compiled.pieces if piece.kind is not PieceKind.CLAUSE],
        "clauses": [_clause_record(clause) for clause in compiled.clauses],
    }
    return json.dumps(head, ensure_ascii=False, indent=1) + "\n"


def _piece_record(piece: Piece) -> dict[str, Any]:
    return {"kind": piece.kind.value, "span": _pair(piece.span), "level": piece.level}


def _pair(span: Span | None) -> list[int] | None:
    return [span.start, span.end] if span else None


def _clause_record(clause: Clause) -> dict[str, Any]:
    return {
        "id": clause.id,
        "span": _pair(clause.span),
        "path": list(clause.path),
        "lead_in": _pair(clause.lead_in),
        "items": [_pair(item) for item in clause.items],
        "topics": {label.topic.value: [label.rank, label.weight] for label in clause.labels},
        "stances": {topic.value: stance.value for topic, stance in sorted(clause.stances.items())},
        "audience": clause.audience,
        "rights": list(clause.rights),
        "periods": list(clause.periods),
        "contacts": list(clause.contacts),
        "reviewed": clause.reviewed,
    }


def load(compiled: str, source: str, name: str) -> PolicyVersion:
    """The compiled version from its committed form. Raises CompileError where it does not belong to that source."""
    try:
        data = json.loads(compiled)
        digest = hashlib.sha256(source.encode("utf-8")).hexdigest()
        if data["source_sha256"] != digest:
            raise CompileError(f"{name}: was compiled from another text; run `python -m policies_kb compile`")
        clauses = tuple(_clause_from(record, source) for record in data["clauses"])
        others = [_piece_from(record) for record in data["pieces"]]
    except (KeyError, ValueError, TypeError) as error:
        raise CompileError(f"{name}: is damaged ({error}); run `python -m policies_kb compile`") from error
    pieces = others + [Piece(PieceKind.CLAUSE, c.span, c.path, 0, c.lead_in, c.items) for c in clauses]
    ordered = tuple(sorted(pieces, key=lambda piece: piece.span.start))
    return PolicyVersion(data["policy"], data["version"], source, ordered, clauses)


def _piece_from(record: dict[str, Any]) -> Piece:
    return Piece(PieceKind(record["kind"]), Span(*record["span"]), level=record["level"])


def _clause_from(record: dict[str, Any], source: str) -> Clause:
    span, lead = Span(*record["span"]), Span(*record["lead_in"]) if record["lead_in"] else None
    return Clause(
        id=record["id"],
        span=span,
        path=tuple(record["path"]),
        text=span.of(source),
        lead_in=lead,
        lead_text=lead.of(source) if lead else "",
        items=tuple(Span(*item) for item in record["items"]),
        labels=tuple(TopicLabel(Topic(name), rank, weight) for name, (rank, weight) in record["topics"].items()),
        stances={Topic(name): Stance(stance) for name, stance in record["stances"].items()},
        audience=record["audience"],
        rights=tuple(record["rights"]),
        periods=tuple(record["periods"]),
        contacts=tuple(record["contacts"]),
        reviewed=record["reviewed"],
    )
