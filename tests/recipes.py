"""Short recipes on the digits, for tests of training and export."""

from dataclasses import dataclass
from pathlib import Path

from gatewright.train.settings import (
    AnyStep,
    Data,
    FloatStep,
    Network,
    PruneStep,
    QuantiseStep,
    Train,
)


@dataclass(frozen=True)
class Design:
    """The part of a design that training and export read."""

    network: Network
    data: Data
    train: Train
    folder: Path = Path()


def digits(
    *,
    epochs: int = 2,
    seed: int = 1,
    steps: tuple[AnyStep, ...] | None = None,
    layers: tuple[int, ...] = (64, 16, 10),
) -> Design:
    """Return a design that trains on the digits in about a second."""
    steps = steps or (
        FloatStep(epochs=epochs, learning_rate=0.01),
        PruneStep(epochs=epochs, learning_rate=0.01, sparsity=0.5),
        QuantiseStep(
            epochs=epochs, learning_rate=0.01, weight_bits=5, activation_bits=6, input_bits=5
        ),
    )
    return Design(
        Network("mlp", {"layers": layers}),
        Data("digits", 200),
        Train(steps=steps, seed=seed, batch_size=64),
    )
