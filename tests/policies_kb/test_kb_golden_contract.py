"""The shipped policies' golden questions, asked the way a company asks its own: under pytest, on the real model."""

from __future__ import annotations

from pathlib import Path

import pytest
from kb_texts import POLICIES
from owner_desk import own_copy

from bot import policy_contract
from bot.policy_desk import PolicyDesk
from bot.settings import BotSettings
from policies_kb.folders import PolicyFolder
from policies_kb.golden_words import golden_report
from policies_kb.knowledge import ROOT


@pytest.fixture(scope="module")
def desk(settings: BotSettings, model_path: Path) -> PolicyDesk:
    return PolicyDesk(settings, None)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_shipped_policies_keep_their_contract(desk: PolicyDesk, policy: str) -> None:
    (folder,) = desk.folders([policy])
    lost = [golden_report(result, folder) for result in desk.golden(folder) if not result.holds]
    assert lost == []


@pytest.mark.parametrize("policy", POLICIES)
def test_a_contract_is_long_enough_and_names_what_is_there(policy: str) -> None:
    folder = PolicyFolder(ROOT / policy)
    known = {clause.id for clause in folder.compiled().clauses}
    questions = folder.golden()
    assert len(questions) >= 25 and all(one.decided for one in questions)
    assert all({*one.clauses, *one.all} <= known for one in questions)
    assert sum(one.kind.value == "silent" for one in questions) >= 5


def test_a_lost_answer_fails_like_code(
    tmp_path: Path, model_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = own_copy("klasso", tmp_path)
    path = folder.path / "golden.yml"
    text = path.read_text("utf-8")
    path.write_text(text[: text.index("\n- ask:", text.index("- ask:") + 1) + 1].replace("denies", "states"), "utf-8")
    monkeypatch.setenv("PRIVACY_DESK_POLICIES", str(tmp_path))
    assert policy_contract.run(["klasso"]) == 1
    said = capfd.readouterr().out
    assert all(words in said for words in ("question 1 of klasso", "asked:", "wanted: states", "got:    denies"))
