"""Settings: each variable, and errors that name it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bot.settings import PROJECT, BotSettings, SettingsError, data_folder


def read(tmp_path: Path, **variables: str) -> BotSettings:
    given = {f"PRIVACY_DESK_{name}": value for name, value in variables.items()}
    return BotSettings.from_environment({"PRIVACY_DESK_DATA": str(tmp_path), **given})


def test_an_empty_environment_gives_a_product_that_runs_here_only(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert (settings.host, settings.port, settings.base_url) == ("127.0.0.1", 8080, "http://127.0.0.1:8080")
    assert (settings.models, settings.target_days) == (PROJECT / "models", 30)
    assert settings.database_url == f"sqlite:///{tmp_path / 'privacy-desk.db'}"


def test_the_data_lie_in_the_project_unless_said_otherwise(tmp_path: Path) -> None:
    assert data_folder({}) == data_folder({"PRIVACY_DESK_DATA": ""}) == PROJECT / "var"
    assert data_folder({"PRIVACY_DESK_DATA": str(tmp_path)}) == tmp_path


def test_each_variable_is_heard(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        HOST="::1",
        PORT="9001",
        BASE_URL="https://desk.example.org/",
        MODELS=str(tmp_path / "m"),
        DATABASE_URL="postgresql://db.example.org/desk",
        SECRET="z" * 32,
        TARGET_DAYS="14",
        CONVERSATION_DAYS="7",
        KEYS=str(tmp_path / "elsewhere.json"),
    )
    assert (settings.host, settings.port, settings.base_url) == ("::1", 9001, "https://desk.example.org")
    assert (settings.models, settings.target_days) == (tmp_path / "m", 14)
    assert settings.database_url == "postgresql://db.example.org/desk" and settings.secret.reveal() == "z" * 32
    assert (settings.conversation_days, settings.keys) == (7, tmp_path / "elsewhere.json")


def test_without_a_mail_server_there_is_none_and_keys_lie_beside_the_data(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert (settings.mail, settings.keys, settings.conversation_days) == (None, tmp_path / "keys.json", 30)


def test_a_mail_server_is_read_with_its_usual_ports(tmp_path: Path) -> None:
    named = {"SMTP_HOST": "mail.example.org", "MAIL_FROM": "desk@example.org"}
    for tls, port in (("starttls", 587), ("tls", 465)):
        mail = read(tmp_path, **named, SMTP_TLS=tls).mail
        assert mail is not None and (mail.host, mail.port, mail.security.value) == ("mail.example.org", port, tls)
    mail = read(tmp_path, **named, SMTP_PORT="2525", SMTP_USER="desk", SMTP_PASSWORD="hunter2hunter2").mail
    assert mail is not None and (mail.port, mail.user, mail.password.reveal()) == (2525, "desk", "hunter2hunter2")
    assert "hunter2" not in repr(read(tmp_path, **named, SMTP_PASSWORD="hunter2hunter2"))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"SMTP_TLS": "ssl"}, "PRIVACY_DESK_SMTP_TLS"),
        ({"SMTP_PORT": "0"}, "PRIVACY_DESK_SMTP_PORT"),
        ({"MAIL_FROM": ""}, "PRIVACY_DESK_MAIL_FROM"),
        ({"MAIL_FROM": "no address"}, "PRIVACY_DESK_MAIL_FROM"),
        ({"SMTP_TLS": "none", "SMTP_USER": "desk", "SMTP_PASSWORD": "x"}, "PRIVACY_DESK_SMTP_"),
    ],
)
def test_half_a_mail_server_is_refused_by_the_variables_name(
    tmp_path: Path, changed: dict[str, str], named: str
) -> None:
    usual = {"SMTP_HOST": "mail.example.org", "MAIL_FROM": "desk@example.org"}
    with pytest.raises(SettingsError, match=named):
        read(tmp_path, **(usual | changed))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("PORT", ["0", "65536", "-1", "80 80", "http", "8080.0", "+80", "²", "9" * 5000]),
        ("TARGET_DAYS", ["0", "366", "-3", "ten", "1e1", "²"]),
        ("CONVERSATION_DAYS", ["0", "366", "-3", "ten", "1e1", "²"]),
        ("BASE_URL", ["desk.example.org", "ftp://desk.example.org", "javascript:alert(1)"]),
        ("SECRET", ["short", "x" * 31]),
    ],
)
def test_what_makes_no_sense_is_refused_by_the_variables_name(tmp_path: Path, name: str, values: list[str]) -> None:
    for value in values:
        with pytest.raises(SettingsError, match=f"PRIVACY_DESK_{name}"):
            read(tmp_path, **{name: value})


def test_a_refused_secret_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, SECRET="hunter2hunter2")
    assert "hunter2" not in str(refused.value)


def test_a_secret_is_made_once_kept_and_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = read(tmp_path), read(tmp_path)
    assert first.secret.reveal() == second.secret.reveal() == (tmp_path / "secret").read_text("utf-8")
    assert len(first.secret.reveal()) >= 32
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_two_installations_have_two_secrets(tmp_path: Path) -> None:
    assert read(tmp_path / "one").secret.reveal() != read(tmp_path / "two").secret.reveal()


def test_a_given_secret_leaves_no_file(tmp_path: Path) -> None:
    read(tmp_path, SECRET="z" * 40)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_secret_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("torn", "utf-8")
    with pytest.raises(SettingsError, match="secret is damaged; delete it"):
        read(tmp_path)


def test_a_data_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", "utf-8")
    with pytest.raises(SettingsError, match="PRIVACY_DESK_DATA="):
        read(tmp_path, DATA=str(tmp_path / "file" / "below"))


def test_settings_do_not_show_their_secret(tmp_path: Path) -> None:
    settings = read(tmp_path, SECRET="z" * 40)
    assert "zzz" not in repr(settings) and "zzz" not in str(settings)


# --- channels -------------------------------------------------------------------------------------------------------

KEY = "only-for-tests-only-for-tests-only-for-tests"
TOKEN = "4711:only-for-tests"


def with_channels(tmp_path: Path, **variables: str) -> BotSettings:
    return BotSettings.from_environment({"PRIVACY_DESK_DATA": str(tmp_path), **variables})


def test_without_a_token_a_newcomer_gets_a_pretend_telegram_on_the_next_port(tmp_path: Path) -> None:
    telegram = with_channels(tmp_path, PRIVACY_DESK_PORT="9000").telegram
    assert telegram is not None and telegram.demo_port == 9001 and telegram.api_url == "http://127.0.0.1:9001/bot"


@pytest.mark.parametrize(
    "variables",
    [
        {"PRIVACY_DESK_HOST": "0.0.0.0"},
        {"PRIVACY_DESK_DEMO_TELEGRAM": "off"},
        {"TELEGRAM_MODE": "off", "TELEGRAM_BOT_TOKEN": TOKEN},
        {"PRIVACY_DESK_SMTP_HOST": "mail.example.org", "PRIVACY_DESK_MAIL_FROM": "desk@example.org"},
    ],
)
def test_who_is_no_newcomer_gets_none(tmp_path: Path, variables: dict[str, str]) -> None:
    assert with_channels(tmp_path, **variables).telegram is None


def test_a_token_is_enough_for_polling_and_is_never_shown(tmp_path: Path) -> None:
    settings = with_channels(tmp_path, TELEGRAM_BOT_TOKEN=TOKEN)
    assert settings.telegram is not None and settings.telegram.mode == "polling"
    assert settings.telegram.source == "telegram:4711" and settings.telegram.demo_port is None
    assert "only-for-tests" not in repr(settings)


def test_every_replica_works_out_the_same_secret_for_the_webhook(tmp_path: Path) -> None:
    own = {"PRIVACY_DESK_SECRET": KEY, "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_MODE": "webhook"}
    secrets = {
        with_channels(
            tmp_path / str(number), PRIVACY_DESK_BASE_URL="https://desk.example.org", **own
        ).telegram.secret.reveal()  # type: ignore[union-attr]
        for number in range(2)
    }
    assert len(secrets) == 1 and len(secrets.pop()) >= 32


@pytest.mark.parametrize(
    "variables, name",
    [
        ({"TELEGRAM_BOT_TOKEN": "not a token"}, "TELEGRAM_BOT_TOKEN"),
        ({"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_MODE": "pushing"}, "TELEGRAM_MODE"),
        ({"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_MODE": "webhook"}, "PRIVACY_DESK_BASE_URL"),
        (
            {
                "TELEGRAM_BOT_TOKEN": TOKEN,
                "TELEGRAM_MODE": "webhook",
                "TELEGRAM_SECRET": "short",
                "PRIVACY_DESK_BASE_URL": "https://desk.example.org",
            },
            "TELEGRAM_SECRET",
        ),
        ({"PRIVACY_DESK_DEMO_TELEGRAM": "never"}, "PRIVACY_DESK_DEMO_TELEGRAM"),
        ({"PRIVACY_DESK_ORIGINS": "klasso=*"}, "PRIVACY_DESK_ORIGINS"),
        ({"PRIVACY_DESK_LOGIN_KEYS": "klasso=short"}, "PRIVACY_DESK_LOGIN_KEYS"),
        ({"PRIVACY_DESK_BEHIND_PROXY": "yes"}, "PRIVACY_DESK_BEHIND_PROXY"),
    ],
)
def test_what_makes_no_sense_names_its_variable(tmp_path: Path, variables: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        with_channels(tmp_path, **variables)


def test_sites_and_their_secrets_are_read_for_each_policy(tmp_path: Path) -> None:
    settings = with_channels(
        tmp_path,
        PRIVACY_DESK_ORIGINS="klasso=https://a.example.org,https://b.example.org acme=https://c.example.org",
        PRIVACY_DESK_LOGIN_KEYS=f"klasso={KEY} acme={KEY}",
    )
    assert settings.origins["klasso"] == {"https://a.example.org", "https://b.example.org"}
    assert set(settings.login_keys) == {"klasso", "acme"} and KEY not in repr(settings)
