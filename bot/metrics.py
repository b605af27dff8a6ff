"""What /metrics shows; no label holds anything that a person typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram

if TYPE_CHECKING:
    from bot.desk import Reply


@dataclass
class Metrics:
    """Counters of one process."""

    registry: CollectorRegistry = field(default_factory=lambda: CollectorRegistry(auto_describe=True))

    def __post_init__(self) -> None:
        labels = ["policy", "channel", "result"]
        self.messages = Counter("desk_messages", "Messages answered", labels, registry=self.registry)
        self.answers = Counter("desk_answers", "Answers by kind", ["policy", "kind"], registry=self.registry)
        self.requests = Counter("desk_requests", "Requests filed", ["policy"], registry=self.registry)
        self.shed = Counter("desk_shed", "Calls refused because there were too many", ["why"], registry=self.registry)
        self.seconds = Histogram(
            "desk_reply_seconds",
            "Time to answer a message",
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 8),
            registry=self.registry,
        )

    def count(self, policy: str, channel: str, reply: "Reply", seconds: float) -> None:
        """One answered message."""
        self.seconds.observe(seconds)
        self.messages.labels(policy, channel, "failed" if reply.failed else "answered").inc()
        if reply.answer and not reply.request:
            self.answers.labels(policy, reply.answer["kind"]).inc()
        if reply.request and reply.request["created"]:
            self.requests.labels(policy).inc()
