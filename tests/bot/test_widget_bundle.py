"""The widget's script: joined from its sources, short, the same each time, and in every language complete."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.web.bundle import ENTRY, BundleError, bundle, gzipped
from bot.web.pages import STATIC
from bot.web.shortening import ScriptError, shortened
from tickets.vocabulary import Right, Status

MOST = 30_000  # bytes, compressed
LANGUAGES = ENTRY.parent / "languages"
SOURCES = sorted(ENTRY.parent.glob("*.js"))


def language(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((LANGUAGES / f"{name}.json").read_text("utf-8"))
    return found


def english() -> dict[str, str]:
    listed = re.search(r"export const ENGLISH = {\n(.*?)};", (STATIC / "texts.js").read_text("utf-8"), re.DOTALL)
    assert listed
    shared = dict(re.findall(r'^  "?([\w.]+)"?: "(.*)",$', listed[1], re.MULTILINE))
    own: dict[str, str] = language("en")["texts"]
    assert len(shared) > 25 and not shared.keys() & own.keys()
    return shared | own


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, "utf-8")
    return folder / "main.js"


# --- size and form


def test_the_widget_is_small() -> None:
    assert len(gzipped(bundle())) <= MOST


def test_the_same_sources_give_the_same_bytes() -> None:
    assert bundle() == bundle() and gzipped(bundle()) == gzipped(bundle())


def test_the_script_loads_nothing_and_writes_no_markup() -> None:
    script = bundle().decode()
    assert re.findall(r"https?://[^\s\"'`]+", script) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|cookie", script)
    assert not re.search(r"<style|\"style\"|EventSource|sendBeacon", script)


def test_every_icon_that_the_widget_draws_is_drawn() -> None:
    sources = "".join(path.read_text("utf-8") for path in [*SOURCES, *STATIC.glob("*.js")])
    named = set(re.findall(r'icon\("(\w+)"\)|sign: "(\w+)"|(?:button|choice)\("[\w ]*", [^,]+, "(\w+)"', sources))
    drawn = (STATIC.parent / "templates" / "_icons.html").read_text("utf-8")
    wanted = {name for names in named for name in names if name}
    assert {"alert", "copy", "erase", "chat", "close"} <= wanted
    assert {name for name in wanted if f'id="i-{name}"' not in drawn} == set()


# --- the joiner


def test_modules_are_joined_after_what_they_import(tmp_path: Path) -> None:
    main = written(
        tmp_path,
        main_js='import { twice } from "./twice.js";\nimport words from "./words.json";\n'
        "console.log(twice(words.one));\n",
        twice_js="// import nothing\nconst factor = 2;\nexport const twice = (number) => factor * number;\n",
        words_json='{"one": 1}',
    )
    script = bundle(main).decode()
    assert "nothing" not in script and script.index("2") < script.index("console")
    assert ran(script) == "2"


@pytest.mark.parametrize(
    "line",
    [
        'import * as all from "./other.js";',
        'import { one as two } from "./other.js";',
        'import other from "./other.js";',
        'import "./other.js";',
        'import { missing } from "./other.js";',
        'import { one } from "./nowhere.js";',
        'import { one } from "https://example.org/x.js";',
        'const later = import("./other.js");',
        "const url = import.meta.url;",
        "export default 1;",
        "export { one };",
        "export let changing = 1;",
        'export * from "./other.js";',
        'import { one } from "./main.js";',
        "const a = `${`${1}`}`;",
        "const a = (1;",
        "const document = 1;",
        "const a = 1 @ 2;",
    ],
)
def test_what_the_joiner_does_not_understand_stops_it(tmp_path: Path, line: str) -> None:
    main = written(tmp_path, main_js=f"{line}\n", other_js="export const one = 1;\n")
    with pytest.raises(BundleError):
        bundle(main)


@pytest.mark.parametrize(
    ("script", "short"),
    [
        ("const first = 1;\nconst second = first + first;", "const a=1,b=a+a;"),
        (
            "function f(name, { key, other = name }) { return { name, key: other }; }",
            "function b(a,{key:d,other:c=a}){return{name:a,key:c}}",
        ),
        ("const one = (name) => name.name + `${name} name`;", "const b=a=>a.name+`${a} name`;"),
        ('const text = "const name; // no comment";', 'const a="const name; // no comment";'),
        ("const made = { get size() { return 1; }, wait: (ms) => ms };", "const a={get size(){return 1},wait:b=>b};"),
        ("for (let tries = 0; tries < 2; ) tries += 1;", "for(let a=0;a<2;)a+=1;"),
        ("const [, field, value] = /a[/]b/.exec(text);", "const[,a,b]=/a[/]b/.exec(text);"),
        (
            "class Trouble extends Error { constructor({ code = 1 }) { super(code); } get code() { return 1; } }",
            "class a extends Error{constructor({code:b=1}){super(b)}get code(){return 1}}",
        ),
        ("const a = b ? c : d; // why\n/* and\n how */ const e = + +a;", "const a=b?c:d,f=+ +a;"),
    ],
)
def test_a_script_is_shortened_without_changing_what_it_says(script: str, short: str) -> None:
    assert re.sub(r"\s+$", "", shortened(script)).translate(str.maketrans("", "", "\n")) == short or equal(
        script, short
    )


def equal(script: str, short: str) -> bool:
    """Whether the two differ in nothing but which short name is whose."""
    found = shortened(script).replace("\n", "")
    shape = re.compile(r"\b[a-z]\b")
    return shape.sub("_", found) == shape.sub("_", short)


def test_a_bracket_that_closes_nothing_is_not_understood() -> None:
    with pytest.raises(ScriptError):
        shortened("const a = 1);")


def ran(script: str) -> str:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no JavaScript outside a browser")
    return subprocess.run([node, "-e", script], capture_output=True, text=True, timeout=20, check=True).stdout.strip()


# --- the languages


@pytest.mark.parametrize("name", ["ar", "de", "es", "uk"])
def test_a_language_has_every_text_with_its_places_for_names(name: str) -> None:
    spoken = language(name)
    places = re.compile(r"\{\w+\}")  # the forms of a word, as in {count|one|many}, are a language's own
    texts = spoken["texts"]
    assert texts.keys() == english().keys()
    assert {
        key for key, text in english().items() if sorted(places.findall(text)) != sorted(places.findall(texts[key]))
    } == set()
    assert set(spoken["rights"]) == {right.value for right in Right}
    assert set(spoken["statuses"]) == {status.value for status in Status}
    topics = re.search(r"export const TOPICS = {\n(.*?)};", (STATIC / "words.js").read_text("utf-8"), re.DOTALL)
    assert topics and set(spoken["topics"]) == set(re.findall(r'^  "?([\w.]+)"?:', topics[1], re.MULTILINE))
    words = [text for part in ("texts", "rights", "statuses", "topics") for text in spoken[part].values()]
    assert all(words) and all(text == text.strip() for text in words)


def test_arabic_sets_names_and_numbers_apart_from_the_direction_around_them() -> None:
    texts = language("ar")["texts"].values()
    assert [text for text in texts if re.search(r"(?<!\u2068)\{|\}(?!\u2069)", text)] == []
    assert any("{" in text for text in texts)


@pytest.mark.parametrize(("name", "script"), [("uk", "[\u0400-\u04ff]"), ("ar", "[\u0600-\u06ff]")])
def test_a_language_of_another_script_leaves_nothing_in_english(name: str, script: str) -> None:
    spoken = language(name)
    words = [text for part in ("texts", "rights", "statuses", "topics") for text in spoken[part].values()]
    assert [text for text in words if not re.search(script, text)] == []


def test_every_text_that_the_scripts_ask_for_is_there_and_none_is_idle() -> None:
    sources = "".join(path.read_text("utf-8") for path in [*SOURCES, *STATIC.glob("*.js")])
    asked = set(re.findall(r'\bt\("([\w.]+)"', sources)) | set(re.findall(r'\? "([a-z]+\.[a-z_]+)" : "', sources))
    asked |= set(re.findall(r'\? "[a-z]+\.[a-z_]+" : "([a-z]+\.[a-z_]+)"', sources))
    families = tuple(found + "." for found in re.findall(r"t\(`(\w+)\.\$\{", sources))
    assert asked - english().keys() == set()
    assert {key for key in english().keys() - asked if not key.startswith(families)} == set()


def test_a_language_with_other_keys_than_the_rest_stops_the_joiner(tmp_path: Path) -> None:
    folder = tmp_path / "languages"
    folder.mkdir()
    for name, text in (("de", {"a": "A"}), ("es", {"b": "B"})):
        (folder / f"{name}.json").write_text(json.dumps({"locale": name, "texts": text}))
    main = written(tmp_path, main_js='import de from "./languages/de.json";\nimport es from "./languages/es.json";\n')
    with pytest.raises(BundleError, match="keys"):
        bundle(main)
