"""Telegram's chats: one conversation for each chat, member and policy, sealed, forgotten, and found after new keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import NOW
from keeping_builders import add_message, add_request, add_talk

from pii.encryption import KeyRing, Vault, load_ring, save_ring
from pii.redacted import Redacted
from tickets.chats import Chat, Chats
from tickets.errors import InputError
from tickets.following import FollowingVault
from tickets.inbox import Inbox, Incoming
from tickets.retention import Keeper
from tickets.rotation import rotate
from tickets.store import Store
from tickets.vocabulary import Status

NUMBER = 987_654_321_012
PRIVATE = Chat("7", NUMBER)
ANNE, BERT = Chat("7", -100, 1), Chat("7", -100, 2)
MINUTE = timedelta(minutes=1)

Count = Callable[[str], int]


@pytest.fixture
def chats(store: Store, vault: Vault) -> Chats:
    return Chats(store, vault)


@pytest.fixture
def keeper(store: Store, vault: Vault) -> Keeper:
    return Keeper(store, vault)


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


# Binding


def test_a_chat_has_one_conversation_about_a_policy(chats: Chats) -> None:
    first = chats.bind(PRIVATE, "klasso", NOW)
    assert first.is_new and first.policy == "klasso" and first.conversation.startswith("tg:")
    again = chats.bind(PRIVATE, "klasso", days(1))
    assert (again.conversation, again.is_new) == (first.conversation, False)
    assert chats.address_of(first.conversation) == PRIVATE


def test_the_policy_bound_last_is_the_current_one(chats: Chats) -> None:
    assert chats.current(PRIVATE) is None
    one = chats.bind(PRIVATE, "klasso", NOW)
    two = chats.bind(PRIVATE, "klantra", NOW + MINUTE)
    assert chats.current(PRIVATE) is not None and chats.current(PRIVATE).policy == "klantra"  # type: ignore[union-attr]
    back = chats.bind(PRIVATE, "klasso", NOW + 2 * MINUTE)
    assert (back.conversation, back.is_new) == (one.conversation, False)
    assert chats.current(PRIVATE) == back
    assert chats.conversations_of(PRIVATE) == (one.conversation, two.conversation)


@pytest.mark.parametrize(
    "other", [Chat("8", NUMBER), Chat("7", NUMBER + 1), Chat("7", NUMBER, 1), Chat("7", NUMBER, 0)]
)
def test_another_bot_chat_or_member_is_somebody_else(chats: Chats, other: Chat) -> None:
    mine = chats.bind(PRIVATE, "klasso", NOW)
    assert chats.current(other) is None and chats.lane_of(other) != chats.lane_of(PRIVATE)
    assert chats.bind(other, "klasso", NOW).conversation != mine.conversation


def test_two_members_of_a_group_share_nothing(chats: Chats) -> None:
    anne, bert = chats.bind(ANNE, "klasso", NOW), chats.bind(BERT, "klasso", NOW)
    assert anne.conversation != bert.conversation and chats.lane_of(ANNE) != chats.lane_of(BERT)
    assert chats.conversations_of(ANNE) == (anne.conversation,)


def test_equal_chats_have_one_lane_that_does_not_tell_them(chats: Chats) -> None:
    lane = chats.lane_of(Chat("7", NUMBER))
    assert lane == chats.lane_of(PRIVATE) and lane.startswith("tg-lane:") and str(NUMBER) not in lane
    assert len(lane) <= 200


@pytest.mark.parametrize("policy", ["", "x" * 201, "a\0b"])
def test_a_policy_that_cannot_be_one_is_refused(chats: Chats, policy: str) -> None:
    with pytest.raises(InputError):
        chats.bind(PRIVATE, policy, NOW)


def test_of_an_unknown_conversation_nothing_is_known(chats: Chats) -> None:
    chats.blocked("tg:nobody", NOW)
    assert chats.address_of("tg:nobody") is None and not chats.is_blocked("tg:nobody")


# Blocked


def test_who_blocks_the_bot_blocks_it_in_all_conversations_of_the_chat_until_they_write_again(chats: Chats) -> None:
    one, two = (chats.bind(PRIVATE, policy, NOW).conversation for policy in ("klasso", "klantra"))
    other = chats.bind(ANNE, "klasso", NOW).conversation
    chats.blocked(one, NOW)
    assert [chats.is_blocked(name) for name in (one, two, other)] == [True, True, False]
    chats.bind(PRIVATE, "klasso", NOW + MINUTE)
    assert chats.is_blocked(one)
    chats.unblocked(PRIVATE)
    assert not chats.is_blocked(one) and not chats.is_blocked(two)
    chats.unblocked(PRIVATE)


# Forgetting


def test_a_forgotten_chat_begins_anew(chats: Chats, keeper: Keeper) -> None:
    bound = chats.bind(PRIVATE, "klasso", NOW)
    keeper.forget(bound.conversation, days(1))
    assert chats.current(PRIVATE) is None
    assert chats.bind(PRIVATE, "klasso", days(2)).is_new


def test_a_forgotten_chat_still_hears_the_last_word_and_then_its_number_goes(
    chats: Chats, keeper: Keeper, store: Store, vault: Vault, count: Count
) -> None:
    bound = chats.bind(PRIVATE, "klasso", NOW)
    keeper.forget(bound.conversation, days(1))
    with store.unit() as unit:
        add_message(unit, vault, bound.conversation, days(1), way="telegram")
        unit.commit()
    assert keeper.purge(days(1) + 11 * MINUTE).chats == 0
    assert chats.address_of(bound.conversation) == PRIVATE
    with store.unit() as unit:
        unit.execute(sa.text("UPDATE outbox SET status = 'sent', done_at = created_at"))
        unit.commit()
    assert keeper.purge(days(1) + 12 * MINUTE).chats == 1
    assert chats.address_of(bound.conversation) is None and count("chats") == 0


def test_a_forgotten_chat_with_an_open_request_hears_of_it_until_it_is_closed(
    chats: Chats, keeper: Keeper, store: Store, vault: Vault
) -> None:
    bound = chats.bind(PRIVATE, "klasso", NOW)
    add_request(store, vault, bound.conversation, NOW, channel="telegram")
    keeper.forget(bound.conversation, days(1))
    keeper.purge(days(20))
    assert chats.address_of(bound.conversation) == PRIVATE
    again = chats.bind(PRIVATE, "klasso", days(20))
    assert (again.conversation, again.is_new) == (bound.conversation, True)  # so its request is still found there
    keeper.forget(bound.conversation, days(21))
    with store.unit() as unit:
        unit.execute(sa.text("UPDATE requests SET status = 'withdrawn', closed_at = received_at"))
        unit.commit()
    assert keeper.purge(days(22)).chats == 1


def test_forgetting_erases_what_waits_of_the_chat_but_not_of_another(
    chats: Chats, keeper: Keeper, store: Store, vault: Vault
) -> None:
    bound, box = chats.bind(PRIVATE, "klasso", NOW), Inbox(store, vault)
    lanes = [chats.lane_of(chat) for chat in (PRIVATE, PRIVATE, ANNE)]
    box.receive_all([Incoming("telegram:7", str(n), lane, Redacted("{}")) for n, lane in enumerate(lanes)], NOW)
    keeper.forget(bound.conversation, days(1))
    assert (box.waiting(lanes[0]), box.waiting(lanes[2])) == (0, 1)
    assert not box.receive(Incoming("telegram:7", "0", lanes[0], Redacted("{}")), days(1)).is_new


def test_what_a_backup_brings_back_of_a_chat_is_forgotten_again(
    chats: Chats, keeper: Keeper, store: Store, vault: Vault
) -> None:
    bound, box = chats.bind(PRIVATE, "klasso", NOW), Inbox(store, vault)
    keeper.forget(bound.conversation, days(1))
    with store.unit() as unit:
        unit.execute(sa.text("UPDATE chats SET forgotten_at = NULL, is_current = true"))
        unit.commit()
    box.receive(Incoming("telegram:7", "1", chats.lane_of(PRIVATE), Redacted("{}")), NOW)
    assert keeper.reapply_erasures(days(2)).conversations == 1
    assert chats.current(PRIVATE) is None and box.waiting() == 0


def test_a_chat_that_came_back_after_being_forgotten_stays_when_a_backup_is_erased_again(
    chats: Chats, keeper: Keeper
) -> None:
    bound = chats.bind(PRIVATE, "klasso", NOW)
    keeper.forget(bound.conversation, days(1))
    chats.bind(PRIVATE, "klasso", days(2))
    keeper.reapply_erasures(days(3))
    assert chats.current(PRIVATE) is not None


def test_a_row_that_is_damaged_does_not_keep_the_rest_from_being_forgotten(
    chats: Chats, keeper: Keeper, store: Store, vault: Vault, count: Count
) -> None:
    bound = chats.bind(PRIVATE, "klasso", NOW)
    add_talk(store, vault, bound.conversation, NOW)
    with store.unit() as unit:
        unit.execute(sa.text("UPDATE chats SET id = 'moved'"))
        unit.commit()
    keeper.forget(bound.conversation, days(1))
    assert count("conversations") == 0


# Purging


def test_a_chat_leaves_after_its_conversation_in_two_steps(
    chats: Chats, keeper: Keeper, store: Store, vault: Vault
) -> None:
    bound = chats.bind(PRIVATE, "klasso", NOW)
    add_talk(store, vault, bound.conversation, days(20))
    assert keeper.purge(days(50)).chats == 0 and chats.current(PRIVATE) is not None
    with store.unit() as unit:
        unit.execute(sa.text("DELETE FROM outbox"))
        unit.commit()
    assert keeper.purge(days(51)).chats == 0 and chats.current(PRIVATE) is None
    assert chats.address_of(bound.conversation) == PRIVATE
    assert keeper.purge(days(51) + 11 * MINUTE).chats == 1


def test_a_chat_with_an_open_request_stays_bound_however_silent(
    chats: Chats, keeper: Keeper, store: Store, vault: Vault
) -> None:
    bound = chats.bind(PRIVATE, "klasso", NOW)
    add_request(store, vault, bound.conversation, NOW)
    for day in (40, 41):
        assert keeper.purge(days(day)).chats == 0
    assert chats.current(PRIVATE) is not None


def test_a_chat_that_was_just_bound_stays_although_nothing_was_said_yet(chats: Chats, keeper: Keeper) -> None:
    chats.bind(PRIVATE, "klasso", NOW)
    keeper.purge(days(2))
    assert chats.current(PRIVATE) is not None


# Keys and secrecy


@pytest.fixture
def ring_path(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    load_ring(path)
    return path


def test_a_chat_is_found_with_new_keys_and_no_longer_with_the_old(
    store: Store, ring_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickets.rotation.SETTLE_SECONDS", 0.0)
    old, following = Chats(store, Vault(load_ring(ring_path))), Chats(store, FollowingVault(ring_path))
    bound, lane = old.bind(PRIVATE, "klasso", NOW), old.lane_of(PRIVATE)
    rotate(store, ring_path)
    assert following.bind(PRIVATE, "klasso", NOW) == following.current(PRIVATE)
    assert following.conversations_of(PRIVATE) == (bound.conversation,)
    assert following.address_of(bound.conversation) == PRIVATE and following.lane_of(PRIVATE) == lane
    assert old.current(PRIVATE) is None


def test_a_chat_is_found_while_keys_are_being_changed(store: Store, ring_path: Path) -> None:
    chats = Chats(store, FollowingVault(ring_path))
    one = chats.bind(PRIVATE, "klasso", NOW)
    save_ring(ring_path, load_ring(ring_path).with_new_key())
    assert chats.bind(PRIVATE, "klasso", NOW).conversation == one.conversation
    two = chats.bind(PRIVATE, "klantra", NOW + MINUTE)
    chats.blocked(one.conversation, NOW)
    assert chats.is_blocked(two.conversation)
    assert chats.conversations_of(PRIVATE) == (two.conversation, one.conversation)


def test_the_number_of_a_chat_lies_nowhere_in_the_file(migrated_file: Path, tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "chats.db"
    path.write_bytes(migrated_file.read_bytes())
    with Store(f"sqlite:///{path}") as store:
        chats = Chats(store, vault)
        bound = chats.bind(PRIVATE, "klasso", NOW)
        body = Redacted(f'{{"chat": {NUMBER}}}')
        Inbox(store, vault).receive(Incoming("telegram:7", "1", chats.lane_of(PRIVATE), body), NOW)
        data = path.read_bytes()
    assert bound.conversation.encode() in data
    for planted in (str(NUMBER).encode(), NUMBER.to_bytes(8, "big"), NUMBER.to_bytes(6, "big"), f"{NUMBER:x}".encode()):
        assert planted not in data
    assert str(NUMBER) not in repr(PRIVATE)


def test_without_the_keys_a_lane_cannot_be_computed(chats: Chats, store: Store) -> None:
    assert Chats(store, Vault(KeyRing.new())).lane_of(PRIVATE) != chats.lane_of(PRIVATE)


def test_a_request_that_is_closed_does_not_hold_a_forgotten_chat(
    chats: Chats, keeper: Keeper, store: Store, vault: Vault
) -> None:
    bound = chats.bind(PRIVATE, "klasso", NOW)
    add_request(store, vault, bound.conversation, NOW, Status.WITHDRAWN)
    keeper.forget(bound.conversation, days(1))
    assert keeper.purge(days(2)).chats == 1
