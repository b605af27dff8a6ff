"""A policy is added, or gets its next version, from a document; nothing is left half-written.

What a person wrote stays a person's: an update carries it over to the clauses that say the same, and lists under
to_confirm what it could only guess and what it had to take out. Publishing waits for a person to look at that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from policies_kb import compiler
from policies_kb.carrying import Carrying, carry_profile, carry_questions, open_yaml, yaml_text
from policies_kb.comparing import Comparison, compare
from policies_kb.compiler import Labeller
from policies_kb.documents.document import Document
from policies_kb.drafting import Guesses, asides, guesses
from policies_kb.errors import CompileError, ProfileError
from policies_kb.first_profile import first_profile
from policies_kb.folders import PolicyFolder, check_names
from policies_kb.model import PolicyVersion
from policies_kb.placing import alone, place_files, scratch_folder
from policies_kb.profile import Profile, load_profile
from policies_kb.refreshing import refresh
from policies_kb.reviewing import Review, load_review, review_text
from policies_kb.segment import Marks

UNDATED = "undated"
ADDING, UPDATING = ".adding-", ".updating-"  # scratch folders beside the policies
PLACES_OF_THE_CONSOLE = ("add",)  # /knowledge/add is the page on which policies are added


@dataclass(frozen=True)
class Updated:
    """What an update did: the comparison, and which clauses took over the labels of older ones."""

    folder: PolicyFolder
    comparison: Comparison
    carried: dict[str, str]


@dataclass(frozen=True)
class _Next:
    """A version on its way in."""

    version: str
    text: str
    marks: Marks
    found: Guesses


def add_policy(
    root: Path,
    policy: str,
    name: str,
    document: Document,
    version: str,
    labeller: Labeller,
    golden: Callable[[PolicyFolder], str] | None = None,
) -> PolicyFolder:
    """Take a company's policy in. version "": named after the date in the text. golden: gives golden.yml's text.

    Raises KnowledgeError; then nothing was made.
    """
    label = " ".join(name.split())
    if not label or not label.isprintable():
        raise ProfileError("--name needs the company's name as people call it")
    marks = Marks(frozenset(asides(document.text)), _headings(document))
    found = guesses(_bare(policy, label, "draft", document.text, marks))
    chosen = version or found.version or UNDATED
    check_names(policy, chosen)
    if policy in PLACES_OF_THE_CONSOLE:
        raise ProfileError(f"{policy!r} cannot be an id: a page of the console is called so")
    target = root / policy
    if target.exists():
        raise ProfileError(
            f"there is a policy {policy!r} already; `policy update {policy} FILE` gives it a new version"
        )
    with scratch_folder(root, ADDING) as scratch:
        made = scratch / policy
        try:
            made.mkdir()
            (made / "profile.yml").write_text(first_profile(label, chosen, found, marks), "utf-8")
            _write_version(made, chosen, document.text, labeller)
            if golden is not None:
                (made / "golden.yml").write_text(golden(PolicyFolder(made)), "utf-8")
            made.rename(target)
        except OSError as error:
            raise ProfileError(f"{target}: cannot be written ({error.strerror}); nothing was added") from error
    return PolicyFolder(target)


def update_policy(folder: PolicyFolder, document: Document, version: str, labeller: Labeller) -> PolicyFolder:
    """Take the next version in; see `update`."""
    return update(folder, document, version, labeller).folder


def update(
    folder: PolicyFolder, document: Document, version: str, labeller: Labeller, is_draft: bool = False
) -> Updated:
    """Take the next version in and carry over what a person wrote. version "": named after the date in the text.

    is_draft: the current version was never published, so a text for the same version takes its place.
    Raises KnowledgeError; then nothing was changed.
    """
    with alone(folder.path):
        folder = PolicyFolder(folder.path)
        profile, old = folder.profile(), folder.compiled()
        if document.text == old.source:
            raise ProfileError(
                f"this is the text of {folder.policy} {old.version} letter for letter: nothing to update"
            )
        marks = _marks_for(profile, document)
        found = guesses(_bare(folder.policy, profile.name, "draft", document.text, marks))
        coming = _Next(version or found.version, document.text, marks, found)
        _check_version(folder, coming.version, is_draft)
        bare = _bare(folder.policy, profile.name, coming.version, document.text, marks)
        carrying = Carrying.of(compare((profile, old), (replace(profile, current=coming.version), bare)))
        files = _files_of(folder, coming, old, carrying)
        files |= _compiled_apart(folder, coming, files, labeller)
        place_files(folder.path, files)
    fresh = PolicyFolder(folder.path)
    return Updated(fresh, compare((profile, old), (fresh.profile(), fresh.compiled())), carrying.carried)


def check_compiled(folder: PolicyFolder, labeller: Labeller) -> None:
    """Raises CompileError if the current compiled file does not follow from its text and profile."""
    compiled = compiler.compile_policy(folder.compiled().source, folder.profile(), folder.current, labeller)
    written = (folder.path / f"{folder.current}.clauses.json").read_text("utf-8")
    if compiler.dump(compiled) != written:
        raise CompileError(
            f"{folder.policy}/{folder.current}.clauses.json does not follow from its text and profile; "
            "run `python -m policies_kb compile`"
        )


def _bare(policy: str, name: str, version: str, text: str, marks: Marks) -> PolicyVersion:
    """The text cut into clauses, without labels."""
    compiler.read_source(text.encode("utf-8"), "the text")
    return compiler.compile_policy(text, Profile(policy=policy, name=name, current=version, marks=marks), version)


def _headings(document: Document) -> frozenset[str]:
    """Lines that the file marks as headings, as far as they are lines of the text."""
    lines = {line.strip() for line in document.text.splitlines()}
    return frozenset(line.strip() for line in document.headings if line.strip() in lines)


def _marks_for(profile: Profile, document: Document) -> Marks:
    """The marks of the old profile that the new text still has, and what the new document marks itself."""
    lines = {line.strip() for line in document.text.splitlines()}
    return Marks(
        (profile.marks.asides & lines) | frozenset(asides(document.text)),
        (profile.marks.headings & lines) | _headings(document),
        tuple(words for words in profile.marks.starts if words in document.text),
    )


def _check_version(folder: PolicyFolder, name: str, is_draft: bool) -> None:
    if not name:
        raise ProfileError("the text names no date; give the version's name with --version, for example 2026-06")
    check_names(folder.policy, name)
    if name in folder.versions() and not (is_draft and name == folder.current):
        raise ProfileError(f"{folder.policy} has a version {name!r} already; name this one with --version")


def _write_version(folder: Path, version: str, text: str, labeller: Labeller) -> None:
    compiled = compiler.compile_policy(text, load_profile(folder / "profile.yml"), version, labeller)
    (folder / f"{version}.txt").write_bytes(text.encode("utf-8"))
    (folder / f"{version}.clauses.json").write_text(compiler.dump(compiled), "utf-8")


def _files_of(folder: PolicyFolder, coming: _Next, old: PolicyVersion, carrying: Carrying) -> dict[str, bytes]:
    """The files that a person edits, carried over, and the old profile as it was."""
    kept = (folder.path / "profile.yml").read_bytes()
    files = {f"{coming.version}.txt": coming.text.encode("utf-8")}
    questions = folder.path / "questions.yml"
    if questions.exists():
        asked = open_yaml(questions.read_text("utf-8"))
        carry_questions(asked, carrying)
        files["questions.yml"] = yaml_text(asked).encode("utf-8")
    profile = open_yaml(kept.decode("utf-8"))
    carry_profile(profile, carrying)
    refresh(profile, coming.version, coming.marks, (guesses(old), coming.found), carrying)
    files["profile.yml"] = yaml_text(profile).encode("utf-8")
    if coming.version != folder.current:
        files[f"{folder.current}.profile.yml"] = kept
    review = load_review(folder.path, coming.version) if coming.version == folder.current else Review()
    carried = {**review.carried, **carrying.carried}
    files[f"{coming.version}.review.yml"] = review_text(replace(review, carried=carried)).encode("utf-8")
    return files


def _compiled_apart(
    folder: PolicyFolder, coming: _Next, files: dict[str, bytes], labeller: Labeller
) -> dict[str, bytes]:
    """The compiled file, made in a scratch folder, so that what does not compile is never put in place."""
    with scratch_folder(folder.path.parent, UPDATING) as scratch:
        made = scratch / folder.policy
        try:
            made.mkdir()
            (made / "profile.yml").write_bytes(files["profile.yml"])
            _write_version(made, coming.version, coming.text, labeller)
            return {f"{coming.version}.clauses.json": (made / f"{coming.version}.clauses.json").read_bytes()}
        except OSError as error:
            raise ProfileError(f"{scratch}: cannot be written ({error.strerror}); nothing was changed") from error
