"""What the commands read from the environment: the same variables and defaults as the bot's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pii.encryption import EncryptionError, KeyRing, Vault, load_ring
from tickets.anchors import ANCHOR_FILE
from tickets.backup import Around
from tickets.errors import InputError, StoreError
from tickets.ledger import LEDGER_FILE
from tickets.letters import Correspondence
from tickets.schedule import Schedule

DATABASE_VARIABLE = "PRIVACY_DESK_DATABASE_URL"
DATA_VARIABLE = "PRIVACY_DESK_DATA"
KEYS_VARIABLE = "PRIVACY_DESK_KEYS"
DAYS_VARIABLE = "PRIVACY_DESK_CONVERSATION_DAYS"
_PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """Where the database, the keys and what lies around them are."""

    database_url: str
    data: Path
    keys: Path
    base_url: str
    schedule: Schedule

    @staticmethod
    def from_environment(environment: Mapping[str, str]) -> Settings:
        """Raises StoreError for a number of days that is none."""
        data = Path(environment.get(DATA_VARIABLE) or _PROJECT / "var").resolve()
        return Settings(
            database_url=environment.get(DATABASE_VARIABLE) or f"sqlite:///{data / 'privacy-desk.db'}",
            data=data,
            keys=Path(environment.get(KEYS_VARIABLE) or data / "keys.json").resolve(),
            base_url=environment.get("PRIVACY_DESK_BASE_URL") or "http://127.0.0.1:8080",
            schedule=_schedule(environment.get(DAYS_VARIABLE) or ""),
        )

    @property
    def ledger(self) -> Path:
        """The file of erasures."""
        return self.data / LEDGER_FILE

    @property
    def anchors(self) -> Path:
        """The file of the audit trail's anchors."""
        return self.data / ANCHOR_FILE

    @property
    def spool(self) -> Path:
        """Requests that wait for the database."""
        return self.data / "spool"

    @property
    def mail(self) -> Correspondence:
        """For letters that a command posts. A company is called by its policy's id: its name is known to the bot."""
        return Correspondence(self.base_url, lambda policy: policy.replace("-", " ").title())

    def vault(self) -> Vault:
        """The keys. A command makes none: a new key file in the wrong place would open nothing."""
        if not self.keys.is_file():
            raise EncryptionError(f"there is no key file at {self.keys} (set {KEYS_VARIABLE} to look elsewhere)")
        return Vault(load_ring(self.keys))

    def vault_if_any(self) -> Vault:
        """The keys, or some that open nothing: for commands that can do without."""
        if self.keys.is_file():
            return self.vault()
        made = KeyRing.new()
        return Vault(KeyRing("k0", {"k0": made.keys[made.current]}, made.ledger))  # a name that no real key has

    def around(self) -> Around:
        """What a restore leaves in place."""
        return Around(self.vault(), self.ledger, self.anchors)


def _schedule(days: str) -> Schedule:
    if not days:
        return Schedule()
    try:
        return Schedule(conversation=int(days))
    except (ValueError, InputError):
        raise StoreError(f"{DAYS_VARIABLE} is a number of days, at least 1") from None
