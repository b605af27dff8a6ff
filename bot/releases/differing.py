"""What lies in the folder and is not served: said at the start, so that nobody takes an edit for a publication."""

from __future__ import annotations

from pathlib import Path

from bot.settings import BotSettings
from bot.training import model_path
from policies_kb.knowledge import KnowledgeBase, policy_folders
from policies_kb.releases.archives import policy_files
from policies_kb.releases.manifest import Manifest

MOST_LINES = 6


def differences(settings: BotSettings, manifest: Manifest, knowledge: KnowledgeBase) -> list[str]:
    """One line for each policy of the folder that is not what is served, and one if the model would be another."""
    lines = [line for folder in policy_folders(settings.policies) if (line := _of_policy(folder, knowledge))]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"and {len(lines) - MOST_LINES} more: python -m bot policy list"]
    if model_path(settings.models).name != manifest.model.name:
        lines.append("what the assistant learns from (data/) has changed: python -m bot policy publish --all")
    return lines


def _of_policy(folder: Path, knowledge: KnowledgeBase) -> str:
    policy, served = folder.name, knowledge.policies.get(folder.name)
    if served is None:
        return f"{policy} is not published yet: python -m bot policy review {policy}"
    if served.folder is None or _content(served.folder) == _content(folder):
        return ""
    return f"{policy} was edited and is served as before: python -m bot policy compare {policy}"


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in policy_files(folder)}
