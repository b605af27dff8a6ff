"""Hostile files are refused in one sentence, within limits that hold, and leave nothing behind.

No test looks at a clock: the limits are shown to end a process that spins, waits, allocates or floods, and every file
is read under them.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hostile_files import DEEP, HOSTILE, PARAGRAPH, page_with, raw, word

from policies_kb.documents import read_document, reading
from policies_kb.documents.document import LIMITS, Limits
from policies_kb.errors import SourceError

PROJECT = Path(reading.__file__).resolve().parents[2]
SHORT = Limits(seconds=1.0)


def names_under(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def child_with(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """The process that parses does this instead."""
    monkeypatch.setattr(reading, "_START", f"import os, sys, time; {code}")


def ended(code: str, memory: int = LIMITS.memory) -> subprocess.CompletedProcess[str]:
    """A process that takes the limits on and then runs this code."""
    begin = f"from policies_kb.documents.child import take_limits; take_limits(1.0, {memory})\n"
    return subprocess.run([sys.executable, "-c", begin + code], cwd=PROJECT, capture_output=True, text=True, timeout=60)


def is_gone(process: int) -> bool:
    """Whether that process has ended, or does so shortly: a signal takes a moment to arrive."""
    state = Path(f"/proc/{process}/stat")
    for _ in range(200):
        try:
            if state.read_text().split()[2] in "ZX":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.txt"
    path.write_text("We collect personal data about you and keep them for six (6) months.\n", "utf-8")
    return path


def test_the_limits_keep_within_two_seconds_and_200_megabytes() -> None:
    assert Limits(seconds=1.8, memory=200_000_000) == LIMITS


def test_there_are_at_least_forty_hostile_files() -> None:
    assert len(HOSTILE) >= 40


@pytest.mark.parametrize("wrong", HOSTILE)
def test_a_hostile_file_is_refused_in_one_sentence_and_nothing_is_written(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make, words = HOSTILE[wrong]
    path = make(tmp_path)
    before = names_under(tmp_path)
    with pytest.raises(SourceError) as refusal:
        read_document(path)
    message = str(refusal.value)
    assert words in message
    assert 20 < len(message) < 300 and "\n" not in message and "Traceback" not in message
    assert names_under(tmp_path) == before
    assert not Path("/tmp/escaped.txt").exists() and not (tmp_path.parent / "escaped.txt").exists()


@pytest.mark.parametrize("must_be_policy", [True, False])
def test_what_only_looks_dangerous_is_read_and_does_nothing(must_be_policy: bool, tmp_path: Path) -> None:
    script = b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>/Names<</EmbeddedFiles<</Names[(a)<</F(a.exe)>>]>>>>"
    path = raw("p.pdf", page_with(b"BT /F 12 Tf 50 700 Td (We keep it for 30 days, see 12.1.) Tj ET", script))(tmp_path)
    if must_be_policy:
        with pytest.raises(SourceError, match="32 characters|at least 300"):
            read_document(path)
    else:
        assert read_document(path, must_be_policy=False).text == "We keep it for 30 days, see 12.1.\n"


def test_a_word_file_of_many_tags_that_says_little_is_read(tmp_path: Path) -> None:
    path = raw("p.docx", word((PARAGRAPH % "We keep it.") * 500))(tmp_path)
    assert read_document(path, must_be_policy=False).text.count("We keep it.") == 500


def test_a_file_that_spins_is_ended(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child_with(monkeypatch, "[None for _ in iter(int, 1)]")
    with pytest.raises(SourceError, match="takes more than 1 seconds"):
        read_document(policy, limits=SHORT)


def test_a_file_that_waits_is_ended_with_what_it_started(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "ids"
    child_with(monkeypatch, f"n = os.fork(); open({str(told)!r}, 'a').write(f'{{os.getpid()}} '); time.sleep(600)")
    with pytest.raises(SourceError, match="takes more than"):
        read_document(policy, limits=SHORT)
    for process in map(int, told.read_text().split()):
        assert is_gone(process)


def test_a_file_that_floods_is_ended(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ANSWER", 100_000)
    child_with(monkeypatch, "[os.write(1, b'x' * 65536) for _ in iter(int, 1)]")
    with pytest.raises(SourceError, match="more than 1,000,000 characters"):
        read_document(policy)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        '{"text": "x"}',
        '{"text": "x", "kind": "exe", "title": "", "headings": []}',
        "[" * DEEP,
    ],
)
def test_what_a_taken_over_child_says_is_not_believed(
    answer: str, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child_with(monkeypatch, f"os.write(1, {answer[:60_000]!r}.encode())")
    with pytest.raises(SourceError, match="could not be read"):
        read_document(policy)


def test_a_child_that_breaks_is_a_sentence(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child_with(monkeypatch, "os.abort()")
    with pytest.raises(SourceError, match="is damaged or needs more memory"):
        read_document(policy)


def test_the_child_has_no_environment_and_runs_nothing_of_the_working_folder(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert read_document(policy, must_be_policy=False).text.startswith("We collect")
    child_with(monkeypatch, "import json; os.write(1, json.dumps({'error': str(sorted(os.environ))}).encode())")
    with pytest.raises(SourceError, match=r"\[('LC_CTYPE')?\]"):
        read_document(policy)


def test_more_memory_than_the_limit_is_not_to_be_had() -> None:
    assert "MemoryError" in ended("bytearray(150_000_000)", memory=100_000_000).stderr
    assert ended("bytearray(150_000_000)", memory=400_000_000).returncode == 0


def test_more_computing_than_the_limit_ends_the_process() -> None:
    assert -ended("while True: pass").returncode in (signal.SIGXCPU, signal.SIGKILL)


def test_a_limited_process_writes_no_file(tmp_path: Path) -> None:
    done = ended(f"open({str(tmp_path / 'out')!r}, 'wb', 0).write(b'x')")
    assert done.returncode != 0 and not (tmp_path / "out").read_bytes()


def test_no_descriptor_is_left_open(policy: Path, tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    read_document(policy, must_be_policy=False)
    with pytest.raises(SourceError):
        read_document(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
