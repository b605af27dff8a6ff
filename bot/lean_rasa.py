"""Lets Rasa 3.6.21 run where TensorFlow is not installed: `install()` before the first `import rasa`.

Rasa imports TensorFlow on every start because two helpers and six components mention it at module level, even if no component of
the pipeline uses it. This module stands in for exactly those modules. A stand-in component raises as soon as a pipeline names it, so
nothing is silently different. 3.6.21 is the last release of Rasa Open Source, so what stands here cannot be broken by an upgrade;
tests/bot/test_lean_rasa.py checks every module named here against the installed package. See docs/decisions/0001-rasa-without-tensorflow.md.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
import types
from typing import Any, Sequence

RASA_VERSION = "3.6.21"

HELPERS: dict[str, tuple[str, ...]] = {
    "rasa.utils.tensorflow.callback": ("RasaTrainingLogger", "RasaModelCheckpoint"),
    "rasa.utils.tensorflow.data_generator": ("RasaBatchDataGenerator", "RasaDataGenerator"),
    "rasa.utils.tensorflow.models": ("RasaModel", "TransformerRasaModel"),
}
COMPONENTS: dict[str, tuple[str, ...]] = {
    "rasa.nlu.classifiers.diet_classifier": ("DIETClassifier",),
    "rasa.nlu.selectors.response_selector": ("ResponseSelector",),
    "rasa.nlu.featurizers.dense_featurizer.convert_featurizer": ("ConveRTFeaturizer",),
    "rasa.nlu.featurizers.dense_featurizer.lm_featurizer": ("LanguageModelFeaturizer",),
    "rasa.core.policies.ted_policy": ("TEDPolicy",),
    "rasa.core.policies.unexpected_intent_policy": ("UnexpecTEDIntentPolicy",),
}


class TensorFlowMissingError(RuntimeError):
    """A pipeline or policy list names a component that needs TensorFlow."""


def install() -> None:
    """Register the stand-ins, switch Rasa's telemetry off, and leave everything alone if done already."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname in HELPERS or fullname in COMPONENTS:
            return importlib.machinery.ModuleSpec(fullname, self)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        name = module.__name__
        for class_name in HELPERS.get(name) or COMPONENTS[name]:
            base = _component_base() if name in COMPONENTS else object
            setattr(module, class_name, _stand_in(class_name, name, base))


def _component_base() -> type:
    from rasa.engine.graph import GraphComponent

    return GraphComponent


def _stand_in(class_name: str, module: str, base: type) -> type:
    message = f"{class_name} needs TensorFlow, which Privacy Desk does not install; remove it from config.yml"

    def refuse(*_: Any, **__: Any) -> Any:
        raise TensorFlowMissingError(message)

    members = {"__module__": module, "__init__": refuse, "__doc__": message}
    if base is not object:
        members.update(create=classmethod(refuse), load=classmethod(refuse))
    return type(class_name, (base,), members)
