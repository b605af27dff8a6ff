"""What is read from Word files: the text with all changes accepted and the numbers that Word shows."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
from document_files import read
from docx.document import Document as WordDocument
from docx.oxml import parse_xml
from hostile_files import PARAGRAPH, SPACE, packed, word

DECLARED = f'xmlns:w="{SPACE}"'
NUMBERED = (
    f"<w:numbering {DECLARED}><w:abstractNum w:abstractNumId='1'>"
    "<w:lvl w:ilvl='0'><w:start w:val='1'/><w:numFmt w:val='decimal'/><w:lvlText w:val='%1.'/></w:lvl>"
    "<w:lvl w:ilvl='1'><w:start w:val='1'/><w:numFmt w:val='decimal'/><w:lvlText w:val='%1.%2'/></w:lvl>"
    "<w:lvl w:ilvl='2'><w:start w:val='1'/><w:numFmt w:val='lowerLetter'/><w:lvlText w:val='(%3)'/></w:lvl>"
    "</w:abstractNum><w:num w:numId='1'><w:abstractNumId w:val='1'/></w:num>"
    "<w:num w:numId='2'><w:abstractNumId w:val='1'/><w:lvlOverride w:ilvl='0'><w:startOverride w:val='1'/>"
    "</w:lvlOverride></w:num></w:numbering>"
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    + "".join(
        f'<Relationship Id="r{n}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" '
        f'Target="{target}"/>'
        for n, (kind, target) in enumerate([("numbering", "numbering.xml"), ("footnotes", "footnotes.xml")])
    )
    + "</Relationships>"
)


def lines_of(tmp_path: Path, body: str, **more: bytes | str) -> list[str]:
    path = tmp_path / "p.docx"
    path.write_bytes(word(body, **more))
    return read(path).text.splitlines()


def saved(document: WordDocument, tmp_path: Path) -> list[str]:
    document.save(str(tmp_path / "p.docx"))
    return read(tmp_path / "p.docx").text.splitlines()


def listed(text: str, level: int, number: int = 1, more: str = "") -> str:
    numbering = f"<w:numPr><w:ilvl w:val='{level}'/><w:numId w:val='{number}'/></w:numPr>{more}"
    return f"<w:p><w:pPr>{numbering}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def test_styles_tell_headings_and_the_title(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Notice of Acme", 0)
    document.add_heading("Data", 1)
    document.add_heading("Names", 2)
    document.add_paragraph("We collect:")
    document.add_paragraph("your name", style="List Bullet")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Name", "six (6)\u00a0months"
    document.sections[0].footer.paragraphs[0].text = "Page 1 of 9"
    assert saved(document, tmp_path) == [
        "Notice of Acme", "", "Data", "", "  Names", "", "  We collect:", "",
        "  • your name", "  • Name: six (6) months",
    ]  # fmt: skip
    assert read(tmp_path / "p.docx").title == "Notice of Acme"


def test_the_title_in_the_files_properties_comes_first(tmp_path: Path) -> None:
    document = docx.Document()
    document.core_properties.title = "Privacy of Acme"
    document.add_heading("Data", 1)
    document.add_paragraph("We collect names.")
    saved(document, tmp_path)
    assert read(tmp_path / "p.docx").title == "Privacy of Acme"


def test_numbers_are_those_that_word_shows(tmp_path: Path) -> None:
    body = (
        listed("What we hold of you is told here.", 0)
        + listed("Names of people, and what they want.", 1)
        + listed("Addresses of people, and their age.", 1)
        + listed("How long we keep what we hold.", 0)
        + listed("Six (6) months, and no day longer.", 1)
        + PARAGRAPH % "Then:"
        + listed("first", 2)
        + listed("second", 2)
        + listed("A new list begins again at one.", 0, 2)
    )
    parts = {"word__numbering.xml": NUMBERED, "word___rels__document.xml.rels": RELATIONS}
    assert [line.strip() for line in lines_of(tmp_path, body, **parts) if line] == [
        "1. What we hold of you is told here.",
        "1.1 Names of people, and what they want.",
        "1.2 Addresses of people, and their age.",
        "2. How long we keep what we hold.",
        "2.1 Six (6) months, and no day longer.",
        "Then:",
        "• (a) first",
        "• (b) second",
        "• 1. A new list begins again at one.",
    ]


def test_a_numbered_heading_keeps_its_number(tmp_path: Path) -> None:
    body = listed("Data", 0, more="<w:outlineLvl w:val='0'/>") + PARAGRAPH % "We collect names."
    parts = {"word__numbering.xml": NUMBERED, "word___rels__document.xml.rels": RELATIONS}
    assert lines_of(tmp_path, body, **parts) == ["1. Data", "", "We collect names."]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("<w:r><w:t>We </w:t></w:r><w:del><w:r><w:delText>never </w:delText></w:r></w:del><w:r><w:t>sell</w:t></w:r>",
         "We sell"),
        ("<w:r><w:t>We </w:t></w:r><w:ins><w:r><w:t>never </w:t></w:r></w:ins><w:r><w:t>sell</w:t></w:r>",
         "We never sell"),
        ("<w:moveFrom><w:r><w:t>Gone</w:t></w:r></w:moveFrom><w:moveTo><w:r><w:t>Here</w:t></w:r></w:moveTo>", "Here"),
        ("<w:r><w:rPr><w:vanish/></w:rPr><w:t>Hidden</w:t></w:r><w:r><w:t>Seen</w:t></w:r>", "Seen"),
        ("<w:r><w:rPr><w:strike/></w:rPr><w:t>Struck</w:t></w:r><w:r><w:t>Kept</w:t></w:r>", "Kept"),
        ("<w:r><w:rPr><w:strike w:val='0'/></w:rPr><w:t>Kept</w:t></w:r>", "Kept"),
        ("<w:r><w:t>6</w:t><w:tab/><w:t>to</w:t><w:noBreakHyphen/><w:t>do</w:t><w:softHyphen/></w:r>", "6 to-do"),
        ("<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>Page</w:t></w:r>", "Page"),
        ("<w:smartTag><w:r><w:t>Acme</w:t></w:r></w:smartTag>", "Acme"),
    ],
)  # fmt: skip
def test_a_paragraph_reads_as_if_all_changes_were_accepted(body: str, line: str, tmp_path: Path) -> None:
    assert lines_of(tmp_path, f"<w:p>{body}</w:p>") == [line]


def test_a_paragraph_whose_end_was_deleted_goes_on_in_the_next(tmp_path: Path) -> None:
    first = "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>We never </w:t></w:r></w:p>"
    assert lines_of(tmp_path, first + PARAGRAPH % "sell data.") == ["We never sell data."]


def test_line_breaks_are_lines(tmp_path: Path) -> None:
    body = "<w:p><w:r><w:t>Acme</w:t><w:br/><w:t>1 Street</w:t></w:r></w:p>"
    assert lines_of(tmp_path, body) == ["Acme", "1 Street"]


def test_a_footnote_stands_after_the_paragraph_that_refers_to_it(tmp_path: Path) -> None:
    note = f"<w:footnotes {DECLARED}><w:footnote w:id='2'>{PARAGRAPH % 'Or 30 days.'}</w:footnote></w:footnotes>"
    body = "<w:p><w:r><w:t>We keep it.</w:t><w:footnoteReference w:id='2'/></w:r></w:p>" + PARAGRAPH % "Then not."
    parts = {"word__footnotes.xml": note, "word___rels__document.xml.rels": RELATIONS}
    assert [line for line in lines_of(tmp_path, body, **parts) if line] == ["We keep it.", "Or 30 days.", "Then not."]


def test_a_hyperlink_reads_as_its_words_and_keeps_a_mail_address(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Write to ")
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    link = document.part.relate_to("mailto:privacy@example.org", f"{kind}/hyperlink", is_external=True)
    paragraph._p.append(
        parse_xml(f'<w:hyperlink {DECLARED} xmlns:r="{kind}" r:id="{link}"><w:r><w:t>us</w:t></w:r></w:hyperlink>')
    )
    assert saved(document, tmp_path) == ["Write to us (privacy@example.org)"]


def test_a_text_box_is_read_once(tmp_path: Path) -> None:
    space = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    box = f"<w:txbxContent>{PARAGRAPH % 'In a box.'}</w:txbxContent>"
    ways = f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    both = f"<mc:AlternateContent {space}>{ways}</mc:AlternateContent>"
    assert lines_of(tmp_path, f"<w:p><w:r><w:t>Beside.</w:t></w:r><w:r>{both}</w:r></w:p>") == [
        "Beside.",
        "",
        "In a box.",
    ]


def test_the_text_may_lie_elsewhere_in_the_archive(tmp_path: Path) -> None:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    space = "http://schemas.openxmlformats.org/package/2006"
    types = f'<Types xmlns="{space}/content-types"><Override ContentType="x.wordprocessingml.y"/></Types>'
    main = f'<Relationship Id="a" Type="{kind}" Target="/x/y.xml"/>'
    parts = {
        "[Content_Types].xml": types,
        "_rels/.rels": f'<Relationships xmlns="{space}/relationships">{main}</Relationships>',
        "x/y.xml": f"<w:document {DECLARED}><w:body>{PARAGRAPH % 'We collect.'}</w:body></w:document>",
    }
    path = tmp_path / "p.docx"
    path.write_bytes(packed(parts))
    assert read(path).text == "We collect.\n"
