"""Where planted contacts are typed: conversations that go well, and ones in which something fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from builders import WISH, fresh_id
from chatting import Chat, open_chat
from planted import Planted

from bot.launch import Parts
from policies_kb.knowledge import KnowledgeBase
from tickets.contacts import ContactBox
from tickets.errors import StoreUnavailableError
from tickets.store import Store


@dataclass
class Site:
    """The product over HTTP, once well and once with an assistant that always fails."""

    parts: Parts
    apps: tuple[Any, Any]
    clients: tuple[httpx.AsyncClient, httpx.AsyncClient]
    planted: Planted
    monkeypatch: pytest.MonkeyPatch
    conversations: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    async def chat(self, failing: bool = False, policy: str = "klasso") -> Chat:
        chat = await open_chat(self.clients[failing], policy)
        self.conversations.append(self.apps[failing].state.services.sessions.read(chat.token).conversation)
        return chat

    async def keep(self, response: httpx.Response) -> None:
        """Every body and every head that leaves the product."""
        await response.aread()
        self.statuses.add(response.status_code)
        self.answered.append(f"{response.headers}\n{response.text}")


# --- where people type ---------------------------------------------------------------------------------------------


async def questions(site: Site) -> None:
    chat = await site.chat()
    for text in ("do you share {} with anybody?", "how long do you keep {}?", "hello, I am {}", "what is {} to you?"):
        await chat.say(text.format(site.planted.some()))


async def after_a_request(site: Site) -> None:
    chat = await site.chat()
    await chat.file()
    for text in ("what is the status of {}?", "send the code to {}", "my data: {}", "no, {}", "{}", "cancel {}"):
        await chat.say(text.format(site.planted.some(between="\n")))


async def the_form(site: Site) -> None:
    chat = await site.chat(policy="kloudtalk")
    await chat.until_asked("Which e-mail address")
    for text in ("it is {}", "it is about {}", "I mistyped, it should be {}", "change the account to {}", "{}?"):
        await chat.say(text.format(site.planted.some(between="; ")))
    await chat.say("cancel")


async def a_wish_with_everything(site: Site) -> None:
    chat = await site.chat(policy="classtime")
    await chat.say(f"{WISH}, I am {site.planted.some()}")
    await chat.say(f"it is my own account, {site.planted.some()}")


async def a_filed_request(site: Site) -> None:
    chat = await site.chat()
    for text in (WISH, "yes", site.planted.some(5), "no"):
        await chat.say(text)
    assert (await chat.say("yes"))["request"]["created"]


async def forgetting(site: Site) -> None:
    chat = await site.chat()
    await chat.say(site.planted.some(between=" and "))
    for text in ("forget me", "yes"):
        await chat.say(text)


async def malformed(site: Site) -> None:
    chat, http = await site.chat(), site.clients[0]
    some = site.planted.some()
    one = site.planted.some(1)
    for body in ({"id": some, "text": "hi"}, {"id": "1", "text": [some]}, {"id": "1", "text": {some: some}}, [some]):
        await chat.post(body)  # type: ignore[arg-type]
    for body in ({"id": "2", "button": some}, {"id": "2", "button": one}, {"id": fresh_id(), "text": some * 20}):
        await chat.post(body)
    await http.post("/api/messages", content=f'{{"id": "1", "text": "{some}'.encode(), headers=_typed(chat))
    await http.post("/api/messages", json={"id": "1", "text": "hi"}, headers={"Authorization": "Bearer planted"})
    await http.post("/api/sessions", json={"policy": one})
    await http.post("/api/sessions", json={"policy": some})
    for path in ("/p/{}", "/p/klasso/{}", "/stop/{}", "/static/{}", "/nothing/{}", "/?q={}"):
        await http.get(path.format(httpx.QueryParams({"q": one})["q"]))
    await http.post(f"/stop/{one}")
    await http.get("/api/messages", params={"after": one}, headers=_typed(chat))


def _typed(chat: Chat) -> dict[str, str]:
    return {"Authorization": f"Bearer {chat.token}", "content-type": "application/json"}


# --- while something fails -----------------------------------------------------------------------------------------


async def the_menu(site: Site) -> None:
    chat = await site.chat(failing=True)
    failed = await chat.say(f"please delete {site.planted.some()}")
    await chat.press(next(button for button in failed["buttons"] if "deletion" in button["title"]))
    assert "Your request is open" in (await chat.say(f"it is {site.planted.some(5)}"))["text"]
    await chat.say(site.planted.some())


async def the_menu_without_a_store(site: Site) -> None:
    chat = await site.chat(failing=True)
    failed = await chat.say(site.planted.some())
    await chat.press(next(button for button in failed["buttons"] if "copy" in button["title"]))
    some = site.planted.some()
    with site.monkeypatch.context() as patch:
        _break_store(patch, some)
        assert "is kept safely" in (await chat.say(some))["text"]


async def a_store_that_fails(site: Site) -> None:
    chat = await site.chat()
    await chat.confirming()
    for text in ("yes", "{}", "what is the status of {}?", "delete {}", "forget me, {}"):
        some = site.planted.some()
        with site.monkeypatch.context() as patch:
            _break_store(patch, some)
            await chat.say(text.format(some))


def _break_store(patch: pytest.MonkeyPatch, told: str) -> None:
    def down(*_: Any) -> Any:
        raise StoreUnavailableError(f"it broke on {told}")

    patch.setattr(Store, "unit", down)
    patch.setattr(Store, "reading", down)


async def an_action_that_fails(site: Site) -> None:
    chat = await site.chat()
    some = site.planted.some()

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError(f"it broke on {some}")

    with site.monkeypatch.context() as patch:
        patch.setattr(KnowledgeBase, "answer", broken)
        assert "Something went wrong" in (await chat.say(f"do you share {some} with anybody?"))["text"]


async def a_reception_that_fails(site: Site) -> None:
    chat = await site.chat()
    some = site.planted.some()

    def broken(*_: Any) -> Any:
        raise RuntimeError(f"it broke on {some}")

    with site.monkeypatch.context() as patch:
        patch.setattr(ContactBox, "keep", broken)
        await chat.post({"id": fresh_id(), "text": some})


MOST_OF_A_ROUND = 1000  # contacts that all scenes together take, and more
Scene = Callable[[Site], Awaitable[None]]
SCENES: tuple[Scene, ...] = (
    questions,
    after_a_request,
    the_form,
    a_wish_with_everything,
    a_filed_request,
    forgetting,
    malformed,
    the_menu,
    the_menu_without_a_store,
    a_store_that_fails,
    an_action_that_fails,
    a_reception_that_fails,
)
