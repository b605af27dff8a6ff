"""What all tests share: Rasa without TensorFlow, quiet logs, and one running assistant over a database of its own."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))  # the project's packages, also where pytest is called without `python -m`

from postgres import POSTGRES, own_database  # noqa: E402

from bot import lean_rasa  # noqa: E402  before anything imports Rasa

SECRET = "only-for-tests-only-for-tests-only-for-tests"


def pytest_configure(config: pytest.Config) -> None:
    """Before any test module is read: the stand-ins for what Rasa mentions but the product leaves out."""
    lean_rasa.install(serving=True)
    warnings.simplefilter("ignore")
    import structlog

    logging.getLogger().setLevel(logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """Settings as the environment gives them, over a database of the tests' own. The built files are the project's."""
    from bot.settings import BotSettings

    database = tmp_path_factory.mktemp("database") / "privacy-desk.db"
    own = {"PRIVACY_DESK_DATABASE_URL": f"sqlite:///{database}", "PRIVACY_DESK_SECRET": SECRET}
    return BotSettings.from_environment({**os.environ, **own})


@pytest.fixture(scope="session")
def model_path(settings) -> Path:  # type: ignore[no-untyped-def]
    """The trained model of the present data."""
    from bot.training import ensure_model_apart

    return ensure_model_apart(settings.models)


@pytest.fixture(scope="session")
def knowledge(settings):  # type: ignore[no-untyped-def]
    """The knowledge base of the shipped policies."""
    from policies_kb.workshop import workshop

    return workshop(settings.data).knowledge


@pytest.fixture(scope="session")
def own_settings(settings, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """The same with keys, mails and spooled requests in a folder of the tests' own."""
    folder = tmp_path_factory.mktemp("data")
    return replace(settings, data=folder, keys=folder / "keys.json")


@pytest.fixture(scope="session")
def parts(own_settings, model_path: Path, knowledge) -> Iterator:  # type: ignore[no-untyped-def]
    """The running assistant: real model, real actions, real store."""
    from bot.launch import assemble, open_store

    store = open_store(own_settings.database_url)
    yield assemble(own_settings, model_path, store, knowledge)
    store.close()


@pytest.fixture
def app(own_settings, parts):  # type: ignore[no-untyped-def]
    """A fresh public app over the running assistant."""
    from bot.launch import make_app

    return make_app(own_settings, parts)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A database of this test's own."""
    if not POSTGRES:
        pytest.skip("TEST_POSTGRES_URL is not set")
    with own_database() as url:
        yield url
