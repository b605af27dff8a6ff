"""`python -m bot policy add | update | compare | test | list`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from bot.policy_commands import opened_desk, path_of, say
from bot.policy_desk import PolicyDesk
from policies_kb.comparing import Compared, Comparison
from policies_kb.comparing import compare as compared
from policies_kb.comparison_forms import as_json, as_text
from policies_kb.documents import Document, check_is_policy, read_document, read_pasted
from policies_kb.drafting import guesses
from policies_kb.errors import ProfileError, SourceError
from policies_kb.folders import PolicyFolder, check_names
from policies_kb.gate import is_as_shipped
from policies_kb.ledger import ledger_table
from policies_kb.placing import place_file
from policies_kb.topics import Topic
from policies_kb.workbench import UNDATED, add_policy
from policies_kb.workbench import update as updated

MOST_PASTED = 2_000_000  # characters


def add(parsed: argparse.Namespace) -> int:
    """Take a policy in; says what was read and what to do next."""
    check_names(parsed.id, parsed.version or UNDATED)
    document = _document(parsed)
    with opened_desk() as (desk, _):
        labeller = desk.shop.labeller
        folder = add_policy(
            desk.root, parsed.id, parsed.name, document, parsed.version, labeller, golden=desk.first_golden
        )
        desk.shop.vectors.save()
        say(*_about(folder, desk))
    return 0


def update(parsed: argparse.Namespace) -> int:
    """Take the next version in; prints the comparison."""
    document = _document(parsed)
    with opened_desk() as (desk, _):
        (folder,) = desk.folders([parsed.id])
        published = desk.published(parsed.id)
        is_draft = not is_as_shipped(folder) and (published is None or published.profile.current != folder.current)
        done = updated(folder, document, parsed.version, desk.shop.labeller, is_draft)
        desk.shop.vectors.save()
        say(as_text(done.comparison), "")
        waiting = len(done.folder.profile().to_confirm)
        say(
            f"{parsed.id} {done.folder.current}: labels of {len(done.carried)} reworded clauses were carried over; "
            f"{waiting} things wait under to_confirm in {done.folder.path / 'profile.yml'}.",
            *_next_steps(parsed.id),
        )
    return 0


def compare(parsed: argparse.Namespace) -> int:
    """What is different between two versions."""
    with opened_desk() as (desk, _):
        (folder,) = desk.folders([parsed.id])
        comparison = _comparison(desk, folder, parsed.old, parsed.new)
    if parsed.page:
        from bot.web.changes import as_page

        place_file(
            path_of(parsed.page), as_page(comparison, folder.profile().name, self_contained=True).encode("utf-8")
        )
        say(f"written: {parsed.page}")
    elif parsed.json:
        say(json.dumps(as_json(comparison), ensure_ascii=False, indent=1))
    else:
        say(as_text(comparison))
    return 0


def _comparison(desk: PolicyDesk, folder: PolicyFolder, old: str, new: str) -> Comparison:
    """Of what is published (else the version before) with the folder, or of two named versions."""
    after = (folder.profile(new), folder.compiled(new))
    published = desk.published(folder.policy)
    before: Compared | None = None
    if old:
        before = (folder.profile(old), folder.compiled(old))
    elif published is not None and published.version.source != after[1].source:
        before = published.compared
    elif earlier := folder.before(after[1].version):
        before = (folder.profile(earlier), folder.compiled(earlier))
    if before is None:
        raise ProfileError(
            f"{folder.policy} has one version only, {after[1].version}: there is nothing to compare it with"
        )
    return compared(before, after)


def test(parsed: argparse.Namespace) -> int:
    """The golden questions under pytest; its exit code."""
    from bot.policy_contract import run

    with opened_desk() as (desk, _):
        chosen = [folder.policy for folder in desk.folders(parsed.ids)]
    return run(chosen)


def list_policies(parsed: argparse.Namespace) -> int:
    """One line a policy. Golden questions are not asked here: `review` does."""
    from policies_kb.gate import obstacles

    with opened_desk() as (desk, _):
        say(f"{'policy':<16}{'published':<16}{'in the folder':<16}to settle")
        for folder in desk.folders():
            published = desk.published(folder.policy)
            there = published.profile.current if published else "-"
            waiting = len(obstacles(published, folder, None))
            say(f"{folder.policy:<16}{there:<16}{folder.current:<16}{waiting or 'nothing'}")
    return 0


def _document(parsed: argparse.Namespace) -> Document:
    if parsed.file != "-":
        return read_document(path_of(parsed.file), must_be_policy=not parsed.anyway)
    text = sys.stdin.read(MOST_PASTED + 1)
    if len(text) > MOST_PASTED:
        raise SourceError(f"the pasted text is longer than {MOST_PASTED:,} characters; give the policy by itself")
    document = read_pasted(text)
    if not parsed.anyway:
        check_is_policy(document.text)
    return document


def _about(folder: PolicyFolder, desk: PolicyDesk) -> Sequence[str]:
    profile, version = folder.profile(), folder.compiled()
    found, golden = guesses(version), folder.golden()
    table = ledger_table([(profile, version)])
    silent = [Topic(topic).phrase for topic, kinds in table.items() if kinds[folder.policy] == "silent"]
    read = {"date": found.version, "contacts": ", ".join(found.values("contact")), "laws": ", ".join(profile.regimes)}
    read |= {name: ", ".join(found.values(name)) for name in ("ages", "periods", "rights")}
    return [
        f"{profile.name} {version.version}: {len(version.clauses)} clauses in {folder.path}",
        *(f"  {name + ':':<10}{words or 'none found'}" for name, words in read.items()),
        f"  {'silent on:':<10} {'; '.join(silent) or 'nothing'}",
        *(f"  lint: {line}" for line in desk.lint(folder)),
        f"  golden.yml: {len(golden)} usual questions with what the desk answers now; nobody has decided them yet.",
        *_next_steps(folder.policy),
    ]


def _next_steps(policy: str) -> list[str]:
    command = "python -m bot policy"
    return [
        "Next:",
        f"  read the clauses and their topics      python -m policies_kb show {policy}",
        f"  see what stands in the way             {command} review {policy}",
        f"  accept, confirm, decide under a name   {command} accept {policy} --all --by NAME, and so on",
        f"  then                                   {command} publish {policy} --by NAME",
    ]
