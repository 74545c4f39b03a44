"""The training loop: one step of a recipe, whatever its technique."""

import logging
import math
import sys
import time
from collections.abc import Callable
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from tqdm import tqdm

from gatewright.errors import GatewrightError
from gatewright.train import checkpoint
from gatewright.train.augment import augment
from gatewright.train.checkpoint import Progress
from gatewright.train.settings import Step
from gatewright.train.technique import Batch, Masks, Task, Technique

_log = logging.getLogger(__name__)
_SHOW_EVERY = 20  # updates between two looks at the loss, which make a GPU wait


class Loop:
    """Trains one step, from ``progress`` on, and keeps ``progress`` true after every epoch."""

    def __init__(
        self,
        network: nn.Module,
        technique: Technique,
        step: Step,
        task: Task,
        progress: Progress,
        fabric: Fabric,
        *,
        title: str,
        batch_size: int,
        show: bool,
    ) -> None:
        self._network = network
        self._technique = technique
        self._step = step
        self._task = task
        self._progress = progress
        self._fabric = fabric
        self._title = title
        self._batch = step.batch_size or batch_size
        self._show = show
        self._updates = math.ceil(len(task.labels) / self._batch)
        self._masks = Masks(network)
        self._generator = torch.Generator().manual_seed(task.seed)
        kind = torch.optim.AdamW if step.weight_decay else torch.optim.Adam
        optimizer = kind(
            network.parameters(), lr=step.learning_rate, weight_decay=step.weight_decay
        )
        # The network itself is evaluated and kept; the one that is set up is trained through. On
        # one device in full precision that would be a wrapper that only costs time.
        self._trained, self._optimizer = network, optimizer
        self._backward: Callable[[Tensor], None] = torch.autograd.backward
        if fabric.world_size > 1 or fabric._precision.precision != "32-true":
            self._trained, self._optimizer = fabric.setup(network, optimizer)
            self._backward = fabric.backward

    def run(self, save: Callable[[], None]) -> None:
        """Train the epochs that are left, calling ``save`` after each; end with the best network.

        Where there are none, the technique acts at once.

        Raises:
            GatewrightError: the loss is no number any more; ``progress`` is the last good epoch's.
        """
        if self._progress.epoch:
            self._resume()
        else:
            self._start()
        self._technique.begin(self._network, self._task)
        if not self._step.epochs:
            self._at_once()
        total = self._step.epochs * self._updates
        done = self._progress.epoch * self._updates
        silent = not (self._show and self._fabric.is_global_zero and sys.stderr.isatty())
        bar: tqdm[Any] = tqdm(total=total, initial=done, desc=self._title, disable=silent)
        with bar:
            for epoch in range(self._progress.epoch, self._step.epochs):
                started = time.perf_counter()
                loss = self.epoch(epoch, bar)
                self._record(epoch, loss, bar)
                self._progress.seconds += time.perf_counter() - started
                save()
        self._network.load_state_dict(self._fabric.broadcast(self._progress.best))

    def _at_once(self) -> None:
        self._technique.after_update(self._network, self._masks, 1.0)
        self._masks.apply()
        self._progress.validation = [self._score()]
        self._progress.best = _copy(self._network)
        self._progress.random = checkpoint.random_state(self._generator)

    def _start(self) -> None:
        # Of the step's index too, so that two steps do not see the samples in the same order.
        self._generator.manual_seed(self._task.seed * 1009 + self._progress.step)
        self._technique.prepare(self._network, self._task)

    def _resume(self) -> None:
        self._network.load_state_dict(self._progress.network)
        self._optimizer.load_state_dict(self._progress.optimizer)
        device = self._task.inputs.device
        self._masks.kept = {k: v.to(device) for k, v in self._progress.masks.items()}
        checkpoint.restore_random(self._progress.random, self._generator)

    def epoch(self, epoch: int, bar: "tqdm[Any]") -> float:
        """Train one epoch; return its mean loss."""
        self._network.train()
        order = torch.randperm(len(self._task.labels), generator=self._generator)
        order = order.to(self._task.inputs.device)
        total = self._step.epochs * self._updates
        losses = torch.zeros((), device=self._task.inputs.device)
        for index, at in enumerate(torch.split(order, self._batch)):
            share = (epoch * self._updates + index) / total
            losses += self._update(at, share, share + 1 / total)
            bar.update()
            if index % _SHOW_EVERY == 0 and not bar.disable:
                bar.set_postfix(self._postfix(float(losses) / (index + 1)))
        return float(cast("Tensor", self._fabric.all_reduce(losses))) / self._updates

    def _update(self, at: Tensor, before: float, after: float) -> Tensor:
        """Train on the samples ``at``; the shares are of the step's updates done."""
        if self._step.decay == "cosine":
            rate = self._step.learning_rate * 0.5 * (1 + math.cos(math.pi * before))
            for group in self._optimizer.param_groups:
                group["lr"] = rate
        batch, weight = self._share_of(at)
        loss = weight * self._technique.loss(self._trained, self._task, batch)
        self._optimizer.zero_grad(set_to_none=True)
        self._backward(loss)
        self._optimizer.step()
        self._technique.after_update(self._network, self._masks, after)
        self._masks.apply()
        return loss.detach()

    def _share_of(self, at: Tensor) -> tuple[Batch, float]:
        """Return this process' samples of an update, and the weight of their mean.

        The weighted means of all processes, averaged, are the mean over all samples. Every process
        draws the same random numbers, so that their number does not change what is trained on.
        """
        inputs, flipped = augment(self._task.inputs[at], self._task.augment)
        labels = self._task.labels[at]
        processes = self._fabric.world_size
        if processes == 1:
            return Batch(at, inputs, labels, flipped), 1.0
        own = torch.arange(self._fabric.global_rank, len(at), processes, device=at.device)
        weight = len(own) * processes / len(at)
        own = own if len(own) else own.new_zeros(1)  # every process must take part
        return Batch(at[own], inputs[own], labels[own], flipped[own]), weight

    def _score(self) -> float:
        """Return the score on the validation samples, the same in every process."""
        found = self._task.objective.score(
            self._network, self._task.validation_inputs, self._task.validation_labels
        )
        return float(self._fabric.broadcast(found))

    def _record(self, epoch: int, loss: float, bar: "tqdm[Any]") -> None:
        """Take what the epoch gave into ``progress``."""
        if not math.isfinite(loss):
            raise GatewrightError(
                f"{self._title}: the loss is {loss} in epoch {epoch + 1}; nothing of that epoch "
                "was kept. Lower the step's learning_rate and run again"
            )
        progress = self._progress
        found = self._score()
        eligible = self._technique.may_be_best((epoch + 1) / self._step.epochs)
        best = progress.validation[progress.best_epoch - 1] if progress.best_epoch else -math.inf
        if eligible and found > best:
            progress.best_epoch = epoch + 1
            progress.best = _copy(self._network)
        progress.validation.append(found)
        progress.epoch = epoch + 1
        progress.network = _copy(self._network)
        progress.optimizer = self._optimizer.state_dict()
        progress.masks = self._masks.kept
        progress.random = checkpoint.random_state(self._generator)
        bar.set_postfix(self._postfix(loss))
        if self._show and bar.disable and self._fabric.is_global_zero:
            _log.info(
                "%s: epoch %d of %d, loss %.4f, validation %s %.4f",
                *(self._title, epoch + 1, self._step.epochs, loss),
                *(self._task.objective.score_name, found),
            )

    def _postfix(self, loss: float) -> dict[str, str]:
        validation = self._progress.validation
        shown = {"loss": f"{loss:.4f}"}
        if validation:
            shown["validation"] = f"{validation[-1]:.4f}"
        return shown


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
