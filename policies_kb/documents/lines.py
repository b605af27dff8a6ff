"""What a paragraph with line breaks, a table's row and a link become, in every kind of file alike."""

from __future__ import annotations

from policies_kb.documents.blocks import Block, Kind


def row_text(cells: list[str]) -> str:
    """A table's row as a line: "A: B" of two cells, otherwise its cells with dashes between them."""
    if len(cells) == 2 and not cells[0].endswith((":", ".", "?")):
        return f"{cells[0]}: {cells[1]}"
    return (" " if len(cells) == 2 else " – ").join(cells)


def line_blocks(words: str) -> list[Block]:
    """A paragraph whose lines somebody broke on purpose: each is a line, a blank one begins a new paragraph."""
    blocks: list[Block] = []
    follows = False
    for line in words.split("\n"):
        text = line.strip()
        if not text:
            follows = False
            continue
        if follows and text[0].islower() and blocks[-1].text[-1] not in ".:;!?":
            blocks[-1] = Block(Kind.PARAGRAPH, f"{blocks[-1].text} {text}", follows=blocks[-1].follows)
        else:
            blocks.append(Block(Kind.PARAGRAPH, text, follows=follows))
        follows = True
    return blocks


def mail_address(link: str) -> str:
    """The address of a mailto: link, without the subject that it may propose."""
    scheme, _, rest = link.strip().partition(":")
    return rest.split("?")[0].strip() if scheme.lower() == "mailto" else ""
