"""What is read from PDFs: lines become paragraphs again, and what every page repeats is left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from document_files import read
from hostile_files import drawn
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

SENTENCE = "We keep the data that you give us for six (6) months, as section 12.1 says, and no day longer than that. "


def text_of(tmp_path: Path, draw: Callable[[Canvas], None], pages: int = 1) -> str:
    path = tmp_path / "p.pdf"
    path.write_bytes(drawn(draw, pages))
    return read(path).text


def write(canvas: Canvas, lines: list[str], left: float = 60, top: float = 700, pitch: float = 13) -> None:
    for number, line in enumerate(lines):
        canvas.setFont("Helvetica", 10)
        canvas.drawString(left, top - pitch * number, line)


def broken(text: str, width: float = 400) -> list[str]:
    return list(simpleSplit(text, "Helvetica", 10, width))


def test_lines_become_paragraphs(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, broken(SENTENCE * 4), top=700)
        write(canvas, broken(SENTENCE * 3), top=500)

    assert text_of(tmp_path, draw).splitlines() == [(SENTENCE * 4).strip(), "", (SENTENCE * 3).strip()]


def test_a_hyphen_at_a_lines_end_goes_only_if_the_word_is_known_without_it(tmp_path: Path) -> None:
    lines = ["We hold your infor-", "mation with a third-", "party host. We protect", "information of yours."]
    assert text_of(tmp_path, lambda canvas: write(canvas, lines)) == (
        "We hold your information with a third-party host. We protect information of yours.\n"
    )


def test_running_heads_and_page_numbers_are_left_out_and_numbers_in_the_text_are_not(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(60, 815, "Acme, privacy notice")
        canvas.drawString(300, 20, f"{canvas.getPageNumber()} / 3")
        write(canvas, [f"On page {canvas.getPageNumber()} we say 30 days."])

    text = text_of(tmp_path, draw, 3)
    assert [line for line in text.splitlines() if line] == [f"On page {n} we say 30 days." for n in (1, 2, 3)]


def test_a_number_at_an_edge_that_counts_the_pages_is_left_out_and_another_is_not(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        page = canvas.getPageNumber()
        write(canvas, ["We keep it, in days:"], top=500)
        write(canvas, [f"Chapter {'ABC'[page - 1]}"], top=815)
        write(canvas, [str(page + 4)], left=500, top=815)
        write(canvas, ["30"] if page == 1 else ["7"], top=60)

    assert [line for line in text_of(tmp_path, draw, 2).splitlines() if line] == [
        "We keep it, in days:",
        "30",
        "We keep it, in days:",
        "7",
    ]


def test_a_table_of_contents_is_left_out(tmp_path: Path) -> None:
    assert text_of(tmp_path, lambda canvas: write(canvas, ["1 Data . . . . . . . 12", "We collect names."])) == (
        "We collect names.\n"
    )


def test_a_paragraph_goes_on_over_a_pages_end(tmp_path: Path) -> None:
    lines = broken(SENTENCE * 12)
    half = len(lines) // 2

    def draw(canvas: Canvas) -> None:
        write(canvas, lines[:half] if canvas.getPageNumber() == 1 else lines[half:])

    assert text_of(tmp_path, draw, 2) == (SENTENCE * 12).strip() + "\n"


def test_larger_and_bold_lines_are_headings(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for size, font, at, line in ((20, "Helvetica", 740, "Notice"), (14, "Helvetica", 710, "1. Data."),
                                     (10, "Helvetica-Bold", 690, "Names")):  # fmt: skip
            canvas.setFont(font, size)
            canvas.drawString(60, at, line)
        write(canvas, broken(SENTENCE * 2), top=677)

    document = text_of(tmp_path, draw).splitlines()
    assert document == ["Notice", "", "1. Data.", "", "  Names", "", "  " + (SENTENCE * 2).strip()]
    assert read(tmp_path / "p.pdf").headings == ("1. Data.",)


def test_bullets_begin_items_and_their_lines_hang(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(2):
            canvas.drawString(60, 700 - 60 * number, "•")
            write(canvas, broken(SENTENCE * 2, 380), left=80, top=700 - 60 * number)

    assert text_of(tmp_path, draw).splitlines() == ["• " + (SENTENCE * 2).strip()] * 2


def test_bullets_that_are_drawn_as_shapes_are_bullets(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, ["We collect:"])
        for number, word in enumerate(("your name", "your address")):
            canvas.circle(70, 683 - 20 * number, 2, fill=1)
            write(canvas, [word], left=80, top=680 - 20 * number)
        canvas.rect(60, 600, 300, 20)

    assert text_of(tmp_path, draw).splitlines() == ["We collect:", "", "• your name", "• your address"]


def test_a_space_that_is_narrowed_between_capitals_is_a_space_and_spaced_letters_are_a_word(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        canvas.drawString(60, 700, "OF DATA")
        canvas.drawString(60 + canvas.stringWidth("OF DATA") + 1.2, 700, "AND more, and McDonald.")
        canvas.drawString(60, 600, "RIGHTS", charSpace=1.5)

    lines = text_of(tmp_path, draw).splitlines()
    assert lines[0] == "OF DATA AND more, and McDonald."
    assert lines[-1].replace(" ", "") == "RIGHTS"


def test_two_columns_are_read_one_after_the_other_however_they_were_drawn(tmp_path: Path) -> None:
    lines = broken(SENTENCE * 12, 200)
    half = len(lines) // 2 + 1

    def columns(canvas: Canvas) -> None:
        write(canvas, lines[:half])
        write(canvas, lines[half:], left=320)

    def across(canvas: Canvas) -> None:
        for number in range(half):
            write(canvas, lines[number : number + 1], top=700 - 13 * number)
            write(canvas, lines[half + number : half + number + 1], left=320, top=700 - 13 * number)

    assert text_of(tmp_path, columns) == text_of(tmp_path, across) == (SENTENCE * 12).strip() + "\n"


def test_a_tables_row_is_a_line(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for number, row in enumerate([("Data", "Purpose", "Kept"), ("Name", "Account", "6 months")]):
            for left, cell in zip((60, 240, 420), row):
                canvas.drawString(left, 700 - 20 * number, cell)

    assert text_of(tmp_path, draw).splitlines() == ["• Data – Purpose – Kept", "• Name – Account – 6 months"]


def test_lines_of_an_address_stay_lines(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, broken(SENTENCE * 3))
        write(canvas, ["Acme", "1 Example Street", "privacy@example.org"], top=600)

    assert text_of(tmp_path, draw).splitlines()[1:] == ["", "Acme", "1 Example Street", "privacy@example.org"]


def test_a_page_that_is_turned_is_read_as_it_is_seen(tmp_path: Path) -> None:
    for degrees, left, top in ((90, 60, -100), (180, -500, -100), (270, -700, 400)):

        def draw(canvas: Canvas, degrees: int = degrees, left: int = left, top: int = top) -> None:
            canvas.setPageRotation(degrees)
            canvas.rotate(degrees)
            write(canvas, broken(SENTENCE * 3), left=left, top=top)

        assert text_of(tmp_path, draw) == (SENTENCE * 3).strip() + "\n", degrees


def test_the_title_is_the_files_own_unless_a_program_made_it_up(tmp_path: Path) -> None:
    path = tmp_path / "p.pdf"
    for title, expected in (("Privacy of Acme", "Privacy of Acme"), ("policy final.docx", ""), ("untitled", "")):

        def draw(canvas: Canvas, title: str = title) -> None:
            canvas.setTitle(title)
            write(canvas, broken(SENTENCE * 3))

        path.write_bytes(drawn(draw))
        assert read(path).title == expected
