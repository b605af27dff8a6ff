"""A request's status in the words of the Data Rights Protocol 1.0, for exchange with other systems.

The protocol has no word for a part that was done, for a duplicate or for another party's data: a part counts as
fulfilled, the other two as denied for "other" reasons.
"""

from __future__ import annotations

from tickets.vocabulary import RefusalReason, Status

_STATUSES = {
    Status.RECEIVED: "open",
    Status.UNVERIFIED: "in_progress/need_user_verification",
    Status.VERIFIED: "in_progress",
    Status.IN_PROGRESS: "in_progress",
    Status.AWAITING_REQUESTER: "in_progress",
    Status.AWAITING_CONTROLLER: "in_progress",
    Status.FULFILLED: "fulfilled",
    Status.PARTLY_FULFILLED: "fulfilled",
    Status.DENIED: "denied",
    Status.WITHDRAWN: "revoked",
    Status.DUPLICATE: "denied/other",
    Status.REFERRED: "denied/other",
    Status.EXPIRED_UNVERIFIED: "expired",
}
_REASONS = {
    RefusalReason.IDENTITY_VERIFICATION_FAILURE: "insuf_verification",
    RefusalReason.PROCESS_MALICIOUS: "suspected_fraud",
    RefusalReason.PROCESS_EXCESSIVE: "too_many_requests",
    RefusalReason.LEGALLY_EXEMPTED: "claim_not_covered",
    RefusalReason.LEGAL_OBLIGATION_IMPAIRED: "claim_not_covered",
    RefusalReason.LEGAL_CLAIM_IMPAIRED: "claim_not_covered",
}


def drp_status(status: Status, reason: RefusalReason | None = None) -> str:
    """For example "open", "in_progress/need_user_verification" or "denied/too_many_requests"."""
    if status is not Status.DENIED:
        return _STATUSES[status]
    return f"denied/{_REASONS.get(reason, 'other') if reason else 'other'}"
