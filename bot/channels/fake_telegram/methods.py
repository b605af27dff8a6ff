"""What a bot may call, by its name; names are told apart without regard to capitals, as by the real server."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from bot.channels.fake_telegram import talking
from bot.channels.fake_telegram.parameters import Parameters
from bot.channels.fake_telegram.people import Wire
from bot.channels.fake_telegram.polling import Polling, read_allowed
from bot.channels.fake_telegram.refusals import Refusal, bad_request
from bot.channels.fake_telegram.webhook import DEFAULT_CONNECTIONS, Postman
from bot.channels.fake_telegram.world import World

COMMAND = re.compile(r"[a-z0-9_]{1,32}")
SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")
MOST_COMMANDS = 100
LONGEST_ABOUT = {"description": 512, "short_description": 120}  # characters
Call = Callable[[Parameters], Any]


class Methods:
    """The methods of one bot."""

    def __init__(self, world: World, postman: Postman) -> None:
        """postman: carries updates to the webhook, if the bot sets one."""
        self._world = world
        self._postman = postman
        self._waiting: dict[str, Callable[[Parameters], Awaitable[Any]]] = {
            "getupdates": Polling(world, postman).updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
        }
        self._immediate: dict[str, Call] = {
            "getme": self._me,
            "getwebhookinfo": lambda parameters: postman.info(),
            "sendmessage": lambda parameters: talking.send_message(world, parameters),
            "editmessagetext": lambda parameters: talking.edit_text(world, parameters),
            "editmessagereplymarkup": lambda parameters: talking.edit_keyboard(world, parameters),
            "deletemessage": lambda parameters: talking.delete(world, parameters),
            "answercallbackquery": lambda parameters: talking.answer_press(world, parameters),
            "sendchataction": lambda parameters: talking.show_typing(world, parameters),
            "setmycommands": self._set_commands,
            "getmycommands": self._commands,
            "deletemycommands": self._delete_commands,
            "setmydescription": lambda parameters: self._set_about("description", parameters),
            "getmydescription": lambda parameters: self._about("description", parameters),
            "setmyshortdescription": lambda parameters: self._set_about("short_description", parameters),
            "getmyshortdescription": lambda parameters: self._about("short_description", parameters),
            "getchat": self._chat,
        }

    async def call(self, method: str, parameters: Parameters) -> Any:
        """The result of a call. Raises Refusal."""
        name = method.lower()
        self._world.calls[name] = self._world.calls.get(name, 0) + 1
        if refusal := self._world.faults.refusal_of(name):
            raise refusal
        if name in self._waiting:
            return await self._waiting[name](parameters)
        if name not in self._immediate:
            raise Refusal(404, "Not Found: method not found")
        with self._world.lock:
            return self._immediate[name](parameters)

    def _me(self, parameters: Parameters) -> Wire:
        return {
            **self._world.bot,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    async def _set_webhook(self, parameters: Parameters) -> bool:
        url, secret = parameters.text("url"), parameters.text("secret_token")
        if not url:
            return await self._delete_webhook(parameters)
        _check_webhook(url, secret, https_only=self._world.strict_urls)
        if "allowed_updates" in parameters:
            self._world.mailbox.allowed = read_allowed(parameters)
        if parameters.flag("drop_pending_updates"):
            self._world.mailbox.drop_all()
        connections = min(max(parameters.integer("max_connections", DEFAULT_CONNECTIONS), 1), 100)
        await self._postman.start(url, secret, connections)
        return True

    async def _delete_webhook(self, parameters: Parameters) -> bool:
        await self._postman.stop()
        if parameters.flag("drop_pending_updates"):
            self._world.mailbox.drop_all()
        return True

    def _set_commands(self, parameters: Parameters) -> bool:
        commands = parameters.structure("commands")
        if not isinstance(commands, list) or not all(isinstance(one, dict) for one in commands):
            raise bad_request("can't parse list of bot commands JSON array")
        if len(commands) > MOST_COMMANDS:
            raise bad_request("too many bot commands specified")
        self._world.commands[_scope(parameters)] = [_checked_command(one) for one in commands]
        self._world.changed()
        return True

    def _commands(self, parameters: Parameters) -> list[Wire]:
        return self._world.commands.get(_scope(parameters), [])

    def _delete_commands(self, parameters: Parameters) -> bool:
        self._world.commands.pop(_scope(parameters), None)
        self._world.changed()
        return True

    def _set_about(self, name: str, parameters: Parameters) -> bool:
        text = parameters.text(name)
        if len(text) > LONGEST_ABOUT[name]:
            raise bad_request(f"bot {name.replace('_', ' ')} is too long")
        self._world.descriptions[name, parameters.text("language_code")] = text
        self._world.changed()
        return True

    def _about(self, name: str, parameters: Parameters) -> Wire:
        texts = self._world.descriptions
        return {name: texts.get((name, parameters.text("language_code")), texts.get((name, ""), ""))}

    def _chat(self, parameters: Parameters) -> Wire:
        chat = talking.chat_of(self._world, parameters)
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        accepted = dict.fromkeys(gifts, True)
        return {**chat.wire(), "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": accepted}


def _check_webhook(url: str, secret: str, *, https_only: bool) -> None:
    if not SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise bad_request("bad webhook: invalid URL specified") from None
    if not host:
        raise bad_request("bad webhook: URL host is empty")
    if parts.scheme not in ("http", "https"):
        raise bad_request("bad webhook: unsupported URL protocol")
    if https_only and parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")


def _checked_command(told: Wire) -> Wire:
    name, description = str(told.get("command", "")).removeprefix("/"), str(told.get("description", ""))
    if not COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def _scope(parameters: Parameters) -> tuple[str, str]:
    """Whom a list of commands is for: a kind of chats, or one chat; and in which language."""
    told = parameters.structure("scope") or {}
    kind = str(told.get("type", "default")) if isinstance(told, dict) else "default"
    chat = f":{told['chat_id']}" if isinstance(told, dict) and "chat_id" in told else ""
    return f"{kind}{chat}", parameters.text("language_code")
