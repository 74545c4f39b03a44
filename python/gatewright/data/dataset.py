"""What a data set is: real samples as a network takes them, and how they came to be so."""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Preprocessing:
    """What turned raw data into the network's input: ``input = raw * scale``, then ``layout``.

    Data of real numbers is made integers first, feature by feature:
    ``raw = clip(round((real - offset) * gain), raw_min, raw_max)``, rounding half to even.

    Attributes:
        scale: A power of two, so that the raw integer is the input's fixed-point integer.
        raw_max: Largest raw value.
        raw_shape: Shape of one raw sample.
        layout: Order of the network's input elements.
        raw_min: Smallest raw value.
        offset: One per feature, from training samples; empty where raw data is integers.
        gain: As ``offset``.
    """

    scale: float
    raw_max: int
    raw_shape: tuple[int, ...]
    layout: str
    raw_min: int = 0
    offset: tuple[float, ...] = ()
    gain: tuple[float, ...] = ()

    def describe(self) -> dict[str, Any]:
        """Return the record as plain values for JSON."""
        parts = asdict(self)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in parts.items()}

    @classmethod
    def of(cls, description: dict[str, Any]) -> Self:
        """Return the record that ``describe`` gave."""
        parts: dict[str, Any] = {
            key: tuple(v) if isinstance(v, list) else v for key, v in description.items()
        }
        return cls(**parts)


@dataclass(frozen=True, eq=False)
class Split:
    """Training samples, and those set aside for making choices."""

    train_inputs: Floats
    train_labels: Labels
    validation_inputs: Floats
    validation_labels: Labels


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set in memory.

    Attributes:
        name: What ``load`` was asked for.
        train_inputs: [N, features...], as the network takes them.
        train_labels: [N], 0 to classes - 1. Where a network is to give its input back and so
            to know what is usual, all of them are 0, and test labels of 1 mark what is not.
        test_inputs: As ``train_inputs``; used for measuring only, never for a choice.
        test_labels: As ``train_labels``.
        classes: Number of classes.
        preprocessing: How the inputs came from raw data.
    """

    name: str
    train_inputs: Floats
    train_labels: Labels
    test_inputs: Floats
    test_labels: Labels
    classes: int
    preprocessing: Preprocessing

    def split(self, validation: int, seed: int) -> Split:
        """Set ``validation`` of the training samples aside, drawn at random by ``seed``.

        Raises:
            GatewrightError: ``validation`` leaves nothing to validate or to train on.
        """
        count = len(self.train_labels)
        if not 1 <= validation < count:
            raise GatewrightError(
                f"data {self.name}: validation is {validation}; must be 1 to {count - 1}, "
                f"as there are {count} training samples"
            )
        order = np.random.default_rng([seed, 0]).permutation(count)
        held, rest = np.sort(order[:validation]), np.sort(order[validation:])
        return Split(
            self.train_inputs[rest],
            self.train_labels[rest],
            self.train_inputs[held],
            self.train_labels[held],
        )
