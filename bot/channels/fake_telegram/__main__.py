"""python -m bot.channels.fake_telegram: a pretend Telegram on this machine, to chat with the bot without a token."""

from __future__ import annotations

import argparse
import logging
import sys

from bot.channels.fake_telegram.demo import demo_world
from bot.channels.fake_telegram.state import DEMO_TOKEN, DEMO_USERNAME, TOKEN_FORM

HINT = """A pretend Telegram runs on this machine.

  Chat with the bot    {url}/
  The bot's side       {url}/bot   with the token {token}

Ctrl-C stops it.
"""


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser("python -m bot.channels.fake_telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--host", default="127.0.0.1", help="anybody who reaches it can read and write every chat")
    parser.add_argument("--token", type=_token, default=DEMO_TOKEN, help="the bot's token, of the form 1:demo")
    parser.add_argument("--username", default=DEMO_USERNAME, help="the bot's name, without @")
    parser.add_argument("--no-limits", action="store_true", help="let the bot send as fast as it likes")
    return parser


def _token(text: str) -> str:
    if not TOKEN_FORM.fullmatch(text):
        raise argparse.ArgumentTypeError("a token has a number, a colon, and letters or digits: 1:demo")
    return text


def main(arguments: list[str]) -> int:
    """Serve until stopped."""
    from bot.channels.fake_telegram.server import make_server

    chosen = make_parser().parse_args(arguments)
    world = demo_world(chosen.token, chosen.username, limits=not chosen.no_limits)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    print(HINT.format(url=f"http://{chosen.host}:{chosen.port}", token=chosen.token), flush=True)
    make_server(world, chosen.host, chosen.port).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
