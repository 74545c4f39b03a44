"""What hls4ml 1.3.0 gets wrong, each with its minimal network; the README's list is made of it.

``without`` names the function that keeps the defect away: with it replaced by one that does
nothing, the network fails to convert, or gives other values than QONNX execution.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from image_networks import Network, conv
from qonnx_networks import Builder, layer


@dataclass(frozen=True)
class Defect:
    """One of them.

    Attributes:
        what: What hls4ml does.
        instead: What is done here.
        shape: Of the minimal network's input, without the batch.
        network: The network behind a quantised input; None: told, not shown by a network.
        without: The function to replace, as a path below ``gatewright.frontend``; empty: none.
        io: The io_type in which it shows.
        fails: The conversion fails; else values differ.
        compiled: Only the C simulation differs: hls4ml's graph is right, its C++ is not.
    """

    what: str
    instead: str
    shape: tuple[int, ...] = ()
    network: Network | None = None
    without: str = ""
    io: str = "io_parallel"
    fails: bool = False
    compiled: bool = False


def convolved(shape: tuple[int, ...], **window: Any) -> Network:
    return lambda build, x: conv(build, "conv1", x, shape, **window)


def padded_maximum(build: Builder, x: str) -> str:
    return build.node("MaxPool", "pool", [x], kernel_shape=[2, 2], pads=[1, 1, 0, 0])


def quantised_twice(build: Builder, x: str) -> str:
    y = conv(build, "conv1", x, (2, 1, 2, 2))
    parts = [build.quant(f"q{bits}", y, bits=bits, scale=2.0 ** (1 - bits)) for bits in (3, 6)]
    return build.node("Concat", "joined", parts, axis=1)


def shared_weights(build: Builder, x: str) -> str:
    first = conv(build, "conv1", x, (1, 1, 3, 2), bias=False)
    weight = f"{build.prefix}conv1_weight_quant_tensor"
    second = build.node("Conv", "conv2", [x, weight], kernel_shape=[3, 2])
    return build.node("Add", "sum", [first, second])


def sum_of_biased(build: Builder, x: str) -> str:
    return build.node("Add", "sum", [layer(build, f"fc{i}", x, (4, 2), seed=i) for i in range(2)])


def two_outputs(build: Builder, x: str) -> list[str]:
    second = layer(build, "fc2", x, (4, 3), seed=2)
    return [layer(build, "fc1", x, (4, 3)), second]


def flattened(build: Builder, x: str) -> str:
    y = build.quant("q1", build.node("Flatten", "flat", [x]), bits=4, scale=0.125)
    return layer(build, "fc1", y, (12, 3))


def to_image(build: Builder, x: str) -> str:
    """Beats of twelve elements on the way, then of eight: neither fills the other."""
    return build.node("Reshape", "shape", [x, build.constant("s", [1, 3, 2, 4], np.int64)])


def transposed(build: Builder, x: str) -> str:
    y = build.node("Flatten", "flat", [build.node("Transpose", "turn", [x], perm=[0, 3, 1, 2])])
    return layer(build, "fc1", y, (12, 3))


def half(build: Builder, x: str) -> str:
    other = build.quant("q1", build.node("Relu", "relu1", [x]), bits=3, scale=0.25, signed=0)
    return build.node("Mean", "mean", [x, other])


def padded(build: Builder, x: str) -> str:
    pads = build.constant("pads", [0, 0, 1, 0, 0, 0, 0, 2], np.int64)
    return build.node("Pad", "pad", [x, pads])


DEFECTS = {
    "dilation": Defect(
        "the extent is taken for kernel x dilation, not (kernel - 1) x dilation + 1",
        "zeros between the taps; the hardware has the dilation itself",
        (1, 5, 5), convolved((1, 1, 2, 2), dilations=[2, 2]), "windows._between_taps", fails=True,
    ),
    "groups": Defect(
        "any group but 1 is taken for depthwise; a depth multiplier fails",
        "one group, with zeros among the weights",
        (4, 3, 3), convolved((2, 2, 2, 2), group=2), "windows._one_group", fails=True,
    ),
    "padded maximum": Defect(
        "pads count as values: wrong in io_parallel, an abort in io_stream",
        "a pooling of our own in the C++",
        (1, 3, 3), padded_maximum, "pooling._own", fails=True,
    ),
    "averages": Defect(
        "the quotient is truncated; global ones are not read",
        "a pooling of our own, whose quotient is exact and rounded once",
    ),
    "mean of two": Defect(
        "the type of the result lacks the bit of the half",
        "the exact type is given", (1, 2, 2), half, "joints.result_type",
    ),
    "a result quantised twice": Defect(
        "the first quantiser becomes the layer's type, and every other reader gets rounded values",
        "an exact conversion between", (1, 3, 3), quantised_twice, "prepare.settle_types",
    ),
    "shared weights": Defect(
        "two layers cannot share a constant", "each gets its own",
        (1, 3, 3), shared_weights, "prepare.unshare_constants", fails=True,
    ),
    "sum of two biased layers": Defect(
        "the bias is moved behind the sum, where it has no type",
        "an exact conversion between", (4,), sum_of_biased, "prepare.settle_types", fails=True,
    ),
    "outputs": Defect(
        "several outputs come in the order of their nodes",
        "they are put back", (4,), None, "prepare.output_order",
    ),
    "flattening in a stream": Defect(
        "what reads a flattened image element by element drops elements",
        "the flattening goes behind it",
        (2, 2, 3), flattened, "images.sink_flattening", "io_stream", compiled=True,
    ),
    "repacking a stream": Defect(
        "elements are dropped where neither beat's size divides the other's",
        "one element at a time between",
        (2, 3, 4), to_image, "images.guard_repacking", "io_stream", compiled=True,
    ),
    "transposed and flattened": Defect(
        "a Transpose in front of a matrix is dropped, and its rows exchanged wrongly",
        "a Reshape between", (2, 3, 2), transposed, "images.guard_flattening", fails=True,
    ),
    "zero padding": Defect(
        "the layout is guessed from whether any node is channels-last",
        "the padding says so itself", (2, 2, 3), padded,
    ),
    "a kernel of one row in a stream": Defect(
        "every row gives results, whatever the stride",
        "the C++ for several rows, which is right for one",
        (1, 3, 3), convolved((1, 1, 1, 2), strides=[2, 1]), "writer.step_over_rows", "io_stream",
        compiled=True,
    ),
    "a reuse factor beyond the inputs": Defect(
        "a convolution of Strategy Resource names a kernel that is not there, if the factor is no "
        "multiple of them",
        "the kernel is added",
    ),
    "a reuse factor in io_parallel": Defect(
        "a convolution of Strategy Resource gives wrong values where it is beyond the inputs",
        "the C++ takes the greatest that is right; the hardware's is as asked",
    ),
    "a reuse factor of a pointwise convolution": Defect(
        "is not made one that divides the layer, and values differ",
        "is made so",
    ),
    "a repacked stream read twice": Defect(
        "gets the default type fixed<16,6>, and what pads it too", "has its own type"
    ),
    "a signed bit": Defect("is -1 and 0, where QONNX has -1 and 1", "a table; refused of weights"),
    "upsampling": Defect("rows and columns are exchanged", "a reader of our own"),
    "Reshape in a stream": Defect(
        "fails where the output is not called as the node", "it is called so"
    ),
    "joints of more than two, Gemm, Mean": Defect("are not read", "rewritten by twos, as MatMul"),
    "Gemm without a bias": Defect("fails in qonnx's rewriting", "a rewriting of our own"),
    "the input's type": Defect(
        "stays fixed<16,6> with truncation in front of a finer quantiser",
        "is the first quantiser's",
    ),
    "weights int<2>": Defect("-2 is taken for 1", "refused: use fixed<2,2>"),
    "Strategy": Defect(
        "a word that it does not know is Latency; Resource has no depthwise C++",
        "the word is checked; the depthwise C++ is Latency's",
    ),
    "rounding many bits": Defect(
        "an assertion stops the C simulation where rounding drops more bits than there are",
        "the C simulation is compiled without assertions; the value is right",
    ),
}  # fmt: skip


def markdown() -> str:
    """Return the README's table."""
    head = [("where", "what hls4ml 1.3.0 does", "here"), ("---",) * 3]
    rows = [(name, defect.what, defect.instead) for name, defect in DEFECTS.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in (*head, *rows)) + "\n"
