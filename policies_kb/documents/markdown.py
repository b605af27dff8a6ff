"""Markdown: rendered to HTML by markdown-it and read as a page, so that both kinds are read alike."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from policies_kb.documents import web_page
from policies_kb.documents.characters import cleaned
from policies_kb.documents.document import Document
from policies_kb.documents.plain import margin_of

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<fields>(?:[^\n]*\n){0,60}?)---[ \t]*\n")
_TITLE = re.compile(r"^title:[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.MULTILINE)
_FIRST_HEADING = re.compile(r"<h1>(.*?)</h1>", re.DOTALL)


def read(text: str) -> Document:
    """The text's headings, paragraphs, lists and tables; its title is that of its front matter or its first heading."""
    text = cleaned(text)
    title = ""
    front = _FRONT_MATTER.match(text)
    if front is not None:
        named = _TITLE.search(front["fields"])
        title = named[1] if named else ""
        text = text[front.end() :]
    # Line breaks in a paragraph mean nothing where lines were broken at a margin, and a line each where they were not.
    keeps_lines = not margin_of(text.split("\n"))
    parser = MarkdownIt("commonmark", {"breaks": keeps_lines, "html": True}).enable(["table", "strikethrough"])
    page = parser.render(text)
    if not title and (first := _FIRST_HEADING.search(page)):
        title = web_page.read(first[1]).text
    document = web_page.read(page, "md")
    return Document(document.text, "md", " ".join(title.split()), document.headings)
