"""Policies with a history, made of texts: for tests of what changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from policies_kb.compiler import compile_policy
from policies_kb.knowledge import KnowledgeBase, Policy
from policies_kb.profile import Profile
from policies_kb.ranking import PolicyIndex

KEEP = "We keep your account data for six months after you leave the service."
SHARE = "We share your address with the carrier who delivers the parcel to your door."
HOSTILE = '<script>alert(1)</script> <img src=x onerror="alert(2)"> {{ 7 * 7 }} & "quotes"'
OLD = f"1. Storage\n{KEEP}\n2. Sharing\n{SHARE}\n"
NEW = f"1. Storage\n{KEEP.replace('six months', 'ninety days')}\n2. Sharing\n{SHARE}\nWe also say {HOSTILE} in here.\n"


def no_index(policy: Policy) -> PolicyIndex:
    raise AssertionError("nothing is asked here")


def policy_of(current: str, effective: date | None = None, **texts: str) -> Policy:
    """A policy whose versions are named as the texts: _2026_04 is "2026-04"."""
    profile = Profile(policy="made", name="Made & Co", current=current, effective=effective)
    named = {name.strip("_").replace("_", "-"): text for name, text in texts.items()}
    versions = {name: compile_policy(text, replace(profile, current=name), name) for name, text in named.items()}
    return Policy(profile, versions, no_index)


def base_of(policy: Policy, release: int = 0) -> KnowledgeBase:
    """That policy alone."""
    return KnowledgeBase({policy.profile.policy: policy}, release)


TWO = policy_of("2026-09-01", _2026_04=OLD, _2026_09_01=NEW)
ONE = policy_of("2026-04", _2026_04=OLD)
