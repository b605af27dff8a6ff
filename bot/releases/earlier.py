"""Policies as earlier releases served them: an answer can be opened again though its release is not served any more."""

from __future__ import annotations

from policies_kb.errors import KnowledgeError, ReleaseError
from policies_kb.knowledge import Policy, policy_in
from policies_kb.ranking import PolicyIndex
from policies_kb.releases.opening import unpacked
from policies_kb.releases.shelf import Shelf


def policy_of_release(shelf: Shelf, number: int, policy: str) -> Policy | None:
    """To be read, not asked. None where no such release has it, or where what is kept of it is damaged."""
    try:
        file = shelf.manifest(number).policies.get(policy)
        return policy_in(unpacked(shelf, policy, file), _not_asked) if file is not None else None
    except KnowledgeError:
        return None


def _not_asked(policy: Policy) -> PolicyIndex:
    raise ReleaseError(f"{policy.profile.policy}: an earlier release is only read")
