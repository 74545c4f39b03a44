"""A recipe from its first step to ``model.pt`` and ``metrics.json``."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from pydantic import TypeAdapter
from torch import nn

from gatewright import __version__, data, nets
from gatewright.data import Dataset
from gatewright.errors import GatewrightError
from gatewright.files import sha256, write_json
from gatewright.train import model_file
from gatewright.train.checkpoint import Progress, Store
from gatewright.train.cost import layers
from gatewright.train.machine import end, peak_mib, start
from gatewright.train.model_file import Model
from gatewright.train.objective import objective_for
from gatewright.train.settings import Data, DistilStep, Machine, Network, Recipe, Train
from gatewright.train.steps import do_steps
from gatewright.train.technique import Task, count_parameters, weights

_LIBRARIES = ("torch", "brevitas", "torch-pruning", "lightning-fabric")
_SMALL = 2_000_000  # parameters; below it a second thread costs more than it gives


def run(
    design: Recipe,
    folder: Path,
    *,
    progress: bool,
    machine: Machine | None = None,
    shared: Path | None = None,
) -> dict[str, Any]:
    """See ``gatewright.train.run``."""
    network, samples, train = design.network, design.data, design.train
    if network is None or samples is None or train is None:
        raise GatewrightError("train: the design must have network, data and train")
    fabric = start(machine or Machine())
    dataset = data.load(samples.name, progress=progress)
    task = _task(design, dataset, samples, train, fabric.device, folder.parent)
    torch.manual_seed(train.seed)
    module = nets.build(network.name, network.options)
    _check_fits(module, network, dataset, task.objective.outputs(dataset))
    known = partial(_key, design, folder.parent, dataset, fabric)
    store = Store(
        *(folder / "checkpoint.pt", known, train, shared),
        trains=f"{network.name} with {dict(network.options)} on {samples.name}",
        writes=fabric.is_global_zero,
    )
    state = fabric.broadcast(store.load())
    if state is not None:
        module = model_file.structure(
            *(network, train, state.step, dataset.preprocessing, state.plans)
        )
    with _threads(module, fabric.device):
        state = state or Progress()
        module = do_steps(module, train, task, state, fabric, store, show=progress)
        metrics = _metrics(module, network, train, dataset, state, fabric.device)
    end(fabric)
    model = Model(
        *(network, train, dataset.name, dataset.preprocessing, module.state_dict()),
        tuple(state.plans),
    )
    model_file.save(folder / "model.pt", model)
    write_json(folder / "metrics.json", metrics)
    store.clear()
    return metrics


def _task(
    design: Recipe,
    dataset: Dataset,
    samples: Data,
    train: Train,
    device: torch.device,
    builds: Path,
) -> Task:
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
        design.folder,
        builds,
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


def _key(design: Recipe, builds: Path, dataset: Dataset, fabric: Fabric, train: Train) -> str:
    """Name all that the bits of a checkpoint depend on that ``train`` has led to."""
    digest = hashlib.sha256()
    parts: tuple[tuple[Any, Any], ...] = (
        *((design.network, Network), (design.data, Data)),
        (train, Train),
    )
    for part, kind in parts:
        digest.update(TypeAdapter(kind).dump_json(part))
    versions = [__version__, *(version(name) for name in _LIBRARIES)]
    machine = [fabric.device.type, fabric.world_size, str(fabric._precision.precision)]
    taught_by = [
        sha256(step.teacher.path(design.folder, builds))
        for step in train.steps
        if isinstance(step, DistilStep)
    ]
    said = [*versions, *machine, len(dataset.train_labels), *taught_by]
    digest.update(json.dumps(said).encode())
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


def _metrics(
    module: nn.Module,
    network: Network,
    train: Train,
    dataset: Dataset,
    state: Progress,
    device: torch.device,
) -> dict[str, Any]:
    """Measure the finished network on the test set, which nothing was chosen by."""
    from gatewright.train.quantise import nonzero_weights, weight_bits

    inputs = torch.from_numpy(dataset.test_inputs).to(device)
    labels = torch.from_numpy(dataset.test_labels).to(device)
    objective = objective_for(train.objective)
    before = None
    if state.float_state:
        plain = model_file.structure(
            *(network, train, state.float_steps, dataset.preprocessing, state.plans)
        ).to(device)
        plain.load_state_dict(state.float_state)
        before = objective.measure(plain, inputs, labels)
    found = layers(module, inputs[:1])
    total = sum(weight.numel() for _, weight in weights(module))
    nonzero = nonzero_weights(module)
    return {
        f"float_{objective.measure_name}": before,
        objective.measure_name: objective.measure(module, inputs, labels),
        "parameters": count_parameters(module),
        "weights": total,
        "nonzero_weights": nonzero,
        "sparsity": 1 - nonzero / total,
        "weight_bits": weight_bits(module),
        "multiplications": sum(layer.multiplications for layer in found),
        "layers": [asdict(layer) for layer in found],
        "train_s": round(sum(step["train_s"] for step in state.finished), 3),
        "peak_mib": peak_mib(device),
        "seed": train.seed,
        "device": device.type,
        "steps": state.finished,
    }
