"""What a person's words mean where the intent alone does not tell: "not deletion", "as well", "I am 12", "yes, go on".

Patterns over English words. Each is used beside the intent, never instead of the buttons.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from actions.referral import speaks_of_own
from actions.services import Heard
from actions.slots import OWN_AFTER_ALL
from tickets.vocabulary import Right

INSTEAD = re.compile(r"\b(actually|instead|rather|not|no|don'?t|change|switch|only|just)\b", re.IGNORECASE)
AS_WELL = re.compile(r"\b(also|too|as well|and then|both|plus|first|before|additionally|besides)\b", re.IGNORECASE)
QUESTION = re.compile(
    r"\?|^\s*(wh(at|o|om|ose|y|en|ere|ich)|how|do|does|did|is|are|can|could|will|would|may|should|has|have)\b",
    re.IGNORECASE,
)
WHAT_NEXT = re.compile(r"\bwhat (happens|comes|will happen) (then|next|after|now)\b", re.IGNORECASE)
NO_CONTACT = re.compile(r"\b(no|not|none|neither|without|don'?t|do not|forgot|lost|never)\b", re.IGNORECASE)
_NEGATED = re.compile(
    r"\b(?:not|no|don'?t|never|instead of|rather than|without)\s+(?:want |do )?(?:an? |the |my |to )?(\w+)",
    re.IGNORECASE,
)
CHANGES = re.compile(r"\b(change|edit|fix|correct|alter|replace)\b", re.IGNORECASE)
ADDS = re.compile(r"\b(add|more to say|forgot to (say|mention))\b", re.IGNORECASE)
CORRECTING = re.compile(r"\b(wrong|mistyped|typo|i meant|meant to|should be|instead|correct(ion)? is)\b", re.IGNORECASE)
PLAIN_YES = re.compile(
    r"\s*(yes|yeah|yep|yup|ye|sure|there is)\b[ ,]*(there is|i do|please|one thing|something)?[ .!:]*", re.IGNORECASE
)
_ACCEPTS = re.compile(
    r"\s*(yes|yeah|yep|yup|ok|okay|sure|of course|certainly|go (on|ahead)|(just |please )?do (it|so|that)|please do|"
    r"(then )?ask them|pass (it|this|that) on|both( of (them|those))?|all (three|of (them|those))|the two of them)\b",
    re.IGNORECASE,
)
_CHILDS = {Right.DELETION: Right.PARENTAL_DELETE, Right.ACCESS: Right.PARENTAL_REVIEW}
_MINE_TOO = re.compile(r"\b(mine|my own|and me|as well as my|both of us|our accounts)\b", re.IGNORECASE)
NEGATIVE = re.compile(
    r"\b(no|nope|nah|na|not|none|nothing|nil|skip|pass|don'?t|without|leave|rather|that('?s| is) (all|it))\b",
    re.IGNORECASE,
)
NOTHING = re.compile(
    r"\b(good|fine|ok|okay|that'?s (all|it|right|correct)|right|correct|great|perfect|go ahead|continue)\b|\A/deny",
    re.IGNORECASE,
)
_THREATS = re.compile(r"\bif you (do not|don'?t|won'?t|will not|refuse to|fail to)\b", re.IGNORECASE)
_OWN_AGE = re.compile(r"\bi(?:'?m| am) (\d{1,2})(?!\d|[:.,]\d)(?! ?%)", re.IGNORECASE)
_GROWN = 16  # the highest age that GDPR Art. 8 lets a state ask a parent's word for
ABOUT_ACCOUNT = re.compile(r"\b(account|i (mistyped|typed|gave))\b", re.IGNORECASE)
_STEMS = {
    "delet": Right.DELETION,
    "eras": Right.DELETION,
    "remov": Right.DELETION,
    "access": Right.ACCESS,
    "copy": Right.ACCESS,
    "correct": Right.CORRECTION,
    "rectif": Right.CORRECTION,
    "portab": Right.PORTABILITY,
    "export": Right.PORTABILITY,
    "restrict": Right.RESTRICTION,
    "object": Right.OBJECTION,
    "complain": Right.COMPLAINT,
}
NONE_AT_ALL = re.compile(r"\s*(n\W?a\W?|none|not applicable|i have (none|neither))\W*", re.IGNORECASE)


def is_child(text: str) -> bool:
    """Whether a child writes itself: "I am 12". Then only the parent's contact is asked, and no details."""
    said = _OWN_AGE.search(text)
    return said is not None and int(said.group(1)) < _GROWN


def accepts(heard: Heard, offered: Collection[str]) -> bool:
    """Whether a message takes up what was offered, whatever it was read as: "yes, my mail is …", "go on".

    An address alone says yes to a request only, never to something else that was offered.
    """
    if not offered or heard.pressed or "?" in heard.text:
        return False
    if OWN_AFTER_ALL in offered:
        return speaks_of_own(heard.text)
    opens = {right.value for right in Right} - {Right.QUESTION.value} >= set(offered)
    return bool(heard.contacts and opens) or _ACCEPTS.match(heard.text) is not None


def turns_down_all(heard: Heard) -> bool:
    """ "Don't delete my account after all": rights are named, and each is turned down."""
    return bool(heard.rights) and not heard.pressed and not wanted_rights(heard)


def wanted_rights(heard: Heard) -> tuple[Right, ...]:
    """The rights that were asked for, without those that the words turn down ("access, not deletion")."""
    meant = _THREATS.sub(" ", heard.text)
    refused = {
        right for word in _NEGATED.findall(meant) for stem, right in _STEMS.items() if word.lower().startswith(stem)
    }
    named = [right for right in heard.rights if right not in refused]
    if refused and not named:
        named = [right for right in named_rights(heard.text) if right not in refused]
    if not _MINE_TOO.search(heard.text):  # "my son made an account, delete it" is not about the parent's own
        named = [right for right in named if _CHILDS.get(right) not in named]
    return tuple(dict.fromkeys(named))


def named_rights(text: str) -> list[Right]:
    """The rights whose words stand in a text, in their order."""
    words = re.findall(r"\w+", text.lower())
    return [right for word in words for stem, right in _STEMS.items() if word.startswith(stem)]
