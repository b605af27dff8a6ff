"""A policy's change in the console: what waits, who may sign, what is written down; the bot is a stand-in here."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from desk_room import words_of
from owner_room import HERE, OwnerRoom, edited, own_policies
from staff_people import PASSWORD, Clock, Person

from bot.settings import BotSettings
from console.house import House
from console.pages.policy_change_asking import Asking
from console.pages.policy_change_desk import OwnersDesk
from console.pages.policy_change_errands import ASK, PUBLISH, Errand, Errands, environment_for
from policies_kb.documents import Document
from policies_kb.folders import PolicyFolder
from policies_kb.gate import ObstacleKind, Published, obstacles
from policies_kb.golden import GoldenResult, Understood, ask_golden
from policies_kb.golden_records import golden_record, golden_results
from policies_kb.knowledge import KnowledgeBase, load_policy
from policies_kb.lint import findings
from policies_kb.pending import finding_id
from policies_kb.relabelling import checked_label, relabel
from policies_kb.releases.archives import archive_policy
from policies_kb.releases.folder_shelf import FolderShelf
from policies_kb.releases.manifest import Draft, ModelFile, PolicyFile, digest_of
from policies_kb.topics import Topic
from policies_kb.workbench import update
from policies_kb.workshop import Workshop, workshop
from tickets.deeds import Deeds
from tickets.vocabulary import Role, Subject

PATIENCE = 20.0  # seconds until a hang counts as one


class Reader:
    """Hears the same topic in everything; what it is asked does not matter here."""

    def read(self, text: str) -> Understood:
        return Understood("ask_policy", {Topic("data_retention"): 1.0})


@pytest.fixture(scope="module")
def shop(settings: BotSettings) -> Workshop:
    return workshop(settings.data)


@pytest.fixture
def room(house: House, clock: Clock, tmp_path: Path, shop: Workshop) -> OwnerRoom:
    """Klasso is published as it ships; the folder holds the next version."""
    folder = own_policies(tmp_path)
    archive, model = tmp_path / "klasso.zip", tmp_path / "model.tar.gz"
    model.write_bytes(b"a model")
    file = PolicyFile(archive_policy(folder.path, archive), folder.current)
    draft = Draft("the product", "the first", ModelFile("a", digest_of(model), "code"), {"klasso": file})
    shelf = FolderShelf(house.settings.data / "releases")
    shelf.publish(draft, {file.sha256: archive, draft.model.sha256: model}, clock.now, None)
    edited(folder, shop)
    return OwnerRoom(house, clock, tmp_path)


@pytest.fixture
def approver(room: OwnerRoom) -> Iterator[Person]:
    person = room.enter(Role.APPROVER)
    with person.client:
        yield person


def form(page: str, **fields: str) -> dict[str, str]:
    """What a button of the page sends."""
    found = re.search(r'name="seen" value="(\w+)"', page)
    return {"seen": found.group(1) if found else "", "by": "", **fields}


def waiting_clauses(page: str) -> list[str]:
    return re.findall(r'/accept" name="clause" value="([^"]+)"', page)


def golden_part(person: Person) -> str:
    """The part of the page with the questions, once they were asked."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        part = person.get(f"{HERE}/golden").text
        if "every 1s" not in part:
            return part
        time.sleep(0.05)
    raise AssertionError("still asking")


def answered(room: OwnerRoom, shop: Workshop) -> str:
    """What the bot would print: the answers of a desk that hears one topic in all."""
    base = KnowledgeBase({"klasso": load_policy(room.folder.path, (shop.encoder, shop.vectors))})
    results = ask_golden(room.folder.golden(), Reader(), lambda asked, topics: base.answer("klasso", asked, topics))  # type: ignore[arg-type]
    return json.dumps({"obstacles": [], "golden": [golden_record(one) for one in results]})


def ended(room: OwnerRoom, person: Person) -> str:
    """The part that tells how publishing went."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        part = person.get(f"{HERE}/run").text
        if "Being done" not in part:
            return words_of(part)
        time.sleep(0.05)
    raise AssertionError("still publishing")


def test_the_page_offers_a_button_for_exactly_what_the_gate_asks(room: OwnerRoom, approver: Person) -> None:
    page = approver.get(HERE).text
    published = OwnersDesk(room.house).published("klasso")
    found = obstacles(published, room.folder, None)
    assert isinstance(published, Published) and len(found) > 5
    asked = {one.command.split()[6] for one in found if one.kind is ObstacleKind.CLAUSE}
    assert set(waiting_clauses(page)) == asked
    fields = {one.command.split()[6] for one in found if one.kind is ObstacleKind.CONFIRM}
    assert set(re.findall(r'name="field" value="([^"]+)"', page)) == fields


def test_a_change_is_shown_side_by_side_with_what_it_does_to_the_answers(approver: Person) -> None:
    page = approver.get(HERE).text
    assert "<ins" in page and "<del" in page and 'class="weighty"' in page
    places = set(re.findall(r'id="clause-([^"]+)"', page))
    assert set(re.findall(r'href="#clause-([^"]+)"', page)) <= places and set(waiting_clauses(page)) <= places
    words = words_of(page)
    assert "cookies and similar tracking: silent → answers" in words
    assert (
        "Published · " in words
        and "People are answered from version 2026-04. In the folder lies version 2026-09" in words
    )


def test_the_list_of_policies_says_how_the_folder_stands(room: OwnerRoom, approver: Person) -> None:
    page = words_of(approver.get("/knowledge").text)
    found = re.search(r"published 2026-04 · folder 2026-09, (\d+) things to settle", page)
    assert found and int(found[1]) > 5
    for command in ("confirm", "accept"):
        assert f'formaction="{HERE}/{command}"' in approver.get(HERE).text


def test_an_acceptance_is_written_under_the_name_with_the_login_behind_it(room: OwnerRoom, approver: Person) -> None:
    page = approver.get(HERE).text
    first, second, *_ = waiting_clauses(page)
    answer = approver.post(f"{HERE}/accept", form(page, clause=first, by="Owner One"))
    assert answer.status_code == 303 and answer.headers["location"] == f"{HERE}#clause-{second}"
    (said,) = room.review.accepted
    assert (said.clause, said.by) == (first, "Owner One (approver-one)")
    assert 'value="Owner One"' in approver.get(HERE).text
    approver.post(f"{HERE}/accept", form(page, clause=second))
    assert room.review.accepted[1].by == "approver-one"


def test_a_remembered_name_is_nobody_elses(room: OwnerRoom, approver: Person) -> None:
    approver.post(f"{HERE}/name", form("", by="Owner One"))
    other = room.enter(Role.APPROVER, "approver-two")
    other.client.cookies.set(
        "desk-signer", approver.client.cookies["desk-signer"], domain="127.0.0.1", path="/knowledge"
    )
    assert 'value="approver-two"' in other.get(HERE).text and "Owner One" not in other.get(HERE).text


@pytest.mark.parametrize("name", ["x", "x" * 81, "Owner\x1b[31m", "Own\u202eer"])
def test_what_is_no_name_signs_nothing(room: OwnerRoom, approver: Person, name: str) -> None:
    page = approver.get(HERE).text
    answer = approver.post(f"{HERE}/accept", form(page, clause=waiting_clauses(page)[0], by=name))
    assert answer.status_code == 422 and "Please type a name" in answer.text and not room.review.accepted


def test_all_are_accepted_only_by_somebody_who_says_to_have_read_them(room: OwnerRoom, approver: Person) -> None:
    page = approver.get(HERE).text
    assert approver.post(f"{HERE}/accept-all", form(page)).status_code == 422 and not room.review.accepted
    approver.post(f"{HERE}/accept-all", form(page, read_clauses="yes"))
    assert {one.clause for one in room.review.accepted} == set(waiting_clauses(page))
    assert waiting_clauses(approver.get(HERE).text) == []


def test_what_is_confirmed_leaves_the_list(room: OwnerRoom, approver: Person) -> None:
    page = approver.get(HERE).text
    approver.post(f"{HERE}/confirm", form(page, field="periods"))
    assert "periods" not in {entry.field for entry in room.folder.profile().to_confirm}
    assert 'name="field" value="periods"' not in approver.get(HERE).text


def test_a_finding_is_explained_with_a_sentence_and_not_without(
    room: OwnerRoom, approver: Person, shop: Workshop
) -> None:
    text = room.folder.compiled().source + "\nWhat we do with your personal data is said in Section 42.\n"
    update(room.folder, Document(text, "txt"), "2026-10", shop.labeller)
    page = approver.get(HERE).text
    (finding,) = re.findall(r'name="finding" value="([^"]+)"', page)
    assert finding in {finding_id(one) for one in findings(room.folder.compiled(), room.folder.profile())}
    refused = approver.post(f"{HERE}/explain", form(page, finding=finding, **{f"why_{finding}": "so"}))
    assert refused.status_code == 422 and ">so</textarea>" in refused.text and not room.review.explained
    approver.post(f"{HERE}/explain", form(page, finding=finding, **{f"why_{finding}": "both of them answer"}))
    assert [(one.finding, one.why) for one in room.review.explained] == [(finding, "both of them answer")]


def test_what_was_changed_since_the_page_was_loaded_is_not_signed(
    room: OwnerRoom, approver: Person, shop: Workshop
) -> None:
    page = approver.get(HERE).text
    path = room.folder.path / "profile.yml"
    path.write_text(path.read_text("utf-8").replace("about: video", "about: other video"), "utf-8")
    for deed, fields in (("accept", {"clause": waiting_clauses(page)[0]}), ("confirm", {"field": "periods"})):
        answer = approver.post(f"{HERE}/{deed}", form(page, **fields))
        assert answer.status_code == 422 and "was changed since this page was loaded" in answer.text
    assert not room.review.accepted and not room.review.confirmed


def test_signatures_of_two_people_at_once_are_both_kept(room: OwnerRoom, approver: Person) -> None:
    other = room.enter(Role.APPROVER, "approver-two")
    page = approver.get(HERE).text
    clauses = waiting_clauses(page)
    halves = {approver.login: (approver, clauses[::2]), other.login: (other, clauses[1::2])}

    def sign(person: Person, own: list[str]) -> None:
        for clause in own:
            assert person.post(f"{HERE}/accept", form(page, clause=clause)).status_code == 303

    threads = [threading.Thread(target=sign, args=half) for half in halves.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    signed = {(one.clause, one.by) for one in room.review.accepted}
    assert signed == {(clause, login) for login, (_, own) in halves.items() for clause in own}


def test_signatures_stand_in_the_trail_of_deeds_without_a_name(room: OwnerRoom, approver: Person) -> None:
    page = approver.get(HERE).text
    approver.post(f"{HERE}/accept-all", form(page, read_clauses="yes", by="Owner One"))
    deed = Deeds(room.house.store).latest(1)[0]
    assert (deed.actor, deed.action, deed.subject, deed.which) == (
        approver.id,
        "policy_clauses_accepted",
        Subject.POLICY,
        "klasso",
    )
    assert deed.detail == {"version": "2026-09", "clauses": str(len(waiting_clauses(page)))}
    assert "accepted changed clauses of" in room.enter(Role.ADMIN).get("/staff/trail").text


def test_golden_questions_are_asked_once_and_decided_as_they_were_shown(
    room: OwnerRoom, approver: Person, shop: Workshop
) -> None:
    room.says(answered(room, shop), code=1)
    page, part = approver.get(HERE).text, golden_part(approver)
    assert "32 asked" in part and "Wanted" in part and "Now got" in part
    numbers = re.findall(r'name="question" value="(\d+)"', part)
    approver.post(f"{HERE}/decide", form(page, question=numbers[0]))
    (said,) = room.review.decided
    wanted = room.folder.golden()[int(numbers[0]) - 1]
    assert (said.ask, said.kind) == (wanted.ask, wanted.kind.value)
    left = re.findall(r'name="question" value="(\d+)"', golden_part(approver))
    assert left == numbers[1:] and room.calls == [["policy", "review", "klasso", "--json"]]
    assert approver.post(f"{HERE}/decide-all", form(page)).status_code == 422
    approver.post(f"{HERE}/decide-all", form(page, read_golden="yes"))
    assert 'name="question"' not in golden_part(approver) and len(room.review.decided) == len(numbers)


def test_questions_that_could_not_be_asked_are_said_so_and_asked_again_on_demand(
    room: OwnerRoom, approver: Person, shop: Workshop
) -> None:
    for output, code in (("nothing to read", 2), ("", 1), ("{}", 0), ("{", 1), ('{"golden": [{"ask": 1}]}', 1)):
        room.says(output, code)
        approver.post(f"{HERE}/ask", form(""))
        part, calls = golden_part(approver), len(room.calls)
        assert "could not be asked" in part and "Ask again" in part, output
        assert "could not be asked" in golden_part(approver) and len(room.calls) == calls, output
    room.says(answered(room, shop), code=1)
    assert "could not be asked" in golden_part(approver)
    approver.post(f"{HERE}/ask", form(""))
    assert "32 asked" in golden_part(approver)


def test_an_answer_that_comes_while_the_page_looks_for_it_is_not_called_a_failure(
    room: OwnerRoom, approver: Person, shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.says(answered(room, shop), code=1, seconds=0.5)
    started: list[Errand] = []
    start, results = Errands.start, Asking.results

    def remembered(errands: Errands, errand: Errand, arguments: Sequence[str], seconds: float) -> bool:
        started.append(errand)
        return start(errands, errand, arguments, seconds)

    def slow(asking: Asking, folder: PolicyFolder) -> list[GoldenResult] | None:
        until = time.monotonic() + PATIENCE
        while started and started[0].is_running and time.monotonic() < until:
            time.sleep(0.01)
        return results(asking, folder)

    monkeypatch.setattr(Errands, "start", remembered)
    monkeypatch.setattr(Asking, "results", slow)
    assert "32 asked" in golden_part(approver) and len(started) == 1


def test_an_answer_about_the_folder_as_it_was_is_asked_for_anew(
    room: OwnerRoom, approver: Person, shop: Workshop
) -> None:
    room.says(answered(room, shop), code=1, seconds=0.5)
    assert "every 1s" in approver.get(f"{HERE}/golden").text
    clause = room.folder.compiled().clauses[-1]
    relabel(room.folder, clause.id, checked_label({Topic("contact"): 3}, {}))
    assert "32 asked" in golden_part(approver)
    assert room.calls == [["policy", "review", "klasso", "--json"]] * 2


def test_an_answer_that_comes_back_is_the_one_that_was_sent(room: OwnerRoom, shop: Workshop) -> None:
    records = json.loads(answered(room, shop))["golden"]
    results = golden_results(records, room.folder.golden(), room.folder.compiled())
    assert [golden_record(one) for one in results] == records


def test_nothing_can_be_published_while_something_stands_in_the_way(room: OwnerRoom, shop: Workshop) -> None:
    admin = room.enter(Role.ADMIN)
    with admin.client:
        room.says(answered(room, shop), code=1)
        assert "/publish" not in golden_part(admin)
        page = admin.get(HERE).text
        for deed in ("accept-all", "decide-all"):
            admin.post(f"{HERE}/{deed}", form(page, read_clauses="yes", read_golden="yes"))
        for field in dict.fromkeys(entry.field for entry in room.folder.profile().to_confirm):
            admin.post(f"{HERE}/confirm", form(page, field=field))
        assert "Nothing stands in the way" in golden_part(admin) and "/publish" in golden_part(admin)


def test_publishing_takes_the_password_and_a_reason_and_is_told_live(room: OwnerRoom) -> None:
    admin = room.enter(Role.ADMIN)
    with admin.client:
        page = admin.get(HERE).text
        fields = form(page, by="Owner One", why_publish="--all of it")
        assert "Your password again" in admin.post(f"{HERE}/publish", fields).text and room.calls == []
        admin.confirm()
        assert admin.post(f"{HERE}/publish", form(page)).status_code == 422
        room.says("release 2 is published: klasso\nserved by 1 of 1 processes", progress=("  archiving klasso …",))
        assert admin.post(f"{HERE}/publish", fields).headers["location"] == f"{HERE}#run"
        shown = ended(room, admin)
        assert "archiving klasso …" in shown and "release 2 is published: klasso served by 1 of 1 processes" in shown
    # What was typed is one argument each, however it begins.
    assert room.calls == [["policy", "publish", "--by=Owner One (admin-one)", "--why=--all of it", "--", "klasso"]]
    deed = Deeds(room.house.store).latest(1)[0]
    assert (deed.action, deed.which, deed.detail) == ("policy_publish_begun", "klasso", {"version": "2026-09"})


def test_a_refusal_is_shown_in_its_own_words(room: OwnerRoom) -> None:
    admin = room.enter(Role.ADMIN)
    with admin.client:
        admin.confirm()
        room.says("", code=1, progress=("not published: klasso", "  <b>1 field</b> waits"))
        admin.post(f"{HERE}/publish", form(admin.get(HERE).text, why_publish="we try"))
        ended(room, admin)
        page = admin.get(HERE).text
        assert "Not done" in page and "&lt;b&gt;1 field&lt;/b&gt; waits" in page and "<b>1 field" not in page


def test_a_release_is_gone_back_to_with_its_number_alone(room: OwnerRoom) -> None:
    admin = room.enter(Role.ADMIN)
    with admin.client:
        admin.confirm()
        for number in ("-1", "1 2", "", "٣", "9" * 10):
            answer = admin.post(f"{HERE}/rollback", form("", number=number, why_back="too early"))
            assert answer.status_code == 422 and room.calls == []
        admin.post(f"{HERE}/rollback", form("", number="1", why_back="too early"))
        ended(room, admin)
    assert room.calls == [["policy", "rollback", "--by=admin-one", "--why=too early", "--", "1"]]


def test_a_policy_is_taken_out_with_a_reason_and_the_last_one_is_not_offered(room: OwnerRoom) -> None:
    admin = room.enter(Role.ADMIN)
    with admin.client:
        assert "/withdraw" not in admin.get(HERE).text  # the only one that is served
        admin.confirm()
        assert admin.post(f"{HERE}/withdraw", form("")).status_code == 422 and room.calls == []
        shelf = FolderShelf(room.house.settings.data / "releases")
        one = shelf.manifest(1)
        both = {**one.policies, "classtime": one.policies["klasso"]}
        shelf.publish(Draft("Owner One", "", one.model, both), {}, room.clock.now, 1)
        assert f"{HERE}/withdraw" in admin.get(HERE).text
        admin.post(f"{HERE}/withdraw", form("", why_out="the company left"))
        ended(room, admin)
    assert room.calls == [["policy", "withdraw", "--by=admin-one", "--why=the company left", "--", "klasso"]]
    assert Deeds(room.house.store).latest(1)[0].action == "policy_withdraw_begun"


def test_a_viewer_sees_everything_and_can_do_nothing(room: OwnerRoom, shop: Workshop) -> None:
    viewer, agent = room.enter(Role.VIEWER), room.enter(Role.AGENT)
    room.says(answered(room, shop), code=1)
    with viewer.client:
        page, part = viewer.get(HERE).text, golden_part(viewer)
    assert "Clauses, published and folder" in page and "32 asked" in part
    assert "formaction" not in page + part and 'id="sign"' not in page
    for person in (viewer, agent):
        for deed in (
            "accept",
            "accept-all",
            "confirm",
            "explain",
            "decide",
            "decide-all",
            "ask",
            "publish",
            "withdraw",
            "rollback",
        ):
            assert person.post(f"{HERE}/{deed}", form("", clause="x", again=PASSWORD)).status_code == 403
    assert not room.review.accepted


def test_an_approver_neither_publishes_nor_goes_back(room: OwnerRoom, approver: Person) -> None:
    for deed in ("publish", "withdraw", "rollback"):
        assert approver.post(f"{HERE}/{deed}", form("", number="1", again=PASSWORD)).status_code == 403
    assert room.calls == [] and "/rollback" not in approver.get(HERE).text


@pytest.mark.parametrize("policy", ["nowhere", "..", "%2e%2e", "klasso%00", "-h"])
def test_there_is_no_page_for_what_is_no_policy(approver: Person, policy: str) -> None:
    assert approver.get(f"/knowledge/{policy}/change").status_code == 404


def test_a_folder_that_cannot_be_read_is_said_without_its_place(room: OwnerRoom, approver: Person) -> None:
    (room.folder.path / "2026-09.clauses.json").write_text("{}", "utf-8")
    answer = approver.get(HERE)
    assert answer.status_code == 200 and "cannot be published as it is" in answer.text
    assert str(room.house.settings.policies) not in answer.text


def test_only_one_errand_runs_and_publishing_does_not_wait_for_questions(room: OwnerRoom) -> None:
    (room.stand_in / "bot" / "__main__.py").write_text("import time; time.sleep(60)", "utf-8")

    async def run() -> None:
        errands, asking, publishing = (
            Errands(room.house.settings),
            Errand(ASK, "klasso", "k"),
            Errand(PUBLISH, "klasso"),
        )
        assert errands.start(asking, ["review", "klasso"], 60)
        assert not errands.start(publishing, ["publish"], 60)
        await errands.make_way()
        assert not asking.is_running and errands.start(publishing, ["publish"], 0.2)
        await errands.make_way()
        assert publishing.is_running  # nobody ends what publishes
        assert publishing.task
        await publishing.task
        assert publishing.code == 124 and "took longer" in publishing.trouble

    asyncio.run(run())


def test_the_bot_is_called_with_the_places_of_this_console(room: OwnerRoom) -> None:
    settings = room.house.settings
    made = environment_for(settings, {"PATH": "/bin", "PRIVACY_DESK_DATA": "elsewhere"})
    assert made["PATH"] == "/bin" and made["PRIVACY_DESK_DATA"] == str(settings.data)
    assert made["PRIVACY_DESK_POLICIES"] == str(settings.policies)
