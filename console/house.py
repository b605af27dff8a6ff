"""What the console's pages work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.rendering import Renderer
    from console.settings import ConsoleSettings
    from pii.encryption import Vault
    from policies_kb.knowledge import KnowledgeBase
    from tickets.decisions import Decisions
    from tickets.findings import Findings
    from tickets.handling import Handling
    from tickets.identity import Identity
    from tickets.inbox import Inbox
    from tickets.letters import Correspondence
    from tickets.outbox import Outbox
    from tickets.queue import Queue
    from tickets.reports import Reports
    from tickets.retention import Keeper
    from tickets.service import RequestService
    from tickets.staff import Staff
    from tickets.staff_login import StaffLogins
    from tickets.store import Store
    from tickets.votes import Votes


@dataclass
class House:
    """The services behind the pages. clock: gives the present as aware UTC."""

    settings: "ConsoleSettings"
    store: "Store"
    vault: "Vault"
    mail: "Correspondence"
    knowledge: "KnowledgeBase"
    clock: Callable[[], datetime]
    requests: "RequestService"
    decisions: "Decisions"
    identity: "Identity"
    keeper: "Keeper"
    staff: "Staff"
    logins: "StaffLogins"
    queue: "Queue"
    handling: "Handling"
    findings: "Findings"
    votes: "Votes"
    reports: "Reports"
    outbox: "Outbox"
    inbox: "Inbox"
    look: "Renderer"
