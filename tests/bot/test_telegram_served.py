"""The Telegram bot as it is served: a real process, spoken to through the pretend Telegram's doors under /test/."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from builders import fresh_address
from serving import PATIENCE, Running, free_port, started, stopped
from telegram_house import TOKEN, served

from bot.channels.fake_telegram.world import World
from bot.telegram_settings import DEMO_TOKEN
from tickets.mail import read_maildir

CODE = re.compile(r"(?<![\w-])[0-9A-Z]{4}-[0-9A-Z]{4}(?![\w-])")
REFERENCE = re.compile(r"\bKLS-[0-9A-Z]{4}-[0-9A-Z]{4}\b")
STOP = re.compile(r"/stop/[\w-]+")
NAMES = ("Canaria", "Canarius")  # of people in the pretend Telegram; no log may have them
PHONE = "+44 20 7946 0123"
QUESTION = "do you record calls?"
YES = "Klasso does not record, store, or share your video"
DELETE = "please delete my account"
FORM = (("Shall I open a request", "yes"), ("e-mail address or phone", ""), ("Is there anything", "no"))


def until(holds: Callable[[], Any], what: object = "it did not happen") -> Any:
    """What a look gives, once it gives something."""
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, what() if callable(what) else what
        time.sleep(0.05)
    return found


@dataclass
class Doors:
    """The pretend Telegram, as a test acts in it; the product beside it. canaries: what no log may have."""

    url: str
    running: Running
    canaries: list[str] = field(default_factory=list)

    def act(self, what: str, **arguments: Any) -> Any:
        """Do something there."""
        response = httpx.post(f"{self.url}/test/{what}", json=arguments, timeout=10)
        assert response.status_code == 200, response.text
        return response.json()["result"]

    def said(self, chat: int) -> list[dict[str, Any]]:
        """What the bot said in a chat."""
        return list(httpx.get(f"{self.url}/test/messages", params={"chat": chat}, timeout=10).json())

    def person(self, start: str | None = "klasso") -> "Person":
        """Somebody new, who came by a deep link."""
        person = Person(self, self.act("new_person", name=NAMES[0]))
        self.canaries.append(str(person.chat))
        if start is not None:
            person.does("start", payload=start)
        return person


@dataclass
class Person:
    """One who chats with the bot."""

    doors: Doors
    chat: int
    address: str = ""

    def heard(self) -> list[str]:
        """All that the bot said to them."""
        return [message["text"] for message in self.doors.said(self.chat)]

    def next_after(self, count: int) -> str:
        """The first message after so many."""
        until(lambda: len(self.heard()) > count, self.heard)
        return self.heard()[count]

    def does(self, what: str, **arguments: Any) -> str:
        """Act, and hear what the bot says to it."""
        count = len(self.heard())
        self.doors.act(what, chat=self.chat, **arguments)
        return self.next_after(count)

    def says(self, text: str) -> str:
        """Write, and hear the answer."""
        return self.does("say", text=text)

    def buttons(self) -> list[str]:
        """The words of the buttons that stand in the chat, oldest first."""
        rows = [row for message in self.doors.said(self.chat) for row in message["buttons"]]
        return [str(button["text"]) for row in rows for button in row]

    def press(self, words: str) -> str:
        """Press the latest button of these words, and hear the answer."""
        count = len(self.heard())
        self.tap(words)
        return self.next_after(count)

    def tap(self, words: str, times: int = 1) -> int:
        """Press it and wait for nothing. Gives the message that it stands under."""
        shown = [one for one in self.doors.said(self.chat) if words in str(one["buttons"])]
        self.doors.act("press", message_id=shown[-1]["id"], button=words, times=times)
        return int(shown[-1]["id"])

    def files(self) -> str:
        """File a deletion, up to its receipt. Gives its reference."""
        self.address = fresh_address()
        self.doors.canaries.append(self.address)
        said = self.says(DELETE)
        for asked, answer in FORM:
            assert asked in said, said
            said = self.says(answer or f"it is {self.address}")
        assert "Please check" in said, said
        (reference,) = set(REFERENCE.findall(self.press("Yes, open the request")))
        return str(reference)

    def mail(self) -> str:
        """The newest mail that they got."""
        folder = self.doors.running.folder / "data" / "mail"
        found = until(lambda: [mail for mail in read_maildir(folder) if mail.to == self.address], "no mail came")
        return str(found[0].text)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Iterator[Doors]:
    """The product with its demo of Telegram; at the end its log is read."""
    port = free_port()
    running = started(tmp_path_factory.mktemp("telegram"), PRIVACY_DESK_DEMO_TELEGRAM=str(port))
    opened = Doors(f"http://127.0.0.1:{port}", running, [DEMO_TOKEN, PHONE, *NAMES])
    yield opened
    stopped(running)
    log = running.log.read_text("utf-8")
    assert "question_answered" in log, "nothing was logged"
    assert [canary for canary in opened.canaries if canary in log] == []
    assert '"level": "error"' not in log, log[-2000:]


# --- one person


def test_the_first_message_says_who_this_is_whose_policy_how_long_and_how_to_reach_a_person(doors: Doors) -> None:
    person = doors.person()
    greeting = person.heard()[0]
    for words in ("I am a machine", "Klasso's privacy policy", "30 days", "forget me", "ask for a person"):
        assert words in greeting
    assert "I am a machine" not in person.says("hello again")


def test_a_question_is_answered_by_a_quote_that_links_to_its_clause(doors: Doors) -> None:
    person = doors.person()
    said = person.says(QUESTION)
    assert YES in said
    entities = doors.said(person.chat)[-1]["entities"]
    assert "blockquote" in [entity["type"] for entity in entities]
    link = next(entity["url"] for entity in entities if entity["type"] == "text_link")
    page, _, clause = link.partition("#")
    assert page.startswith(doors.running.url) and f'id="{clause}"' in httpx.get(page).text


def test_a_request_is_filed_to_the_end_and_its_status_and_its_stop_arrive_as_messages(doors: Doors) -> None:
    person = doors.person()
    reference = person.files()
    assert doors.said(person.chat)[-1]["buttons"], "the receipt offers nothing"
    mail = person.mail()
    code = CODE.findall(mail.replace(reference, ""))[0]
    doors.canaries.append(code)
    assert "the code is right" in person.says(code)
    assert reference in person.says("/status")
    heard = len(person.heard())
    link = STOP.findall(mail)[0]
    doors.canaries.append(link)
    assert httpx.post(f"{doors.running.url}{link}").status_code == 200
    assert reference in person.next_after(heard)
    assert len(person.heard()) == heard + 1


def test_a_button_pressed_twice_acts_once_and_is_taken_away(doors: Doors) -> None:
    person = doors.person()
    person.says(DELETE)
    heard = len(person.heard())
    message = person.tap("Yes, open a request", times=2)
    assert "e-mail address or phone" in person.next_after(heard)
    pressed = until(lambda: [one for one in doors.said(person.chat) if one["id"] == message and not one["buttons"]])[0]
    assert pressed["text"].endswith("› Yes, open a request")
    assert "no request was opened" in person.says("/cancel"), "the second press was answered too"
    assert len(person.heard()) == heard + 2
    assert httpx.get(f"{doors.url}/test/unanswered").json() == []


def test_what_the_bot_cannot_read_is_answered_with_a_sentence_and_an_edit_changes_nothing(doors: Doors) -> None:
    person = doors.person()
    assert "photos" in person.does("send_photo")
    assert "contact card" in person.does("send_contact", phone=PHONE)
    number = doors.act("say", chat=person.chat, text=QUESTION)
    answered = person.next_after(3)
    heard = len(person.heard())
    doors.act("edit", message_id=number, text=DELETE)
    assert "send it again as a new message" in person.next_after(heard)
    assert answered in person.heard() and "There is no request" in person.says("/status")


def test_who_blocks_the_bot_and_comes_back_is_answered_again(doors: Doors) -> None:
    person = doors.person()
    heard = len(person.heard())
    doors.act("say", chat=person.chat, text="what are cookies?")
    doors.act("block", chat=person.chat)
    until(lambda: not httpx.get(f"{doors.url}/test/pending").json())
    doors.act("unblock", chat=person.chat)
    doors.act("say", chat=person.chat, text=QUESTION)
    until(lambda: [text for text in person.heard()[heard:] if YES in text], person.heard)


# --- several policies in one chat


def test_a_chat_can_go_from_one_policy_to_another_and_keeps_them_apart(doors: Doors) -> None:
    person = doors.person()
    assert "This chat is about Klasso" in person.says("/policy")
    assert "Klantra's privacy policy" in person.press("Klantra")
    assert "Klantra" in person.says(QUESTION)
    assert "Klantra" in person.says("/mydata")
    person.says("/policy")
    assert "now about Klasso" in person.press("Klasso")
    assert YES in person.says(QUESTION)


def test_forgetting_erases_the_whole_chat_and_names_what_stays_open_with_another_company(doors: Doors) -> None:
    person = doors.person()
    reference = person.files()
    person.does("start", payload="klantra")
    person.says(QUESTION)
    person.says("/forgetme")
    erased = person.press("Erase this chat")
    assert "This chat is erased" in erased and reference in erased
    assert "Choose one" in person.says("/status")
    person.press("Klasso")
    assert reference in person.says("/status")


def test_somebody_without_a_deep_link_picks_a_policy_first(doors: Doors) -> None:
    person = doors.person(start="")
    assert "Whose policy is it about?" in person.heard()[0]
    assert "Klasso's privacy policy" in person.press("Klasso")
    assert YES in person.says(QUESTION)


# --- groups


@dataclass
class Group:
    """A group of two people, about Klasso."""

    doors: Doors
    chat: int
    people: tuple[int, ...]

    def heard(self) -> list[dict[str, Any]]:
        """What the bot said there."""
        return self.doors.said(self.chat)

    def says(self, who: int, text: str, **more: Any) -> dict[str, Any]:
        """A member writes; gives what the bot says."""
        count = len(self.heard())
        self.doors.act("say_in_group", group=self.chat, person=self.people[who], text=text, **more)
        until(lambda: len(self.heard()) > count, self.heard)
        return self.heard()[count]


@pytest.fixture(scope="module")
def group(doors: Doors) -> Group:
    people = [doors.act("new_person", name=name) for name in NAMES]
    made = Group(doors, doors.act("new_group", title="Example", people=people), tuple(people))
    doors.canaries += map(str, (*people, made.chat))
    picker = until(made.heard)[0]
    doors.act("press", message_id=picker["id"], button="Klasso", person=people[0])
    until(lambda: len(made.heard()) > 1)
    return made


def test_a_group_is_answered_about_the_policy_and_sent_to_a_private_chat_with_the_rest(group: Group) -> None:
    assert YES in group.says(0, QUESTION)["text"]
    personal = group.says(1, DELETE)
    assert "in private" in personal["text"]
    assert personal["buttons"][0][0]["url"].endswith("?start=klasso")
    assert "in private" in group.says(1, f"my address is {fresh_address()}")["text"]


def test_a_group_is_not_answered_where_the_bot_is_not_meant(group: Group) -> None:
    count = len(group.heard())
    group.doors.act("say_in_group", group=group.chat, person=group.people[0], text=QUESTION, mention=False)
    assert YES in group.says(1, QUESTION)["text"]
    assert len(group.heard()) == count + 1


def test_two_members_do_not_share_what_the_bot_remembers(group: Group) -> None:
    assert "Klasso" in group.says(0, "how do you use my data?")["text"]
    assert "That is all I found" in group.says(1, "tell me more")["text"], "it went on with what another one asked"
    assert "has more that bears on your question" in group.says(0, "tell me more")["text"]


# --- stops and kills


@dataclass
class Outlived:
    """The product beside a Telegram that lives longer than it does. chats: of people who have been greeted."""

    world: World
    url: str
    folder: Path
    chats: list[int] = field(default_factory=list)

    def start(self) -> Running:
        """Start it, or start it again over the same database."""
        return started(self.folder, TELEGRAM_BOT_TOKEN=TOKEN, TELEGRAM_API_URL=f"{self.url}/bot")

    def greet(self, count: int) -> None:
        """So many people come by a deep link."""
        self.chats = [self.world.new_person(NAMES[1]) for _ in range(count)]
        for chat in self.chats:
            self.world.start(chat, "klasso")
        until(lambda: all(map(self.world.messages, self.chats)))

    def texts(self, chat: int) -> list[str]:
        """What the bot said to one of them."""
        return [message.text for message in self.world.messages(chat)]

    def answers(self, words: str = YES) -> list[int]:
        """How often that was said to each of them."""
        return [sum(words in text for text in self.texts(chat)) for chat in self.chats]

    def says(self, chat: int, text: str) -> str:
        """One of them writes and is answered."""
        count = len(self.texts(chat))
        self.world.say(chat, text)
        until(lambda: len(self.texts(chat)) > count)
        return self.texts(chat)[count]

    def ask(self, answered: int) -> None:
        """All ask at once. Returns when one of them has the answer, the count of which is then beyond that."""
        for chat in self.chats:
            self.world.say(chat, QUESTION)
        until(lambda: sum(self.answers()) > answered)
        assert sum(self.answers()) < answered + len(self.chats), "nothing was left to be lost"


@pytest.fixture
def outlived(tmp_path: Path, model_path: Path) -> Iterator[Outlived]:
    world = World(TOKEN, "desk_bot", limits=False)
    with served(world) as url:
        yield Outlived(world, url, tmp_path)


def test_nothing_is_lost_or_done_twice_by_a_stop_and_a_kill_and_no_log_has_a_token_or_a_person(
    outlived: Outlived,
) -> None:
    running, everybody, logs = outlived.start(), 20, []
    try:
        outlived.greet(everybody)
        filing = outlived.chats[0]
        for text in (DELETE, "yes", fresh_address(), "no"):
            said = outlived.says(filing, text)
        assert "Please check" in said

        outlived.ask(answered=0)
        stopped(running)
        logs.append(running.log.read_text("utf-8"))
        running = outlived.start()
        until(lambda: min(outlived.answers()) == 1, outlived.answers)
        assert max(outlived.answers()) == 1

        outlived.world.say(filing, "yes")
        outlived.ask(answered=everybody)
        running.process.kill()
        running.process.wait()
        logs.append(running.log.read_text("utf-8"))
        running = outlived.start()
        until(lambda: min(outlived.answers()) >= 2, outlived.answers)
        status = outlived.says(filing, "/status")
        (reference,) = set(REFERENCE.findall(" ".join(outlived.texts(filing))))
        assert REFERENCE.findall(status) == [reference]
        # What Telegram had taken when the kill came may be sent again: nobody can know that it arrived.
        assert sum(outlived.answers()) <= 2 * everybody + 3
    finally:
        stopped(running)
    logs.append(running.log.read_text("utf-8"))
    secret = (TOKEN, TOKEN.partition(":")[2], NAMES[1], *map(str, outlived.chats))
    assert [one for one in secret if one in "".join(logs)] == []
