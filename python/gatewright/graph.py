"""The hardware graph: the waist between what reads a network and what makes hardware of it.

Small frozen nodes with shapes, formats and integer weights. Nothing here, and nothing behind it
(reference, folding, emission), knows hls4ml or torch. Nodes stand in topological order; each names
its inputs. An edge's type is the ``StreamType`` of the node that drives it.
"""

from dataclasses import dataclass, field
from enum import Enum
from math import prod

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, IntArray, format_for_range


@dataclass(frozen=True)
class StreamType:
    """Type of an edge: one sample's elements, row, column, channel last.

    Attributes:
        format: Fixed-point format of every element.
        shape: Shape of one sample, without a batch axis.
    """

    format: FixedFormat
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Elements in one sample."""
        return prod(self.shape)

    @property
    def image(self) -> tuple[int, int, int]:
        """Rows, columns, channels; a sequence is an image of one row, a vector one pixel."""
        padded = (1, 1, *self.shape)[-3:]
        return padded[0], padded[1], padded[2]


class Strategy(Enum):
    """hls4ml's words for how a layer is built."""

    LATENCY = "latency"
    RESOURCE = "resource"
    COMPRESSED = "compressed"
    DISTRIBUTED_ARITHMETIC = "distributed_arithmetic"


@dataclass(frozen=True, kw_only=True)
class FoldRequest:
    """What the user asked for, layer by layer; ``folding`` turns it into PE and SIMD.

    Attributes:
        strategy: hls4ml's Strategy.
        reuse_factor: hls4ml's ReuseFactor, already valid by hls4ml's rule.
        asked_reuse_factor: What the user wrote, where hls4ml's rule changed it.
        pe: Output rows computed at once; overrides the reuse factor together with ``simd``. Of a
            compressed layer: processing elements.
        simd: Products per row computed at once; of a compressed layer, inputs per beat.
        adders_per_stage: Of an unrolled layer: adders one after another between two registers.
    """

    strategy: Strategy = Strategy.RESOURCE
    reuse_factor: int = 1
    asked_reuse_factor: int | None = None
    pe: int | None = None
    simd: int | None = None
    adders_per_stage: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """What every node has.

    Attributes:
        name: Unique; a valid SystemVerilog identifier.
        origin: The node of the ONNX graph it came from, for comments and messages.
        inputs: Names of the nodes that drive it.
        out: Type of the edge it drives.
    """

    name: str
    origin: str
    inputs: tuple[str, ...]
    out: StreamType


@dataclass(frozen=True, kw_only=True, eq=False)
class Input(Node):
    """The network's input; ``out`` is the format of the integers on the AXI4-Stream."""


class Function(Enum):
    """Elementwise functions."""

    IDENTITY = "identity"
    RELU = "relu"


@dataclass(frozen=True, kw_only=True, eq=False)
class Elementwise(Node):
    """``out = convert(function(x))``: conversion by ``out.format``'s rounding and overflow."""

    function: Function


@dataclass(frozen=True, kw_only=True, eq=False)
class Dense(Node):
    """``out = convert(weight @ x + bias)``; the sum is exact, then converted to ``out.format``.

    Attributes:
        weight: Integers [rows, columns], in units of ``weight_format.lsb``.
        bias: Integers [rows] in units of ``bias_format.lsb``, or None.
        request: How the user wants it folded.
        activity: Of each column, how often its input was not zero among samples of the training
            data: counts [columns]; None: not known.
    """

    weight: IntArray
    weight_format: FixedFormat
    bias: IntArray | None
    bias_format: FixedFormat | None
    request: FoldRequest = field(default_factory=FoldRequest)
    activity: IntArray | None = None

    def __post_init__(self) -> None:
        _check_fits(self.name, "weight", self.weight, self.weight_format)
        if self.bias is not None and self.bias_format is not None:
            _check_fits(self.name, "bias", self.bias, self.bias_format)


@dataclass(frozen=True, kw_only=True)
class Window:
    """How a kernel moves over an image; every pair is (rows, columns).

    An image of one axis is an image of one row: kernel, stride and dilation 1 in that direction.

    Attributes:
        kernel: Taps.
        stride: Pixels from one output to the next.
        dilation: Pixels from one tap to the next.
        pad: Pixels beyond the image: top, left, bottom, right.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    pad: tuple[int, int, int, int] = (0, 0, 0, 0)

    def __post_init__(self) -> None:
        if min(*self.kernel, *self.stride, *self.dilation) < 1 or min(self.pad) < 0:
            raise GatewrightError(
                f"{self}: kernel, stride and dilation must be at least 1, pads at least 0"
            )

    @property
    def taps(self) -> int:
        """Elements of one channel under the kernel."""
        return prod(self.kernel)

    @property
    def extent(self) -> tuple[int, int]:
        """Rows and columns from the first tap to the last, both included."""
        rows, columns = ((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))
        return rows, columns

    @property
    def narrow(self) -> bool:
        """Whether there is less padding than the kernel spans, in rows and in columns."""
        top, left, bottom, right = self.pad
        return top + bottom < self.extent[0] and left + right < self.extent[1]

    def output(self, rows: int, columns: int) -> tuple[int, int]:
        """Return the rows and columns of the output for an image of this size.

        Raises:
            GatewrightError: the kernel is larger than the padded image.
        """
        top, left, bottom, right = self.pad
        padded = rows + top + bottom, columns + left + right
        if padded[0] < self.extent[0] or padded[1] < self.extent[1]:
            raise GatewrightError(
                f"a kernel of {self.extent} pixels does not fit a padded image of {padded}"
            )
        across = (
            (size - extent) // stride + 1
            for size, extent, stride in zip(padded, self.extent, self.stride, strict=True)
        )
        first, second = across
        return first, second


@dataclass(frozen=True, kw_only=True, eq=False)
class Conv(Dense):
    """A dense layer on every window of an image.

    ``weight`` is [output channels, kernel rows x kernel columns x channels], in that order; beyond
    the image the input is zero.

    Attributes:
        window: How the kernel moves.
    """

    window: Window


@dataclass(frozen=True, kw_only=True, eq=False)
class Depthwise(Dense):
    """A convolution that keeps channels apart: ``weight`` is [channels, taps], row by row.

    Attributes:
        window: How the kernel moves.
    """

    window: Window


class Pooling(Enum):
    """What pooling makes of a window of one channel."""

    MAX = "max"
    AVERAGE = "average"


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool(Node):
    """``out = convert(max or exact average of the window)``, channel by channel.

    Attributes:
        kind: Beyond the image, the maximum takes nothing and the average takes zeros.
        window: How the kernel moves.
        count_padding: An average divides by all taps; else by those inside the image.
    """

    kind: Pooling
    window: Window
    count_padding: bool = True


class Combination(Enum):
    """What becomes of two elements."""

    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    AVERAGE = "average"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"


@dataclass(frozen=True, kw_only=True, eq=False)
class Merge(Node):
    """``out = convert(a combined with b)``, element by element, exact before the conversion.

    Attributes:
        kind: How they are combined; the two streams may have different formats.
    """

    kind: Combination


@dataclass(frozen=True, kw_only=True, eq=False)
class Concat(Node):
    """The channels of the first stream, then those of the second, each converted."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rectifier(Node):
    """``out = convert(x if x > threshold else slope * x)``: leaky, parametric, thresholded ReLU.

    Attributes:
        threshold: Integer in units of the source's lsb.
        slope: Integers [1], or [channels], in units of ``slope_format.lsb``.
        slope_format: Their format.
    """

    slope: IntArray
    slope_format: FixedFormat
    threshold: int = 0

    def __post_init__(self) -> None:
        _check_fits(self.name, "slope", self.slope, self.slope_format)
        if self.slope.shape not in ((1,), (self.out.image[2],)):
            raise GatewrightError(
                f"{self.name}: {self.slope.shape} slopes for {self.out.image[2]} channels; "
                "allowed: one, or one for each channel"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip(Node):
    """``out = convert(min(max(x, low), high))``: ReLU6, hard tanh.

    Attributes:
        low: Integer in units of ``2**-fraction``, or None: no bound.
        high: The same.
        fraction: Fraction bits of the bounds; at least the source's.
    """

    low: int | None
    high: int | None
    fraction: int

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise GatewrightError(f"{self.name}: a clip without a bound")


@dataclass(frozen=True, kw_only=True, eq=False)
class Table(Node):
    """``out = values[x - lowest]``, ``lowest`` being the least integer of the source's format.

    Attributes:
        values: Integers [2 ** width of the source], in units of ``out.format.lsb``.
        function: What it computes, for comments.
    """

    values: IntArray
    function: str

    def __post_init__(self) -> None:
        _check_fits(self.name, "value", self.values, self.out.format)


@dataclass(frozen=True, kw_only=True, eq=False)
class Softmax(Node):
    """Over the channels of each pixel: ``out = convert(e / sum(e))``, ``e = values[max(x) - x]``.

    The quotient is exact before it is converted.

    Attributes:
        values: Unsigned integers [2 ** width of the source]; the first is not zero.
    """

    values: IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Pad(Node):
    """Zeros around an image.

    Attributes:
        pad: Pixels added: top, left, bottom, right.
    """

    pad: tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Upsample(Node):
    """Every pixel ``factor`` times, in rows and in columns: nearest neighbour.

    Attributes:
        factor: For rows and for columns.
    """

    factor: tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Transpose(Node):
    """An image with its axes exchanged.

    Attributes:
        axes: Axis ``k`` of the result is axis ``axes[k]`` of the source: 0 row, 1 column,
            2 channel.
    """

    axes: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reshape(Node):
    """The same elements in the same order (row, column, channel last) under another shape."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Argmax(Node):
    """Index of the first largest element; ``out`` has one unsigned integer."""


@dataclass(frozen=True, eq=False)
class Graph:
    """A network ready for hardware.

    Attributes:
        name: The design's name; a valid SystemVerilog identifier.
        nodes: In topological order.
        outputs: Names of the nodes whose streams leave the design, in the network's order.
        channels_first: Whether the network it came from has its images' channels first, as PyTorch
            does. Streams have them last; ``vectors`` turns what goes in and what is compared.
    """

    name: str
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    channels_first: bool = False

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for node in self.nodes:
            missing = [name for name in node.inputs if name not in seen]
            if missing or node.name in seen:
                raise GatewrightError(
                    f"graph {self.name}: node {node.name} is defined twice or reads "
                    f"{missing}, which does not stand before it"
                )
            seen.add(node.name)
        if not self.outputs or not set(self.outputs) <= seen:
            raise GatewrightError(f"graph {self.name}: outputs {self.outputs} are not all nodes")

    def __getitem__(self, name: str) -> Node:
        """Return the node called ``name``."""
        return next(node for node in self.nodes if node.name == name)

    def consumers(self, name: str) -> tuple[Node, ...]:
        """Return the nodes that read the stream of ``name``."""
        return tuple(node for node in self.nodes if name in node.inputs)

    def source(self, node: Node) -> StreamType:
        """Return the type of the first stream that ``node`` reads."""
        return self[node.inputs[0]].out


@dataclass(frozen=True)
class SumRange:
    """Exact bounds of a matrix-vector sum over every input its format can hold.

    Attributes:
        fraction: Fraction bits of the sum: the finer of product and bias.
        products: Format of the sum of products, without the bias, at the products' own fraction.
        total: Format of the sum with the bias, at ``fraction``.
    """

    fraction: int
    products: FixedFormat
    total: FixedFormat


def sum_range(node: Dense, source: FixedFormat) -> SumRange:
    """Return the exact bounds of ``node``'s sum: worst case over all inputs, from the weights."""
    low, high = source.min_int, source.max_int
    positive = np.where(node.weight > 0, node.weight, 0).sum(axis=1)
    negative = np.where(node.weight < 0, node.weight, 0).sum(axis=1)
    highs = positive * high + negative * low
    lows = positive * low + negative * high
    product_fraction = node.weight_format.fraction + source.fraction
    products = format_for_range(min(int(lows.min()), 0), max(int(highs.max()), 0), product_fraction)
    if node.bias is None or node.bias_format is None:
        return SumRange(product_fraction, products, products)
    fraction = max(product_fraction, node.bias_format.fraction)
    bias = node.bias << (fraction - node.bias_format.fraction)
    up = fraction - product_fraction
    total_lows, total_highs = (lows << up) + bias, (highs << up) + bias
    total = format_for_range(
        min(int(total_lows.min()), 0), max(int(total_highs.max()), 0), fraction
    )
    return SumRange(fraction, products, total)


def merged_format(kind: Combination, a: FixedFormat, b: FixedFormat) -> FixedFormat:
    """Return the format that holds every combination of two elements exactly.

    For an average it is the format of the sum, before it is halved.
    """
    if kind is Combination.MULTIPLY:
        corners = [x * y for x in (a.min_int, a.max_int) for y in (b.min_int, b.max_int)]
        return format_for_range(min(corners), max(corners), a.fraction + b.fraction)
    fraction = max(a.fraction, b.fraction)
    (a_low, a_high), (b_low, b_high) = (
        (fmt.min_int << (fraction - fmt.fraction), fmt.max_int << (fraction - fmt.fraction))
        for fmt in (a, b)
    )
    if kind in (Combination.ADD, Combination.AVERAGE):
        return format_for_range(a_low + b_low, a_high + b_high, fraction)
    if kind is Combination.SUBTRACT:
        return format_for_range(a_low - b_high, a_high - b_low, fraction)
    return format_for_range(min(a_low, b_low), max(a_high, b_high), fraction)


def _check_fits(node: str, what: str, values: IntArray, fmt: FixedFormat) -> None:
    outside = (values < fmt.min_int) | (values > fmt.max_int)
    if outside.any():
        where = tuple(int(i) for i in np.argwhere(outside)[0])
        raise GatewrightError(
            f"{node}: {what} {where} is {int(values[where])}, but {fmt} holds "
            f"{fmt.min_int} to {fmt.max_int}; use a wider format"
        )
