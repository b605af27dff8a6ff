"""Trains the model, only when something it depends on has changed, and keeps the checksum of what came of it.

A model's name is made of what it was trained from: the product's code, and data/. Beside it lies its SHA-256, which is
verified before every load.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from bot import lean_rasa
from bot.nlu.naming import training_files, training_names
from bot.nlu.question_model import MODEL_VERSION
from bot.settings import PROJECT
from bot.threads import ONE_THREAD
from policies_kb.releases.files import place, put
from policies_kb.releases.manifest import digest_of

WATCHED = ("config.yml", "domain.yml")
CODE = (
    "bot/nlu/question_model.py",
    "bot/nlu/naming.py",
    "bot/components/question_reader.py",
    "policies_kb/question_text.py",
    "policies_kb/encoder.py",
    "policies_kb/encoder_build.py",
)
CHECKSUM = ".sha256"
QUIETLY = 10  # niceness of a training beside a served product


class TrainingError(RuntimeError):
    """Training did not give a model, or the model is not the one that was trained."""


def code_fingerprint(project: Path = PROJECT) -> str:
    """Changes whenever the product's own part of a model changes: how it is trained, and what the dialogue says."""
    return _fingerprint([MODEL_VERSION], [project / name for name in (*WATCHED, *CODE)], project)


def fingerprint(project: Path = PROJECT) -> str:
    """Changes whenever a training would give another model."""
    return _fingerprint([code_fingerprint(project), *training_names(project)], training_files(project), project)


def _fingerprint(words: Iterable[str], paths: Iterable[Path], project: Path) -> str:
    digest = hashlib.sha256("\0".join(words).encode())
    for path in paths:
        digest.update(path.relative_to(project).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def model_path(models: Path, project: Path = PROJECT) -> Path:
    """Where the model of the present data lies, or would lie."""
    return models / f"privacy-desk-{fingerprint(project)}.tar.gz"


def checksum_path(model: Path) -> Path:
    """Where the model's checksum lies."""
    return model.with_name(model.name + CHECKSUM)


def is_trained(model: Path) -> bool:
    """Whether a model and its checksum are there. A model without one was not made by this code."""
    return model.exists() and checksum_path(model).exists()


def verified_model(model: Path) -> Path:
    """The model itself. Raises TrainingError unless it is byte for byte the one that was trained.

    A file of a release is named by its checksum.
    """
    beside = checksum_path(model)
    wanted = beside.read_text("ascii", "replace").strip() if beside.exists() else model.name
    if digest_of(model) != wanted:
        raise TrainingError(
            f"{model}: is not the model that was trained (its SHA-256 differs), so it is not used; "
            "delete it and its checksum, and it is trained again"
        )
    return model


def ensure_model(models: Path, project: Path = PROJECT) -> Path:
    """The model of the present data; trained now if it is not there. Raises TrainingError."""
    wanted = model_path(models, project)
    if not is_trained(wanted):
        print("training the assistant (about half a minute, once per change of data/) …", file=sys.stderr, flush=True)
        _train(wanted, project)
    return verified_model(wanted)


def ensure_model_apart(models: Path, project: Path = PROJECT, quietly: bool = False) -> Path:
    """The same, but a training runs in a process of its own: it needs parts of Rasa that serving leaves out.

    quietly: beside a served product, which goes first.
    """
    wanted = model_path(models, project)
    if not is_trained(wanted):
        environment = {**os.environ, "PRIVACY_DESK_MODELS": str(models), **(ONE_THREAD if quietly else {})}
        command = [sys.executable, "-m", "bot", "train", "--quiet"]
        if quietly:
            command = ["nice", "-n", str(QUIETLY), *command]
        done = subprocess.run(command, cwd=project, env=environment, check=False)
        if done.returncode != 0 or not is_trained(wanted):
            raise TrainingError("the model could not be trained; what went wrong stands above")
    return verified_model(wanted)


def _train(wanted: Path, project: Path) -> None:
    """Train into a folder aside; the model is put in place whole, after its checksum."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".training-", dir=wanted.parent) as scratch:
        made = Path(scratch) / wanted.name
        _train_into(made, project)
        put(checksum_path(wanted), (digest_of(made) + "\n").encode("ascii"))
        place(made, wanted)


def _train_into(made: Path, project: Path) -> None:
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
                output=str(made.parent),
                fixed_model_name=made.name.removesuffix(".tar.gz"),
            )
    finally:
        os.chdir(before)
    if result.code != 0 or not made.exists():
        print(said.getvalue()[-4000:], file=sys.stderr)
        raise TrainingError("Rasa could not train the model; run `make validate` to see what is wrong with data/")
