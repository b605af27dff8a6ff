"""What a release is made of: archives of policy folders, and the trained model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.settings import BotSettings
from bot.training import code_fingerprint, ensure_model_apart, is_trained, model_path
from policies_kb.errors import ReleaseError, UnknownPolicyError
from policies_kb.knowledge import POLICY_ID
from policies_kb.profile import load_profile
from policies_kb.releases.archives import archive_policy, open_archive
from policies_kb.releases.manifest import Draft, Manifest, ModelFile, PolicyFile, digest_of
from policies_kb.releases.shelf import Shelf

Progress = Callable[[str], None]
"""Told what is being done, one line at a time."""


@dataclass(frozen=True)
class Prepared:
    """A release that could be published, and what has to be looked at before.

    published: the release that it would follow; files: by checksum; folders: the policies that are published with it,
    exactly as they were archived; is_trained_anew: the model is not the one that is served.
    """

    published: Manifest | None
    draft: Draft
    files: Mapping[str, Path]
    folders: Mapping[str, Path]
    model: Path
    is_trained_anew: bool


def build_draft(
    settings: BotSettings, shelf: Shelf, policies: Iterable[str], by: str, why: str, scratch: Path, progress: Progress
) -> Prepared:
    """Archive these policies' folders; the other policies and, if nothing in data/ changed, the model stay.

    scratch: a folder for the archives. Raises a KnowledgeError or a TrainingError.
    """
    number = shelf.current()
    published = shelf.manifest(number) if number is not None else None
    files: dict[str, Path] = {}
    folders: dict[str, Path] = {}
    chosen: dict[str, PolicyFile] = {}
    for policy in policies:
        progress(f"archiving {policy}")
        chosen[policy], archive = archived(settings.policies, policy, scratch)
        files[chosen[policy].sha256] = archive
        folders[policy] = scratch / "folders" / policy
        open_archive(archive, folders[policy])
    model, path = _model(settings, shelf, published, progress)
    files[model.sha256] = path
    everything = {**(published.policies if published else {}), **chosen}
    is_new = published is None or published.model.sha256 != model.sha256
    return Prepared(published, Draft(by, why, model, everything), files, folders, path, is_new)


def archived(root: Path, policy: str, scratch: Path) -> tuple[PolicyFile, Path]:
    """The archive of one policy's folder as it is now."""
    folder = root / policy
    if not POLICY_ID.match(policy) or not (folder / "profile.yml").is_file():
        raise UnknownPolicyError(f"there is no policy {policy!r} in {root}")
    current = load_profile(folder / "profile.yml").current
    path = scratch / f"{policy}.zip"
    sha256 = archive_policy(folder, path)
    with_profile = scratch / "folders" / policy
    open_archive(path, with_profile)
    if load_profile(with_profile / "profile.yml").current != current:
        raise ReleaseError(f"{folder} was changed just now; publish again")
    return PolicyFile(sha256, current), path


def _model(
    settings: BotSettings, shelf: Shelf, published: Manifest | None, progress: Progress
) -> tuple[ModelFile, Path]:
    """The model of the present data: the one that is served if it is that, else one that is trained now."""
    wanted, code = model_path(settings.models), code_fingerprint()
    if published is not None and (published.model.name, published.model.code) == (wanted.name, code):
        progress("the model stays as it is: nothing that it learns from has changed")
        return published.model, shelf.fetch(published.model.sha256)
    if not is_trained(wanted):
        progress("training the assistant, because what it learns from has changed (about half a minute)")
    path = ensure_model_apart(settings.models, quietly=True)
    return ModelFile(path.name, digest_of(path), code), path
