"""The arguments of a call: from the address, a form, JSON or multipart, as the real server takes them.

Values come as texts wherever they are not JSON, with lists and objects as JSON inside the text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from bot.channels.fake_telegram.refusals import bad_request

LARGEST_BODY = 1_000_000  # bytes; the bot that this server is for uploads no files


class Parameters:
    """Arguments by name. Every getter gives None, or its default, for what is missing."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """values: texts, or what JSON holds."""
        self._values = dict(values)

    @classmethod
    def read(cls, query: str, content_type: str, body: bytes) -> "Parameters":
        """From the parts of an HTTP request. Raises Refusal for a body that cannot be read."""
        values: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
        kind = content_type.split(";")[0].strip().lower()
        if not body:
            return cls(values)
        if kind == "application/json":
            values.update(_from_json(body))
        elif kind == "multipart/form-data":
            values.update(_from_multipart(content_type, body))
        else:
            values.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        return cls(values)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """A text; empty if missing."""
        value = self._values.get(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number; the default for what is missing or none, as with the real server."""
        try:
            return int(self._values.get(name, default))
        except (TypeError, ValueError, OverflowError):
            return default

    def flag(self, name: str) -> bool:
        """Whether it is said to be so."""
        return self.text(name).lower() in ("true", "1", "yes")

    def structure(self, name: str) -> Any:
        """A list or an object. Raises Refusal if it is not JSON."""
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        return _loaded(value, f"{name.replace('_', ' ')} JSON object")


def _from_json(body: bytes) -> dict[str, Any]:
    read = _loaded(body, "JSON object")
    if not isinstance(read, dict):
        raise bad_request("can't parse JSON object: expected an Object")
    return read


def _loaded(text: str | bytes, what: str) -> Any:
    """What a JSON text holds. Raises Refusal; also for halves of characters (\\ud800), which no answer could carry."""
    try:
        read = json.loads(text)
        json.dumps(read, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    except (ValueError, RecursionError):
        raise bad_request(f"can't parse {what}") from None
    return read


def _from_multipart(content_type: str, body: bytes) -> dict[str, str]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    values = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes) and part.get_filename() is None:
            values[name] = payload.decode("utf-8", "replace")
    return values
