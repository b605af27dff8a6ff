"""Files of every kind, made of one text, as people's programs make them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

import docx
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, ListFlowable, ListItem, Paragraph, SimpleDocTemplate

from policies_kb.documents import Document, read_document
from policies_kb.documents.document import Limits
from policies_kb.model import PieceKind
from policies_kb.segment import Marks, segment

PATIENT = Limits(seconds=30.0)  # these files are honest; how fast the machine is today is no matter
_SIGNIFICANT = re.compile(r"([*_<>`#|])")  # in Markdown
_BULLET = re.compile(r"^\s*(?:[•▪*]|[-–−](?=\s))\s*")


@dataclass(frozen=True)
class Part:
    """A line of a policy and what a person would make it: heading, item or paragraph."""

    role: str
    text: str


def parts_of_text(source: str, marks: Marks) -> list[Part]:
    """The lines of a text, with their roles as the segmenter sees them."""
    pieces = segment(source, marks)
    headings = {piece.span.of(source) for piece in pieces if piece.kind is PieceKind.HEADING}
    parts = []
    for line in filter(str.strip, source.splitlines()):
        text = line.strip()
        if text in headings:
            parts.append(Part("heading", text))
        elif _BULLET.match(text):
            parts.append(Part("item", _BULLET.sub("", text)))
        else:
            parts.append(Part("paragraph", text))
    return parts


def read(path: Path) -> Document:
    return read_document(path, must_be_policy=False, limits=PATIENT)


def write_txt(parts: list[Part], path: Path) -> Path:
    path.write_text("\n".join(("• " if part.role == "item" else "") + part.text for part in parts), "utf-8")
    return path


def write_md(parts: list[Part], path: Path) -> Path:
    signs = {"heading": "## ", "item": "* ", "paragraph": ""}
    lines = [signs[part.role] + _SIGNIFICANT.sub(r"\\\1", part.text) for part in parts]
    path.write_text("\n\n".join(lines), "utf-8")
    return path


def write_html(parts: list[Part], path: Path) -> Path:
    tags = {"heading": "<h2>%s</h2>", "item": "<ul>\n<li>%s</li></ul>", "paragraph": "<p>\n  %s\n</p>"}
    body = "\n".join(tags[part.role] % escape(part.text).replace(" ", "\n", 1) for part in parts)
    body = body.replace("</ul>\n<ul>", "")
    path.write_text(
        f"<!DOCTYPE html><html><head><title>A</title></head><body><main>{body}</main></body></html>", "utf-8"
    )
    return path


def write_docx(parts: list[Part], path: Path) -> Path:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Running head"
    for part in parts:
        if part.role == "heading":
            document.add_heading(part.text, 2)
        else:
            document.add_paragraph(part.text, style="List Bullet" if part.role == "item" else None)
    document.save(str(path))
    return path


def write_pdf(parts: list[Part], path: Path) -> Path:
    styles = getSampleStyleSheet()
    flow: list[Flowable] = []
    for part in parts:
        # The standard fonts know Western letters only.
        text = escape(part.text.replace("−", "-"))
        if part.role == "item":
            flow.append(ListFlowable([ListItem(Paragraph(text, styles["BodyText"]))], bulletType="bullet", start="•"))
        else:
            flow.append(Paragraph(text, styles["Heading2" if part.role == "heading" else "BodyText"]))
    SimpleDocTemplate(str(path), pagesize=A4, title="A").build(flow, onFirstPage=_edges, onLaterPages=_edges)
    return path


def _edges(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.drawString(72, 812, "Acme, all rights reserved")
    canvas.drawString(280, 30, f"Page {document.page}")


WRITERS = {"txt": write_txt, "md": write_md, "html": write_html, "docx": write_docx, "pdf": write_pdf}
