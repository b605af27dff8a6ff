"""The model is trained when something it depends on changed, and only then."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot import training
from bot.nlu.naming import training_names
from bot.training import (
    CODE,
    WATCHED,
    TrainingError,
    checksum_path,
    code_fingerprint,
    ensure_model,
    ensure_model_apart,
    fingerprint,
    model_path,
)

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the fingerprint reads."""
    for name in (*WATCHED, *CODE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, tmp_path / name)
    shutil.copytree(PROJECT / "data", tmp_path / "data")
    for path in PROJECT.glob("policies_kb/*/profile.yml"):
        (tmp_path / path.relative_to(PROJECT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, tmp_path / path.relative_to(PROJECT))
    return tmp_path


def test_each_watched_file_changes_the_fingerprint(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "training_names", lambda project: ())  # takes long to find out, and stays the same
    original = fingerprint(project)
    watched = [path for path in sorted(project.rglob("*")) if path.is_file() and path.name != "profile.yml"]
    assert len(watched) > 60
    for path in watched:
        content = path.read_bytes()
        path.write_bytes(content + b"\n# one line more\n")
        assert fingerprint(project) != original, path
        path.write_bytes(content)
    assert fingerprint(project) == original


def test_a_new_a_renamed_and_a_lost_file_change_the_fingerprint(project: Path) -> None:
    seen = {fingerprint(project)}
    path = project / "data" / "nlu" / "human.yml"
    (project / "data" / "nlu" / "new.yml").write_text("nlu: []\n", "utf-8")
    seen.add(fingerprint(project))
    path.rename(path.with_name("person.yml"))
    seen.add(fingerprint(project))
    path.with_name("person.yml").unlink()
    seen.add(fingerprint(project))
    assert len(seen) == 4


def test_what_the_model_does_not_depend_on_leaves_the_fingerprint_alone(project: Path) -> None:
    original = fingerprint(project)
    (project / "README.md").write_text("changed", "utf-8")
    (project / "data" / "notes.txt").write_text("changed", "utf-8")
    assert fingerprint(project) == original


def test_a_company_whose_name_stands_in_no_training_line_changes_nothing(project: Path) -> None:
    original, acme = fingerprint(project), project / "policies_kb" / "acme"
    acme.mkdir()
    (acme / "profile.yml").write_text('{name: Zzyzx Works, current: "1", aliases: [zzyzx]}', "utf-8")
    assert fingerprint(project) == original and "zzyzx" not in training_names(project)
    (project / "data" / "nlu" / "new.yml").write_text("does zzyzx record calls", "utf-8")
    asked = fingerprint(project)
    (acme / "profile.yml").unlink()
    assert asked not in (original, fingerprint(project))


def test_code_and_data_are_told_apart(project: Path) -> None:
    code, everything = code_fingerprint(project), fingerprint(project)
    (project / "data" / "nlu" / "new.yml").write_text("nlu: []", "utf-8")
    assert code_fingerprint(project) == code and fingerprint(project) != everything
    (project / "domain.yml").write_text((project / "domain.yml").read_text("utf-8") + "\n", "utf-8")
    assert code_fingerprint(project) != code


def test_the_models_version_is_part_of_the_fingerprint(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = fingerprint(project)
    monkeypatch.setattr(training, "MODEL_VERSION", "another")
    assert fingerprint(project) != original


def test_what_the_reader_learns_with_is_watched() -> None:
    """Every module of the project that training imports for the reading itself."""
    assert {"bot/nlu/question_model.py", "bot/components/question_reader.py", "policies_kb/question_text.py"} <= set(
        CODE
    )
    assert all((PROJECT / name).is_file() for name in (*CODE, *WATCHED))


def test_a_model_that_is_there_is_not_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("trained")

    monkeypatch.setattr(training, "_train", never)
    monkeypatch.setattr(training.subprocess, "run", never)
    wanted = model_path(tmp_path)
    wanted.write_bytes(b"a model")
    checksum_path(wanted).write_text(hashlib.sha256(b"a model").hexdigest())
    assert ensure_model(tmp_path) == ensure_model_apart(tmp_path) == wanted


def test_a_model_without_a_checksum_is_trained_again_and_a_changed_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(made: Path, project: Path) -> None:
        made.write_bytes(b"a model")

    monkeypatch.setattr(training, "_train_into", trained)
    wanted = model_path(tmp_path)
    wanted.write_bytes(b"from somewhere")
    assert ensure_model(tmp_path).read_bytes() == b"a model"
    assert {path.name for path in tmp_path.iterdir()} == {wanted.name, checksum_path(wanted).name}
    wanted.write_bytes(b"a modeL")
    for ensure in (ensure_model, ensure_model_apart):
        with pytest.raises(TrainingError, match="SHA-256 differs"):
            ensure(tmp_path)


@pytest.mark.parametrize("code", [0, 1])
def test_a_training_that_gives_no_model_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    ended = subprocess.CompletedProcess([], code)
    monkeypatch.setattr(training.subprocess, "run", lambda *_, **__: ended)
    with pytest.raises(TrainingError, match="could not be trained"):
        ensure_model_apart(tmp_path)
