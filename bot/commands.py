"""The commands of `python -m bot`."""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import os
import sys
from collections.abc import Iterator, Sequence

from bot import policy_commands
from bot.launch import LaunchError, serve
from bot.settings import PROJECT, BotSettings, SettingsError
from bot.training import TrainingError, ensure_model
from policies_kb.errors import KnowledgeError
from tickets.errors import TicketError

EXPECTED = (LaunchError, SettingsError, TrainingError, KnowledgeError, TicketError)


def main(arguments: Sequence[str], started: float) -> int:
    """Run one command. Returns the exit code; what went wrong is one sentence on standard error."""
    if arguments[:1] == ["rasa"]:
        return _rasa(arguments[1:])
    parsed = _parser().parse_args(arguments)
    _quiet()
    try:
        return int(parsed.run(parsed, started))
    except EXPECTED as error:
        print(f"privacy desk: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description="The privacy help-desk.")
    commands = parser.add_subparsers(required=True, metavar="command")
    run = commands.add_parser("run", help="serve the product (what `make run` does)")
    run.set_defaults(run=lambda parsed, started: serve(BotSettings.from_environment(), started))
    ask = commands.add_parser("ask", help="answer on the command line")
    ask.add_argument(
        "question", nargs="?", help="the question; with --jsonl, lines are read from standard input instead"
    )
    whose = ask.add_mutually_exclusive_group(required=True)
    whose.add_argument("--policy", help="a policy's id, for example klasso")
    whose.add_argument("--policy-file", metavar="FILE", help="a policy's text that is not in the knowledge base")
    ask.add_argument("--name", help="with --policy-file: what the company is called")
    ask.add_argument("--jsonl", action="store_true", help='read lines {"id", "text"}, write one line of JSON for each')
    ask.set_defaults(run=_ask)
    train = commands.add_parser("train", help="train the model if its data changed")
    train.add_argument("--quiet", action="store_true")
    train.set_defaults(run=_train)
    nlu = commands.add_parser("nlu-data", help="write the generated training examples")
    nlu.add_argument("--check", action="store_true", help="only prove that the file is up to date")
    nlu.set_defaults(run=_nlu_data)
    policy_commands.add_parser(commands)
    commands.add_parser("rasa", help="Rasa's own commands, for example: rasa shell")
    return parser


def _ask(parsed: argparse.Namespace, started: float) -> int:
    from bot.asking import run_ask

    if not parsed.jsonl and not parsed.question:
        raise SettingsError('give a question: python -m bot ask --policy klasso "do you record calls?"')
    return run_ask(parsed, BotSettings.from_environment())


def _train(parsed: argparse.Namespace, started: float) -> int:
    gc.enable()  # a training makes and drops a lot
    path = ensure_model(BotSettings.from_environment().models)
    if not parsed.quiet:
        print(f"model: {path}")
    return 0


def _nlu_data(parsed: argparse.Namespace, started: float) -> int:
    from bot.nlu.generated import FILE, generated_examples

    path, wanted = PROJECT / FILE, generated_examples()
    current = path.read_text("utf-8") if path.exists() else ""
    if parsed.check and current != wanted:
        print(f"{FILE} is not up to date; run `python -m bot nlu-data` and commit the result", file=sys.stderr)
        return 1
    if current != wanted:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted, "utf-8")
    print(f"{FILE} is up to date")
    return 0


def _rasa(arguments: Sequence[str]) -> int:
    """Rasa's own command line, without TensorFlow, from the project's folder."""
    from bot import lean_rasa

    lean_rasa.install()
    os.chdir(PROJECT)
    sys.argv = ["rasa", *arguments]
    with _module_path():
        from rasa.__main__ import main as rasa_main

        rasa_main()
    return 0


@contextlib.contextmanager
def _module_path() -> Iterator[None]:
    sys.path.insert(0, str(PROJECT))
    yield


def _quiet() -> None:
    """Until the log pipe is set up, libraries speak only of what is serious."""
    import structlog

    logging.getLogger().setLevel(logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
