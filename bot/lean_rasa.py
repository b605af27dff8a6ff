"""Lets Rasa 3.6.21 run where TensorFlow is not installed: `install()` before the first `import rasa`.

Rasa imports TensorFlow on every start because two helpers and six components mention it at module level, even if no
component of the pipeline uses it. This module stands in for exactly those modules. A stand-in component raises as
soon as a pipeline names it, so nothing is silently different. 3.6.21 is the last release of Rasa Open Source, so what
stands here cannot be broken by an upgrade; tests/bot/test_lean_rasa.py checks every module named here against the
installed package. See docs/decisions/0001-rasa-without-tensorflow.md.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
import types
from collections.abc import Sequence
from typing import Any

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


# Only while serving: what the product never uses, but Rasa imports. Rasa's own commands (shell, train) get the real
# ones.
_CHANNELS = {
    "socketio": "SocketIOInput",
    "botframework": "BotFrameworkInput",
    "callback": "CallbackInput",
    "console": "CmdlineInput",
    "facebook": "FacebookInput",
    "mattermost": "MattermostInput",
    "rasa_chat": "RasaChatInput",
    "rest": "RestInput",
    "rocketchat": "RocketChatInput",
    "slack": "SlackInput",
    "telegram": "TelegramInput",
    "twilio": "TwilioInput",
    "twilio_voice": "TwilioVoiceInput",
    "webexteams": "WebexTeamsInput",
    "hangouts": "HangoutsInput",
}
CHANNELS = {f"rasa.core.channels.{module}": (name,) for module, name in _CHANNELS.items()}
STORES: dict[str, tuple[str, ...]] = {
    "boto3": (),
    "boto3.dynamodb": (),
    "boto3.dynamodb.conditions": ("Key",),
    "pymongo": (),
    "pymongo.collection": ("Collection",),
}
TRAINING: dict[str, tuple[str, ...]] = {
    "rasa.graph_components.validators.default_recipe_validator": ("DefaultV1RecipeValidator",),
}
PICTURES: dict[str, tuple[str, ...]] = {"rasa.utils.plotting": ()}  # draws with matplotlib


class TensorFlowMissingError(RuntimeError):
    """A pipeline or policy list names a component that needs TensorFlow."""


class NotWhileServingError(RuntimeError):
    """A part of Rasa that is left out of the serving process was used."""


def install(serving: bool = False) -> None:
    """Register the stand-ins and switch Rasa's telemetry off. To be called before Rasa is imported; again is harmless.

    serving: also leave out Rasa's own channels, its stores for other databases, its training checks and its pictures,
    which saves about a second and 60 MB. A process that trains, or runs Rasa's own commands, must not ask for that.
    """
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    wanted = dict(HELPERS | COMPONENTS)
    if serving and "rasa.core.channels" not in sys.modules:
        wanted.update(CHANNELS | STORES | TRAINING | PICTURES)
    finder = next((finder for finder in sys.meta_path if isinstance(finder, _Finder)), None)
    if finder is None:
        sys.meta_path.insert(0, _Finder(wanted))
    else:
        finder.modules.update(wanted)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, modules: dict[str, tuple[str, ...]]) -> None:
        self.modules = modules

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname in self.modules:
            return importlib.machinery.ModuleSpec(
                fullname, self, is_package=fullname in ("boto3", "boto3.dynamodb", "pymongo")
            )
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        name = module.__name__
        for class_name in self.modules[name]:
            base = _component_base() if name in COMPONENTS or name in TRAINING else object
            setattr(module, class_name, _stand_in(class_name, name, base))


def _component_base() -> type:
    from rasa.engine.graph import GraphComponent

    base: type = GraphComponent
    return base


def _stand_in(class_name: str, module: str, base: type) -> type:
    tensorflow = module in HELPERS or module in COMPONENTS
    message = (
        f"{class_name} needs TensorFlow, which Privacy Desk does not install; remove it from config.yml"
        if tensorflow
        else f"{class_name} is not part of the serving process"
    )

    def refuse(*_: Any, **__: Any) -> Any:
        raise TensorFlowMissingError(message) if tensorflow else NotWhileServingError(message)

    members: dict[str, Any] = {"__module__": module, "__init__": refuse, "__doc__": message}
    if base is not object:
        members.update(create=classmethod(refuse), load=classmethod(refuse))
    if module in CHANNELS:
        members["name"] = classmethod(lambda cls: module.rpartition(".")[2])
    return type(class_name, (base,), members)
