"""What a design says about its network, its data and its training. Imports no torch.

Every class is frozen, refuses unknown keys, and states its ranges; pydantic's error names the key.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid")

Epochs = Annotated[int, Field(ge=1, le=1000)]
LearningRate = Annotated[float, Field(gt=0, le=1)]
BatchSize = Annotated[int, Field(ge=1, le=65536)]
Decay = Literal["constant", "cosine"]
ObjectiveName = Literal["classify", "reconstruct"]


@dataclass(frozen=True, config=STRICT)
class Network:
    """A built-in network.

    Attributes:
        name: One of ``gatewright.nets.names()``.
        options: What that network takes; ``mlp`` takes ``layers``, the sizes from input to output.
    """

    name: str
    options: Mapping[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, config=STRICT)
class Data:
    """The data a network is trained and checked on.

    Attributes:
        name: One of ``gatewright.data.names()``.
        validation: Training samples set aside; every choice is made on them.
    """

    name: str
    validation: Annotated[int, Field(ge=1)]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Step:
    """What every step of a recipe has.

    Attributes:
        epochs: Passes over the training samples.
        learning_rate: Adam's, at the step's start.
        decay: How the learning rate falls over the step's updates; cosine ends at zero.
        batch_size: Samples per update; the recipe's own if not given.
        weight_decay: Share of each weight taken off per update, times the learning rate.
    """

    epochs: Epochs
    learning_rate: LearningRate = 1e-3
    decay: Decay = "constant"
    batch_size: BatchSize | None = None
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0


@dataclass(frozen=True, config=STRICT, kw_only=True)
class FloatStep(Step):
    """Plain training in float32."""

    technique: Literal["float"] = "float"


@dataclass(frozen=True, config=STRICT, kw_only=True)
class PruneStep(Step):
    """Unstructured magnitude pruning over all layers at once, then fine-tuning.

    Attributes:
        sparsity: Share of all weights that end as zero.
        ramp: Share of the step's updates over which the sparsity rises, by the cubic schedule.
    """

    technique: Literal["prune"] = "prune"
    sparsity: Annotated[float, Field(gt=0, lt=1)]
    ramp: Annotated[float, Field(gt=0, le=1)] = 0.5
    decay: Decay = "cosine"


@dataclass(frozen=True, config=STRICT, kw_only=True)
class QuantiseStep(Step):
    """Quantisation-aware training with fixed-point formats (scales are powers of two).

    Attributes:
        weight_bits: Width of a weight, sign included; symmetric range.
        activation_bits: Width of an activation: unsigned after ReLU, signed elsewhere.
        input_bits: Width of the network's input. As many as the raw data has: exact.
        bias_bits: Width of a bias, sign included.
    """

    technique: Literal["quantise"] = "quantise"
    weight_bits: Annotated[int, Field(ge=2, le=8)] = 6
    activation_bits: Annotated[int, Field(ge=2, le=16)] = 8
    input_bits: Annotated[int, Field(ge=1, le=16)] = 8
    bias_bits: Annotated[int, Field(ge=2, le=16)] = 8
    decay: Decay = "cosine"


AnyStep = Annotated[FloatStep | PruneStep | QuantiseStep, Field(discriminator="technique")]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Augment:
    """How training samples are changed at random, each time they are seen.

    Attributes:
        flip: Mirror every other sample left to right.
        shift: Most steps to move a sample by, along each axis.
        noise: Standard deviation of what is added to each element.
    """

    flip: bool = False
    shift: Annotated[int, Field(ge=0, le=16)] = 0
    noise: Annotated[float, Field(ge=0, le=10)] = 0.0


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Train:
    """A recipe: the steps in the order they are done.

    Attributes:
        seed: Fixes the first weights, the validation split and the order of the samples.
        batch_size: Samples per update, for steps that do not say.
        steps: At least one.
        objective: ``classify``, or ``reconstruct``: give the input back.
        augment: How training samples are changed.
    """

    steps: Annotated[tuple[AnyStep, ...], Field(min_length=1)]
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    batch_size: BatchSize = 128
    objective: ObjectiveName = "classify"
    augment: Augment = Augment()

    @model_validator(mode="after")
    def _quantised_once(self) -> Self:
        order = [step.technique for step in self.steps]
        if order.count("quantise") > 1:
            raise ValueError(f"steps are {order}; quantise may stand once")
        if "quantise" in order and "float" in order[order.index("quantise") :]:
            raise ValueError(f"steps are {order}; float must stand before quantise")
        return self


class Recipe(Protocol):
    """The part of a design that training and export read."""

    @property
    def network(self) -> Network | None:
        """The network to build."""

    @property
    def data(self) -> Data | None:
        """The data to train and check it on."""

    @property
    def train(self) -> Train | None:
        """How to train it."""
