"""What goes wrong on purpose: calls that fail, answers that never come, a revoked token, a server that is down."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from bot.channels.fake_telegram.refusals import Refusal

ANY = "*"
WORDS = {
    400: "Bad Request: the world was told to refuse this",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    500: "Internal Server Error",
    502: "Bad Gateway",
    504: "Gateway Timeout",
}


@dataclass
class _Fault:
    method: str
    left: int
    refusal: Refusal | None  # None: the call is done, and its answer is held back
    seconds: float = 0.0


class Faults:
    """Which of the next calls go wrong. Methods are told apart without regard to capitals; "*" means every method."""

    def __init__(self) -> None:
        """All is well."""
        self._lock = threading.Lock()
        self._faults: list[_Fault] = []
        self.is_down = False
        self.is_revoked = False

    def fail_next(
        self, method: str, status: int, times: int = 1, retry_after: int | None = None, description: str = ""
    ) -> None:
        """The next calls of this method are refused and do nothing. retry_after: seconds, with 429."""
        words = description or WORDS.get(status, "")
        if status == 429:
            retry_after = 1 if retry_after is None else retry_after
            words = description or f"Too Many Requests: retry after {retry_after}"
        self._add(_Fault(method.lower(), times, Refusal(status, words or "Internal Server Error", retry_after)))

    def drop_responses(self, method: str, times: int = 1, seconds: float = 60.0) -> None:
        """The next calls of this method are done, but their answers are held back so long, until the bot gives up."""
        self._add(_Fault(method.lower(), times, None, seconds))

    def refusal_of(self, method: str) -> Refusal | None:
        """How this call is to be refused, if it is; it counts as one of the failing calls."""
        if standing := self.standing():
            return standing
        fault = self._take(method, drops=False)
        return fault.refusal if fault else None

    def standing(self) -> Refusal | None:
        """How every call is refused, while the server is down or the token revoked."""
        if self.is_down:
            return Refusal(502, WORDS[502])
        if self.is_revoked:
            return Refusal(401, WORDS[401])
        return None

    def silence_after(self, method: str) -> float:
        """How many seconds the answer of this call is held back; 0 for an answer at once."""
        fault = self._take(method, drops=True)
        return fault.seconds if fault else 0.0

    def clear(self) -> None:
        """All is well again."""
        with self._lock:
            self._faults.clear()
        self.is_down = self.is_revoked = False

    def _add(self, fault: _Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def _take(self, method: str, *, drops: bool) -> _Fault | None:
        with self._lock:
            for fault in self._faults:
                if (fault.refusal is None) is drops and fault.method in (ANY, method.lower()):
                    fault.left -= 1
                    if fault.left <= 0:
                        self._faults.remove(fault)
                    return fault
        return None
