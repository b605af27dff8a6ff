"""A redacted value shows itself to nobody who does not ask by name."""

import copy
import json
import pickle
from dataclasses import asdict, dataclass

import pytest

from pii.redacted import Redacted

SECRET = "alice@example.org"


@dataclass(frozen=True)
class Holder:
    contact: Redacted


@pytest.mark.parametrize(
    "shown",
    [
        str(Redacted(SECRET)),
        repr(Redacted(SECRET)),
        f"{Redacted(SECRET)}",
        f"{Redacted(SECRET):>40}",
        f"{Redacted(SECRET)!r}",
        "%s" % (Redacted(SECRET),),  # noqa: UP031 - the old way of formatting is what is tested
        f"{Redacted(SECRET):.3}",
        repr(Holder(Redacted(SECRET))),
        repr([Redacted(SECRET)]),
        str(asdict(Holder(Redacted(SECRET)))),
        json.dumps({"contact": Redacted(SECRET)}, default=str),
        str(dir(Redacted(SECRET))),
    ],
)
def test_no_way_of_showing_gives_the_value_away(shown: str) -> None:
    assert "alice" not in shown and "ali" not in shown.replace("[redacted]", "")


def test_reveal_gives_the_value() -> None:
    assert Redacted(SECRET).reveal() == SECRET


def test_json_refuses_it() -> None:
    with pytest.raises(TypeError):
        json.dumps(Redacted(SECRET))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_is_refused_without_telling_the_value(protocol: int) -> None:
    with pytest.raises(TypeError) as refusal:
        pickle.dumps(Holder(Redacted(SECRET)), protocol)
    assert SECRET not in str(refusal.value)


def test_it_is_not_text_has_no_dict_and_does_not_change() -> None:
    value = Redacted(SECRET)
    assert not isinstance(value, str) and not hasattr(value, "__dict__")
    with pytest.raises(AttributeError):
        value.other = "x"  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        del value._Redacted__value  # type: ignore[attr-defined]


def test_equal_values_are_equal_and_copies_are_the_same() -> None:
    value = Redacted(SECRET)
    assert value == Redacted(SECRET) and hash(value) == hash(Redacted(SECRET))
    assert value != Redacted("bob@example.org") and value != SECRET
    assert copy.deepcopy(value) is value and copy.copy(value) is value
