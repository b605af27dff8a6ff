"""Malformed and odd heads at the served product: nothing hangs, nothing is read twice, nothing hidden is run."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import malformed_heads as heads
import pytest
from prometheus_client.parser import text_string_to_metric_families
from serving import PATIENCE, Running, started

SOON = 5.0  # seconds for /healthz after a malformed head: longer is a hang
SILENT = 0.15  # seconds after which a kept connection has said all
LONG, MANY = 1_000_000, 100
_FINAL = re.compile(rb"HTTP/1\.[01] ([2-5]\d\d) ")
_addresses = iter(f"10.0.{high}.{low}" for high in range(256) for low in range(1, 255))


@dataclass
class Served:
    """A served product, a client of it, and a token of a conversation with it."""

    running: Running
    http: httpx.Client
    token: str

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.running.port

    def answered(self) -> float:
        """How many messages it has answered. Fails if it does not answer this at once, or is not well."""
        assert self.http.get("/healthz").json() == {"status": "alive"}
        families = text_string_to_metric_families(self.http.get("/metrics").text)
        samples = [sample for family in families for sample in family.samples]
        return sum(sample.value for sample in samples if sample.name == "desk_messages_total")


@pytest.fixture(scope="module")
def served(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = started(tmp_path_factory.mktemp("heads"), PRIVACY_DESK_BEHIND_PROXY="1")
    with httpx.Client(base_url=running.url, timeout=SOON) as http:
        yield Served(running, http, http.post("/api/sessions", json={"policy": "klasso"}).json()["token"])
    running.process.kill()
    running.process.wait()


@dataclass
class Spoken:
    """What a server said: the status of each final answer, all its bytes, whether it ended the connection."""

    statuses: list[int]
    text: str
    is_closed: bool


def spoken(port: int, raw: str, first: float = SOON, piece: int = 1 << 20) -> Spoken:
    """Send a request as it is, in pieces, under an address that nobody had; read until the end or silence.

    first: seconds to wait for the first byte.
    """
    said, is_closed = b"", False
    addressed = raw.replace("\nHost:", f"\nX-Forwarded-For: {next(_addresses)}\r\nHost:", 1).encode("latin-1")
    with socket.create_connection(("127.0.0.1", port), SOON) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for start in range(0, len(addressed), piece):
                wire.sendall(addressed[start : start + piece])
            wire.settimeout(first)
            while chunk := wire.recv(65536):
                said += chunk
                wire.settimeout(SILENT)
            is_closed = True
        except TimeoutError:
            pass
        except OSError:
            is_closed = True  # ended before all was read
    return Spoken([int(status) for status in _FINAL.findall(said)], said.decode("latin-1"), is_closed)


def check_refused(port: int, raw: str, token: str, piece: int = 1 << 20) -> None:
    """A wrong request, with a hidden one behind it, gets one refusal or none, and the connection ends."""
    heard = spoken(port, raw + heads.hidden(token), piece=piece)
    assert heard.is_closed and heads.HIDDEN_ID not in heard.text
    assert not heard.statuses or (len(heard.statuses) == 1 and 400 <= heard.statuses[0] < 500)


@pytest.mark.parametrize("name", heads.WRONG)
def test_a_wrong_head_is_refused_and_nothing_behind_it_is_read(served: Served, name: str) -> None:
    before = served.answered()
    check_refused(served.port, heads.WRONG[name], served.token)
    assert served.answered() == before


def test_it_is_refused_in_small_pieces_too(served: Served) -> None:
    before = served.answered()
    for raw in heads.WRONG.values():
        if len(raw) < 2_000:
            check_refused(served.port, raw, served.token, piece=7)
    assert served.answered() == before


@pytest.mark.parametrize("name", heads.READ_ONE_WAY)
def test_a_legal_oddity_is_read_in_the_one_right_way(served: Served, name: str) -> None:
    heard = spoken(served.port, heads.READ_ONE_WAY[name], first=PATIENCE)
    assert heard.statuses == [201] and f'"id":"{heads.ASKED}"' in heard.text.replace(" ", "")
    served.answered()


@pytest.mark.parametrize("name", heads.ONE_REQUEST)
def test_what_lies_in_a_body_is_never_run(served: Served, name: str) -> None:
    before = served.answered()
    raw = heads.with_hidden(heads.ONE_REQUEST[name], served.token)
    heard = spoken(served.port, raw, first=0.5)
    assert len(heard.statuses) <= 1 and heads.HIDDEN_ID not in heard.text
    assert served.answered() == before


def test_what_is_hidden_would_be_answered_and_counted_if_it_were_run(served: Served) -> None:
    """The control of the tests above: two honest requests on one connection get two answers."""
    before = served.answered()
    heard = spoken(served.port, heads.READ_ONE_WAY["a plain length"] + heads.hidden(served.token), PATIENCE)
    assert served.answered() == before + 1
    assert heard.statuses[0] == 201 and len(heard.statuses) == 2 and heads.HIDDEN_ID in heard.text


def test_a_server_that_reads_lengths_as_python_does_is_caught() -> None:
    """The control of the check: a naive server answers twice what should have been refused."""
    with naive_server() as port:
        for name in ("a length with a plus", "a length with an underscore", "another length", "a length, then chunks"):
            with pytest.raises(AssertionError):
                check_refused(port, heads.WRONG[name], "token")


@contextlib.contextmanager
def naive_server() -> Iterator[int]:
    """Takes int() for the grammar of a length, the last length for the right one, and has not heard of chunks."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve_naively, args=(listening,), daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE)


def _serve_naively(listening: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            wire, _ = listening.accept()
            with wire:
                wire.settimeout(0.2)
                received = b""
                with contextlib.suppress(TimeoutError):
                    while chunk := wire.recv(65536):
                        received += chunk
                for answer in _naive_answers(received.decode("latin-1")):
                    wire.sendall(answer)


def _naive_answers(left: str) -> Iterator[bytes]:
    while " HTTP/1.1\r\n" in left and "\r\n\r\n" in left:
        start, left = left.split("\r\n\r\n", 1)
        lengths = [line.split(":")[1] for line in start.splitlines() if line.lower().startswith("content-length")]
        size = int(lengths[-1])
        body, left = left[:size], left[size:]
        yield f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode("latin-1")


@pytest.mark.parametrize("framing", [f"Content-Length: {LONG + 30}", heads.CHUNKED], ids=["length", "chunks"])
def test_a_million_characters_are_refused_before_they_are_sent(served: Served, framing: str) -> None:
    """A hundred times, by a hundred addresses; meanwhile an honest person is answered, and memory stays as it is."""
    before = resident_megabytes(served.running)
    honest = Honest(served)
    honest.start()
    taken = [poured(served, framing, str(number)) for number in range(MANY)]
    honest.join(PATIENCE)
    assert {status for status, _ in taken} == {413}
    assert max(accepted for _, accepted in taken) < LONG / 2
    assert honest.statuses == [200] * 10
    assert resident_megabytes(served.running) - before < 100


def poured(served: Served, framing: str, name: str) -> tuple[int, int]:
    """Pour a long message in until there is an answer; gives its status and the bytes that were taken until then."""
    text = f'{{"id": "{name}", "text": "' + "a" * LONG + '"}'
    lines = (f"X-Forwarded-For: {next(_addresses)}", framing)
    start = heads.head(*lines, first="POST /api/messages HTTP/1.1")
    body = f"{len(text):x}\r\n{text}\r\n0\r\n\r\n" if framing == heads.CHUNKED else text
    with socket.socket() as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)  # what the kernel holds is not accepted yet
        wire.settimeout(SOON)
        wire.connect(("127.0.0.1", served.port))
        return _until_answered(wire, (start + body).encode())


def _until_answered(wire: socket.socket, left: bytes) -> tuple[int, int]:
    """Send as long as nothing comes back. The answer is read even where the server has ended the connection since."""
    accepted = 0
    while not select.select([wire], [], [], 0)[0]:
        _, can_be_sent, _ = select.select([wire], [wire], [], SOON)
        try:
            accepted += wire.send(left[accepted : accepted + 8_192]) if can_be_sent else 0
        except ConnectionError:
            break
    return int(wire.recv(4096).split(b" ")[1]), accepted


class Honest(threading.Thread):
    """Asks ten questions, one after the other."""

    def __init__(self, served: Served) -> None:
        super().__init__(daemon=True)
        self._served = served
        self.statuses: list[int] = []

    def run(self) -> None:
        """Ask them."""
        own = {"X-Forwarded-For": "192.0.2.7"}
        with httpx.Client(base_url=self._served.running.url, timeout=PATIENCE, headers=own) as http:
            token = http.post("/api/sessions", json={"policy": "klasso"}).json()["token"]
            for number in range(10):
                asked = {"id": f"h{number}", "text": "do you record calls?"}
                sent = http.post("/api/messages", json=asked, headers={"Authorization": f"Bearer {token}"})
                self.statuses.append(sent.status_code)


def resident_megabytes(running: Running) -> float:
    status = Path(f"/proc/{running.process.pid}/status").read_text("utf-8")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024
