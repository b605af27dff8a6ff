"""A serving process changes over to what was published: whole, between two turns, and only to what it can trust."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from builders import fresh_id, typed
from chatting import chatting, without_limits
from prometheus_client import CollectorRegistry, generate_latest

from bench.publishing import AFTER, BEFORE, EDITED, QUESTIONS, SHIPPED, Judge, edited_folder
from bench.without import DEFENCES
from bot.launch import assemble, make_app, open_store
from bot.receipts import Receipts
from bot.releases import following
from bot.releases.differing import differences
from bot.releases.following import Follower
from bot.releases.publishing import RefusedError, publish, rollback, wait_until_served, withdraw
from bot.releases.shelf import shelf_of
from bot.releases.starting import PRODUCT, UPGRADED, begin
from bot.settings import BotSettings, data_folder
from policies_kb.errors import DamagedError, ReleaseError, ShelfMovedError, UnknownPolicyError
from policies_kb.knowledge import ROOT
from policies_kb.workshop import workshop

pytestmark = pytest.mark.asyncio
BY = "A. Owner"
EACH = 20  # messages answered between two changes


def now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass
class House:
    """A deployment of two policies: its folder, its shelf, and what serves it."""

    settings: BotSettings
    shelf: Any
    parts: Any
    follower: Follower
    begun: Any

    def publish(self, *policies: str, **options: Any) -> Any:
        return publish(self.settings, self.shelf, policies or ["klasso"], BY, "", now(), **options)

    def edit(self) -> None:
        edited_folder(self.settings.policies)

    async def version(self, question: str = QUESTIONS[0], policy: str = "klasso") -> str:
        """The version that an answer quotes."""
        reply = await self.parts.desk.reply(typed(question, policy=policy))
        return str(reply.answer["quotes"][0]["version"])

    def judge(self) -> Judge:
        texts = {v: (self.settings.policies / "klasso" / f"{v}.txt").read_bytes().decode() for v in (SHIPPED, EDITED)}

        def version_of(number: int) -> str:
            return str(self.shelf.manifest(number).policies["klasso"].current)

        return Judge(texts, version_of, Receipts(self.settings.secret, now))


def deployed(settings: BotSettings, store: Any) -> House:
    """What `python -m bot run` puts together."""
    shelf = shelf_of(settings, store)
    begun = begin(settings, shelf, workshop(data_folder()), now(), lambda line: None)
    parts = assemble(settings, begun.model, store, begun.knowledge)
    follower = Follower(shelf, begun.opener, parts, begun.manifest.number, fresh_id("replica"), now, every=0.02)
    return House(settings, shelf, parts, follower, begun)


@pytest.fixture
def place(settings: BotSettings, model_path: Path, tmp_path: Path) -> BotSettings:
    """The settings of a deployment with two policies."""
    for policy in ("klasso", "klantra"):
        shutil.copytree(ROOT / policy, tmp_path / "policies" / policy)
    data = tmp_path / "data"
    (data / "vectors").mkdir(parents=True)
    return replace(
        settings,
        data=data,
        keys=data / "keys.json",
        policies=tmp_path / "policies",
        database_url=f"sqlite:///{tmp_path / 'desk.db'}",
    )


@pytest.fixture
def house(place: BotSettings) -> Iterator[House]:
    with open_store(place.database_url) as store:
        yield deployed(place, store)


async def test_the_first_start_makes_a_release_of_the_folder(house: House) -> None:
    manifest = house.begun.manifest
    assert (manifest.number, manifest.by, sorted(manifest.policies)) == (1, PRODUCT, ["klantra", "klasso"])
    assert house.parts.knowledge.release == 1 and await house.version() == SHIPPED


async def test_what_nobody_has_reviewed_is_not_in_the_first_release(place: BotSettings) -> None:
    edited_folder(place.policies)  # a text that is not the one that ships
    made = begin(place, shelf_of(place, None), workshop(data_folder()), now(), print).manifest
    assert sorted(made.policies) == ["klantra"]


async def test_an_edit_is_not_served_and_the_start_says_so(house: House) -> None:
    house.edit()
    shutil.copytree(ROOT / "classtime", house.settings.policies / "classtime")
    await house.follower.look()
    assert await house.version() == SHIPPED
    assert begin(house.settings, house.shelf, workshop(data_folder()), now(), print).manifest.number == 1
    edited, added = sorted(differences(house.settings, house.begun.manifest, house.begun.knowledge), reverse=True)
    assert "klasso was edited and is served as before: python -m bot policy compare klasso" in edited
    assert "classtime is not published yet" in added


async def test_what_is_published_is_served_without_a_restart_and_rolled_back(house: House) -> None:
    house.edit()
    before = house.parts.knowledge.get("klantra")
    made = house.publish()
    await house.follower.look()
    assert (made.number, house.follower.served, house.parts.knowledge.release) == (2, 2, 2)
    assert await house.version() == EDITED and house.parts.knowledge.get("klantra") is before
    assert rollback(house.shelf, 1, BY, "the period was wrong", now()).number == 1
    await house.follower.look()
    assert await house.version() == SHIPPED and house.parts.knowledge.release == 1
    assert house.publish().number == 3


async def test_a_turn_under_way_ends_with_what_it_began_with(house: House) -> None:
    old, begun, go_on = house.parts.desk.agent, asyncio.Event(), asyncio.Event()
    usual = old.handle_message

    async def slow(message: Any) -> Any:
        begun.set()
        await go_on.wait()
        return await usual(message)

    old.handle_message = slow
    house.edit()
    under_way = asyncio.ensure_future(house.version())
    await begun.wait()
    house.publish()
    await house.follower.look()
    assert await house.version() == EDITED
    assert old.processor is not None
    go_on.set()
    assert await under_way == SHIPPED
    await asyncio.gather(*house.follower._retiring)
    assert old.processor is None


async def asked_while_moving(house: House, moves: int) -> list[Any]:
    """Messages without a pause while releases change; the answers as the API gives them."""
    app, stop, replies = make_app(house.settings, house.parts), asyncio.Event(), []
    enough = asyncio.Condition()
    without_limits(app)

    async def ask() -> None:
        async with chatting(app) as chat:
            number = 0
            while not stop.is_set():
                replies.append(await chat.say(QUESTIONS[number % len(QUESTIONS)]))
                number += 1
                async with enough:
                    enough.notify_all()

    asking = [asyncio.ensure_future(ask()) for _ in range(4)]
    for _ in range(moves):
        before, number = len(replies), house.shelf.current()
        target = 2 if number == 1 else 1
        await asyncio.to_thread(house.shelf.point_to, target, BY, "", now())
        await house.follower.look()
        async with enough:
            await enough.wait_for(lambda wanted=before + EACH: len(replies) >= wanted)
    stop.set()
    await asyncio.gather(*asking)
    return replies


async def test_no_answer_is_lost_or_a_mixture_while_releases_change(house: House) -> None:
    house.edit()
    house.publish()
    replies = await asked_while_moving(house, 6)
    judge = house.judge()
    assert not any(judge.is_mixture(reply) for reply in replies)
    versions = Counter(reply["answer"]["quotes"][0]["version"] for reply in replies)
    assert min(versions[SHIPPED], versions[EDITED]) >= EACH and len(replies) >= 6 * EACH


async def test_the_check_sees_a_follower_that_changes_the_knowledge_without_the_agent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_load", "_retire"):
        monkeypatch.setattr(Follower, name, getattr(Follower, name))  # put back afterwards
    DEFENCES["release"]()
    house.edit()
    house.publish()
    replies = await asked_while_moving(house, 2)
    assert any(house.judge().is_mixture(reply) for reply in replies)


async def test_a_conversation_in_the_middle_of_a_form_goes_on(house: House) -> None:
    app = make_app(house.settings, house.parts)
    async with chatting(app) as chat:
        await chat.confirming()
        house.edit()
        house.publish()
        await house.follower.look()
        aside = await chat.say(QUESTIONS[0])
        assert aside["answer"]["quotes"][0]["version"] == EDITED
        filed = (await chat.say("yes"))["request"]
    assert filed["reference"] and house.follower.served == 2


async def test_a_request_keeps_the_version_under_which_it_was_filed(house: House) -> None:
    app = make_app(house.settings, house.parts)
    async with chatting(app) as first:
        before = (await first.file())["request"]["reference"]
        house.edit()
        house.publish()
        await house.follower.look()
        async with chatting(app) as second:
            after = (await second.file())["request"]["reference"]
        versions = [house.parts.requests.show(one).policy_version for one in (before, after)]
    assert versions == [SHIPPED, EDITED]


async def test_all_that_reads_the_knowledge_sees_the_new_release(house: House) -> None:
    app = make_app(house.settings, house.parts)
    shutil.copytree(ROOT / "classtime", house.settings.policies / "classtime")
    assert house.parts.mail.name_of("classtime") == "the company"
    house.edit()
    house.publish("klasso", "classtime")
    await house.follower.look()
    async with chatting(app, "classtime") as chat:
        listed = (await chat.http.get("/api/policies")).json()["policies"]
        page = await chat.http.get(f"/p/klasso/{EDITED}")
        older = await chat.http.get(f"/p/klasso/{SHIPPED}")
        said = await chat.say("how do I delete my account at classtime?")
    assert {one["id"]: one["version"] for one in listed}["klasso"] == EDITED and len(listed) == 3
    assert AFTER in page.text and BEFORE in older.text and said["answer"]["release"] == 2
    assert house.parts.mail.name_of("classtime") == "Classtime"


async def test_what_is_taken_out_is_answered_no_more_while_its_requests_are_told_of(house: House) -> None:
    app = make_app(house.settings, house.parts)
    async with chatting(app) as chat:
        await chat.say("delete my account")
        made = withdraw(house.shelf, "klasso", BY, "the company left", now())
        await house.follower.look()
        assert (made.number, sorted(made.policies), house.follower.served) == (2, ["klantra"], 2)
        refused = await chat.post({"id": "late", "text": "do you sell my data?"})
        news = await chat.http.get("/api/messages", headers={"Authorization": f"Bearer {chat.token}"})
        page = await chat.http.get("/p/klasso")
        assert (refused.status_code, news.status_code, page.status_code) == (410, 200, 404)
    assert await house.version("who gets my data?", "klantra")
    assert house.publish("klasso").number == 3
    await house.follower.look()
    assert await house.version() == SHIPPED


async def test_what_is_not_served_cannot_be_taken_out_nor_the_last_policy(house: House) -> None:
    with pytest.raises(UnknownPolicyError, match="not published"):
        withdraw(house.shelf, "classtime", BY, "", now())
    with pytest.raises(ReleaseError, match="say who does it"):
        withdraw(house.shelf, "klasso", "", "", now())
    withdraw(house.shelf, "klasso", BY, "", now())
    with pytest.raises(ReleaseError, match="the only policy"):
        withdraw(house.shelf, "klantra", BY, "", now())
    assert house.shelf.current() == 2


def flipped(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()  # it may be a link to a file that others use
    path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])


@pytest.mark.parametrize("what", ["archive", "manifest", "moves"])
async def test_a_damaged_release_is_refused_while_running_and_at_the_start(
    house: House, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = CollectorRegistry()
    house.follower.show_on(registry)
    house.edit()
    made, folder = house.publish(), house.shelf.cache
    paths = {
        "archive": folder / "blobs" / made.policies["klasso"].sha256,
        "manifest": folder / "manifests" / "2.json",
        "moves": folder / "moves",
    }
    whole = paths[what].read_bytes()
    flipped(paths[what])
    await house.follower.look()
    await house.follower.look()
    assert await house.version() == SHIPPED and house.follower.served == 1
    shown = generate_latest(registry).decode()
    assert "desk_release 1.0" in shown and ("desk_releases_refused_total 1.0" in shown) == (what != "moves")
    with pytest.raises(DamagedError):
        begin(house.settings, shelf_of(house.settings, None), workshop(data_folder()), now(), print)
    paths[what].write_bytes(whole)
    monkeypatch.setattr(following, "AGAIN_AFTER", 0.0)
    house.follower._refused = (0, 0.0)
    await house.follower.look()
    assert await house.version() == EDITED


async def test_a_release_of_another_version_of_the_product_is_left_to_those_that_can_load_it(house: House) -> None:
    house.edit()
    house.publish()
    house.follower.code = "another"
    await house.follower.look()
    assert house.follower.served == 1 and await house.version() == SHIPPED


async def test_an_upgraded_product_serves_the_same_policies_with_a_model_of_its_own(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.edit()
    for name in ("starting", "building", "publishing"):
        monkeypatch.setattr(f"bot.releases.{name}.code_fingerprint", lambda: "another")
    begun = begin(house.settings, house.shelf, workshop(data_folder()), now(), lambda line: None)
    assert (begun.manifest.number, begun.manifest.why, begun.manifest.model.code) == (2, UPGRADED, "another")
    assert dict(begun.manifest.policies) == dict(house.begun.manifest.policies)
    # Going back over the upgrade keeps the model that this product can load.
    house.publish()
    back = rollback(house.shelf, 1, BY, "", now())
    assert (back.number, back.model.code) == (4, "another")
    assert dict(back.policies) == dict(house.begun.manifest.policies)


async def test_the_gate_refuses_and_nothing_changes(house: House) -> None:
    house.edit()
    seen: list[Any] = []

    def gate(prepared: Any) -> list[str]:
        seen.append(prepared)
        return ["3 clauses are not accepted: python -m bot policy accept klasso"]

    with pytest.raises(RefusedError, match="3 clauses are not accepted"):
        house.publish(gate=gate)
    assert house.shelf.current() == 1 and len(house.shelf.moves()) == 1
    assert seen[0].published.number == 1 and not seen[0].is_trained_anew and list(seen[0].folders) == ["klasso"]


async def test_nothing_new_is_not_published_and_a_name_must_be_given(house: House) -> None:
    with pytest.raises(ReleaseError, match="nothing has changed"):
        house.publish()
    house.edit()
    with pytest.raises(ReleaseError, match="say who does it"):
        publish(house.settings, house.shelf, ["klasso"], " ", "", now())
    with pytest.raises(ReleaseError, match="is the one that is served"):
        rollback(house.shelf, 1, BY, "", now())


async def test_who_publishes_beside_another_is_told(house: House) -> None:
    house.edit()

    def slow(prepared: Any) -> list[str]:
        if house.shelf.current() == 1:
            house.publish("klasso")
        return []

    with pytest.raises(ShelfMovedError, match="look again"):
        house.publish("klasso", gate=slow)
    assert house.shelf.current() == 2


async def test_publishing_waits_for_the_processes_that_serve(house: House) -> None:
    stop = asyncio.Event()
    running = asyncio.ensure_future(house.follower.run(stop))
    house.edit()
    made = await asyncio.to_thread(house.publish)
    done, of, _ = await asyncio.to_thread(wait_until_served, house.shelf, made.number, now)
    assert (done, of) == (1, 1) and house.follower.served == made.number
    stop.set()
    await running
    assert house.shelf.serving() == ()


async def test_two_replicas_on_postgresql_change_over_without_a_shared_disk(
    place: BotSettings, tmp_path: Path, postgres_url: str
) -> None:
    houses = []
    for number in range(2):
        data = tmp_path / f"machine{number}"
        (data / "vectors").mkdir(parents=True)
        own = replace(place, data=data, database_url=postgres_url)
        houses.append(deployed(own, open_store(postgres_url)))
    one, other = houses
    assert one.begun.manifest.number == other.begun.manifest.number == 1
    one.edit()
    made = one.publish()
    for house in houses:
        await house.follower.look()
        assert house.follower.served == made.number == 2 and await house.version() == EDITED
    assert sorted(said.number for said in one.shelf.serving()) == [2, 2]
    for house in houses:
        house.parts.store.close()
