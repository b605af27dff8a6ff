"""Requests whose head or framing is wrong or odd (RFC 9112 sections 2, 3, 5, 6 and 7), as bytes for a raw socket.

Each is one request. WRONG ones may only be refused. READ_ONE_WAY ones are legal or may be tolerated: each opens a
conversation about ASKED and must be read in that one way. ONE_REQUEST holds oddities of which only the number matters.
What is hidden behind a wrong one, or inside the body of an odd one, must never be run as a request of its own.
"""

from __future__ import annotations

ASKED = "classtime"
BODY = f'{{"policy": "{ASKED}"}}'
LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = "Transfer-Encoding: chunked"
CHUNKS = f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n"
HIDDEN_ID = "hidden"


def hidden(token: str) -> str:
    """A whole request that is answered and counted if a server runs it."""
    body = f'{{"id": "{HIDDEN_ID}", "text": "hello"}}'
    lines = ("Host: 127.0.0.1", f"Authorization: Bearer {token}", "Content-Type: application/json")
    return "\r\n".join(["POST /api/messages HTTP/1.1", *lines, f"Content-Length: {len(body)}", "", body])


def head(*lines: str, first: str = "POST /api/sessions HTTP/1.1", host: str = "Host: 127.0.0.1") -> str:
    """A head up to and with its empty line."""
    return "\r\n".join([first, *([host] if host else []), "Content-Type: application/json", *lines, "", ""])


def _length(value: str) -> str:
    return head(f"Content-Length: {value}") + BODY


def _coded(*lines: str) -> str:
    return head(*lines) + CHUNKS


def _chunk_size(line: str) -> str:
    """A body of one chunk whose size line is given, then the last chunk."""
    return head(CHUNKED) + f"{line}\r\n{BODY}\r\n0\r\n\r\n"


def _line(line: str) -> str:
    return head(line, LENGTH) + BODY


def _first(line: str) -> str:
    return head(LENGTH, first=line) + BODY


_SIZE = f"{len(BODY):x}"
_LENGTHS = {
    "a length below zero": "-1",
    "a length with a minus": f"-{len(BODY)}",
    "minus nothing as a length": "-0",
    "a length with a plus": f"+{len(BODY)}",
    "a length with an underscore": "2_3",
    "a length in hex": "0x17",
    "a length in hex digits": "17h",
    "a length with a fraction": "23.0",
    "a length with an exponent": "23e0",
    "an empty length": "",
    "a length that is a word": "many",
    "a length in brackets": "(23)",
    "a length in quotes": '"23"',
    "a length with a space within": "2 3",
    "a length with a zero byte": "23\x00",
    "a length with a vertical tab": "\x0b23",
    "a length with a form feed": "23\x0c",
    "a length with a no-break space": "23\xa0",
    "a length in superscript digits": "\xb2\xb3",
    "a length of 400 digits": "9" * 400,
    "a length of 64 bits": str(2**64 + len(BODY)),
    "a length of 32 bits": str(2**32 + len(BODY)),
    "a length with a semicolon": "23;",
    "two lengths in one": "23, 2",
    "two lengths in one the other way": "2, 23",
    "a length and nothing in one": "23,",
    "nothing and a length in one": ",23",
    "a length and a bad one in one": "23, +23",
}
_CODINGS = {
    "an unknown coding": ("Transfer-Encoding: xchunked",),
    "a coding with something before": ("Transfer-Encoding: x chunked",),
    "an unknown coding last": ("Transfer-Encoding: chunked, x",),
    "chunked twice": ("Transfer-Encoding: chunked, chunked",),
    "chunked on two lines": (CHUNKED, CHUNKED),
    "identity": ("Transfer-Encoding: identity",),
    "identity and chunked": ("Transfer-Encoding: identity, chunked",),
    "chunked and identity": ("Transfer-Encoding: chunked, identity",),
    "chunked and identity on two lines": (CHUNKED, "Transfer-Encoding: identity"),
    "a coding we do not have": ("Transfer-Encoding: gzip, chunked",),
    "an empty coding": ("Transfer-Encoding:",),
    "chunked and nothing": ("Transfer-Encoding: chunked,",),
    "chunked with a parameter": ("Transfer-Encoding: chunked;q=1",),
    "chunked in quotes": ('Transfer-Encoding: "chunked"',),
    "chunked after a vertical tab": ("Transfer-Encoding: \x0bchunked",),
    "chunked with a zero byte": ("Transfer-Encoding: chunked\x00",),
    "chunked after a bare return": ("Transfer-Encoding: \rchunked",),
    "chunked on a folded line": ("Transfer-Encoding: x,\r\n chunked",),
    "a length, then chunks": ("Content-Length: 5", CHUNKED),
    "chunks, then a length": (CHUNKED, "Content-Length: 5"),
    "the right length, then chunks": (f"Content-Length: {len(CHUNKS)}", CHUNKED),
    "no length, then chunks": ("Content-Length: 0", CHUNKED),
    "a bad length, then chunks": ("Content-Length: -1", CHUNKED),
    "chunks and a bad length": (CHUNKED, "Content-Length: abc"),
    "an odd coding and a length": ("Transfer-Encoding: xchunked", "Content-Length: 5"),
    "a space before the coding's colon": ("Transfer-Encoding : chunked",),
    "a tab before the coding's colon": ("Transfer-Encoding\t: chunked", "Content-Length: 5"),
    "a space before the coding's name": ("X-A: 1", " Transfer-Encoding: chunked", "Content-Length : 5"),
}
_SIZES = {
    "a chunk size with 0x": f"0x{_SIZE}",
    "a chunk size with a plus": f"+{_SIZE}",
    "a chunk size below zero": f"-{_SIZE}",
    "a chunk size with an underscore": "1_7",
    "a chunk size with a space before": f" {_SIZE}",
    "a chunk size with a space within": "1 7",
    "a chunk size that is a word": "size",
    "an empty chunk size": "",
    "a chunk size of 400 digits": "f" * 400,
    "a chunk size with a zero byte": f"{_SIZE}\x00",
    "a chunk size and a bare return": f"{_SIZE}\r",
}
_LINES = {
    "a space before the colon": f"Content-Length : {len(BODY)}",
    "a tab before the colon": f"Content-Length\t: {len(BODY)}",
    "a vertical tab before the colon": f"Content-Length\x0b: {len(BODY)}",
    "a vertical tab before the name": "\x0bX-A: 1",
    "a zero byte in a name": "X-\x00: 1",
    "a zero byte in a value": "X-A: 1\x002",
    "a bare return in a value": "X-A: 1\rContent-Length: 5",
    "a bare return in a name": "X\r-A: 1",
    "a name that is empty": ": 1",
    "a line without a colon": "X-A",
    "a name with a letter outside ASCII": "X-\xc4: 1",
    "a name with brackets": "X(A): 1",
    "a name with a slash": "X/A: 1",
    "a name in quotes": '"X-A": 1',
    "another length": "Content-Length: 5",
    "another length in lower case": "content-length: 5",
    "a second host": "Host: elsewhere.example.org",
    "the same host again": "Host: 127.0.0.1",
    "a length and a bad one": "Content-Length: +23",
}
_FIRSTS = {
    "no version": "POST /api/sessions",
    "two spaces before the path": "POST  /api/sessions HTTP/1.1",
    "a space before the method": " POST /api/sessions HTTP/1.1",
    "a space in the path": "POST /api/sessions /p HTTP/1.1",
    "a tab between the parts": "POST\t/api/sessions\tHTTP/1.1",
    "a zero byte in the path": "POST /api/ses\x00sions HTTP/1.1",
    "a letter outside ASCII in the path": "POST /api/sess\xefons HTTP/1.1",
    "no path": "POST HTTP/1.1",
    "a version that is a word": "POST /api/sessions HTTP/one",
    "a version of three parts": "POST /api/sessions HTTP/1.1.1",
    "a version with a plus": "POST /api/sessions HTTP/+1.1",
    "a version in small letters": "POST /api/sessions http/1.1",
    "another protocol": "POST /api/sessions ICY/1.1",
    "a method with brackets": "PO(ST) /api/sessions HTTP/1.1",
    "a bare return at the end": "POST /api/sessions HTTP/1.1\r",
    "a very long path": f"POST /{'a' * 400_000} HTTP/1.1",
    "a very long method": f"{'A' * 400_000} /api/sessions HTTP/1.1",
}
WRONG: dict[str, str] = {
    **{name: _length(value) for name, value in _LENGTHS.items()},
    **{name: _coded(*lines) for name, lines in _CODINGS.items()},
    **{name: _chunk_size(line) for name, line in _SIZES.items()},
    **{name: _line(line) for name, line in _LINES.items()},
    **{name: _first(line) for name, line in _FIRSTS.items()},
    "chunks in HTTP/1.0 with a length": head(CHUNKED, "Content-Length: 5", first="POST /api/sessions HTTP/1.0")
    + CHUNKS,
    "chunks in a GET with a length": head(CHUNKED, "Content-Length: 5", first="GET /p/klasso HTTP/1.1") + "0\r\n\r\n",
    "no host": head(LENGTH, host="") + BODY,
    "a chunk that is longer than it says": head(CHUNKED) + f"2\r\n{BODY}\r\n0\r\n\r\n",
    "a chunk without its line's end": head(CHUNKED) + f"{_SIZE}\r\n{BODY}0\r\n\r\n",
    "a chunk with two other bytes at its end": head(CHUNKED) + f"{_SIZE}\r\n{BODY}XX0\r\n\r\n",
    "a trailer that is no line": head(CHUNKED) + f"{_SIZE}\r\n{BODY}\r\n0\r\nX\x00: 1\r\n\r\n",
    "a very long line": head("X-A: " + "a" * 200_000, LENGTH) + BODY,
    "very many lines": head(*["X-A: a"] * 30_000, LENGTH) + BODY,
    "a greeting of TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50,
    "HTTP/0.9": "GET /healthz\r\n",
    "a line of a proxy's protocol": "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + head(LENGTH) + BODY,
}
READ_ONE_WAY: dict[str, str] = {
    "a plain length": _length(str(len(BODY))),
    "plain chunks": _coded(CHUNKED),
    "two equal lengths": head(LENGTH, LENGTH) + BODY,
    "two equal lengths in one": _length(f"{len(BODY)}, {len(BODY)}"),
    "spaces around the length": _length(f"   {len(BODY)}  "),
    "a tab before the length": _length(f"\t{len(BODY)}"),
    "zeros before the length": _length(f"000{len(BODY)}"),
    "chunked in capitals": _coded("TRANSFER-ENCODING: CHUNKED"),
    "a chunk with an extension": head(CHUNKED) + f"{_SIZE};a=b\r\n{BODY}\r\n0\r\n\r\n",
    "a chunk size in capitals with zeros": head(CHUNKED) + f"000{_SIZE.upper()}\r\n{BODY}\r\n0\r\n\r\n",
    "many small chunks": head(CHUNKED) + "".join(f"1\r\n{one}\r\n" for one in BODY) + "0\r\n\r\n",
    "trailers": head(CHUNKED) + f"{_SIZE}\r\n{BODY}\r\n0\r\nContent-Length: 5\r\n\r\n",
    "bare line feeds": head(LENGTH).replace("\r\n", "\n") + BODY,
    "a delete character in a value": head("X-A: \x7f", LENGTH) + BODY,
    "a host of two in one": head(LENGTH, host="Host: 127.0.0.1, elsewhere.example.org") + BODY,
    "a folded line": head("X-A: 1\r\n Content-Length: 5", LENGTH) + BODY,
}
ONE_REQUEST: dict[str, str] = {  # {hidden} is part of the body or of a line
    "CL.0: a body where none is looked for": head("Content-Length: {length}", first="GET /healthz HTTP/1.1")
    + "{hidden}",
    "CL.0 at a file": head("Content-Length: {length}", first="POST /static/app.css HTTP/1.1") + "{hidden}",
    "CL.0 with HEAD": head("Content-Length: {length}", first="HEAD / HTTP/1.1") + "{hidden}",
    "CL.TE": head("Content-Length: {length_and_five}", CHUNKED) + "0\r\n\r\n{hidden}",
    "TE.CL": head("Content-Length: 4", CHUNKED) + "{size}\r\n{hidden}\r\n0\r\n\r\n",
    "TE.0": head(CHUNKED, first="GET /healthz HTTP/1.1") + "{size}\r\n{hidden}\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": head(CHUNKED, first="POST /api/sessions HTTP/1.0") + "0\r\n\r\n{hidden}",
    "an extension with a bare line feed": head(CHUNKED) + "2;\nxx\r\n{size}\r\n{hidden}\r\n0\r\n\r\n",
    "a chunk size of 64 bits": head(CHUNKED) + "ffffffffffffffff\r\n{hidden}",
    "an empty line before": "\r\n" + head("Content-Length: {length}") + "{hidden}",
    "the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\n",
    "a length of nothing in HTTP/1.0": head("Content-Length: 0", first="POST /api/sessions HTTP/1.0") + "{hidden}",
    "an upgrade": head("Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk", "Content-Length: {length}")
    + "{hidden}",
    "an upgrade to WebSocket": head(
        "Connection: Upgrade", "Upgrade: websocket", "Content-Length: {length}", first="GET /api/events HTTP/1.1"
    )
    + "{hidden}",
    "expecting to be told to go on": head("Expect: 100-continue", "Content-Length: {length}") + "{hidden}",
    "the address of another server": head(
        "Content-Length: {length}", first="POST http://192.0.2.1/api/sessions HTTP/1.1"
    )
    + "{hidden}",
    "a tunnel": head("Content-Length: {length}", first="CONNECT 192.0.2.1:443 HTTP/1.1") + "{hidden}",
    "a star": head("Content-Length: {length}", first="OPTIONS * HTTP/1.1") + "{hidden}",
    "a body shorter than its length": head("Content-Length: {length_and_five}") + "{hidden}",
    "a body that never comes": head("Content-Length: 100") + "{{",
    "a head without an end": "POST /api/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    "nothing": "",
}


def with_hidden(template: str, token: str) -> str:
    """One of ONE_REQUEST, filled in."""
    inside = hidden(token)
    sizes = {"length": len(inside), "length_and_five": len(inside) + 5, "size": f"{len(inside):x}"}
    return template.format(hidden=inside, **sizes)
