"""``model.pt``: a trained network with all that is needed to build it again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from torch import nn

from gatewright import nets
from gatewright.data import Preprocessing
from gatewright.errors import GatewrightError
from gatewright.train import checkpoint
from gatewright.train.settings import Network, Train
from gatewright.train.technique import Plan
from gatewright.train.techniques import technique_for

_FORMATS = (1, 2)  # 1 had no plans


@dataclass(frozen=True, eq=False)
class Model:
    """What ``model.pt`` holds.

    Attributes:
        network: The built-in network's name and options.
        train: The recipe; its steps say which techniques changed the network, and how.
        data: Name of the data set.
        preprocessing: How the inputs came from raw data.
        state: The network's state dict.
        plans: What each step decided: see ``Technique.plan``.
    """

    network: Network
    train: Train
    data: str
    preprocessing: Preprocessing
    state: dict[str, torch.Tensor]
    plans: tuple[Plan, ...] = ()

    def is_of(self, network: Network | None, train: Train | None) -> bool:
        """Whether it was trained with these settings."""
        own = (_plain(Network, self.network), _plain(Train, self.train))
        return own == (_plain(Network, network), _plain(Train, train))

    def build(self) -> nn.Module:
        """Return the trained network, ready to be evaluated, on the CPU.

        Raises:
            GatewrightError: the state is not of this network.
        """
        steps = len(self.train.steps)
        module = structure(self.network, self.train, steps, self.preprocessing, self.plans)
        try:
            module.load_state_dict(self.state)
        except (RuntimeError, TypeError, AttributeError) as error:
            raise GatewrightError(
                f"model.pt holds the state of another network than it says ({error}); train again"
            ) from error
        return module.eval()


def structure(
    network: Network,
    train: Train,
    steps: int,
    preprocessing: Preprocessing,
    plans: Sequence[Plan] = (),
) -> nn.Module:
    """Return the network as it stands in the recipe's first ``steps`` steps, untrained."""
    module = nets.build(network.name, network.options)
    for index, step in enumerate(train.steps[:steps]):
        plan = plans[index] if index < len(plans) else {}
        module = technique_for(step).convert(module, preprocessing, plan)
    return module


def save(path: Path, model: Model) -> None:
    """Write ``model.pt``; ``torch.load(path, weights_only=True)`` reads it.

    It is a dict: ``format``, ``description`` (JSON text: network, train, data, preprocessing,
    plans), ``state`` (the state dict).
    """
    description = {
        "network": _plain(Network, model.network),
        "train": _plain(Train, model.train),
        "data": model.data,
        "preprocessing": model.preprocessing.describe(),
        "plans": list(model.plans),
    }
    state = {name: value.cpu() for name, value in model.state.items()}
    said = json.dumps(description)
    checkpoint.write(path, {"format": _FORMATS[-1], "description": said, "state": state})


def load(path: Path) -> Model:
    """Read what ``save`` wrote.

    Raises:
        GatewrightError: it is missing, or is not such a file.
    """
    if not path.is_file():
        raise GatewrightError(f"{path} is missing; run the train step first")
    try:
        stored = torch.load(path, weights_only=True, map_location="cpu")
        if stored["format"] not in _FORMATS:
            raise ValueError(f"format {stored['format']}, expected one of {_FORMATS}")
        said = json.loads(stored["description"])
        return Model(
            TypeAdapter(Network).validate_python(said["network"]),
            TypeAdapter(Train).validate_python(said["train"]),
            said["data"],
            Preprocessing.of(said["preprocessing"]),
            stored["state"],
            tuple(said.get("plans", ())),
        )
    except Exception as error:  # torch.load raises whatever a broken file leads it to
        raise GatewrightError(
            f"{path} is not a model this version wrote ({error}); delete it and train again"
        ) from error


def _plain(kind: type[Any], value: Any) -> Any:
    return None if value is None else TypeAdapter(kind).dump_python(value, mode="json")
