"""The log says what happened and where, never what a person typed."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest
import structlog

from pii.logs import FIELDS, QUIET_LOGGERS, configure_logging
from pii.redacted import Redacted

CANARY = "canary@example.org"


class Log:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    root = logging.getLogger()
    before = root.handlers, root.level, sys.excepthook, threading.excepthook
    levels = {name: logging.getLogger(name).level for name in QUIET_LOGGERS}
    written = Log()
    configure_logging(written.stream, logging.INFO)
    yield written
    root.handlers, root.level, sys.excepthook, threading.excepthook = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_an_event_is_one_json_line_with_its_allowed_fields(log: Log) -> None:
    structlog.get_logger("tickets").info("request_opened", reference="KLS-7F3K-92QD", count=2)
    (line,) = log.lines
    assert line["event"] == "request_opened" and line["reference"] == "KLS-7F3K-92QD" and line["count"] == 2
    assert line["level"] == "info" and line["logger"] == "tickets" and line["time"].endswith("+00:00")


def test_a_field_nobody_allowed_is_dropped_and_counted(log: Log) -> None:
    structlog.get_logger("bot").info(
        "message_taken", text=CANARY, message=CANARY, error=CANARY, _message=CANARY, policy="klasso"
    )
    assert CANARY not in log.text
    assert log.lines[0]["policy"] == "klasso" and log.lines[0]["dropped"] == 3


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_contact_data_in_an_allowed_field_is_masked(log: Log, name: str) -> None:
    structlog.get_logger("bot").info("message_taken", **{name: f"from {CANARY} or +1 555-0123"})
    assert "canary" not in log.text and "0123" not in log.text


@pytest.mark.parametrize(
    "value", [Redacted(CANARY), {"mail": CANARY}, [Redacted(CANARY)], object(), ValueError(CANARY)]
)
def test_only_plain_values_are_shown(log: Log, value: object) -> None:
    structlog.get_logger("bot").info("message_taken", kind=value)
    assert "canary" not in log.text and len(log.lines) == 1


def test_an_enum_is_shown_by_its_value(log: Log) -> None:
    structlog.get_logger("bot").info("message_taken", right=Enum("Right", {"ACCESS": "access"})["ACCESS"])
    assert log.lines[0]["right"] == "access"


@pytest.mark.parametrize("event", [f"message from {CANARY}", CANARY, "Upper", "two\nlines", "x" * 200, ""])
def test_an_event_name_that_is_no_constant_is_replaced_by_its_place(log: Log, event: str) -> None:
    structlog.get_logger("bot").info(event)
    assert log.lines[0]["event"] == "unnamed_event" and CANARY not in log.text
    assert "test_pii_logs.py" in log.lines[0]["error"]["at"][0]


@pytest.mark.parametrize(
    "payload", ["a\nb", "a\r\nb", "a\u2028b", "a\x85b", "\x1b[31mred", "\x00", '"}\n{"event": "x"}']
)
def test_a_forged_line_break_makes_no_second_line(log: Log, payload: str) -> None:
    structlog.get_logger("bot").info("message_taken", kind=payload)
    logging.getLogger("uvicorn.error").warning(payload)
    assert len(log.text.splitlines()) == 2 and log.text.isascii() and "\x1b" not in log.text


@pytest.mark.parametrize(
    "name", ["rasa.core.processor", "telegram.ext", "sqlalchemy.engine", "some.library", "py.warnings"]
)
def test_a_library_is_heard_without_its_text(log: Log, name: str) -> None:
    logging.getLogger(name).warning("Received %s", CANARY, extra={"text": CANARY})
    (line,) = log.lines
    assert line["event"] == "library_message" and line["logger"] == name and line["level"] == "warning"
    assert "canary" not in log.text and "message" not in line


def test_a_library_on_the_list_keeps_its_text_but_masked(log: Log) -> None:
    logging.getLogger("uvicorn.error").info("Uvicorn running on %s for %s", "loopback", CANARY)
    assert log.lines[0]["message"] == "Uvicorn running on loopback for [email-1]"


def test_library_arguments_that_do_not_fit_do_no_harm(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(log.stream)  # takes away pytest's own handlers, which would fail first
    misfit = "%d and %d"
    logging.getLogger("some.library").warning(misfit, CANARY)
    logging.getLogger("uvicorn.error").warning(misfit, CANARY)
    assert len(log.lines) == 2 and "canary" not in log.text + "".join(capsys.readouterr())


@pytest.mark.parametrize("name", ["httpx", "httpcore.http11", "rasa.core.agent", "sqlalchemy.engine.Engine"])
def test_chatty_libraries_are_not_heard_below_warning(log: Log, name: str) -> None:
    logging.getLogger(name).info("POST https://example.org/bot-token/sendMessage")
    assert log.text == ""


def test_the_access_log_is_off(log: Log) -> None:
    logging.getLogger("uvicorn.access").critical('192.0.2.1 - "GET / HTTP/1.1" 200')
    assert log.text == ""


def test_handlers_set_up_earlier_are_taken_away(log: Log) -> None:
    other = io.StringIO()
    logging.getLogger("uvicorn.error").addHandler(logging.StreamHandler(other))
    configure_logging(log.stream, logging.INFO)
    logging.getLogger("uvicorn.error").warning("hello")
    assert other.getvalue() == "" and len(log.lines) == 1


def _fail(mail: str) -> None:
    try:
        raise KeyError(mail)
    except KeyError as error:
        raise ValueError(f"cannot write to {mail}") from error


@pytest.mark.parametrize("logger", [structlog.get_logger("bot"), logging.getLogger("some.library")])
def test_an_exception_is_told_by_type_and_place(log: Log, logger: Any) -> None:
    try:
        _fail(CANARY)
    except ValueError:
        logger.exception("message_failed")
    (line,) = log.lines
    assert line["error"]["type"] == "builtins.ValueError" and line["error"]["causes"] == ["builtins.KeyError"]
    assert line["error"]["at"][-1].startswith("pii/test_pii_logs.py:") and line["error"]["at"][-1].endswith(" _fail")
    assert "canary" not in log.text and "cannot write" not in log.text


def test_an_uncaught_exception_in_a_thread_is_told_the_same_way(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    thread = threading.Thread(target=_fail, args=(CANARY,))
    thread.start()
    thread.join()
    assert log.lines[0]["event"] == "uncaught_exception_in_thread"
    assert "canary" not in log.text + "".join(capsys.readouterr())


def test_an_uncaught_exception_is_told_the_same_way(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        _fail(CANARY)
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    assert log.lines[0]["event"] == "uncaught_exception" and log.lines[0]["level"] == "critical"
    assert "canary" not in log.text + "".join(capsys.readouterr())


def test_a_warning_goes_through_the_pipe_without_its_text(log: Log) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(f"odd value {CANARY}", UserWarning, stacklevel=1)
    assert "canary" not in log.text


def test_a_record_that_cannot_be_written_is_told_without_its_content(log: Log) -> None:
    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError(CANARY)

    configure_logging(log.stream)  # takes away pytest's own handlers, which would fail first
    logging.getLogger("some.library").warning(Hostile())
    assert "canary" not in log.text and log.lines[0]["event"] == "log_record_lost"
