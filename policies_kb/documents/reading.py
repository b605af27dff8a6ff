"""The parent's side: open a file, let a child process parse it, believe nothing of what comes back but text."""

from __future__ import annotations

import json
import os
import selectors
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from policies_kb.documents import plain
from policies_kb.documents.document import KINDS, LIMITS, MAX_FILE, MAX_TEXT, Document, Limits
from policies_kb.documents.policy_words import check_is_policy
from policies_kb.errors import SourceError

MAX_ANSWER = 8 * MAX_TEXT  # bytes that a child may send: its text and headings, escaped
_PROJECT = Path(__file__).resolve().parents[2]
# -I keeps the child from the environment and the working folder, so the project's folder is named here.
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from policies_kb.documents.child import main; main()"
_OUT_OF_TIME = frozenset({signal.SIGXCPU, signal.SIGKILL})


def read_document(path: Path, *, must_be_policy: bool = True, limits: Limits = LIMITS) -> Document:
    """The text of that file. Blocks for as long as limits.seconds.

    Raises SourceError, one sentence that says what to do, for a file that is too large, of another kind than its name
    says, damaged, locked, hostile or empty, and unless must_be_policy is False for a text that is no privacy policy.
    """
    opened = _opened(path)
    try:
        answer = _parsed(opened, path.suffix.lower().lstrip("."), limits)
        document = _document(answer)
        if must_be_policy:
            check_is_policy(document.text)
    except SourceError as error:
        raise SourceError(f"{path.name}: {error}") from error
    finally:
        os.close(opened)
    return document


def read_pasted(text: str) -> Document:
    """A text that was pasted: cleaned as a .txt file's is. Raises SourceError for what is no text or too long."""
    try:
        return plain.read(text)
    except SourceError as error:
        raise SourceError(f"The pasted text {error}") from error


def _opened(path: Path) -> int:
    """A descriptor of a regular file. Opening does not wait, so that a pipe without a writer cannot hold us."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise SourceError(f"{path.name}: cannot be read ({reason}); check the path and its permissions") from error
    state = os.fstat(opened)
    problem = ""
    if not stat.S_ISREG(state.st_mode):
        problem = "is not a regular file; give the path of the policy's own file"
    elif state.st_size > MAX_FILE:
        problem = f"has {state.st_size:,} bytes and {MAX_FILE:,} are the most; save it without pictures or as text"
    elif state.st_size == 0:
        problem = "is empty; choose the file that holds the policy"
    if problem:
        os.close(opened)
        raise SourceError(f"{path.name}: {problem}")
    return opened


def _parsed(opened: int, suffix: str, limits: Limits) -> bytes:
    """What the child answered. The child reads the descriptor as its standard input and knows no path."""
    known = suffix if suffix.isascii() and suffix.isalnum() and len(suffix) <= 10 else ""
    command = [sys.executable, "-I", "-B", "-c", _START, str(_PROJECT), str(limits.seconds), str(limits.memory), known]
    deadline = time.monotonic() + limits.seconds
    child = subprocess.Popen(
        command,
        stdin=opened,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        close_fds=True,
        start_new_session=True,
    )
    try:
        answer = _collected(child, deadline)
        code = child.wait(max(0.05, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise _too_slow(limits) from None
    finally:
        _end(child)
    if -code in _OUT_OF_TIME:
        raise _too_slow(limits)
    if code != 0:
        raise SourceError(
            "is damaged or needs more memory than is safe; save it again from the program it was made with, or as text"
        )
    return answer


def _collected(child: subprocess.Popen[bytes], deadline: float) -> bytes:
    assert child.stdout is not None
    collected = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise subprocess.TimeoutExpired(child.args, 0)
            chunk = os.read(child.stdout.fileno(), 1 << 16)
            if not chunk:
                return bytes(collected)
            collected += chunk
            if len(collected) > MAX_ANSWER:
                raise SourceError(f"gives more than {MAX_TEXT:,} characters of text; give the policy by itself")


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child with whatever it started, and take its exit code so that no zombie is left."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if child.stdout is not None:
        child.stdout.close()


def _too_slow(limits: Limits) -> SourceError:
    return SourceError(f"takes more than {limits.seconds:g} seconds to read; save it as plain text and give that")


def _document(answer: bytes) -> Document:
    """The child's answer, checked field by field: a child that a file took over may say anything."""
    try:
        told: Any = json.loads(answer)
        if "error" in told:
            raise SourceError(str(told["error"])[:500])
        document = Document(str(told["text"]), str(told["kind"]), str(told["title"]), tuple(map(str, told["headings"])))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SourceError("could not be read; save it as plain text and give that") from error
    if document.kind not in KINDS or len(document.text) > MAX_TEXT or "\x00" in document.text:
        raise SourceError("could not be read; save it as plain text and give that")
    return document
