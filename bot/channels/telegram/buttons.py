"""What stands behind an inline button: its payload, shortened, and a seal that holds in one conversation only.

Telegram keeps at most 64 bytes with a button and gives them back as they are, or as somebody forged them. So nothing
has to be remembered here, and a button of another conversation, or one made up, opens nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping

from pii.redacted import Redacted

LONGEST_DATA = 64  # bytes, by the Bot API
_SEAL = 12  # bytes, 16 characters: 96 bits
LONGEST_CODE = LONGEST_DATA - 16 - 1
_SHORT: Mapping[str, str] = {"right": "r", "party": "p", "step": "s"}
_LONG = {short: name for name, short in _SHORT.items()}
_COMMAND = re.compile(r"/([a-z_]+)(\{.*\})")
_CODE = re.compile(r"([a-z_]+)((?:\|[a-z]=[A-Za-z0-9_.:-]*)+)")


class TooLongError(ValueError):
    """A payload that does not fit behind a button. To be found by a test, not by a person."""


class Buttons:
    """Makes and reads the data of buttons. scope: a conversation, or a chat's lane where none is bound yet."""

    def __init__(self, secret: Redacted) -> None:
        self._key = hashlib.sha256(b"telegram-button:" + secret.reveal().encode()).digest()

    def data(self, scope: str, payload: str) -> str:
        """The callback data, at most 64 bytes. Raises TooLongError."""
        code = shortened(payload)
        if len(code.encode()) > LONGEST_CODE:
            raise TooLongError(f"a payload of {len(code.encode())} bytes: {LONGEST_CODE} are the most")
        return f"{code}:{self._seal(scope, code)}"

    def payload(self, scope: str, data: str) -> str | None:
        """The payload of a button that this scope was given, else None."""
        code, _, seal = data.rpartition(":")
        wanted = self._seal(scope, code)
        if not code or not hmac.compare_digest(seal.encode("utf-8", "surrogatepass"), wanted.encode()):
            return None
        return lengthened(code)

    def _seal(self, scope: str, code: str) -> str:
        said = f"{scope}\0{code}".encode("utf-8", "surrogatepass")
        digest = hmac.new(self._key, said, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:_SEAL]).decode()


def shortened(payload: str) -> str:
    """`/request{"right": "deletion"}` as `request|r=deletion`; what cannot be had back exactly stays as it is."""
    found = _COMMAND.fullmatch(payload)
    if found is None:
        return payload
    try:
        entities = json.loads(found.group(2))
        code = found.group(1) + "".join(f"|{_SHORT[name]}={value}" for name, value in entities.items())
    except (ValueError, KeyError, AttributeError):
        return payload
    return code if lengthened(code) == payload else payload


def lengthened(code: str) -> str:
    """What `shortened` made of a payload, as it was."""
    found = _CODE.fullmatch(code)
    if found is None:
        return code
    pairs = [pair.split("=", 1) for pair in found.group(2)[1:].split("|")]
    if any(name not in _LONG for name, _ in pairs):
        return code
    return f"/{found.group(1)}{json.dumps({_LONG[name]: value for name, value in pairs})}"
