"""The slots of domain.yml that several flows share."""

from __future__ import annotations

ASKED = "asked__text"  # the last question about the policy
OFFER = "offer__rights"  # what a "yes" is to
