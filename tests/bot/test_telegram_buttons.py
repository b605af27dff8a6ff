"""What stands behind a button, and that it opens nothing anywhere else."""

from __future__ import annotations

import ast
import itertools
import random
import re

import pytest
from domain_reading import domain, nodes, pattern_of

from actions.own_data import SURE
from actions.referral import OTHER, OWN
from actions.request_form import Step
from bot.channels.telegram.buttons import LONGEST_CODE, LONGEST_DATA, Buttons, TooLongError, lengthened, shortened
from bot.menu import PREFIX
from pii.redacted import Redacted
from tickets.vocabulary import Right

BUTTONS = Buttons(Redacted("only-for-tests-only-for-tests-only-for-tests"))


def patterns() -> set[str]:
    """Every payload that stands in the code or in domain.yml, with {} where a value is put in."""
    responses = [text for texts in domain()["responses"].values() for text in texts]
    found = {button["payload"] for text in responses for button in text.get("buttons", ())}
    for node in nodes():
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                if isinstance(key, ast.Constant) and key.value == "payload":
                    found.add(pattern_of(value) if isinstance(value, ast.JoinedStr) else getattr(value, "value", ""))
    return {pattern for pattern in found if pattern}


def values_of(name: str) -> list[str]:
    if name == "right":
        return [right.value for right in Right]
    return [OWN, OTHER] if name == "party" else [SURE, *(step.value for step in Step)]


def filled(pattern: str, values: tuple[str, ...]) -> str:
    for value in values:
        pattern = pattern.replace('"{}"', f'"{value}"', 1)
    return pattern


def payloads() -> list[str]:
    """The same with every value that can be put in."""
    made = [f"{PREFIX}{right.value}" for right in Right] + [f"{PREFIX}none", f"{PREFIX}cancel"]
    for pattern in sorted(patterns()):
        names = re.findall(r'"(\w+)": "\{\}"', pattern)
        for values in itertools.product(*(values_of(name) for name in names)):
            made.append(filled(pattern, values))
    return made


def test_every_payload_of_the_product_fits_behind_a_button_and_comes_back() -> None:
    assert len(payloads()) > 40 and any("party" in payload for payload in payloads())
    for payload in payloads():
        data = BUTTONS.data("tg:" + "a" * 32, payload)
        assert len(data.encode()) <= LONGEST_DATA
        assert BUTTONS.payload("tg:" + "a" * 32, data) == payload


def test_what_does_not_fit_is_said_at_once() -> None:
    with pytest.raises(TooLongError):
        BUTTONS.data("tg:a", "x" * (LONGEST_CODE + 1))


@pytest.mark.parametrize(
    "payload",
    [
        "/affirm",
        '/request{"right":"deletion"}',
        '/request{"right": "a|b"}',
        '/request{"right": 5}',
        '/request{"other": "x"}',
        "/request{broken",
        "menu:deletion",
        "request|r=deletion",
        "pick:klasso",
    ],
)
def test_whatever_the_payload_it_is_never_taken_for_another(payload: str) -> None:
    code = shortened(payload)
    assert code == payload or lengthened(code) == payload


def test_a_button_of_one_conversation_opens_nothing_in_another() -> None:
    data = BUTTONS.data("tg:one", "/affirm")
    assert BUTTONS.payload("tg:one", data) == "/affirm"
    assert BUTTONS.payload("tg:two", data) is None


def test_another_secret_opens_nothing() -> None:
    data = Buttons(Redacted("another-secret-another-secret-another")).data("tg:one", "/affirm")
    assert BUTTONS.payload("tg:one", data) is None


def test_forged_data_opens_nothing() -> None:
    chance = random.Random(3)
    data = BUTTONS.data("tg:one", "/forget_me")
    forged = [
        "",
        ":",
        "/affirm",
        "/affirm:",
        ":" + data.split(":")[1],
        data + "x",
        data[:-1],
        "\ud800:\ud800",
        data.upper(),
    ]
    for _ in range(1_000):
        at = chance.randrange(len(data))
        forged.append(data[:at] + chr(chance.randrange(33, 1_000)) + data[at + 1 :])
    assert not [one for one in forged if one != data and BUTTONS.payload("tg:one", one) is not None]
