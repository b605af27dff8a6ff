"""The commands of `python -m policies_kb`. They print to standard output; what went wrong goes to standard error."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from policies_kb import compiler
from policies_kb.errors import CompileError, KnowledgeError, ProfileError, UnknownPolicyError
from policies_kb.examples import check_examples, load_examples
from policies_kb.folders import PolicyFolder, check_frozen
from policies_kb.knowledge import ROOT, policy_folders, read_version, source_versions
from policies_kb.labeller import TRAINING, sample_of_questions, shipped_training, training_clauses, word_counts
from policies_kb.ledger import ledger_svg, ledger_table, ledger_text
from policies_kb.lint import findings
from policies_kb.model import Clause, PolicyVersion
from policies_kb.profile import Profile, load_profile
from policies_kb.workshop import workshop

SHIPPED = ("klasso", "classtime", "klasterina", "kloudtalk", "klantra")
LEDGER_PICTURE = Path("docs/ledger.svg")


def main(arguments: Sequence[str]) -> int:
    """Run one command. Returns the exit code: 0 done, 1 something is wrong with the policies, 2 wrong use."""
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except KnowledgeError as error:
        print(f"policies_kb: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m policies_kb", description="The policies and their clauses.")
    commands = parser.add_subparsers(required=True, metavar="command")
    compile_ = commands.add_parser(
        "compile", help="cut and label all texts; --check only proves the files are up to date"
    )
    compile_.add_argument("--check", action="store_true")
    compile_.set_defaults(run=_compile)
    lint = commands.add_parser("lint", help="what the policies contradict or refer to in vain")
    lint.add_argument("policy", nargs="?")
    lint.set_defaults(run=_lint)
    ledger = commands.add_parser("ledger", help="policy x topic: answered, denied, conditional, conflict, silent")
    ledger.add_argument("--json", action="store_true")
    ledger.add_argument("--picture", metavar="FILE", nargs="?", const=str(LEDGER_PICTURE), help="write it as SVG")
    ledger.add_argument("--check", action="store_true", help=f"prove that {LEDGER_PICTURE} is up to date")
    ledger.set_defaults(run=_ledger)
    show = commands.add_parser("show", help="one clause, or all clauses of a policy")
    show.add_argument("name", help="a clause's id or a policy's id")
    show.set_defaults(run=_show)
    training = commands.add_parser("training", help="write training/shipped.yml from the reviewed clauses")
    training.add_argument("--check", action="store_true")
    training.set_defaults(run=_training)
    encoder = commands.add_parser("encoder", help="build the sentence encoder's graph and the vectors")
    encoder.set_defaults(run=_encoder)
    return parser


# This module is a front (a command line), so it may read the environment; the package's other modules may not.
def _policies() -> list[Path]:
    """The folders of the policies, where they are edited."""
    return policy_folders(Path(os.environ.get("PRIVACY_DESK_POLICIES") or ROOT).resolve())


def _data_folder() -> Path:
    return Path(os.environ.get("PRIVACY_DESK_DATA") or ROOT.parent / "var").resolve()


def _compiled(folder: Path, profile: Profile, version: str) -> PolicyVersion:
    source = compiler.read_source((folder / f"{version}.txt").read_bytes(), f"{folder.name}/{version}.txt")
    compiled = compiler.compile_policy(source, profile, version)
    if all(clause.reviewed for clause in compiled.clauses):
        return compiled
    return compiler.compile_policy(source, profile, version, workshop(_data_folder()).labeller)


def _compile(parsed: argparse.Namespace) -> int:
    stale = []
    for folder in _policies():
        profile = load_profile(folder / "profile.yml")
        if profile.current not in source_versions(folder):
            raise ProfileError(f"{folder}/profile.yml: current is {profile.current!r}, but there is no such text")
        compiled = _compiled(folder, profile, profile.current)
        check_examples(load_examples(folder / "questions.yml"), compiled, folder / "questions.yml")
        if _write_or_compare(folder / f"{profile.current}.clauses.json", compiler.dump(compiled), parsed.check):
            stale.append(f"{folder.name}/{profile.current}")
        for version in source_versions(folder):
            if version != profile.current:
                check_frozen(PolicyFolder(folder), version)
    if parsed.check and stale:
        raise CompileError(
            f"not up to date: {', '.join(stale)}; run `python -m policies_kb compile` and commit the result"
        )
    print(f"compiled: {', '.join(stale)}" if stale else "all compiled policies are up to date")
    return 0


def _write_or_compare(path: Path, text: str, check: bool) -> bool:
    """Whether the file differed; writes it unless only checking."""
    if path.exists() and path.read_text("utf-8") == text:
        return False
    if not check:
        scratch = path.with_suffix(".part")
        scratch.write_text(text, "utf-8")
        scratch.replace(path)
    return True


def _current() -> list[tuple[Profile, PolicyVersion]]:
    loaded = [(folder, load_profile(folder / "profile.yml")) for folder in _policies()]
    return [(profile, read_version(folder, profile.current)) for folder, profile in loaded]


def _lint(parsed: argparse.Namespace) -> int:
    known = [folder.name for folder in _policies()]
    if parsed.policy not in (None, *known):
        raise UnknownPolicyError(f"there is no policy {parsed.policy!r}; there are: {', '.join(known)}")
    for profile, version in _current():
        if parsed.policy not in (None, profile.policy):
            continue
        print(f"{profile.name} ({version.version})")
        for finding in findings(version, profile):
            print(f"  {finding.kind.value}: {finding.text}")
            for clause in finding.clauses:
                print(f"      {clause.id}: {_short(clause.text)}")
    return 0


def _short(text: str, most: int = 110) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _ledger(parsed: argparse.Namespace) -> int:
    table = ledger_table(_current())
    if parsed.json:
        print(json.dumps(table, indent=1))
    elif parsed.check:
        if not LEDGER_PICTURE.exists() or LEDGER_PICTURE.read_text("utf-8") != ledger_svg(table):
            raise CompileError(f"{LEDGER_PICTURE} is not up to date; run `python -m policies_kb ledger --picture`")
        print(f"{LEDGER_PICTURE} is up to date")
    elif parsed.picture:
        Path(parsed.picture).parent.mkdir(parents=True, exist_ok=True)
        Path(parsed.picture).write_text(ledger_svg(table), "utf-8")
        print(f"written: {parsed.picture}")
    else:
        print(ledger_text(table))
    return 0


def _show(parsed: argparse.Namespace) -> int:
    found = False
    for profile, version in _current():
        for clause in version.clauses:
            if parsed.name in (profile.policy, clause.id):
                print(_described(profile, version, clause))
                found = True
    if not found:
        raise KnowledgeError(f"there is no clause and no policy {parsed.name!r}; `ledger` lists the policies")
    return 0


def _described(profile: Profile, version: PolicyVersion, clause: Clause) -> str:
    topics = ", ".join(f"{label.topic.value} ({label.rank})" for label in clause.labels) or "none"
    stances = ", ".join(f"{stance.value} on {topic.value}" for topic, stance in clause.stances.items())
    lines = [
        f"{clause.id}",
        f"  {profile.name} {version.version}, characters {clause.span.start}-{clause.span.end}, "
        f"section: {' > '.join(clause.path) or '-'}",
        f"  topics: {topics}",
    ]
    facts = {"stance": stances, "audience": clause.audience, "rights": ", ".join(clause.rights)}
    facts |= {"periods": ", ".join(clause.periods), "contacts": ", ".join(clause.contacts), "after": clause.lead_text}
    lines += [f"  {name}: {value}" for name, value in facts.items() if value]
    return "\n".join([*lines, *(f"    {line}" for line in clause.text.splitlines()), ""])


def _training(parsed: argparse.Namespace) -> int:
    reviewed = {
        p.policy: [c for c in version.clauses if c.reviewed] for p, version in _current() if p.policy in SHIPPED
    }
    if _write_or_compare(TRAINING / "shipped.yml", shipped_training(reviewed), parsed.check) and parsed.check:
        raise CompileError(
            "training/shipped.yml is not up to date; run `python -m policies_kb training` and commit the result"
        )
    asked = [q for folder in _policies() if folder.name in SHIPPED for q in _asked(folder)]
    texts = [text for text, _ in training_clauses()] + asked
    files = {"questions.yml": sample_of_questions(asked), "words.json": word_counts(texts)}
    for name, text in files.items():
        if _write_or_compare(TRAINING / name, text, parsed.check) and parsed.check:
            raise CompileError(f"training/{name} is not up to date; run `python -m policies_kb training`")
    print("the generated files of training/ are up to date")
    return 0


def _asked(folder: Path) -> list[str]:
    return [question for _, question in load_examples(folder / "questions.yml").answered]


def _encoder(parsed: argparse.Namespace) -> int:
    shop = workshop(_data_folder())
    print(
        f"{shop.encoder.name}: {len(shop.knowledge.ids)} policies indexed, labeller ready: {shop.labeller is not None}"
    )
    return 0
