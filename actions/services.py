"""What the actions work with, and what they know of the message at hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from pii.encryption import Vault, load_ring
from policies_kb.knowledge import KnowledgeBase, Policy
from policies_kb.topics import Topic
from policies_kb.workshop import workshop
from tickets import audit
from tickets.handling import Handling
from tickets.identity import Identity
from tickets.letters import Correspondence
from tickets.retention import Keeper, Schedule
from tickets.service import RequestService
from tickets.store import Store
from tickets.vocabulary import Right

PROJECT = Path(__file__).resolve().parent.parent


def utc_now() -> datetime:
    """The time, aware."""
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Services:
    """The cores an action may call."""

    knowledge: KnowledgeBase
    requests: RequestService
    identity: Identity
    keeper: Keeper
    clock: Callable[[], datetime] = utc_now
    handling: Handling | None = None  # without it nothing is passed on to a question of the support team

    def now(self) -> datetime:
        """The time of a filing, aware, UTC."""
        return self.clock()


@lru_cache(maxsize=1)
def services_of_environment() -> Services:
    """For `rasa run actions`, which makes its actions without arguments. Reads the variables of `.env.example`."""
    data = Path(os.environ.get("PRIVACY_DESK_DATA") or PROJECT / "var").resolve()
    data.mkdir(parents=True, exist_ok=True)
    store = Store(os.environ.get("PRIVACY_DESK_DATABASE_URL") or f"sqlite:///{data / 'privacy-desk.db'}")
    store.migrate()
    policies = Path(os.environ.get("PRIVACY_DESK_POLICIES") or PROJECT / "policies_kb").resolve()
    knowledge = workshop(data, policies).knowledge
    vault = Vault(load_ring(Path(os.environ.get("PRIVACY_DESK_KEYS") or data / "keys.json")))
    base_url = os.environ.get("PRIVACY_DESK_BASE_URL") or "http://127.0.0.1:8080"
    audit.use_key(store, vault)
    mail = Correspondence(base_url, knowledge.name_of)
    return Services(
        knowledge,
        RequestService(store, vault, mail),
        Identity(store, vault, mail),
        Keeper(store, vault, Schedule()),
        handling=Handling(store, vault, mail),
    )


class Served:
    """What actions that need services share. No Action itself: rasa_sdk registers every class of that kind it sees."""

    def __init__(self, services: Services | None = None) -> None:
        self._given = services

    def _services(self) -> Services:
        return self._given or services_of_environment()


@dataclass(frozen=True)
class Heard:
    """The message at hand, as the dialogue holds it. Contact data was replaced by placeholders before it got here."""

    text: str
    intent: str
    topics: Mapping[Topic, float]
    rights: tuple[Right, ...]
    detail: str
    policy: str
    channel: str
    message_id: str
    full_text: str
    pressed: bool = False  # a button of ours, not typed words
    contacts: tuple[Mapping[str, Any], ...] = ()  # kind, placeholder, handle, hint, usable; the values lie in tickets/
    party: str = ""
    step_pressed: str = ""
    account: str = ""  # that the company's own site vouches for in this message (bot.login); never taken from a slot
    proof: Mapping[str, Any] | None = None  # what became of a code that was typed; the code itself stays outside

    @classmethod
    def of(cls, tracker: Any) -> "Heard":
        """Read it from a rasa_sdk tracker. Unknown topics and rights (an older model's) are left out."""
        latest = tracker.latest_message or {}
        metadata = latest.get("metadata") or {}
        shares = {entry["topic"]: float(entry["score"]) for entry in latest.get("topics") or ()}
        pressed = _pressed(latest)
        rights = [*pressed.get("right", ()), *(latest.get("rights") or ())]
        known_topics, known_rights = {topic.value for topic in Topic}, {right.value for right in Right}
        text = latest.get("text") or ""
        return cls(
            text=text,
            intent=(latest.get("intent") or {}).get("name") or "",
            topics={Topic(name): share for name, share in shares.items() if name in known_topics},
            rights=tuple(Right(name) for name in dict.fromkeys(rights) if name in known_rights),
            detail=latest.get("detail") or "",
            policy=str(metadata.get("policy") or ""),
            channel=str(metadata.get("channel") or "web"),
            message_id=str(metadata.get("message_id") or ""),
            full_text=str(metadata.get("full_text") or text),
            pressed=text.startswith("/"),
            contacts=tuple(metadata.get("contacts") or ()),
            party=next(iter(pressed.get("party", ())), ""),
            step_pressed=next(iter(pressed.get("step", ())), ""),
            proof=metadata.get("proof"),
            account=str(metadata.get("account") or ""),
        )


def _pressed(latest: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a button of ours carries; typed words carry no entities."""
    found: dict[str, list[str]] = {}
    for entity in latest.get("entities") or ():
        found.setdefault(str(entity.get("entity")), []).append(str(entity.get("value")))
    return found


def policy_of(services: Services, heard: Heard) -> Policy:
    """The policy this conversation is bound to; in a developer's shell, where none is, the first one."""
    return services.knowledge.get(heard.policy or services.knowledge.ids[0])


def contact_of(policy: Policy) -> str:
    """How the policy says the company is reached: as a person noted it, else the addresses that stand in it."""
    found = [contact for clause in policy.current.clauses for contact in clause.contacts]
    return ", ".join(policy.profile.contact or dict.fromkeys(found))
