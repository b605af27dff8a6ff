"""One log pipe: JSON lines with fields from an allow-list, and never what a person typed.

Call `structlog.get_logger("tickets").info("request_opened", reference=...)`: the event is a constant in snake_case,
data goes into allowed fields, anything else is dropped and counted. Records of the standard library's loggers come
through the same pipe; their message text is dropped, because libraries put user text into it (Rasa logs messages,
httpx logs URLs with the bot's token). Exceptions are told by type and place, never by message or local variables.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from datetime import datetime, timezone
from enum import Enum
from pathlib import PurePath
from types import TracebackType
from typing import Any, TextIO

import structlog

from pii.masking import mask
from pii.redacted import Redacted

FIELDS = frozenset(
    {
        # what and where
        "policy", "version", "clause", "topic", "kind", "reference", "right", "rights", "status", "move", "guard",
        "regime", "channel", "reason", "component", "database", "migration", "queue", "code", "method", "route",
        "staff",  # an opaque id
        # how much
        "count", "size", "attempt", "attempts", "seconds", "milliseconds", "port", "pid", "due", "sequence", "percent",
    }
)  # fmt: skip
SPEAKING_LOGGERS = frozenset({"uvicorn.error", "alembic.runtime.migration"})
"""Loggers whose message text holds nothing that a person typed."""

QUIET_LOGGERS: Mapping[str, int] = {
    "uvicorn.access": logging.CRITICAL + 1,  # paths and client addresses
    "rasa": logging.WARNING,
    "rasa_sdk": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "telegram": logging.WARNING,
    "urllib3": logging.WARNING,
    "asyncio": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "apscheduler": logging.WARNING,
    "tensorflow": logging.ERROR,
}

_EVENT = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*")
_LONGEST_EVENT = 80
_LONGEST_VALUE = 200
_DEEPEST_CAUSE = 5
_SET_BY_US = ("level", "logger", "event")
_TOLD = ("_message", "_error")  # kept under names that a caller's field cannot have
_OURS = (*_TOLD, "_record", "_from_structlog")

_Event = MutableMapping[str, Any]


def configure_logging(stream: TextIO, level: int | str = logging.INFO) -> None:
    """Make `stream` the only place logs go. To be called once by each process, before anything else speaks.

    Servers that configure logging themselves must be told not to (uvicorn: log_config=None).
    """
    handler = _Handler(stream)
    handler.setFormatter(_formatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _route_everything_to_root()
    for name, quiet in QUIET_LOGGERS.items():
        logging.getLogger(name).setLevel(quiet)
    logging.captureWarnings(True)
    _configure_structlog()
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def _configure_structlog() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            _without_private_names,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_foreign],
        processors=[_constant_event, _told_error, _allowed_only, _as_json],
        # getMessage would format arguments that nobody is going to see, and fail on bad ones.
        use_get_message=False,
        pass_foreign_args=True,
    )


def _route_everything_to_root() -> None:
    for logger in logging.Logger.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.handlers = []
            logger.propagate = True


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]  # not subscriptable before 3.11
    """Writes lines. A record that cannot be written is told of without its content."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Replace the library's habit of printing the record's message and arguments to stderr."""
        try:
            self.stream.write('{"event": "log_record_lost", "level": "error"}\n')
        except (OSError, ValueError):
            return  # the stream itself is gone: there is nowhere left to say so


def _foreign(logger: object, method: str, event: _Event) -> _Event:
    """A standard library record: its text is kept only where the logger is known to say nothing about people."""
    record: logging.LogRecord = event["_record"]
    speaking = record.name in SPEAKING_LOGGERS
    args = event.pop("positional_args", ())
    event["_message"] = _masked(_message_of(record, args)) if speaking else None
    event["event"] = "library_message"
    event["logger"] = record.name
    event["level"] = record.levelname.lower()
    return event


def _message_of(record: logging.LogRecord, args: Any) -> str:
    text = str(record.msg)
    try:
        return text % args if args else text
    except (TypeError, ValueError):
        return text  # arguments that do not fit: the text alone is constant and tells enough


def _without_private_names(logger: object, method: str, event: _Event) -> _Event:
    """A caller's field may not pass for one that this module sets."""
    return {name: value for name, value in event.items() if not name.startswith("_")}


def _constant_event(logger: object, method: str, event: _Event) -> _Event:
    """An event name that is not a constant may hold data, so it is replaced; the place in the code is told instead."""
    name = event.get("event")
    if not (isinstance(name, str) and len(name) <= _LONGEST_EVENT and _EVENT.fullmatch(name)):
        event["event"] = "unnamed_event"
        event["_error"] = {"at": [_place_of(event["_record"])]}
    return event


def _told_error(logger: object, method: str, event: _Event) -> _Event:
    error = _exception_in(event.pop("exc_info", None))
    if error is not None:
        event["_error"] = describe(error)
    return event


def _exception_in(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple) and len(exc_info) == 3:
        found = exc_info[1]
    else:
        found = sys.exc_info()[1] if exc_info else None
    return found if isinstance(found, BaseException) else None


def describe(error: BaseException) -> dict[str, Any]:
    """An exception for the log: {"type", "at": places from outermost to innermost, "causes": types}."""
    told: dict[str, Any] = {"type": _type_name(error), "at": _places(error.__traceback__)}
    causes = _causes(error)
    return told | ({"causes": causes} if causes else {})


def _causes(error: BaseException) -> list[str]:
    names: list[str] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(names) < _DEEPEST_CAUSE:
        names.append(_type_name(cause))
        cause = cause.__cause__ or cause.__context__
    return names


def _type_name(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _places(trace: TracebackType | None) -> list[str]:
    places: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{_short(code.co_filename)}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[:1] + places[-4:] if len(places) > 5 else places


def _place_of(record: logging.LogRecord) -> str:
    return f"{_short(record.pathname)}:{record.lineno}"


def _short(path: str) -> str:
    return "/".join(PurePath(path).parts[-2:])


def _allowed_only(logger: object, method: str, event: _Event) -> _Event:
    record: logging.LogRecord = event["_record"]
    line: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
        "level": event.get("level", method),
        "logger": event.get("logger", record.name),
        "event": event["event"],
    }
    line |= {name[1:]: event[name] for name in _TOLD if event.get(name) is not None}
    given = {name: value for name, value in event.items() if name not in _SET_BY_US and name not in _OURS}
    line |= {name: _shown(value) for name, value in given.items() if name in FIELDS}
    dropped = len(given.keys() - FIELDS)
    return line | ({"dropped": dropped} if dropped else {})


def _shown(value: object) -> object:
    """A field's value: plain numbers and short masked text; of anything else only its type."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Enum):
        return _shown(value.value)
    if isinstance(value, str):
        return _masked(value)
    if isinstance(value, Redacted):
        return str(value)
    if isinstance(value, (list, tuple, set, frozenset)) and len(value) <= 20:
        return [_shown(item) if isinstance(item, (str, int, Enum)) else type(item).__name__ for item in value]
    return f"<{type(value).__name__}>"


def _masked(text: str) -> str:
    return mask(text[:_LONGEST_VALUE]).text


def _as_json(logger: object, method: str, event: _Event) -> str:
    # ASCII only: no line break of any alphabet, no escape sequence survives.
    return json.dumps(event, ensure_ascii=True, default=lambda value: f"<{type(value).__name__}>")


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger("process").critical("uncaught_exception", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        structlog.get_logger("process").critical("uncaught_exception_in_thread", exc_info=args.exc_value)
