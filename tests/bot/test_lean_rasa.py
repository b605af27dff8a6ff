"""Rasa without TensorFlow: the stand-ins stand for what is really there, and never pretend to work."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

from bot import lean_rasa

PROJECT = Path(__file__).resolve().parents[2]
OF_RASA = {
    **lean_rasa.HELPERS,
    **lean_rasa.COMPONENTS,
    **lean_rasa.CHANNELS,
    **lean_rasa.TRAINING,
    **lean_rasa.PICTURES,
}


@lru_cache(maxsize=1)
def rasa_folder() -> Path:
    spec = importlib.util.find_spec("rasa")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


def file_of(module: str) -> Path:
    return rasa_folder().parent / Path(*module.split(".")).with_suffix(".py")


@lru_cache(maxsize=1)
def imports_of_rasa() -> dict[str, set[str]]:
    """Module -> names, for everything that Rasa imports at module level or below."""
    found: dict[str, set[str]] = {}
    for path in rasa_folder().rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.setdefault(node.module, set()).update(alias.name for alias in node.names)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    found.setdefault(alias.name, set())
    return found


def test_the_installed_rasa_is_the_version_the_stand_ins_were_written_for() -> None:
    assert importlib.metadata.version("rasa") == lean_rasa.RASA_VERSION


@pytest.mark.parametrize("module", sorted(OF_RASA))
def test_every_stand_in_names_a_module_and_classes_of_the_installed_rasa(module: str) -> None:
    tree = ast.parse(file_of(module).read_text("utf-8"))
    classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    assert set(OF_RASA[module]) <= classes


@pytest.mark.parametrize("module", sorted(OF_RASA))
def test_every_name_that_rasa_imports_from_a_stand_in_is_there(module: str) -> None:
    wanted = imports_of_rasa().get(module, set())
    outside = {name for name in wanted if name not in OF_RASA[module]}
    users = outside and _importers(module)
    assert not users or users <= _left_out_files(), (module, outside, users)


def _importers(module: str) -> set[str]:
    """Files of Rasa that import a name from a module that its stand-in does not have."""
    found = set()
    for path in rasa_folder().rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
            if isinstance(node, ast.ImportFrom) and node.module == module and named - set(OF_RASA[module]):
                found.add(str(path))
    return found


def _left_out_files() -> set[str]:
    """Files that the serving process never reads: those behind stand-ins, and Rasa's command line and trainers."""
    behind = {str(file_of(module)) for module in OF_RASA}
    never = ("cli", "core/train", "nlu/test", "core/test", "core/visualize", "utils/tensorflow", "model_testing")
    return behind | {
        str(path)
        for path in rasa_folder().rglob("*.py")
        if path.relative_to(rasa_folder()).as_posix().startswith(never)
    }


@pytest.mark.parametrize("module", sorted(lean_rasa.STORES))
def test_the_other_stores_stand_in_for_what_rasa_imports(module: str) -> None:
    imported = imports_of_rasa()
    parents = {name.rpartition(".")[0] for name in imported}
    assert module in imported or module in parents
    assert set(lean_rasa.STORES[module]) <= imported.get(module, set())


def test_the_channels_left_out_are_all_that_rasa_imports_with_its_channels_package() -> None:
    tree = ast.parse((rasa_folder() / "core" / "channels" / "__init__.py").read_text("utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    own = {name for name in imported if name.startswith("rasa.core.channels.")} - {"rasa.core.channels.channel"}
    assert own and own <= set(lean_rasa.CHANNELS)


@pytest.mark.parametrize("module", sorted(lean_rasa.COMPONENTS))
@pytest.mark.parametrize("way", ["create", "load"])
def test_a_component_that_needs_tensorflow_says_so_when_a_pipeline_names_it(module: str, way: str) -> None:
    (name,) = lean_rasa.COMPONENTS[module]
    stand_in = getattr(importlib.import_module(module), name)
    with pytest.raises(lean_rasa.TensorFlowMissingError, match=f"{name} needs TensorFlow.*config.yml"):
        getattr(stand_in, way)({}, None, None, None)
    with pytest.raises(lean_rasa.TensorFlowMissingError):
        stand_in()


@pytest.mark.parametrize("module", sorted(lean_rasa.HELPERS))
def test_a_helper_that_needs_tensorflow_says_so_when_used(module: str) -> None:
    for name in lean_rasa.HELPERS[module]:
        with pytest.raises(lean_rasa.TensorFlowMissingError, match=name):
            getattr(importlib.import_module(module), name)()


@pytest.mark.parametrize("module", sorted({**lean_rasa.CHANNELS, **lean_rasa.TRAINING}))
def test_what_is_left_out_while_serving_says_so_when_used(module: str) -> None:
    (name,) = {**lean_rasa.CHANNELS, **lean_rasa.TRAINING}[module]
    with pytest.raises(lean_rasa.NotWhileServingError, match=f"{name} is not part of the serving process"):
        getattr(importlib.import_module(module), name)()


def test_installing_again_changes_nothing() -> None:
    before = list(sys.meta_path)
    finder = next(finder for finder in before if isinstance(finder, lean_rasa._Finder))
    modules = dict(finder.modules)
    lean_rasa.install(serving=True)
    lean_rasa.install()
    assert sys.meta_path == before and finder.modules == modules


def loading(folder: Path, code: str) -> list[str]:
    """Run code where a package called tensorflow lies on the path; gives the names of what was asked for."""
    package = folder / "tensorflow"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text("raise ImportError('the stand-in for TensorFlow was imported')", "utf-8")
    watch = (
        "import sys\nasked = []\n"
        "class Watch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        asked.append(name)\n"
        "sys.meta_path.insert(0, Watch())\n"
    )
    tell = "\nprint('|'.join(asked))"
    path = os.pathsep.join([str(folder), str(PROJECT)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}
    run = [sys.executable, "-c", watch + code + tell]
    done = subprocess.run(run, capture_output=True, text=True, env=environment, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip().splitlines()[-1].split("|")


def test_loading_the_agent_never_asks_for_tensorflow_and_without_the_stand_ins_it_would(
    tmp_path: Path, model_path: Path
) -> None:
    lean = (
        "from pathlib import Path\nfrom bot.rasa_agent import load_agent\n"
        "services = dict.fromkeys(('knowledge', 'requests', 'identity', 'keeper'))\n"
        f"agent = load_agent(Path({str(model_path)!r}), services)\nassert agent.is_ready()\n"
        "assert 'rasa.core.agent' in sys.modules\n"
    )
    asked = loading(tmp_path, lean)
    assert "rasa.core.agent" in asked
    heavy = ("tensorflow", "keras", "jax", "torch", "pymongo.errors", "botocore", "telegram", "slack_sdk", "twilio")
    assert [name for name in asked if name.partition(".")[0] in heavy or name in heavy] == []
    control = "try:\n    import rasa.core.agent\nexcept ImportError:\n    pass\n"
    assert "tensorflow" in loading(tmp_path, control)
