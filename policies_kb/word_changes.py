"""What changed inside a reworded clause, word by word. The stretches of either side put together are its text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum

from policies_kb import facts

_TOKEN = re.compile(r"\s+|[^\W_]+(?:['’.,@-][^\W_]+)*|.", re.DOTALL)
_NEGATION = re.compile(
    r"\b(?:no|not|never|none|nor|neither|without|cannot|unless|except|only|no longer|\w+n['’]t)\b", re.IGNORECASE
)
_ALLOWING = re.compile(r"\b(?:may|might|can|could|consent|permission|if|when|where)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|thirty|sixty|ninety)\b", re.I)
_SHORT = 3  # characters between two changes that are too little to be read as unchanged
_Opcode = tuple[str, int, int, int, int]


class Side(str, Enum):
    """Where a stretch of text stands."""

    BOTH = "both"
    OLD = "old"
    NEW = "new"


@dataclass(frozen=True)
class Stretch:
    """Some text of a clause. is_weighty: a number, a period, or a word that turns a sentence round was changed."""

    side: Side
    text: str
    is_weighty: bool = False


def word_changes(old: str, new: str) -> tuple[Stretch, ...]:
    """Both texts in one: what both have, and where they part first the old words and then the new ones."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    stretches: list[Stretch] = []
    for tag, start, end, new_start, new_end in _joined(before, after):
        if tag == "equal":
            # What counts as the same may differ in white space; it is shown as the new text has it.
            stretches.append(Stretch(Side.BOTH, "".join(after[new_start:new_end])))
            continue
        gone, come = "".join(before[start:end]), "".join(after[new_start:new_end])
        stretches += [
            Stretch(side, text, is_weighty(text)) for side, text in ((Side.OLD, gone), (Side.NEW, come)) if text
        ]
    return tuple(stretches)


def is_weighty(words: str) -> bool:
    """Whether words hold a number, a period of time, or one that denies or limits."""
    return bool(_NUMBER.search(words) or _NEGATION.search(words) or facts.periods(words))


def weighty_words(old: str, new: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The changed stretches that carry weight, those of the old text and those of the new one."""
    changes = [one for one in word_changes(old, new) if one.is_weighty]
    sides = [tuple(one.text.strip() for one in changes if one.side is side) for side in (Side.OLD, Side.NEW)]
    return sides[0], sides[1]


def may_turn(old: str, new: str) -> bool:
    """Whether words that deny, limit or allow were changed, so that a "no" may have become a "yes"."""
    changed = [one.text for one in word_changes(old, new) if one.side is not Side.BOTH]
    return any(_NEGATION.search(text) or _ALLOWING.search(text) for text in changed)


def _joined(before: list[str], after: list[str]) -> list[_Opcode]:
    """The differences; two that only a space or a comma parts are one."""
    codes = SequenceMatcher(None, [_same(t) for t in before], [_same(t) for t in after], autojunk=False).get_opcodes()
    joined: list[_Opcode] = []
    for place, code in enumerate(codes):
        inside = 0 < place < len(codes) - 1 and code[0] == "equal"
        if inside and len("".join(after[code[3] : code[4]]).strip()) < _SHORT:
            code = ("replace", *code[1:])
        if joined and joined[-1][0] != "equal" and code[0] != "equal":
            joined[-1] = ("replace", joined[-1][1], code[2], joined[-1][3], code[4])
        else:
            joined.append(code)
    return joined


def _same(token: str) -> str:
    return " " if token.isspace() else token
