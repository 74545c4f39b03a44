"""How fast the training loop is, against a bare PyTorch loop on the same network."""

import copy
import time
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from gatewright import data, nets
from gatewright.errors import GatewrightError
from gatewright.train.checkpoint import Progress
from gatewright.train.loop import Loop
from gatewright.train.machine import start
from gatewright.train.objective import objective_for
from gatewright.train.settings import FloatStep, Machine, Recipe, Train
from gatewright.train.technique import Task, Technique

_UPDATES = 60  # in a round


def measure(design: Recipe, machine: Machine, *, rounds: int) -> dict[str, Any]:
    """Return samples per second of both loops, turn by turn, and their ratio.

    The bare loop takes the same samples in batches of the same size, computes the same loss and
    updates with the same optimiser, and nothing else. The best round of each counts.

    Raises:
        GatewrightError: the design does not train.
    """
    network, samples, train = design.network, design.data, design.train
    if network is None or samples is None or train is None:
        raise GatewrightError("bench: the design must have network, data and train")
    fabric = start(machine)
    dataset = data.load(samples.name)
    count = _UPDATES * train.batch_size
    inputs, labels = (
        torch.from_numpy(values[:count]).to(fabric.device)
        for values in (dataset.train_inputs, dataset.train_labels)
    )
    task = Task(
        *(inputs, labels, inputs[:1], labels[:1], dataset.preprocessing, train.seed),
        objective_for(train.objective),
    )
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        torch.manual_seed(train.seed)
        module = nets.build(network.name, network.options).to(fabric.device)
        bare = copy.deepcopy(module)
        step = FloatStep(epochs=1)
        loop = Loop(
            *(module, Technique(), step, task, Progress(), fabric),
            title="bench",
            batch_size=train.batch_size,
            show=False,
        )
        optimizer = torch.optim.Adam(bare.parameters(), lr=step.learning_rate)
        own, plain = [], []
        for _ in range(rounds):
            own.append(_timed(lambda: loop.epoch(0, tqdm(disable=True))))
            plain.append(_timed(lambda: _bare(bare, optimizer, task, train)))
    finally:
        torch.set_num_threads(before)
    return {
        "training_samples_per_s": len(labels) / min(own),
        "bare_training_samples_per_s": len(labels) / min(plain),
        "training_ratio": min(plain) / min(own),
    }


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _bare(network: nn.Module, optimizer: torch.optim.Optimizer, task: Task, train: Train) -> None:
    network.train()
    order = torch.randperm(len(task.labels)).to(task.labels.device)
    for at in torch.split(order, train.batch_size):
        loss = task.objective.loss(network, task.inputs[at], task.labels[at])
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
    if task.labels.device.type == "cuda":
        torch.cuda.synchronize()
