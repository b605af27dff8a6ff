"""The second factor of staff: codes of an authenticator app (RFC 6238), and recovery codes. Each counts once."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime

import pyotp
import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Sealed, Vault
from pii.redacted import Redacted
from tickets.codes import ALPHABET
from tickets.rows import Row
from tickets.store import Unit
from tickets.tables_staff import recovery_codes, staff

ISSUER = "Privacy Desk"
RECOVERY_CODES = 10
STEP_SECONDS = 30
_SECRET_BYTES = 20  # as RFC 4226 recommends
_STEPS_APART = 1  # of a phone's clock
_RECOVERY_LENGTH = 16  # 80 bits
_MEANT = str.maketrans("OIL", "011")
_LONGEST = 100


@dataclass(frozen=True)
class SecondFactor:
    """What an authenticator app is given: the secret to type, or the uri as a picture to scan."""

    secret: Redacted = field(repr=False)
    uri: Redacted = field(repr=False)


def offered(vault: Vault, token: Redacted, login: str) -> SecondFactor:
    """The secret that this session may set up.

    Derived from the session's random token, so that looking at the page again shows the same picture, another session
    sees another one, and nothing is kept before it is confirmed.
    """
    digest = bytes.fromhex(vault.ledger_hash(token.reveal(), "second factor"))
    secret = base64.b32encode(digest[:_SECRET_BYTES]).decode()
    uri = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)
    return SecondFactor(Redacted(secret), Redacted(uri))


def step_of(secret: Redacted, typed: Redacted, now: datetime) -> int:
    """The time step whose code was typed, one to either side of now allowed; 0 if it is none."""
    code = _bare(typed)
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        return 0
    totp, current, found = pyotp.TOTP(secret.reveal()), int(now.timestamp()) // STEP_SECONDS, 0
    for step in range(current - _STEPS_APART, current + _STEPS_APART + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


def keep(unit: Unit, vault: Vault, staff_id: str, secret: Redacted, step: int) -> tuple[Redacted, ...]:
    """Keep a confirmed secret in the place of an earlier one; gives the new recovery codes."""
    sealed = vault.seal(secret, place_of(staff_id))
    values = {"sealed": sealed.data, "key_id": sealed.key, "last_step": step, "failures": 0, "next_try_at": None}
    mine = sa.update(staff).where(staff.c.id == staff_id)
    unit.execute(mine.values(**values, row_version=staff.c.row_version + 1))
    forget_recovery_codes(unit, staff_id)
    fresh = tuple(_new_recovery_code() for _ in range(RECOVERY_CODES))
    hashes = [{"staff_id": staff_id, "hash": _hash(vault, staff_id, code)} for code in fresh]
    unit.execute(sa.insert(recovery_codes).values(hashes))
    return fresh


def use(unit: Unit, vault: Vault, row: Row, typed: Redacted, now: datetime) -> bool:
    """Whether a code is right and was not used before; then it is used up, at one go for tries in parallel."""
    code = _bare(typed).upper().translate(_MEANT)
    if len(code) == _RECOVERY_LENGTH:
        unused = sa.update(recovery_codes).where(
            recovery_codes.c.staff_id == row["id"],
            recovery_codes.c.hash == _hash(vault, row["id"], Redacted(code)),
            recovery_codes.c.used_at.is_(None),
        )
        return bool(unit.execute(unused.values(used_at=now)).rowcount == 1)
    secret = vault.open(Sealed(row["key_id"], row["sealed"]), place_of(row["id"]))
    step = step_of(secret, typed, now)
    later = sa.update(staff).where(staff.c.id == row["id"], staff.c.last_step < step)
    return step > 0 and bool(unit.execute(later.values(last_step=step)).rowcount == 1)


def forget_recovery_codes(unit: Unit, staff_id: str) -> None:
    """None of the earlier ones counts any more."""
    unit.execute(sa.delete(recovery_codes).where(recovery_codes.c.staff_id == staff_id))


def recovery_codes_left(unit: Unit, staff_id: str) -> int:
    """How many were not used."""
    unused = sa.select(sa.func.count()).where(recovery_codes.c.staff_id == staff_id, recovery_codes.c.used_at.is_(None))
    return int(unit.execute(unused).scalar())


def place_of(staff_id: str) -> str:
    """Where the secret is sealed for."""
    return f"staff.sealed:{staff_id}"


def _new_recovery_code() -> Redacted:
    code = "".join(secrets.choice(ALPHABET) for _ in range(_RECOVERY_LENGTH))
    return Redacted("-".join(code[start : start + 4] for start in range(0, _RECOVERY_LENGTH, 4)))


def _bare(typed: Redacted) -> str:
    return "".join(typed.reveal()[:_LONGEST].replace("-", " ").split())


def _hash(vault: Vault, staff_id: str, code: Redacted) -> str:
    """Keyed, and bound to whose code it is; the key is one that outlives a rotation."""
    return vault.ledger_hash(f"{staff_id}|{_bare(code).encode('utf-8', 'replace').decode()}", "recovery code")
