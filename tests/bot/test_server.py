"""The product as it runs: `python -m bot run` in a process of its own, spoken to over real sockets."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import socket
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from builders import bot_process, environment, filed_over
from serving import PATIENCE, Running, free_port, started, stopped


@pytest.fixture(scope="module")
def served(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = started(tmp_path_factory.mktemp("served"), PRIVACY_DESK_BEHIND_PROXY="1")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def spoken(port: int, raw: bytes, first: float = 1.0) -> bytes:
    """Send bytes as they are; gives what came back until the server closed or fell silent. first: seconds, at first."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as wire, contextlib.suppress(OSError):
        wire.sendall(raw)
        wire.settimeout(first)
        while chunk := wire.recv(65536):
            answer += chunk
            wire.settimeout(0.5)
    return answer


def head(*lines: str, method: str = "POST", path: str = "/api/sessions") -> str:
    return "\r\n".join(
        [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *lines, "", ""]
    )


HIDDEN = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
BODY = '{"policy": "klasso"}'
HEADS = {
    "a length below zero": head("Content-Length: -1") + BODY,
    "a length with a plus": head("Content-Length: +2") + "{}",
    "a length with an underscore": head("Content-Length: 0_2") + "{}",
    "a length in hex": head("Content-Length: 0x2") + "{}",
    "an empty length": head("Content-Length: ") + "{}",
    "a length that is a word": head("Content-Length: two") + "{}",
    "a length of many digits": head("Content-Length: " + "9" * 400) + "{}",
    "two different lengths": head("Content-Length: 2", "Content-Length: 20") + BODY,
    "two lengths in one": head("Content-Length: 2, 20") + BODY,
    "a length and chunks": head(f"Content-Length: {len(BODY)}", "Transfer-Encoding: chunked") + "0\r\n\r\n" + HIDDEN,
    "chunks and a length in a read": head(
        "Transfer-Encoding: chunked", "Content-Length: 5", method="GET", path="/p/klasso"
    )
    + "0\r\n\r\n"
    + HIDDEN,
    "chunks and a length": head("Transfer-Encoding: chunked", "Content-Length: 5") + "0\r\n\r\n" + HIDDEN,
    "a chunk size with 0x": head("Transfer-Encoding: chunked") + "0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk size below zero": head("Transfer-Encoding: chunked") + "-2\r\n{}\r\n0\r\n\r\n",
    "a chunk size with an underscore": head("Transfer-Encoding: chunked") + "0_2\r\n{}\r\n0\r\n\r\n",
    "an unknown coding": head("Transfer-Encoding: gzip, chunked, x") + "0\r\n\r\n",
    "chunks in HTTP/1.0": head("Transfer-Encoding: chunked").replace("HTTP/1.1", "HTTP/1.0") + "0\r\n\r\n",
    "a space before the colon": head("Content-Length : 2") + "{}",
    "a folded line": head("X-A: 1\r\n Content-Length: 2") + "{}",
    "no host": head("Content-Length: 2").replace("Host: 127.0.0.1\r\n", "") + "{}",
    "two hosts": head("Host: elsewhere.example.org", "Content-Length: 2") + "{}",
    "a bare line feed": head("Content-Length: 2").replace("\r\n", "\n") + "{}",
    "a zero byte in a name": head("X-\x00: 1", "Content-Length: 2") + "{}",
    "no version": "GET /healthz\r\n\r\n",
    "another protocol": "PRI * HTTP/2.0\r\n\r\n",
    "a head without end": "POST / HTTP/1.1\r\n" + "X: y\r\n" * 20_000,
    "noise": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50,
    "nothing": "",
    "a body that never comes": head("Content-Length: 100") + "{",
}


@pytest.mark.parametrize("raw", HEADS.values(), ids=HEADS.keys())
def test_a_malformed_head_hangs_nothing_and_is_never_two_requests(served: Running, raw: str) -> None:
    answer = spoken(served.port, raw.encode("latin-1"))
    assert answer.count(b"HTTP/1.1 ") <= 1 and b"HTTP/1.1 5" not in answer and b"alive" not in answer
    assert httpx.get(f"{served.url}/healthz", timeout=PATIENCE).json() == {"status": "alive"}


@pytest.mark.parametrize("name", [name for name in HEADS if "length" in name or "chunk size" in name])
def test_a_length_that_is_no_length_is_refused(served: Running, name: str) -> None:
    answer = spoken(served.port, HEADS[name].encode("latin-1"), first=PATIENCE)
    assert answer.split(b" ", 2)[1] in (b"400", b"413"), name


def test_a_well_formed_head_is_answered(served: Running) -> None:
    """The control of the tests above."""
    for raw in (
        head(f"Content-Length: {len(BODY)}") + BODY,
        head("Transfer-Encoding: chunked") + f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n",
    ):
        assert spoken(served.port, raw.encode(), first=PATIENCE).startswith(b"HTTP/1.1 201 ")


def test_a_body_over_the_limit_is_refused_over_the_wire(served: Running) -> None:
    assert httpx.post(f"{served.url}/api/sessions", content=b"x" * 1_000_000, timeout=PATIENCE).status_code == 413
    assert httpx.get(f"{served.url}/healthz", timeout=PATIENCE).status_code == 200


def test_it_says_where_it_is_and_not_what_it_is_made_of(served: Running) -> None:
    banner = (served.folder / "out").read_text("utf-8")
    assert f"{served.url}/docs" in banner and "Klantra" in banner
    assert "server" not in httpx.get(f"{served.url}/", timeout=PATIENCE).headers
    assert httpx.get(f"{served.url}/readyz", timeout=PATIENCE).json() == {"status": "ready"}


def canaries(shaken: random.Random) -> list[tuple[str, str]]:
    """Fifty messages, each with a word and an address that occur nowhere else."""
    texts = [
        "please delete my account, {} {}",
        "do you record calls? {} {}",
        "what about {}? write to {}",
        '/request{{"right": "{}"}} {}',
        '{} \r\n{{"event": "forged"}} {}',
    ]
    words = ["".join(shaken.choices(string.ascii_lowercase, k=14)) for _ in range(50)]
    return [(word, texts[n % 5].format(word, f"{word}@mail.example.org")) for n, word in enumerate(words)]


def test_nothing_that_people_typed_is_in_the_log_or_the_metrics(served: Running) -> None:
    planted = canaries(random.Random(3))
    with httpx.Client(base_url=served.url, timeout=PATIENCE) as http:
        for number, (word, text) in enumerate(planted):
            http.headers["X-Forwarded-For"] = f"198.51.100.{number}"  # each is somebody else to the limits
            time.sleep(0.1)  # and no more come than one process answers
            token = http.post("/api/sessions", json={"policy": "klasso"}).json()["token"]
            headers = {"Authorization": f"Bearer {token}"}
            sent = http.post("/api/messages", json={"id": f"c{number}", "text": text}, headers=headers)
            assert sent.status_code == 200
            http.post("/api/messages", json={"id": word, "text": [text]}, headers=headers)
            http.get(f"/p/{word}?q={word}", headers={"X-Word": word})
            http.post("/api/messages", json={"id": "1", "text": text}, headers={"Authorization": f"Bearer {word}"})
        metrics = http.get("/metrics").text
    log = served.log.read_text("utf-8")
    assert "question_answered" in log, "the log is not written where this test reads it"
    for word, _ in planted:
        assert word not in log and word not in metrics
    assert token not in log and "forged" not in log


def test_every_line_of_the_log_is_an_event(served: Running) -> None:
    lines = [json.loads(line) for line in served.log.read_text("utf-8").splitlines()]
    assert lines and all({"time", "level", "logger", "event"} <= set(line) for line in lines)


def test_what_was_filed_is_seen_by_the_operator(served: Running) -> None:
    with httpx.Client(base_url=served.url, timeout=PATIENCE) as http:
        reference = filed_over(http, "classtime")["reference"]
    assert listed_in(served.folder, "--policy", "classtime") == [reference]


def listed_in(folder: Path, *arguments: str) -> list[str]:
    """References as the operator's command lists them."""
    run = [sys.executable, "-m", "tickets", "list", *arguments, "--json"]
    listed = subprocess.run(run, capture_output=True, text=True, env=environment(folder), check=True)
    return [row["reference"] for row in json.loads(listed.stdout)]


def test_a_taken_port_is_told_with_a_way_out(served: Running, tmp_path: Path) -> None:
    process = bot_process(["run"], tmp_path, PRIVACY_DESK_PORT=str(served.port))
    out, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2 and "Traceback" not in error
    assert f"port {served.port}" in error and "PRIVACY_DESK_PORT=" in error and out == ""


def test_a_database_in_use_is_told(served: Running) -> None:
    process = bot_process(["run"], served.folder, PRIVACY_DESK_PORT=str(free_port()))
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2 and "Traceback" not in error and "another process already writes" in error


@pytest.mark.parametrize(
    ("command", "variable", "value"),
    [
        (["run"], "PRIVACY_DESK_PORT", "http"),
        (["run"], "PRIVACY_DESK_SECRET", "short"),
        (["ask", "--policy", "klasso", "hello"], "PRIVACY_DESK_BASE_URL", "nonsense"),
    ],
)
def test_a_setting_that_makes_no_sense_is_told(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    variable: str,
    value: str,
) -> None:
    from bot.commands import main

    monkeypatch.setattr("bot.commands._quiet", lambda: None)
    monkeypatch.setenv(variable, value)
    assert main(command, 0.0) == 2
    told = capsys.readouterr().err
    assert told.startswith("privacy desk: ") and len(told.splitlines()) == 1
    assert variable in told


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense"])
def test_a_database_that_cannot_be_used_is_told(url: str, tmp_path: Path, model_path: Path) -> None:
    process = bot_process(["run"], tmp_path, PRIVACY_DESK_DATABASE_URL=url, PRIVACY_DESK_PORT=str(free_port()))
    out, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2 and out == "" and "Traceback" not in error
    assert "privacy desk: " in error and "sqlite" in error.lower()


def test_it_stops_cleanly_on_sigterm_and_can_start_again(tmp_path: Path, model_path: Path) -> None:
    running = started(tmp_path)
    with httpx.Client(base_url=running.url, timeout=PATIENCE) as http:
        reference = filed_over(http, "klasso")["reference"]
    assert stopped(running) in (0, -signal.SIGTERM)
    log = running.log.read_text("utf-8")
    assert "uncaught" not in log and "Traceback" not in log and '"level": "error"' not in log
    assert not (tmp_path / "privacy-desk.db-journal").read_bytes()
    assert listed_in(tmp_path) == [reference]
    again = started(tmp_path)
    assert httpx.get(f"{again.url}/readyz", timeout=PATIENCE).json() == {"status": "ready"}
    stopped(again)
