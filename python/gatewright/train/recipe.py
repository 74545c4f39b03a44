"""A recipe from its first step to ``model.pt`` and ``metrics.json``."""

import copy
import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from torch import nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from gatewright import __version__, data, nets
from gatewright.data import Dataset
from gatewright.errors import GatewrightError
from gatewright.files import write_json
from gatewright.train import checkpoint, model_file
from gatewright.train.checkpoint import Progress
from gatewright.train.loop import Loop
from gatewright.train.model_file import Model
from gatewright.train.objective import objective_for
from gatewright.train.settings import AnyStep, Data, FloatStep, Network, Recipe, Train
from gatewright.train.technique import Task, count_parameters, weights
from gatewright.train.techniques import technique_for

_log = logging.getLogger(__name__)
_PLURAL = {"accuracy": "accuracies", "score": "scores"}
_SMALL = 2_000_000  # parameters; below it a second thread costs more than it gives


def run(design: Recipe, folder: Path, *, progress: bool) -> dict[str, Any]:
    """See ``gatewright.train.run``."""
    network, samples, train = design.network, design.data, design.train
    if network is None or samples is None or train is None:
        raise GatewrightError("train: the design must have network, data and train")
    dataset = data.load(samples.name, progress=progress)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task = _task(dataset, samples, train, device)
    torch.manual_seed(train.seed)
    module = nets.build(network.name, network.options)
    _check_fits(module, network, dataset, task.objective.outputs(dataset))
    path = folder / "checkpoint.pt"
    key = _key(network, samples, train, dataset, device)
    state = checkpoint.load(path, key)
    if state is not None:
        module = model_file.structure(network, train, state.step, dataset.preprocessing)
    with _threads(module, device):
        state = state or Progress()
        module = _steps(module.to(device), train, task, state, path, key, show=progress)
        metrics = _metrics(module, network, train, dataset, state, device)
    model = Model(network, train, dataset.name, dataset.preprocessing, module.state_dict())
    model_file.save(folder / "model.pt", model)
    write_json(folder / "metrics.json", metrics)
    path.unlink(missing_ok=True)
    return metrics


def _task(dataset: Dataset, samples: Data, train: Train, device: torch.device) -> Task:
    split = dataset.split(samples.validation, train.seed)
    return Task(
        torch.from_numpy(split.train_inputs).to(device),
        torch.from_numpy(split.train_labels).to(device),
        torch.from_numpy(split.validation_inputs).to(device),
        torch.from_numpy(split.validation_labels).to(device),
        dataset.preprocessing,
        train.seed,
        objective_for(train.objective),
        train.augment,
    )


def _check_fits(
    module: nn.Module, network: Network, dataset: Dataset, expected: tuple[int, ...]
) -> None:
    """Say which shapes do not fit together, before anything is trained."""
    module.eval()
    try:
        with torch.no_grad():
            found = tuple(module(torch.from_numpy(dataset.test_inputs[:2])).shape[1:])
    except RuntimeError as error:
        raise GatewrightError(
            f"network {network.name} with {dict(network.options)} does not take the inputs of "
            f"{dataset.name}, which have shape {dataset.test_inputs.shape[1:]}: {error}"
        ) from error
    module.train()
    if found != expected:
        raise GatewrightError(
            f"network {network.name} with {dict(network.options)} gives outputs of shape {found}; "
            f"{dataset.name} with its {dataset.classes} classes needs {expected} here"
        )


def _key(
    network: Network, samples: Data, train: Train, dataset: Dataset, device: torch.device
) -> str:
    """Name all that the bits of a checkpoint depend on."""
    digest = hashlib.sha256()
    for part, kind in ((network, Network), (samples, Data), (train, Train)):
        digest.update(TypeAdapter(kind).dump_json(part))
    versions = [__version__, version("torch"), version("brevitas")]
    digest.update(json.dumps([*versions, device.type, len(dataset.train_labels)]).encode())
    return digest.hexdigest()


@contextmanager
def _threads(module: nn.Module, device: torch.device) -> Iterator[None]:
    """Train a small network on one thread."""
    before = torch.get_num_threads()
    small = sum(parameter.numel() for parameter in module.parameters()) < _SMALL
    if small and device.type == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _steps(
    module: nn.Module,
    train: Train,
    task: Task,
    state: Progress,
    path: Path,
    key: str,
    *,
    show: bool,
) -> nn.Module:
    """Do the recipe's steps that are left; return the trained network."""
    for index in range(state.step, len(train.steps)):
        step = train.steps[index]
        technique = technique_for(step)
        module = technique.convert(module, task.preprocessing)
        module = module.to(task.inputs.device)
        # The order that convolutions are quickest in.
        convert_conv2d_weight_memory_format(module, torch.channels_last)
        title = f"{step.technique} ({index + 1} of {len(train.steps)})"
        loop = Loop(
            *(module, technique, step, task, state),
            title=title,
            batch_size=train.batch_size,
            show=show,
        )
        loop.run(lambda: checkpoint.save(path, key, state))
        _finish(state, module, step, task.objective.score_name)
    return module


def _finish(state: Progress, module: nn.Module, step: AnyStep, score: str) -> None:
    """Record a step that is done and clear what belongs to it alone."""
    if isinstance(step, FloatStep):
        state.float_state = copy.deepcopy(module.state_dict())
    state.finished.append(
        {
            "technique": step.technique,
            "epochs": state.epoch,
            "best_epoch": state.best_epoch,
            f"validation_{score}": state.validation[state.best_epoch - 1],
            f"validation_{_PLURAL[score]}": state.validation,
            "train_s": round(state.seconds, 3),
        }
    )
    state.step += 1
    state.epoch = state.best_epoch = 0
    state.validation = []
    state.seconds = 0.0
    state.best = {}


def _metrics(
    module: nn.Module,
    network: Network,
    train: Train,
    dataset: Dataset,
    state: Progress,
    device: torch.device,
) -> dict[str, Any]:
    """Measure the finished network on the test set, which nothing was chosen by."""
    from gatewright.train.quantise import nonzero_weights

    inputs = torch.from_numpy(dataset.test_inputs).to(device)
    labels = torch.from_numpy(dataset.test_labels).to(device)
    objective = objective_for(train.objective)
    before = None
    if state.float_state:
        plain = nets.build(network.name, network.options).to(device)
        plain.load_state_dict(state.float_state)
        before = objective.measure(plain, inputs, labels)
    total = sum(weight.numel() for _, weight in weights(module))
    nonzero = nonzero_weights(module)
    return {
        f"float_{objective.measure_name}": before,
        objective.measure_name: objective.measure(module, inputs, labels),
        "parameters": count_parameters(module),
        "weights": total,
        "nonzero_weights": nonzero,
        "sparsity": 1 - nonzero / total,
        "train_s": round(sum(step["train_s"] for step in state.finished), 3),
        "seed": train.seed,
        "device": device.type,
        "steps": state.finished,
    }
