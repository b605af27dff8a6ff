"""Makes a script of ours shorter without changing what it does: no comments, no spare space, short names of its own.

A name is shortened wherever it stands in the script, if the script itself declares it and wherever it is no property.
`{ name }`, in a value or in a pattern, becomes `{name:a}`. Strings and properties stay as they are. It knows the
JavaScript that our sources are written in (a semicolon ends each statement) and stops at what it does not know.

ScriptError   something that is not understood, with the text around it
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, product
from string import ascii_letters

KEYWORDS = frozenset(
    """
    async await break case catch class const continue default delete do else export extends false finally for from
    function get if import in instanceof let new null of return set static super switch this throw true try typeof
    undefined var void while yield
    """.split()  # noqa: SIM905
)
BROWSERS = frozenset(
    """
    AbortController AbortSignal Array Blob Boolean CSS CSSStyleSheet Date Error HTMLScriptElement IntersectionObserver
    Intl JSON Map Math Number Object Promise Set String TextDecoderStream URL Uint8Array WeakMap clearTimeout console
    crypto document fetch getComputedStyle getSelection localStorage location matchMedia navigator sessionStorage
    setTimeout window
    """.split()  # noqa: SIM905
)
_BEFORE_BLOCK = frozenset([")", "=>", ";", "{", "}", "else", "try", "finally", "do", "catch", ""])
_NO_PARAMETERS = frozenset(["if", "for", "while", "switch", "catch"])
_MODIFIERS = frozenset(["get", "set", "async", "static"])
_CLOSED_BY = {")": "(", "]": "[", "}": "{"}
_TOKEN = re.compile(
    r"""(?P<space>[ \t]+)|(?P<line>\n)|(?P<comment>//[^\n]*|/\*[\s\S]*?\*/)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<number>\d[\w.]*)|(?P<word>[A-Za-z_$][\w$]*)
    |(?P<template>`(?:[^`\\]|\\.)*`)
    |(?P<sign>\.\.\.|=>|===|!==|\*\*=|\?\?=|\|\|=|&&=|\?\.|\?\?|&&|\|\||\+\+|--|[-+*/<>=!]=|\*\*|[-+*/%<>=!~^&|?:;,.(){}\[\]])""",
    re.VERBOSE,
)
_REGEX = re.compile(r"/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_BEFORE_REGEX = frozenset(["", "(", ",", "=", ":", "[", "!", "&&", "||", "?", "??", "{", "}", ";", "=>", "return"])


class ScriptError(ValueError):
    """Something that is not understood."""


@dataclass
class _Token:
    """kind: word, string, number, regex, template or sign; on_new_line: whether a line ends before it."""

    kind: str
    text: str
    on_new_line: bool = False
    inside: str = ""  # the bracket around it: "(", "[", or for { one of block, object, class
    is_name: bool = False  # a variable, not a property
    is_short: bool = False  # the name of a variable and of a property at once: { name }
    parts: "list[str | list[_Token]]" = field(default_factory=list)  # of a template


def shortened(script: str, given: Mapping[str, str] | None = None) -> str:
    """The script, shorter. Raises ScriptError. given: names that come from outside -> how they are called there."""
    outside = dict(given or {})
    tokens = _without_idle_signs(_read(script))
    everything = list(_deep(tokens))
    own = {name for part in _lists(tokens) for name in _declared(part)}
    if own & BROWSERS:
        raise ScriptError(f"A name of the browser's is declared: {', '.join(sorted(own & BROWSERS))}.")
    others = {token.text for token in everything if token.kind == "word" and token.text not in own} | KEYWORDS
    used = Counter(token.text for token in everything if token.is_name and token.text in own - outside.keys())
    names = (name for name in _names() if name not in others and name not in outside.values())
    short = dict(zip((name for name, _ in sorted(used.items(), key=lambda one: (-one[1], one[0]))), names))
    return _written(_joined_constants(tokens), short | outside)


def _names() -> Iterator[str]:
    for length in count(1):
        yield from map("".join, product(ascii_letters, repeat=length))


# --- Reading


def _read(script: str) -> list[_Token]:
    tokens: list[_Token] = []
    on_new_line = False
    at = 0
    while at < len(script):
        before = tokens[-1].text if tokens else ""
        regex = (
            _REGEX.match(script, at) if before in _BEFORE_REGEX and not script.startswith(("//", "/*"), at) else None
        )
        found = regex or _TOKEN.match(script, at)
        if found is None:
            raise ScriptError(f"Not understood: {script[at : at + 40]!r}")
        at = found.end()
        kind = "regex" if regex else str(found.lastgroup)
        if kind == "line" or kind == "comment" and "\n" in found[0]:
            on_new_line = True
        if kind in ("space", "line", "comment"):
            continue
        tokens.append(_Token(kind, found[0], on_new_line, parts=_template(found[0]) if kind == "template" else []))
        on_new_line = False
    _place(tokens)
    return tokens


def _template(text: str) -> "list[str | list[_Token]]":
    """Text and code by turns."""
    parts: "list[str | list[_Token]]" = []
    for index, part in enumerate(re.split(r"(?<!\\)\$\{((?:[^{}`]|\{[^{}`]*\})*)\}", text[1:-1])):
        parts.append(_read(part) if index % 2 else part)
        if index % 2 == 0 and "${" in part:
            raise ScriptError(f"A template within a template is not understood: {text[:40]}")
    return parts


def _place(tokens: list[_Token]) -> None:
    """Find out what stands inside what, and which words are names of variables."""
    around: list[tuple[str, str]] = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1].text if index else ""
        closed = _CLOSED_BY.get(token.text, "") if token.kind == "sign" else ""
        if closed and (not around or around.pop()[0] != closed):
            raise ScriptError(f"{token.text} closes nothing.")
        token.inside = around[-1][1] if around else ""
        if token.kind == "sign" and token.text in "([{":
            kind = _kind_of_brace(tokens, index) if token.text == "{" else token.text
            around.append((token.text, kind))
        elif token.kind == "word" and token.text not in KEYWORDS | {"constructor"}:
            after = tokens[index + 1].text if index + 1 < len(tokens) else ""
            token.is_name = before not in (".", "?.") and not _is_key(token, before, after)
            token.is_short = token.is_name and token.inside == "object" and before in "{," and after in ("}", ",", "=")
    if around:
        raise ScriptError(f"{around[-1][0]} is not closed.")


def _kind_of_brace(tokens: list[_Token], index: int) -> str:
    before = tokens[index - 1] if index else _Token("sign", "")
    if before.text in _BEFORE_BLOCK and before.kind != "string":
        return "block"
    if before.kind == "word" and before.text not in KEYWORDS:
        return "class"
    return "object"


def _is_key(token: _Token, before: str, after: str) -> bool:
    """Whether a word is the name of a property or of a method where it stands."""
    if token.inside == "class":
        return after == "("
    if token.inside != "object":
        return False
    return before in _MODIFIERS or before in ("{", ",") and after in (":", "(")


# --- Names


def _lists(tokens: list[_Token]) -> Iterator[list[_Token]]:
    """The tokens, and those of the code within templates."""
    yield tokens
    for token in tokens:
        for part in token.parts:
            if not isinstance(part, str):
                yield from _lists(part)


def _deep(tokens: list[_Token]) -> Iterator[_Token]:
    for part in _lists(tokens):
        yield from part


def _declared(tokens: list[_Token]) -> Iterator[str]:
    for index, token in enumerate(tokens):
        after = tokens[index + 1] if index + 1 < len(tokens) else _Token("sign", "")
        if token.text in ("const", "let", "function", "class") and token.kind == "word":
            yield from [after.text] if after.kind == "word" else _bound(tokens, index + 1, _end(tokens, index + 1))
        elif token.text == "=>":
            before = tokens[index - 1]
            yield from [before.text] if before.kind == "word" else _bound(tokens, _begin(tokens, index - 1), index - 1)
        elif token.text == ")" and after.text == "{":
            begin = _begin(tokens, index)
            if begin and tokens[begin - 1].kind == "word" and tokens[begin - 1].text not in _NO_PARAMETERS:
                yield from _bound(tokens, begin, index)
        elif token.text == "catch" and after.text == "(":
            yield tokens[index + 2].text


def _bound(tokens: list[_Token], begin: int, end: int) -> Iterator[str]:
    """The names that a pattern, or a list of parameters, binds."""
    for index in range(begin + 1, end):
        before, token, after = tokens[index - 1 : index + 2]
        if (
            token.is_name
            and before.text in ("(", "[", "{", ",", ":", "...")
            and after.text in (",", ")", "]", "}", "=")
        ):
            yield token.text


def _end(tokens: list[_Token], begin: int) -> int:
    depth = 0
    for index in range(begin, len(tokens)):
        depth += (tokens[index].text in "([{") - (tokens[index].text in ")]}") if tokens[index].kind == "sign" else 0
        if depth == 0:
            return index
    raise ScriptError("A pattern does not end.")


def _begin(tokens: list[_Token], end: int) -> int:
    depth = 0
    for index in range(end, -1, -1):
        depth += (tokens[index].text in ")]}") - (tokens[index].text in "([{") if tokens[index].kind == "sign" else 0
        if depth == 0:
            return index
    raise ScriptError("A list of parameters does not begin.")


# --- Writing


def _without_idle_signs(tokens: list[_Token]) -> list[_Token]:
    """Without the last comma of a list, the last semicolon of a block, the brackets around a single parameter."""
    kept = []
    for index, token in enumerate(tokens):
        around = [one.text if one.kind != "string" else "" for one in tokens[max(index - 2, 0) : index + 4]]
        before = around[: min(index, 2)]
        after = around[min(index, 2) + 1 :]
        is_last = token.text == ";" and after[:1] == ["}"] or token.text == "," and after[:1] in (["}"], ["]"], [")"])
        is_opening = token.text == "(" and tokens[index + 1].is_name and after[1:3] == [")", "=>"]
        is_closing = token.text == ")" and tokens[index - 1].is_name and before[:1] == ["("] and after[:1] == ["=>"]
        if token.kind != "sign" or not (is_last and before[-1:] != [","] or is_opening or is_closing):
            kept.append(token)
    return kept


def _joined_constants(tokens: list[_Token]) -> list[_Token]:
    """Constants that are declared one after the other become one declaration: their names are known by now."""
    kept: list[_Token] = []
    declaring = [False]  # for each bracket that is open: whether the statement in it declares constants
    for index, token in enumerate(tokens):
        before = tokens[index - 1].text if index else ";"
        if token.kind == "sign" and token.text in "([{":
            declaring.append(False)
        elif token.kind == "sign" and token.text in _CLOSED_BY:
            declaring.pop()
        if token.text == "const" and before == ";" and declaring[-1]:
            kept[-1] = _Token("sign", ",")
            continue
        if token.kind == "word" and (before in (";", "{", "}") or token.text == "const"):
            declaring[-1] = token.text == "const"
        kept.append(token)
    return kept


def _written(tokens: Iterable[_Token], short: Mapping[str, str]) -> str:
    written: list[str] = []
    before = _Token("sign", ";")
    for token in tokens:
        text = _text(token, short)
        if _needs_space(before, token):
            written.append(" ")
        elif (
            token.on_new_line
            and before.text == "}"
            and token.text not in (".", ")", "]", "}", ",", ";", "?.", ":", "?")
        ):
            written.append("\n")  # what ends with a brace may be a value without its semicolon
        written.append(text)
        before = token
    return "".join(written)


def _text(token: _Token, short: Mapping[str, str]) -> str:
    if token.kind == "template":
        code = (part if isinstance(part, str) else "${" + _written(part, short) + "}" for part in token.parts)
        return "`" + "".join(code) + "`"
    if not token.is_name or token.text not in short:
        return token.text
    return f"{token.text}:{short[token.text]}" if token.is_short else short[token.text]


def _needs_space(before: _Token, token: _Token) -> bool:
    wordy = ("word", "number", "regex")
    if before.kind in wordy and token.kind in wordy:
        return True
    return before.text[-1:] in "+-" and before.text[-1:] == token.text[:1] and token.kind == "sign"
