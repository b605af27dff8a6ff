"""What may not be in the repository: people's addresses and numbers, stores, traces of the machine it came from."""

from __future__ import annotations

import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PROJECT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
NUMBER = re.compile(
    r"(?<![\w.])(?:\+\d[\d ().-]{6,18}\d|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[ .-]\d{3}[ .-]\d{4})(?!\w|[.]\d)"
)
RESERVED = re.compile(r"@(?:[\w-]+\.)*(?:example\.(?:org|com|net)|example|invalid|test)$", re.IGNORECASE)
FICTIONAL = re.compile(r"555[ .)-]{0,2}01\d\d|7946[ .-]?0\d{3}")  # 555-0100 to 555-0199, and Ofcom's numbers for films
BINARY = {".png", ".jpg", ".ico", ".woff2", ".onnx", ".npz"}
FORBIDDEN_ENDINGS = (".db", ".db-journal", ".db-wal", ".sqlite", ".sqlite3", ".tar.gz", ".log", ".pkl", ".pem", ".env")
FORMATS = {"tests/pii/test_pii_masking.py", "pii/masking.py"}  # they name forms of numbers, with digits in a row
DIGITS_IN_A_ROW = re.compile(r"1234567|2345678|1234 ?5678|12345678|151 ?234567|67 ?123 ?45 ?67|151 ?2345")


@lru_cache(maxsize=1)
def tracked() -> tuple[str, ...]:
    """What git has, or would take in with the next commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return tuple(sorted({name for name in listed.split("\0") if name and (PROJECT / name).is_file()}))


@lru_cache(maxsize=1)
def texts() -> dict[str, str]:
    """Every text file by its name."""
    return {name: (PROJECT / name).read_text("utf-8") for name in tracked() if Path(name).suffix not in BINARY}


@lru_cache(maxsize=1)
def of_the_policies() -> str:
    """The companies' own texts, which they published with their addresses."""
    return "\n".join(text for name, text in texts().items() if re.fullmatch(r"policies_kb/[^/]+/[^/]+\.txt", name))


def digits(number: str) -> str:
    return "".join(char for char in number if char.isdigit())


def real_addresses(text: str) -> set[str]:
    """Addresses that may belong to somebody."""
    published = set(ADDRESS.findall(of_the_policies()))
    return {found for found in ADDRESS.findall(text) if not RESERVED.search(found)} - published


def real_numbers(text: str) -> set[str]:
    """Telephone numbers that may belong to somebody."""
    published = {digits(number) for number in NUMBER.findall(of_the_policies())}
    found = NUMBER.findall(text)
    return {number for number in found if not FICTIONAL.search(number) and digits(number) not in published}


def test_there_is_something_to_look_at() -> None:
    assert {"domain.yml", "bot/app.py", "policies_kb/klasso/profile.yml"} <= set(texts())
    assert "@" in of_the_policies()


def test_no_file_holds_an_address_outside_the_reserved_domains_and_the_policies() -> None:
    assert {name: found for name, text in texts().items() if (found := real_addresses(text))} == {}


def test_no_file_holds_a_telephone_number_outside_the_fictional_ranges_and_the_policies() -> None:
    looked_at = {name: text for name, text in texts().items() if Path(name).suffix not in (".svg", ".lock")}
    found = {name: real_numbers(text) for name, text in looked_at.items()}
    for name in FORMATS:
        found[name] = {number for number in found[name] if not DIGITS_IN_A_ROW.search(number)}
    assert {name: numbers for name, numbers in found.items() if numbers} == {}


@pytest.mark.parametrize(
    "planted",
    ["jane.roe@" + "gmail.com", "jane@" + "example.org.evil.io", "team@" + "classtime.co"],
)
def test_a_planted_address_would_be_noticed(planted: str) -> None:
    assert real_addresses(f"write to {planted}, please") == {planted}


@pytest.mark.parametrize(
    "planted", ["+1 202 " + "456 1111", "+49 30 " + "227 0", "(202) " + "456-1111", "202-" + "456-1111"]
)
def test_a_planted_number_would_be_noticed(planted: str) -> None:
    assert real_numbers(f"call {planted} now") == {planted}


@pytest.mark.parametrize("name", ["someone@example.org", "a@mail.example.org", "+1 555-0123", "(202) 555-0142"])
def test_reserved_ones_may_be_used(name: str) -> None:
    assert real_addresses(name) == real_numbers(name) == set()


def test_no_store_no_archive_no_log_and_no_key_is_tracked() -> None:
    assert [name for name in tracked() if name.endswith(FORBIDDEN_ENDINGS)] == []
    assert [name for name in tracked() if name.startswith(("var/", "models/", ".venv/", ".rasa/"))] == []


def test_git_keeps_stores_logs_and_secrets_away() -> None:
    for name in (".env", "x.db", "x.db-wal", "x.log", "var/secret", "models/x.tar.gz"):
        assert subprocess.run(["git", "check-ignore", "-q", name], cwd=PROJECT, check=False).returncode == 0, name


def test_no_file_names_this_machines_folders() -> None:
    """Taken from the machine at hand, so that the test names none; folders that all machines have say nothing."""
    folders = {str(Path.home()), str(PROJECT), str(PROJECT.parent)} - {"/", "/tmp", "/home", "/srv", "/opt", "/mnt"}
    patterns = [re.compile(rf"(?<![\w.]){re.escape(folder)}(?![\w-])") for folder in folders]
    assert patterns
    found = {(name, pattern.pattern) for name, text in texts().items() for pattern in patterns if pattern.search(text)}
    assert found == set()


def test_no_file_names_a_package_registry_of_this_machine() -> None:
    variables = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL")
    hosts = {urlsplit(url).hostname for name in variables for url in os.environ.get(name, "").split()}
    for host in hosts - {None, "pypi.org", "files.pythonhosted.org", "localhost", "127.0.0.1"}:
        assert [name for name, text in texts().items() if str(host) in text] == []
    for name, text in texts().items():
        if name.startswith("requirements"):
            assert not re.search(r"(?m)^\s*(--(extra-)?index-url|--find-links|-i |-f )|https?://", text), name


def test_every_locked_package_has_its_hashes() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        pinned = re.findall(r"(?m)^[A-Za-z0-9][^\n]*==[^\n]*\\\n\s+--hash=sha256:[0-9a-f]{64}", texts()[name])
        lines = re.findall(r"(?m)^[A-Za-z0-9]\S*==", texts()[name])
        assert lines and len(pinned) == len(lines), name
