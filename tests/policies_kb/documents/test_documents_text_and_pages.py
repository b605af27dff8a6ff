"""What is read from text files, pasted text, Markdown and saved web pages, and what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from document_files import read

from policies_kb.documents import Document, read_pasted
from policies_kb.errors import SourceError
from policies_kb.knowledge import ROOT

WRAPPED = """PRIVACY NOTICE

We collect the name and the address that you give us when you open an
account, and we keep them for six (6) months after you close it. We do
not sell them, whatever somebody may offer us for them, and we give them
to nobody but the carrier that brings your parcel to the door of your
house or to the shop that you named, and that only for as long as it is
on its way to you. You may write to us at any time to see what we hold:
- your name and how you want to be called, if you told us, and the name
  of the person that we should ask for
- your address

Acme
1 Example Street
"""


@pytest.fixture
def page(tmp_path: Path):
    def read_page(body: str, head: str = "", name: str = "p.html") -> str:
        path = tmp_path / name
        path.write_text(f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>", "utf-8")
        return read(path).text

    return read_page


def markdown(tmp_path: Path, text: str) -> Document:
    path = tmp_path / "p.md"
    path.write_text(text, "utf-8")
    return read(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_text_is_read_in_the_encodings_that_say_what_they_are(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "p.txt"
    path.write_bytes("We keep it “safe” for 30 days, § 12.1.\r\n".encode(encoding))
    assert read(path).text == "We keep it “safe” for 30 days, § 12.1.\n"


def test_ligatures_soft_hyphens_and_unbreakable_spaces_are_what_they_stand_for_and_nothing_else_changes() -> None:
    assert read_pasted("The ﬁrst aﬄuent per\u00adson:\u00a06\u202fmonths ½ № 5² “–” ı").text == (
        "The first affluent person: 6 months ½ № 5² “–” ı"
    )


def test_lines_that_were_broken_at_a_margin_are_paragraphs_again() -> None:
    lines = read_pasted(WRAPPED).text.splitlines()
    assert lines[2].startswith("We collect the name") and lines[2].endswith("see what we hold:")
    assert lines[3].endswith("the name of the person that we should ask for")
    assert lines[4:] == ["- your address", "", "Acme", "1 Example Street"]


@pytest.mark.parametrize("path", sorted(ROOT.glob("*/*.txt")), ids=lambda path: path.parent.name)
def test_a_text_whose_lines_are_paragraphs_stays_as_it_is(path: Path) -> None:
    assert read(path).text == path.read_text("utf-8")


def test_pasted_text_is_refused_like_a_file() -> None:
    with pytest.raises(SourceError, match="pasted text is empty"):
        read_pasted(" \n ")
    with pytest.raises(SourceError, match="1,000,000 are the most"):
        read_pasted("a " * 500_001)


def test_a_page_gives_headings_paragraphs_lists_and_breaks(page) -> None:
    text = page(
        "<h1>Privacy Policy</h1><p>Of\n Acme &amp; Co.<h2>1. Data</h2><p>We collect:</p><ul><li>your <b>na</b>me"
        "<ul><li>the first</ul><li><p>your address,</p><p>if given</p></ul><h3>More</h3><p>Acme<br>1 Street<br><br>Bye."
    )
    assert text.splitlines() == [
        "Privacy Policy", "", "Of Acme & Co.", "", "1. Data", "", "We collect:", "",
        "• your name", "  • the first", "• your address, if given", "",
        "  More", "", "  Acme", "  1 Street", "", "  Bye.",
    ]  # fmt: skip


def test_an_ordered_list_keeps_the_numbers_that_a_visitor_sees(page) -> None:
    long = "We delete what you gave us, see section 4."
    assert page(f"<ol start=3><li>{long}<li>{long}</ol>").splitlines() == [f"3. {long}", f"4. {long}"]
    assert page("<ol type=a><li>names<li value=4>ages</ol>").splitlines() == ["• a. names", "• d. ages"]
    assert page("<ol><li>Cookies</ol><p>We use none.</p>").splitlines() == ["1. Cookies", "", "We use none."]


def test_a_table_of_facts_is_a_line_for_each_row_and_a_table_of_the_layout_is_none(page) -> None:
    facts = "<table><tr><th>Data<th>Kept<tr><td>Name<td>6 months</table>"
    three = "<table><tr><td>Name<td><ul><li>a<li>b</ul><td>30 days</table>"
    assert page(facts).splitlines() == ["• Data: Kept", "• Name: 6 months"]
    assert page(three) == "• Name – • a • b – 30 days\n"
    assert page("<table><tr><td><h2>Cookies</h2><td><p>We use none.</p></table>").splitlines() == [
        "Cookies", "", "We use none.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "around",
    [
        "<nav>Menu</nav>", "<header>Menu</header>", "<footer>Menu</footer>", "<script>Menu</script>",
        "<style>Menu</style>", "<p hidden>Menu</p>", "<p style='color:red; display:none'>Menu</p>",
        "<div aria-hidden=true>Menu</div>", "<div role=navigation>Menu</div>", "<template>Menu</template>",
        "<noscript>Menu</noscript>", "<span class='x sr-only'>Menu</span>", "<del>Menu</del>", "<!-- Menu -->",
        "<div id=cookie-banner>Menu <button>OK</button></div>", "<button>Menu</button>",
        "<ul><li><a href=#a>Menu</a><li><a href=#b>B</a><li><a href=#c>C</a></ul>",
    ],
)  # fmt: skip
def test_what_is_no_part_of_the_policy_is_left_out(around: str, page) -> None:
    assert page(f"{around}<p>We collect names.</p>{around}") == "We collect names.\n"


def test_a_section_on_cookies_is_no_cookie_banner(page) -> None:
    assert page("<section id=cookie-notice><p>We use cookies.</p></section>") == "We use cookies.\n"


def test_the_article_is_read_without_what_stands_beside_it_if_it_holds_most(page) -> None:
    policy = "We collect names. " * 20
    text = page(f"<p>Beside</p><main><header><h1>Policy</h1></header><p>{policy}</p></main>")
    assert "Beside" not in text and "Policy" in text
    assert "Beside" in page(f"<main><p>Short.</p></main><p>Beside. {policy}</p>")


def test_an_old_page_is_believed_about_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "p.html"
    path.write_bytes("<html><meta charset=iso-8859-1><p>Your “data” in a café</p>".encode("cp1252"))
    assert read(path).text == "Your “data” in a café\n"


def test_a_link_to_a_mail_address_keeps_the_address(page) -> None:
    assert page('<p><a href="mailto:privacy@example.org?subject=x">Write</a>.</p>') == "Write (privacy@example.org).\n"
    assert page('<p><a href="mailto:a@example.org">A@example.org</a>.</p>') == "A@example.org.\n"


def test_a_heading_that_does_not_look_it_is_named_for_the_profile(tmp_path: Path) -> None:
    document = markdown(tmp_path, "# Privacy\n\n## We never sell your data.\n\nReally, we do not.\n")
    assert document.headings == ("We never sell your data.",)


def test_markdown_is_read_as_its_page_would_be(tmp_path: Path) -> None:
    text = (
        "---\ntitle: 'Notice of Acme'\n---\n# Privacy\n\n## Data\n\nWe *collect* [your\nname](https://example.org), "
        "see [us](mailto:privacy@example.org):\n\n* a **b**\n  * c\n* d\n\n"
        "| Data | Kept |\n|---|---|\n| Name | 6 months |\n"
    )
    document = markdown(tmp_path, text)
    assert document.title == "Notice of Acme"
    assert document.text.splitlines()[4:] == [
        "We collect your name, see us (privacy@example.org):", "", "• a b", "  • c", "• d",
        "• Data: Kept", "• Name: 6 months",
    ]  # fmt: skip


def test_the_title_is_the_documents_own(tmp_path: Path) -> None:
    assert markdown(tmp_path, "# Privacy of *Acme*\n\nWe collect.").title == "Privacy of Acme"
    path = tmp_path / "p.html"
    path.write_text("<html><title> Privacy |\n Acme</title><p>We collect.")
    assert read(path).title == "Privacy | Acme"
