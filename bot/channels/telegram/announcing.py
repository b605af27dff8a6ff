"""What Telegram is told at the start: the commands with their descriptions, what the bot is, and how it is reached."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from telegram import BotCommand, BotCommandScopeAllGroupChats, BotCommandScopeAllPrivateChats

from bot.channels.telegram.calls import Calls
from bot.channels.telegram.heard import BotName
from bot.channels.telegram.patience import Stopped, until_done
from bot.channels.telegram.speech import COMMANDS, DESCRIPTION, GROUP_COMMANDS, SHORT_DESCRIPTION
from bot.channels.telegram.updates import ALLOWED_UPDATES
from pii.redacted import Redacted

CONNECTIONS = 10  # of Telegram to our webhook


@dataclass(frozen=True)
class Webhook:
    """Where Telegram brings updates to. secret: 1 to 256 of A-Z a-z 0-9 _ and -."""

    url: str
    secret: Redacted


async def who_we_are(calls: Calls, stop: asyncio.Event) -> BotName | None:
    """Asked until Telegram tells. Raises Stopped."""
    return await until_done("getMe", calls.me, stop)


async def reached_by(calls: Calls, webhook: Webhook | None, stop: asyncio.Event) -> None:
    """Have updates brought to the webhook, or with none make polling possible. Raises Stopped."""
    if webhook is None:
        await until_done("deleteWebhook", lambda: calls.call("delete_webhook"), stop)
        return
    await until_done(
        "setWebhook",
        lambda: calls.call(
            "set_webhook",
            url=webhook.url,
            secret_token=webhook.secret.reveal(),
            allowed_updates=list(ALLOWED_UPDATES),
            max_connections=CONNECTIONS,
        ),
        stop,
    )


async def announced(calls: Calls, stop: asyncio.Event) -> None:
    """Commands and descriptions: nothing depends on them, so they are tried beside everything else."""
    commands = [BotCommand(name, words) for name, words in COMMANDS.items()]
    of_groups = [command for command in commands if command.command in GROUP_COMMANDS]
    everywhere = {"commands": commands, "scope": BotCommandScopeAllPrivateChats()}
    in_groups = {"commands": of_groups, "scope": BotCommandScopeAllGroupChats()}
    try:
        await until_done("setMyCommands", lambda: calls.call("set_my_commands", **everywhere), stop)
        await until_done("setMyCommands", lambda: calls.call("set_my_commands", **in_groups), stop)
        await until_done("setMyDescription", lambda: calls.call("set_my_description", description=DESCRIPTION), stop)
        short = {"short_description": SHORT_DESCRIPTION}
        await until_done("setMyShortDescription", lambda: calls.call("set_my_short_description", **short), stop)
    except Stopped:
        return
