"""What the tests of the owner's workbench share: a folder to write to, and a reader that hears what it is told."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from kb_texts import tools

from policies_kb.documents.document import Document
from policies_kb.folders import PolicyFolder
from policies_kb.golden import Answerer, Understood
from policies_kb.knowledge import ROOT, KnowledgeBase, load_policy
from policies_kb.signing import Signature
from policies_kb.topics import Topic
from policies_kb.workbench import add_policy

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)
OWNER = Signature("Owner One", NOW)
EDITS = Path(__file__).parent / "edits"
ACME = """Privacy Policy of Acme

Last updated: March 1, 2026

Who we are
Acme Ltd is the controller of your personal data. Write to privacy@acme.example.org or call +44 20 7946 0123.

What we keep
We keep your account data for 6 months after you delete your account.

Sale
We never sell your personal data to anybody, whatever they may offer for it.

Cookies
We use cookies so that you stay logged in and find your basket again.

Your rights
Under the GDPR you have the right to access your data, and you may ask us to delete it. People under 16 need a parent.
"""


class TopicReader:
    """Hears in each message the topics it was told of, and no question where it was told of none."""

    def __init__(self, heard: Mapping[str, Topic]) -> None:
        self._heard = heard

    def read(self, text: str) -> Understood:
        topic = self._heard.get(text)
        return Understood("ask_policy", {topic: 1.0}) if topic else Understood("small_talk", {})


def document(text: str) -> Document:
    return Document(text, "txt")


def own_copy(policy: str, to: Path) -> PolicyFolder:
    """A shipped policy's folder to write to."""
    shutil.copytree(ROOT / policy, to / policy)
    for path in (to / policy).iterdir():
        path.chmod(0o644)
    return PolicyFolder(to / policy)


def acme(root: Path, text: str = ACME) -> PolicyFolder:
    """A newcomer's folder."""
    root.mkdir(exist_ok=True)
    return add_policy(root, "acme", "Acme Ltd", document(text), "", tools().labeller)


def answers_of(folder: PolicyFolder) -> Answerer:
    """The desk over that folder."""
    base = KnowledgeBase({folder.policy: load_policy(folder.path, (tools().encoder, tools().vectors))})
    return lambda question, topics: base.answer(folder.policy, question, topics)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
