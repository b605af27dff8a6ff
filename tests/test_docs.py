"""What the documents say is compared with the code: commands, make targets, settings, files."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
from functools import cache, lru_cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
REQUIRED = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", ".env.example", "docs/architecture.md")
PACKAGES = ("bot", "actions", "console", "policies_kb", "tickets", "pii", "quality", "bench", "scripts")
SETTING = re.compile(r"\b(?:PRIVACY_DESK|TELEGRAM)_[A-Z0-9_]*[A-Z0-9]\b")
MODULE_CALL = re.compile(r"python[0-9.]* (?:-W ignore )?-m ([a-z_][\w.]*)([^`\n|&#;]*)")
OWN = ("bot", "policies_kb", "tickets", "quality", "bench", "actions", "console", "pii")


@lru_cache(maxsize=1)
def documents() -> dict[str, str]:
    """The documents by name; .env.example is one."""
    paths = [PROJECT / name for name in (*REQUIRED, "docs/decisions")]
    found = [path for path in paths if path.is_file()] + sorted((PROJECT / "docs").rglob("*.md"))
    return {path.relative_to(PROJECT).as_posix(): path.read_text("utf-8") for path in dict.fromkeys(found)}


@lru_cache(maxsize=1)
def code() -> str:
    """All of the product's own code."""
    paths = [
        path for package in PACKAGES for path in sorted((PROJECT / package).rglob("*")) if path.suffix in (".py", ".sh")
    ]
    return "\n".join(path.read_text("utf-8") for path in [*paths, PROJECT / "Makefile"])


@lru_cache(maxsize=1)
def targets() -> frozenset[str]:
    return frozenset(re.findall(r"(?m)^([a-z][a-z-]*):", (PROJECT / "Makefile").read_text("utf-8")))


@cache
def parser_of(module: str) -> argparse.ArgumentParser | None:
    """The command line of a package of ours."""
    if module == "bot":
        from bot.commands import _parser
    elif module == "policies_kb":
        from policies_kb.commands import _parser
    elif module == "tickets":
        from tickets.__main__ import _parser
    else:
        return None
    return _parser()


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (choices,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(choices.choices)


@pytest.mark.parametrize("name", REQUIRED)
def test_the_document_is_there_and_says_something(name: str) -> None:
    assert len((PROJECT / name).read_text("utf-8").split()) > 30


def test_the_first_screen_of_the_readme_names_the_two_commands_and_shows_a_picture() -> None:
    screen = "\n".join((PROJECT / "README.md").read_text("utf-8").splitlines()[:45])
    assert "make run" in screen and "make test" in screen and re.search(r"!\[[^\]]+\]\([^)]+\)|<img ", screen)


def test_every_make_target_that_is_named_exists() -> None:
    for name, text in documents().items():
        spoken = set(re.findall(r"`(?:[A-Z_]+=\S+ )*make ([a-z][a-z-]*)", text))
        spoken |= set(re.findall(r"(?m)^(?:\$ )?(?:[A-Z_]+=\S+ )*make ([a-z][a-z-]*)", text))
        assert spoken <= targets(), name


def test_every_make_target_for_people_is_named_in_a_document() -> None:
    everything = "\n".join(documents().values())
    for target in ("run", "test", "check", "eval", "bench"):
        assert target in targets() and f"make {target}" in everything


def calls() -> list[tuple[str, str, str]]:
    """(document, module, rest of the line) for every call of one of our modules."""
    return [
        (name, module, rest)
        for name, text in documents().items()
        for module, rest in MODULE_CALL.findall(text)
        if module.split(".")[0] in OWN
    ]


def test_every_module_that_is_called_exists() -> None:
    assert calls(), "no document shows a command"
    for name, module, _ in calls():
        target = module if "." in module or module == "pytest" else f"{module}.__main__"
        assert importlib.util.find_spec(target) is not None, (name, module)


def test_every_command_and_option_that_is_named_exists() -> None:
    for name, module, rest in calls():
        parser = parser_of(module)
        said = _split(rest)
        if parser is None or not said or said[0].startswith(("-", "<", "…", "…")):
            continue
        known = commands_of(parser)
        if not re.fullmatch(r"[a-z][a-z-]*", said[0]):
            continue
        assert said[0] in known, (name, module, rest)
        command = _innermost(known[said[0]], said[1:], (name, module, rest))
        options = {text for action in command._actions for text in action.option_strings}
        given = {word.split("=")[0] for word in said[1:] if re.match(r"--[a-z]", word)}
        assert said[0] == "rasa" or given <= options, (name, module, rest)


def _innermost(parser: argparse.ArgumentParser, words: list[str], where: object) -> argparse.ArgumentParser:
    """The parser of "policy add" for `policy add acme`; "accept | confirm" and "…" name no single one."""
    nested = any(isinstance(action, argparse._SubParsersAction) for action in parser._actions)
    if not nested or not words or not re.fullmatch(r"[a-z][a-z-]*", words[0]):
        return parser
    assert words[0] in commands_of(parser), where
    return commands_of(parser)[words[0]]


def _split(rest: str) -> list[str]:
    try:
        return shlex.split(rest.strip().rstrip(".,:)"))
    except ValueError:
        return rest.split()


def test_the_checks_above_would_notice_a_command_that_is_not_there() -> None:
    parser = parser_of("policies_kb")
    assert parser is not None and "compile" in commands_of(parser) and "bake" not in commands_of(parser)
    assert MODULE_CALL.findall("run `python -m policies_kb bake --now`") == [("policies_kb", " bake --now")]


def test_every_setting_that_is_named_is_read_by_the_code() -> None:
    known = set(SETTING.findall(code()))
    for name, text in documents().items():
        assert set(SETTING.findall(text)) <= known, name


def test_every_setting_that_the_code_reads_is_explained_where_an_operator_looks() -> None:
    listed = set(
        re.findall(r"(?m)^#? ?((?:PRIVACY_DESK|TELEGRAM)_[A-Z0-9_]+)=", (PROJECT / ".env.example").read_text("utf-8"))
    )
    assert listed == set(SETTING.findall(code()))


def test_each_setting_stands_once_with_a_sentence_above_it() -> None:
    lines = (PROJECT / ".env.example").read_text("utf-8").splitlines()
    settings = [
        line.lstrip("# ").partition("=")[0] for line in lines if re.match(r"#? ?(?:PRIVACY_DESK|TELEGRAM)_", line)
    ]
    assert len(settings) == len(set(settings))
    for before, line in zip(lines, lines[1:]):
        if re.match(r"#? ?(?:PRIVACY_DESK|TELEGRAM)_", line):
            assert before.startswith("#"), line


def test_the_defaults_that_are_shown_are_those_of_the_code(tmp_path: Path) -> None:
    from bot.settings import BotSettings

    text = (PROJECT / ".env.example").read_text("utf-8")
    shown = dict(re.findall(r"(?m)^#? ?((?:PRIVACY_DESK|TELEGRAM)_[A-Z0-9_]+)=(.*)$", text))
    settings = BotSettings.from_environment({"PRIVACY_DESK_DATA": str(tmp_path)})
    assert shown["PRIVACY_DESK_HOST"] == settings.host and shown["PRIVACY_DESK_PORT"] == str(settings.port)
    assert shown["PRIVACY_DESK_TARGET_DAYS"] == str(settings.target_days)
    assert shown["PRIVACY_DESK_SECRET"] == "", "an example secret would be used as one"


def test_every_file_that_a_document_links_to_is_there() -> None:
    for name, text in documents().items():
        if name.endswith(".md"):
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|<img [^>]*src=\"([^\"]+)\"", text):
                path = target[0] or target[1]
                if not path.startswith(("http://", "https://", "mailto:")):
                    assert ((PROJECT / name).parent / path).exists(), (name, path)


def test_every_path_that_the_code_and_the_documents_name_in_docs_is_there() -> None:
    spoken = set(re.findall(r"\bdocs/[\w./-]+\.(?:md|svg|png)\b", "\n".join([code(), *documents().values()])))
    assert spoken and [path for path in sorted(spoken) if not (PROJECT / path).exists()] == []
