"""A value that hides itself. Not a str: what formats, prints, logs or serialises it sees only a placeholder."""

from __future__ import annotations

import hmac
from typing import NoReturn

SHOWN = "[redacted]"


class Redacted:
    """One piece of personal data. Only `reveal()` gives it out, so every disclosure can be found by that word.

    Copying returns the same object; pickling is refused with TypeError, and json.dumps refuses it by itself.
    """

    __slots__ = ("__value",)

    __value: str

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_Redacted__value", value)

    def reveal(self) -> str:
        """The value itself."""
        return self.__value

    def __repr__(self) -> str:
        return SHOWN

    def __str__(self) -> str:
        return SHOWN

    def __format__(self, spec: str) -> str:
        # The spec is ignored on purpose: a width or precision would tell the length.
        return SHOWN

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Redacted):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    def __hash__(self) -> int:
        return hash((Redacted, self.__value))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a redacted value cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a redacted value cannot be changed")

    def __copy__(self) -> Redacted:
        return self

    def __deepcopy__(self, memo: object) -> Redacted:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a redacted value is not pickled: reveal it where it is encrypted")
