"""The world that a newcomer finds."""

from __future__ import annotations

from bot.channels.fake_telegram.state import DEMO_TOKEN, DEMO_USERNAME
from bot.channels.fake_telegram.world import World


def demo_world(token: str = DEMO_TOKEN, username: str = DEMO_USERNAME, *, limits: bool = True) -> World:
    """A world with two people and a group of theirs, to begin with."""
    world = World(token, username, limits=limits)
    people = [world.new_person("Ann"), world.new_person("Ben")]
    world.new_group("Ann, Ben and the bot", people)
    return world
