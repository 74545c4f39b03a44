"""Training samples changed at random, so that a network sees each in many forms."""

import torch
from torch import Tensor
from torch.nn import functional

from gatewright.errors import GatewrightError
from gatewright.train.settings import Augment


def augment(inputs: Tensor, how: Augment) -> tuple[Tensor, Tensor]:
    """Return ``inputs`` [N, channels, ..., columns] changed as ``how`` says.

    Draws from torch's generators. What a shift brings in from outside is zero.

    Returns:
        The changed inputs, and of each whether it was mirrored: bool [N].
    """
    flipped = torch.zeros(len(inputs), dtype=torch.bool, device=inputs.device)
    if how.flip:
        flipped = torch.rand(len(inputs), device=inputs.device) < 0.5
        inputs = torch.where(_beside(flipped, inputs), inputs.flip(-1), inputs)
    if how.shift:
        inputs = _shifted(inputs, how.shift)
    if how.noise:
        inputs = inputs + how.noise * torch.randn_like(inputs)
    return inputs, flipped


def _beside(of_samples: Tensor, inputs: Tensor) -> Tensor:
    return of_samples.view(-1, *[1] * (inputs.dim() - 1))


def _shifted(inputs: Tensor, most: int) -> Tensor:
    """Move every sample by up to ``most`` steps along each axis behind its channels."""
    if inputs.dim() < 3:
        raise GatewrightError(
            f"augment: shift needs samples with rows or steps of time; these have shape "
            f"{tuple(inputs.shape[1:])}"
        )
    places = inputs.dim() - 2
    padded = functional.pad(inputs, (most, most) * places)
    samples = torch.arange(len(inputs), device=inputs.device)
    for axis in range(2, 2 + places):
        offset = torch.randint(2 * most + 1, (len(inputs), 1), device=inputs.device)
        at = offset + torch.arange(inputs.shape[axis], device=inputs.device)
        padded = padded.movedim(axis, 1)[samples[:, None], at].movedim(1, axis)
    return padded
