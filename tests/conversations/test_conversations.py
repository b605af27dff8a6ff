"""Every flow of flows/*.yml, played through the real assistant; each with a database of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from flow import BEGIN, Clock, played

from bot.launch import Parts, assemble, open_store

FLOWS = [
    pytest.param(flow, id=f"{path.stem}: {flow['flow']}")
    for path in sorted((Path(__file__).parent / "flows").glob("*.yml"))
    for flow in yaml.safe_load(path.read_text("utf-8"))
]


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def desk(settings: Any, model_path: Path, knowledge: Any, clock: Clock, tmp_path_factory: Any) -> Iterator[Parts]:
    folder = tmp_path_factory.mktemp("conversations")
    own = replace(settings, data=folder, keys=folder / "keys.json", database_url=f"sqlite:///{folder / 'desk.db'}")
    store = open_store(own.database_url)
    yield assemble(own, model_path, store, knowledge, clock)
    store.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_conversation_goes_as_it_is_written(desk: Parts, clock: Clock, flow: dict[str, Any]) -> None:
    clock.now = BEGIN
    played(desk, clock, flow)


def test_there_are_flows_over_all_five_policies() -> None:
    policies = {entry.values[0]["policy"] for entry in FLOWS}
    assert len(FLOWS) >= 60 and policies == {"klasso", "classtime", "klasterina", "kloudtalk", "klantra"}
