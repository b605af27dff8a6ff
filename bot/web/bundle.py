"""The widget as one script: its modules, stylesheets, languages and icons joined into a function that leaves no names.

A joiner for our own sources and no others, which shortens them too (see shortening.py). It takes
`import { a, b } from "./x.js";`, `import words from "./x.json";`, the same of a .css or .html file, and `export` before
a function, a class or a const; whatever else begins with import or export stops it. The same sources, the same bytes.

BundleError   a source that the joiner does not understand
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from bot.web.shortening import ScriptError, shortened

ENTRY = Path(__file__).parent / "widget" / "main.js"
PALETTE = "base.css"  # of the front page's stylesheet the widget takes the colours, nothing else
_NAMED = re.compile(r'^import \{ (\w+(?:, \w+)*) \} from "(\.\.?/[\w./-]+\.js)";$')
_WHOLE = re.compile(r'^import (\w+) from "(\.\.?/[\w./-]+\.(?:json|css|html))";$')
_EXPORT = re.compile(r"^export (?:async )?(?:function|class|const) (\w+)")
_REFUSED = re.compile(r"^\s*(?:import|export)\b|\bimport\s*\(|\bimport\.meta\b")
_GZIP = 31  # how zlib names a gzip file with its largest window
_VALUE = re.compile(
    rb"^(const \$\w+=[^(].*\n)", re.M
)  # texts of a language, or a stylesheet: its letters have codes of their own
_SHAPES = ("path", "circle")
_STROKE = {  # elements.js draws with these
    "fill": "none",
    "stroke": "currentColor",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "stroke-width": "1.8",
}
_NOT_OF_THE_WIDGET = ("color-scheme", "--ground", "--mark[a-z-]*", "--stop[a-z-]*", "--shadow")
_ICONS_OF_PAGES = ("link",)
_LANGUAGES = "languages"
_ENGLISH = "en.json"


class BundleError(Exception):
    """A source that the joiner does not understand; says which file, and what in it."""


def bundle(entry: Path = ENTRY) -> bytes:
    """The script, in UTF-8. Reads the sources anew each time."""
    joined = _Joined()
    joined.add(entry)
    return f'(()=>{{"use strict";\n{"".join(joined.parts)}}})();\n'.encode()


def gzipped(script: bytes) -> bytes:
    """The script as it travels. There is no time stamp in it: the same script gives the same bytes."""
    packing = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    parts = [packing.compress(part) + packing.flush(zlib.Z_BLOCK) for part in _VALUE.split(script)]
    return b"".join(parts) + packing.flush()


@dataclass
class _Joined:
    """What has been joined so far. names: the variables of each file; exports: those of what each script gives."""

    parts: list[str] = field(default_factory=list)
    names: dict[Path, str] = field(default_factory=dict)
    exports: dict[Path, dict[str, str]] = field(default_factory=dict)
    under_way: list[Path] = field(default_factory=list)
    keys: dict[str, list[str]] = field(default_factory=dict)
    made: int = 0  # names

    def add(self, path: Path) -> str:
        """Join a file after all that it imports; gives its variable, of a script the list of them."""
        path = path.resolve()
        if path in self.under_way:
            raise BundleError(f"{path.name} imports itself by way of {self.under_way[-1].name}.")
        if path not in self.names:
            self.under_way.append(path)
            value = self._script(path) if path.suffix == ".js" else _packed(self._value(path))
            self.under_way.pop()
            given = self.exports.get(path)
            if given is None:
                self.names[path] = self._name()
                self.parts.append(f"const {self.names[path]}={value};\n")
            else:
                self.names[path] = f"[{','.join(given.values())}]"
                self.parts.append(f"const {self.names[path]}={value};\n" if given else f"{value};\n")
        return self.names[path]

    def _name(self) -> str:
        """A name that no script has for one of its own."""
        self.made += 1
        return f"${self.made:x}"

    def _script(self, path: Path) -> str:
        lines = []
        given = []
        taken: dict[str, str] = {}
        for line in _lines(path):
            exported = _EXPORT.match(line)
            if exported:
                given.append(exported[1])
                line = line.removeprefix("export ")
            elif line.startswith("import "):
                taken |= self._import(path, line)
                continue
            if _REFUSED.search(line):
                raise BundleError(f"{path.name}: not understood: {line}")
            lines.append(line)
        self.exports[path] = {name: self._name() for name in given}
        joined = "\n".join(lines) + (f"\nreturn [{', '.join(given)}];" if given else "")
        try:
            return f"(()=>{{{shortened(joined, taken)}}})()"
        except ScriptError as error:
            raise BundleError(f"{path.name}: {error}") from error

    def _import(self, path: Path, line: str) -> dict[str, str]:
        """What a line takes from elsewhere -> how it is called in the whole."""
        if whole := _WHOLE.match(line):
            return {whole[1]: self.add(path.parent / whole[2])}
        if not (named := _NAMED.match(line)):
            raise BundleError(f"{path.name}: not understood: {line}")
        source = (path.parent / named[2]).resolve()
        self.add(source)
        names = named[1].split(", ")
        missing = sorted(set(names) - set(self.exports[source]))
        if missing:
            raise BundleError(f"{path.name}: {source.name} does not export {', '.join(missing)}.")
        return {name: self.exports[source][name] for name in names}

    def _value(self, path: Path) -> Any:
        """A file that is no script, as a value."""
        if path.suffix == ".html":
            return _shapes(path)
        if path.suffix == ".css":
            return _squeezed(_palette(path) if path.name == PALETTE else _read(path), path.name)
        value = json.loads(_read(path))
        return self._translation(path, value) if path.parent.name == _LANGUAGES and path.name != _ENGLISH else value

    def _translation(self, path: Path, language: dict[str, Any]) -> list[Any]:
        """The values alone, by the order of their keys: languages.js takes the keys from the English."""
        lists = {name: words for name, words in language.items() if name != "locale"}
        keys = {name: sorted(words) for name, words in lists.items()}
        if (self.keys or keys) != keys:
            raise BundleError(f"{path.name} has not the keys of the other languages.")
        self.keys = keys
        return [language["locale"], *([lists[name][key] for key in keys[name]] for name in sorted(lists))]


def _packed(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise BundleError(f"{path.name} cannot be read.") from error


def _lines(path: Path) -> list[str]:
    """The lines without those that hold nothing but comment: a comment may speak of imports."""
    kept = []
    in_comment = False
    for number, line in enumerate(_read(path).splitlines(), 1):
        line = line.strip()
        if line.count("`") % 2:
            raise BundleError(f"{path.name}:{number}: a template over several lines would lose its indentation.")
        in_comment = in_comment or line.startswith("/*")
        if line and not in_comment and not line.startswith("//"):
            kept.append(line)
        if in_comment and "*/" in line:
            if not line.endswith("*/"):
                raise BundleError(f"{path.name}:{number}: something stands behind a comment.")
            in_comment = False
    return kept


def _palette(path: Path) -> str:
    """The colours: the light ones for the widget, the dark ones for the widget when it is dark."""
    found = re.findall(r":root \{(.*?)\}", _read(path), re.DOTALL)
    if len(found) != 2:
        raise BundleError(f"{path.name} has {len(found)} sets of colours; a light and a dark one are expected.")
    light, dark = (re.sub(rf"({'|'.join(_NOT_OF_THE_WIDGET)}):[^;]*;", "", colours) for colours in found)
    return f".root {{{light}}} .root.dark {{{dark}}}"


def _squeezed(css: str, name: str) -> str:
    """Without comments and spare space."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    if re.search(r"@media[^{]*rem\b|@import|url\(", css):
        raise BundleError(f"{name}: rem in a media query, @import and url() are not understood.")
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r" ?([{};,>]) ?", r"\1", css).replace(";}", "}").replace(": ", ":").strip()
    return re.sub(r"(?<![\w.])0(\.\d)", r"\1", css)


class _Sprite(HTMLParser):
    """Reads a sprite: the shapes of each symbol."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: dict[str, list[tuple[str, dict[str, str]]]] = {}
        self.symbol = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "symbol":
            if values.get("viewbox") != "0 0 20 20":
                raise BundleError(f"The icon {values.get('id')} is not drawn on 20 by 20.")
            self.symbol = values["id"].removeprefix("i-")
            self.shapes[self.symbol] = []
        elif tag in _SHAPES and self.symbol:
            own = {name: value for name, value in values.items() if _STROKE.get(name) != value}
            self.shapes[self.symbol].append((tag, own))
        elif tag != "svg":
            raise BundleError(f"An icon holds <{tag}>, which is not understood.")


def _shapes(path: Path) -> dict[str, list[tuple[str, dict[str, str]]]]:
    sprite = _Sprite()
    sprite.feed(_read(path))
    return {name: shapes for name, shapes in sprite.shapes.items() if name not in _ICONS_OF_PAGES}
