"""Settings and the command line of the console."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from staff_people import NOW, settings_of

from console.commands import main
from console.launch import FIRST_LOGIN, first_admin, first_words
from console.settings import PROJECT, ConsoleSettings, ConsoleSettingsError
from pii.encryption import Vault
from tickets.staff import Staff
from tickets.store import Store
from tickets.vocabulary import Role


def read(folder: Path, **variables: str) -> ConsoleSettings:
    return settings_of(folder, **{f"PRIVACY_DESK_{name}": value for name, value in variables.items()})


def test_an_empty_environment_gives_a_console_for_this_machine_only(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert (settings.host, settings.port, settings.url) == ("127.0.0.1", 8090, "http://127.0.0.1:8090")
    assert settings.origins == {f"http://{name}:8090" for name in ("127.0.0.1", "localhost", "[::1]")}
    assert not settings.is_https and settings.public_url == "http://127.0.0.1:8080"
    assert ConsoleSettings.from_environment({}).data == PROJECT / "var"


def test_each_variable_is_heard(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        CONSOLE_HOST="192.0.2.7",
        CONSOLE_PORT="9001",
        CONSOLE_URL="https://Console.example.org/",
        BASE_URL="https://desk.example.org/",
        DATABASE_URL="postgresql://db.example.org/desk",
        KEYS=str(tmp_path / "elsewhere.json"),
        BEHIND_PROXY="1",
        TARGET_DAYS="14",
        CONVERSATION_DAYS="7",
    )
    assert (settings.host, settings.port, settings.url) == ("192.0.2.7", 9001, "https://console.example.org")
    assert settings.is_https and settings.origins == {"https://console.example.org"}
    assert settings.public_url == "https://desk.example.org" and settings.behind_proxy
    assert settings.database_url == "postgresql://db.example.org/desk"
    assert (settings.keys, settings.target_days, settings.conversation_days) == (tmp_path / "elsewhere.json", 14, 7)


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"CONSOLE_HOST": "0.0.0.0"}, "PRIVACY_DESK_CONSOLE_URL=https"),
        ({"CONSOLE_HOST": "0.0.0.0", "CONSOLE_URL": "http://console.example.org"}, "PRIVACY_DESK_CONSOLE_URL"),
        ({"CONSOLE_HOST": "0.0.0.0", "CONSOLE_URL": "http://127.0.0.1:8090"}, "PRIVACY_DESK_CONSOLE_URL"),
        ({"CONSOLE_URL": "http://console.example.org"}, "PRIVACY_DESK_CONSOLE_URL"),
        ({"CONSOLE_URL": "https://console.example.org/desk"}, "without a path"),
        ({"CONSOLE_URL": "https://u:p@console.example.org"}, "PRIVACY_DESK_CONSOLE_URL"),
        ({"CONSOLE_PORT": "many"}, "PRIVACY_DESK_CONSOLE_PORT"),
        ({"CONSOLE_PORT": "70000"}, "PRIVACY_DESK_CONSOLE_PORT"),
        ({"BEHIND_PROXY": "yes"}, "PRIVACY_DESK_BEHIND_PROXY"),
        ({"TARGET_DAYS": "0"}, "PRIVACY_DESK_TARGET_DAYS"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_name(tmp_path: Path, variables: dict[str, str], named: str) -> None:
    with pytest.raises(ConsoleSettingsError, match=named):
        read(tmp_path, **variables)


def test_the_first_start_makes_an_administrator_and_says_the_password_once(
    store: Store, vault: Vault, tmp_path: Path
) -> None:
    password = first_admin(store, vault, NOW)
    assert password is not None
    words = first_words(read(tmp_path), password)
    assert FIRST_LOGIN in words and password.reveal() in words and "http://127.0.0.1:8090" in words
    member = Staff(store, vault).members()[0]
    assert (member.login, member.role, member.is_first_password) == (FIRST_LOGIN, Role.ADMIN, True)
    assert first_admin(store, vault, NOW) is None
    assert "password" not in first_words(read(tmp_path), None)


def test_two_first_starts_have_two_passwords(tmp_path: Path, vault: Vault) -> None:
    made = set()
    for number in range(2):
        with Store(f"sqlite:///{tmp_path / str(number)}.db") as store:
            store.migrate()
            made.add(first_admin(store, vault, NOW))
    assert len(made) == 2


@pytest.fixture
def run(tmp_path: Path) -> object:
    """The command line over a database of its own; gives the exit code and what it said."""

    def run(*arguments: str) -> tuple[int, str]:
        out = io.StringIO()
        return main(arguments, {"PRIVACY_DESK_DATA": str(tmp_path)}, out), out.getvalue()

    return run


def test_the_command_line_adds_resets_disables_enables_and_lists(run, capsys) -> None:  # type: ignore[no-untyped-def]
    code, said = run("user", "add", "agent-one", "--role", "approver")
    first = re.findall(r"password  (\S+)", said)
    assert code == 0 and first and "agent-one (approver)" in said
    assert run("user", "list") == (0, f"{'agent-one':<40} {'approver':<9} has not logged in yet\n")
    again = re.findall(r"password  (\S+)", run("user", "reset", "agent-one")[1])
    assert again and again != first
    assert run("user", "disable", "agent-one") == (0, "agent-one: disabled\n")
    assert "disabled" in run("user", "list")[1]
    assert run("user", "enable", "agent-one") == (0, "agent-one: enabled\n")
    assert run("user", "add", "agent-one") == (1, "") and "taken" in capsys.readouterr().err
    assert run("user", "reset", "nobody") == (1, "") and "no such login" in capsys.readouterr().err


def test_beside_a_running_product_on_sqlite_the_command_line_says_what_to_do(run, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    run("user", "list")
    with Store(f"sqlite:///{tmp_path / 'privacy-desk.db'}"):
        assert run("user", "add", "agent-one") == (2, "")
    assert "Use Staff in its console" in capsys.readouterr().err


def test_a_setting_that_cannot_be_used_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["user", "list"], {"PRIVACY_DESK_CONSOLE_PORT": "x"}) == 2
    assert capsys.readouterr().err.count("\n") == 1
