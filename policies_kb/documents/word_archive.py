"""The parts of a .docx file, unpacked in memory under caps, and their XML without anything that XML can be abused for.

A .docx is a zip archive. Only parts that are asked for are unpacked, none to a disk, each to its cap whatever the
archive says of its size. XML is parsed by expat; a part with a document type is refused, so there are no entities.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from policies_kb.errors import SourceError

MOST_PARTS = 3_000
PART_LIMIT = 24_000_000  # bytes of one part, unpacked
TOTAL_LIMIT = 150_000_000  # bytes of all parts, by what the archive says
RATIO_LIMIT = 150  # of a part, unpacked to packed; text in Word's XML is packed to a tenth, seldom to a fiftieth
RATIO_FROM = 1_000_000  # bytes: smaller parts may have any ratio
DEEPEST = 200  # elements in one another
_SAVE = "save it again as .docx, or as plain text, and give that"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


class WordArchive:
    """The parts of one file, by name."""

    def __init__(self, raw: bytes) -> None:
        """Open the archive and check what it says of itself. Raises SourceError."""
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(raw))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise SourceError(f"is a damaged Word file; {_SAVE}") from error
        _check_entries(self._archive.infolist())
        self._names = set(self._archive.namelist())

    def part(self, name: str) -> Element | None:
        """The root element of that part, or None if there is no such part."""
        if name not in self._names:
            return None
        try:
            with self._archive.open(name) as stream:
                raw = stream.read(PART_LIMIT + 1)
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            raise SourceError(f"is a damaged Word file; {_SAVE}") from error
        if len(raw) > PART_LIMIT:
            raise SourceError(f"unpacks to more than {PART_LIMIT:,} bytes; save the policy's text by itself")
        return parse_xml(raw)

    def main_part(self) -> str:
        """The name of the part that holds the text. Raises SourceError for a workbook, slides or a mere archive."""
        types = self.part("[Content_Types].xml")
        named = " ".join(part.get("ContentType", "") for part in types) if types is not None else ""
        if "wordprocessingml" not in named:
            other = {"spreadsheetml": "a workbook", "presentationml": "a set of slides"}
            held = next((what for key, what in other.items() if key in named), "a zip archive")
            raise SourceError(f"is {held} and no Word document; save the policy as .docx, .pdf or .txt and give that")
        target = next(iter(self.targets("", "officeDocument").values()), "word/document.xml")
        return target if target in self._names else "word/document.xml"

    def targets(self, part: str, kind: str) -> dict[str, str]:
        """By id, what that part refers to as that kind. A name within the archive; for a hyperlink the link itself."""
        folder, name = posixpath.split(part)
        found = {}
        relations = self.part(posixpath.join(folder, "_rels", f"{name}.rels"))
        for relation in relations if relations is not None else ():
            if relation.get("Type") == _OFFICE + kind:
                target = relation.get("Target", "")
                if relation.get("TargetMode") != "External":
                    target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                found[relation.get("Id", "")] = target
        return found


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if len(entries) > MOST_PARTS or sum(entry.file_size for entry in entries) > TOTAL_LIMIT:
        raise SourceError(
            f"unpacks to more than {TOTAL_LIMIT:,} bytes or {MOST_PARTS:,} parts; save it without pictures"
        )
    if len(set(names)) != len(names) or any(_leads_outside(name) for name in names):
        raise SourceError(f"has parts with names that no word processor writes; {_SAVE}")
    for entry in entries:
        if entry.flag_bits & 1:
            raise SourceError("is locked with a password; save it without one and give that")
        if entry.file_size > RATIO_FROM and entry.file_size > RATIO_LIMIT * max(1, entry.compress_size):
            raise SourceError(f"is packed more than {RATIO_LIMIT} times, as no policy is; save it as plain text")


def _leads_outside(name: str) -> bool:
    return name.startswith(("/", "\\")) or "\\" in name or ":" in name or ".." in name.split("/")


def parse_xml(raw: bytes) -> Element:
    """The root element. Raises SourceError for XML that is damaged, nested too deeply or has a document type."""
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    depth = 0

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise SourceError(f"is nested deeper than {DEEPEST} levels; save it as plain text and give that")
        builder.start(_short(tag), {_short(name): value for name, value in attributes.items()})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_short(tag))

    def refuse(*_: Any) -> None:
        raise SourceError(f"declares XML entities, which no word processor writes; {_SAVE}")

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise SourceError(f"is a damaged Word file; {_SAVE}") from error
    return builder.close()


# Word's two dialects, transitional and strict, and its extensions, by the prefixes that everybody uses.
_PREFIXES = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main": "w_",
    "http://purl.oclc.org/ooxml/wordprocessingml/main": "w_",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships": "r_",
    "http://purl.oclc.org/ooxml/officeDocument/relationships": "r_",
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc_",
    "http://purl.org/dc/elements/1.1/": "dc_",
    "http://schemas.openxmlformats.org/package/2006/relationships": "",
    "http://schemas.openxmlformats.org/package/2006/content-types": "",
}


def _short(name: str) -> str:
    space, found, local = name.rpartition("}")
    return _PREFIXES.get(space, "other_") + local if found else local
