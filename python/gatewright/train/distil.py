"""Knowledge distillation: a small network learns what a large one gives.

Source:
    Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network" (arXiv 1503.02531),
    section 2: softened outputs; their gradients scale with 1 / T**2, so the loss is scaled by T**2.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from gatewright.errors import GatewrightError
from gatewright.train.settings import Augment, DistilStep
from gatewright.train.teacher import Teach, evaluate, load
from gatewright.train.technique import Batch, Task, Technique


def distillation_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Return T**2 times the KL divergence of the student from the teacher, both softened by T.

    Args:
        student: Outputs before softmax, [N, classes].
        teacher: The same of the teacher; no gradient goes there.
        temperature: T, above zero.

    Returns:
        A scalar, the mean over the N samples.

    Raises:
        GatewrightError: the shapes differ.
    """
    if student.shape != teacher.shape:
        raise GatewrightError(
            f"distil: the teacher's outputs have shape {tuple(teacher.shape[1:])}, the student's "
            f"{tuple(student.shape[1:])}; they must be equal"
        )
    divergence = functional.kl_div(
        functional.log_softmax(student / temperature, dim=1),
        functional.softmax(teacher.detach() / temperature, dim=1),
        reduction="batchmean",
    )
    return divergence * temperature**2


class Distil(Technique):
    """Trains by ``alpha`` parts of the teacher and the rest of the labels."""

    def __init__(self, step: DistilStep, teacher: Teach | None = None) -> None:
        """``teacher`` is taken instead of the one that the step names, if given."""
        self._step = step
        self._teacher = teacher
        self._known: Tensor | None = None

    def begin(self, network: nn.Module, task: Task) -> None:
        """Load the teacher; where samples have no more forms than two, ask it for all of them once.

        They have one form where they stay as they are, two where some are mirrored.
        """
        if self._teacher is None:
            self._teacher = load(self._step.teacher, task.beside, task.builds, task.inputs.device)
        network.eval()
        with torch.no_grad():
            distillation_loss(
                network(task.inputs[:2]), evaluate(self._teacher, task.inputs[:2]), 1.0
            )
        if task.augment in (Augment(), Augment(flip=True)):
            forms = [task.inputs, task.inputs.flip(-1)] if task.augment.flip else [task.inputs]
            self._known = torch.stack([evaluate(self._teacher, form) for form in forms])

    def loss(self, network: nn.Module, task: Task, batch: Batch) -> Tensor:
        """Return the loss of the labels and the teacher together."""
        if self._teacher is None:
            raise ValueError("begin() comes first")
        found = network(batch.inputs)
        if self._known is None:
            taught = evaluate(self._teacher, batch.inputs)
        else:
            taught = self._known[batch.flipped.long(), batch.at]
        alpha = self._step.alpha
        soft = distillation_loss(found, taught, self._step.temperature)
        return alpha * soft + (1 - alpha) * functional.cross_entropy(found, batch.labels)
