"""Trains the model, only when something it depends on has changed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

from bot import lean_rasa
from bot.nlu.question_model import MODEL_VERSION
from bot.settings import PROJECT

WATCHED = ("config.yml", "domain.yml")
FOLDERS = ("data",)
CODE = (
    "bot/nlu/question_model.py",
    "bot/components/question_reader.py",
    "policies_kb/question_text.py",
    "policies_kb/encoder.py",
    "policies_kb/encoder_build.py",
)


class TrainingError(RuntimeError):
    """Training did not give a model."""


def fingerprint(project: Path = PROJECT) -> str:
    """Changes whenever a training would give another model."""
    digest = hashlib.sha256(MODEL_VERSION.encode())
    paths = [project / name for name in (*WATCHED, *CODE)]
    for folder in FOLDERS:
        paths += sorted((project / folder).rglob("*.yml"))
    paths += sorted((project / "policies_kb").glob("*/profile.yml"))  # names and aliases
    for path in paths:
        digest.update(path.relative_to(project).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def model_path(models: Path, project: Path = PROJECT) -> Path:
    """Where the model of the present data lies, or would lie."""
    return models / f"privacy-desk-{fingerprint(project)}.tar.gz"


def ensure_model(models: Path, project: Path = PROJECT) -> Path:
    """The model of the present data; trained now if it is not there. Raises TrainingError."""
    wanted = model_path(models, project)
    if not wanted.exists():
        print("training the assistant (about half a minute, once per change of data/) …", file=sys.stderr, flush=True)
        _train(wanted, project)
    return wanted


def ensure_model_apart(models: Path, project: Path = PROJECT) -> Path:
    """The same, but a training runs in a process of its own: it needs parts of Rasa that serving leaves out."""
    wanted = model_path(models, project)
    if not wanted.exists():
        environment = {**os.environ, "PRIVACY_DESK_MODELS": str(models)}
        done = subprocess.run(
            [sys.executable, "-m", "bot", "train", "--quiet"], cwd=project, env=environment, check=False
        )
        if done.returncode != 0 or not wanted.exists():
            raise TrainingError("the model could not be trained; what went wrong stands above")
    return wanted


def _train(wanted: Path, project: Path) -> None:
    lean_rasa.install()
    from rasa.model_training import train

    before, said = Path.cwd(), io.StringIO()
    os.chdir(project)  # Rasa keeps its cache and looks for modules where it is run
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            result = train(
                domain="domain.yml",
                config="config.yml",
                training_files=["data"],
                output=str(wanted.parent),
                fixed_model_name=wanted.name.removesuffix(".tar.gz"),
            )
    finally:
        os.chdir(before)
    if result.code != 0 or not wanted.exists():
        print(said.getvalue()[-4000:], file=sys.stderr)
        raise TrainingError("Rasa could not train the model; run `make validate` to see what is wrong with data/")
