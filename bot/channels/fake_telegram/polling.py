"""getUpdates: an answer as soon as there is something, at most `timeout` seconds later; one caller at a time."""

from __future__ import annotations

from typing import Any

from bot.channels.fake_telegram.mailbox import Update
from bot.channels.fake_telegram.parameters import Parameters
from bot.channels.fake_telegram.refusals import bad_request, conflict
from bot.channels.fake_telegram.webhook import Postman
from bot.channels.fake_telegram.world import World

MOST_UPDATES = 100
LONGEST_POLL = 50  # seconds, of the world's time
WEBHOOK_IS_SET = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
OTHER_CALL = "terminated by other getUpdates request; make sure that only one bot instance is running"
SET_MEANWHILE = "terminated by setWebhook request"


class Polling:
    """The one long poll of a bot."""

    def __init__(self, world: World, postman: Postman) -> None:
        """postman: says whether a webhook is set."""
        self._world = world
        self._postman = postman
        self._latest = 0

    async def updates(self, parameters: Parameters) -> list[dict[str, Any]]:
        """What waits for the bot. Raises Refusal (409) beside a webhook, and where a newer call has come."""
        if self._postman.is_set:
            raise conflict(WEBHOOK_IS_SET)
        self._latest += 1
        mine, world = self._latest, self._world
        world.bell.ring()  # an older call sees that it is not the latest any more
        self._set_allowed(parameters)
        if world.mailbox.confirm_below(parameters.integer("offset"), world.pace.now()):
            world.changed()
        limit = min(max(parameters.integer("limit", MOST_UPDATES), 1), MOST_UPDATES)
        seconds = min(max(parameters.integer("timeout"), 0), LONGEST_POLL)
        return [update.wire for update in await self._wait(mine, limit, seconds)]

    def _set_allowed(self, parameters: Parameters) -> None:
        if "allowed_updates" in parameters:
            self._world.mailbox.allowed = read_allowed(parameters)

    async def _wait(self, mine: int, limit: int, seconds: int) -> list[Update]:
        world = self._world
        end = world.pace.now().timestamp() + seconds
        event = world.bell.listen()
        try:
            while True:
                self._check_still_mine(mine)
                left = end - world.pace.now().timestamp()
                found = world.pending()[:limit]
                if found or left <= 0 or world.is_over:
                    break
                await world.bell.wait(event, world.pace.real(left))
        finally:
            world.bell.leave(event)
        world.mailbox.done([update for update in found if world.mailbox.is_again(update)])
        return found

    def _check_still_mine(self, mine: int) -> None:
        if self._postman.is_set:
            raise conflict(SET_MEANWHILE)
        if mine != self._latest:
            raise conflict(OTHER_CALL)
        if refusal := self._world.faults.standing():
            raise refusal


def read_allowed(parameters: Parameters) -> frozenset[str]:
    """The kinds of updates that a bot names; empty for the usual ones. Raises Refusal."""
    named = parameters.structure("allowed_updates") or []
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise bad_request("can't parse allowed updates: expected an Array of String")
    return frozenset(named)
