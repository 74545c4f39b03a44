"""What a design says about its network, its data and its training. Imports no torch.

Every class is frozen, refuses unknown keys, and states its ranges; pydantic's error names the key.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from gatewright.errors import GatewrightError

STRICT = ConfigDict(extra="forbid")

Epochs = Annotated[int, Field(ge=1, le=1000)]
EpochsOrNone = Annotated[int, Field(ge=0, le=1000)]
Rate = Annotated[float, Field(ge=0, lt=1)]
DesignName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,47}$")]
LearningRate = Annotated[float, Field(gt=0, le=1)]
BatchSize = Annotated[int, Field(ge=1, le=65536)]
Decay = Literal["constant", "cosine"]
Accelerator = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["32-true", "16-mixed", "bf16-mixed"]
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
class Teacher:
    """A trained network that another learns from; exactly one of the first three.

    Attributes:
        design: A design that was trained in the same build folder.
        onnx: An ONNX file of plain operators, beside the design's YAML file.
        network: A built-in network; its state dict is in ``checkpoint``.
        checkpoint: What ``torch.save(network.state_dict())`` wrote, beside the YAML file.
    """

    design: DesignName | None = None
    onnx: str | None = None
    network: Network | None = None
    checkpoint: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [self.design, self.onnx, self.network]
        if len([kind for kind in given if kind is not None]) != 1:
            raise ValueError("give one of design, onnx, network")
        if (self.network is None) != (self.checkpoint is None):
            raise ValueError("network and checkpoint go together")
        return self

    def path(self, beside: Path, builds: Path) -> Path:
        """Return the teacher's file.

        Args:
            beside: Folder of the design's YAML file.
            builds: Folder of the designs' build folders.

        Raises:
            GatewrightError: it is not there, or lies outside its folder.
        """
        if self.design is not None:
            found = builds / self.design / "model.pt"
            if not found.is_file():
                raise GatewrightError(
                    f"teacher: {found} is missing; run `gatewright train {self.design}` first"
                )
            return found
        name = str(self.onnx or self.checkpoint)
        found = (beside / name).resolve()
        if not found.is_relative_to(beside.resolve()):
            raise GatewrightError(f"teacher: {name} leaves the design's folder; copy it there")
        if not found.is_file():
            raise GatewrightError(f"teacher: {found} is not there")
        return found


@dataclass(frozen=True, config=STRICT, kw_only=True)
class DistilStep(Step):
    """Training to give what a larger, trained network gives.

    Attributes:
        teacher: Where it is.
        temperature: What both networks' outputs are divided by before softmax.
        alpha: Share of the teacher in the loss; the rest is the labels'.
    """

    technique: Literal["distil"] = "distil"
    teacher: Teacher
    temperature: Annotated[float, Field(gt=0, le=100)] = 4.0
    alpha: Annotated[float, Field(ge=0, le=1)] = 0.9
    decay: Decay = "cosine"


@dataclass(frozen=True, config=STRICT, kw_only=True)
class ChannelsStep(Step):
    """Structured pruning: whole filters and neurons are taken out, then fine-tuning.

    Attributes:
        rate: Share of each layer's filters or neurons to take out; the outputs stay.
        round_to: What is left of a layer is a multiple of it, rounded down: the PE of the folded
            core, say, so that no lane of it idles.
        epochs: Of fine-tuning; 0: none, as where a ``distil`` step follows.
    """

    technique: Literal["channels"] = "channels"
    rate: Rate
    round_to: Annotated[int, Field(ge=1, le=1024)] = 1
    epochs: EpochsOrNone
    decay: Decay = "cosine"


@dataclass(frozen=True, config=STRICT, kw_only=True)
class SeparableStep(Step):
    """Convolutions become depthwise-separable, then fine-tuning.

    Attributes:
        layers: Names of the convolutions; all that can be if none is given.
        epochs: Of fine-tuning; 0: none.
    """

    technique: Literal["separable"] = "separable"
    layers: tuple[str, ...] = ()
    epochs: EpochsOrNone
    decay: Decay = "cosine"


@dataclass(frozen=True, config=STRICT, kw_only=True)
class PruneStep(Step):
    """Unstructured magnitude pruning, then fine-tuning.

    Attributes:
        sparsity: Share of all weights that end as zero.
        scope: The smallest weights of all layers together, or that share of each layer's.
        block: Outputs by inputs: weights that fall together, by their mean magnitude. With the
            core's PE and SIMD, whole words of its weight memory.
        ramp: Share of the step's updates over which the sparsity rises, by the cubic schedule.
        epochs: Of the schedule and fine-tuning; 0: at once, none.
    """

    technique: Literal["prune"] = "prune"
    sparsity: Rate
    scope: Literal["global", "layer"] = "global"
    block: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = (1, 1)
    ramp: Annotated[float, Field(gt=0, le=1)] = 0.5
    epochs: EpochsOrNone
    decay: Decay = "cosine"


WeightBits = Annotated[int, Field(ge=2, le=8)]
ActivationBits = Annotated[int, Field(ge=2, le=16)]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Bits:
    """Widths of one layer, or of one activation; those left away are the step's."""

    weight_bits: WeightBits | None = None
    activation_bits: ActivationBits | None = None
    bias_bits: ActivationBits | None = None


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Folding:
    """A layer's folding, in the words of ``hls4ml.LayerName``.

    Attributes:
        PE: Output rows computed at once.
        SIMD: Products per row computed at once.
    """

    PE: Annotated[int, Field(ge=1)]
    SIMD: Annotated[int, Field(ge=1)]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LutBudget:
    """LUTs that the layers' datapaths may take: see ``train.cost.datapath_luts``.

    Attributes:
        at_most: All layers together.
        folds: Of every layer with weights, as the design folds it.
    """

    at_most: Annotated[int, Field(ge=1)]
    folds: Mapping[str, Folding]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class QuantiseStep(Step):
    """Quantisation with fixed-point formats (scales are powers of two), trained through.

    Attributes:
        epochs: Of training; 0: quantisation after training, ranges calibrated only.
        weight_bits: Width of a weight, sign included; symmetric range.
        activation_bits: Width of an activation: unsigned after ReLU, signed elsewhere.
        input_bits: Width of the network's input. As many as the raw data has: exact.
        bias_bits: Width of a bias, sign included.
        layers: Widths by layer or activation, before the step's own.
        percentile: Of the magnitudes seen in calibration, what an activation's range covers.
        mean_weight_bits: Search widths of the weights by layer whose mean is at most this.
        luts: Search them so that the layers' datapaths take at most so many LUTs; instead.
    """

    technique: Literal["quantise"] = "quantise"
    epochs: EpochsOrNone
    weight_bits: WeightBits = 6
    activation_bits: ActivationBits = 8
    input_bits: Annotated[int, Field(ge=1, le=16)] = 8
    bias_bits: ActivationBits = 8
    layers: Mapping[str, Bits] = Field(default_factory=dict)
    percentile: Annotated[float, Field(gt=50, le=100)] = 99.999
    mean_weight_bits: Annotated[float, Field(ge=2, le=8)] | None = None
    luts: LutBudget | None = None
    decay: Decay = "cosine"

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if self.mean_weight_bits is not None and self.luts is not None:
            raise ValueError("give mean_weight_bits or luts, not both")
        return self


AnyStep = Annotated[
    FloatStep | DistilStep | ChannelsStep | SeparableStep | PruneStep | QuantiseStep,
    Field(discriminator="technique"),
]
_BEFORE_QUANTISE = ("float", "channels", "separable")


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
        after = order[order.index("quantise") :] if "quantise" in order else []
        for technique in _BEFORE_QUANTISE:
            if technique in after:
                raise ValueError(f"steps are {order}; {technique} must stand before quantise")
        return self


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Machine:
    """What a recipe is trained on; Lightning Fabric's words.

    Attributes:
        accelerator: ``auto`` takes a GPU where there is one.
        devices: Processes on each machine, one per device; more than one share every batch.
        nodes: Machines.
        precision: ``32-true``, or mixed: ``16-mixed``, ``bf16-mixed``.
    """

    accelerator: Accelerator = "auto"
    devices: Annotated[int, Field(ge=1, le=1024)] = 1
    nodes: Annotated[int, Field(ge=1, le=1024)] = 1
    precision: Precision = "32-true"


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

    @property
    def folder(self) -> Path:
        """Where the files are that it names."""


def teachers(design: Recipe, builds: Path) -> list[Path]:
    """Return the files of the networks that a recipe learns from.

    Raises:
        GatewrightError: one is missing.
    """
    steps = design.train.steps if design.train else ()
    return [
        step.teacher.path(design.folder, builds) for step in steps if isinstance(step, DistilStep)
    ]
