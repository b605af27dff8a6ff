"""Which sites may show the widget of which policy: exact origins, never a pattern."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ORIGIN = re.compile(
    r"https?://[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?|https?://\[[0-9a-f:]+\](?::[0-9]{1,5})?"
)


class OriginError(ValueError):
    """An origin that is none, or that may not do this."""


@dataclass(frozen=True)
class Origins:
    """allowed: for each policy, the sites besides our own. own: ours, as a browser names it."""

    allowed: Mapping[str, frozenset[str]]
    own: frozenset[str] = frozenset()

    @classmethod
    def read(cls, text: str) -> Mapping[str, frozenset[str]]:
        """From "klasso=https://www.example.org,https://app.example.org acme=https://acme.example.org".

        Raises OriginError for what is not an exact origin.
        """
        found: dict[str, frozenset[str]] = {}
        for part in text.split():
            policy, sign, listed = part.partition("=")
            origins = frozenset(filter(None, listed.split(",")))
            wrong = sorted(origin for origin in origins if not _ORIGIN.fullmatch(origin))
            if not policy or not sign or not origins or wrong:
                raise OriginError(f"{wrong[0] if wrong else part!r} is not an origin such as https://www.example.org")
            found[policy] = found.get(policy, frozenset()) | origins
        return found

    @property
    def all(self) -> list[str]:
        """Every site that may ask anything."""
        return sorted(frozenset().union(*self.allowed.values()))

    def check(self, origin: str | None, policy: str) -> None:
        """Raise OriginError for a page that may not talk about this policy. No origin: no browser's page."""
        if origin is None or origin in self.own or origin in self.allowed.get(policy, frozenset()):
            return
        raise OriginError("This site may not show this policy's help-desk. Its operator can allow it.")
