"""The texts of the letters, with named places. What a text needs filled in is what stands in it."""

from __future__ import annotations

from enum import Enum


class News(str, Enum):
    """What a letter without a code tells. The values are also the outbox's kinds."""

    RECEIVED = "received"
    VERIFIED = "verified"
    ASKED = "asked"
    EXTENDED = "extended"
    FULFILLED = "fulfilled"
    PARTLY_FULFILLED = "partly_fulfilled"
    DENIED = "denied"
    REFERRED = "referred"
    DUPLICATE = "duplicate"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REPLIED = "replied"


_FACTS = """\
What is asked for: $rights
Company: $company
Reference: $reference
Asked through: $channel
Asked on: $at"""

CODE_TEXT = f"""\
Somebody used the privacy desk of $company to ask for something that concerns \
the data kept under this e-mail address.

{_FACTS}

If this was you, type this code into the conversation in which you asked:

    $code

It works once, within $minutes minutes, and in that conversation only.

Nobody of the team will ever ask you for this code, by mail, by phone or in a \
chat of their own. Whoever asks you for it wants to act in your name.

If this was not you, stop it. Stopping needs no login:

$stop

The page shows what is asked and has one button; opening it changes nothing."""

REACH_TEXT = f"""\
Somebody in another conversation with the privacy desk of $company wants to \
look at, or take back, a request that was filed with this e-mail address.

{_FACTS}

If this was you, type this code into the conversation in which you asked:

    $code

It works once, within $minutes minutes, and in that conversation only.

Nobody of the team will ever ask you for this code, by mail, by phone or in a \
chat of their own. Whoever asks you for it wants to act in your name.

If this was not you, you need do nothing: without the code nobody sees \
anything. If the request itself is not yours, stop it. Stopping needs no login:

$stop

The page shows what is asked and has one button; opening it changes nothing."""

ABOUT = """\
Reference: $reference
What you asked for: $rights
Company: $company"""

_COMPLAIN = """\
If you disagree, you can ask for the decision to be looked at again: write \
"appeal" in the conversation. You can also complain to $authority.$court"""

NEWS: dict[News, tuple[str, str]] = {
    News.RECEIVED: (
        "Your request $reference was received",
        "Your request to $company was received on $at. It will be answered by $answer_by.",
    ),
    News.VERIFIED: (
        "Your request $reference is confirmed",
        "It is now settled that your request to $company is yours. It will be answered by $answer_by.",
    ),
    News.ASKED: (
        "A question about your request $reference",
        "The team of $company has a question before your request can go on:\n\n$question\n\n"
        "Please answer in the conversation in which you asked, or tell the team.",
    ),
    News.EXTENDED: (
        "Your request $reference takes longer",
        "The answer to your request to $company will take longer than planned, because $reason. "
        "It will now come by $answer_by.",
    ),
    News.FULFILLED: ("Your request $reference is done", "$company has done what you asked for."),
    News.PARTLY_FULFILLED: (
        "Your request $reference is done in part",
        f"$company has done a part of what you asked for.\n\n$outcomes\n\n{_COMPLAIN}",
    ),
    News.DENIED: (
        "Your request $reference was refused",
        f"$company has refused your request, because $reason.\n\nIt rests on: $basis\n\n{_COMPLAIN}",
    ),
    News.REFERRED: (
        "Your request $reference belongs to somebody else",
        "$company does not decide about this data. Please turn to: $controller\n\n"
        "Your request was noted here and is closed.",
    ),
    News.DUPLICATE: (
        "Your request $reference is covered by another one",
        "Your request to $company asks for the same as $original, which is open. Both are answered there.",
    ),
    News.EXPIRED: (
        "Your request $reference has ended",
        "Nobody showed in time that your request to $company is yours, so it was closed and nothing was done. "
        "You can ask again at any time.",
    ),
    News.WITHDRAWN: (
        "Your request $reference was taken back",
        "Your request to $company was taken back. Nothing more will be done. You can ask again at any time.",
    ),
    News.REPLIED: (
        "A message about your request $reference",
        "The support team of $company writes to you about your request:\n\n$reply\n\n"
        'To answer, say "ask the support team" in the conversation in which you asked, or turn to the team as you did '
        "before.",
    ),
}
