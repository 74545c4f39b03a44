"""The operators of ONNX and QONNX: what becomes of each, within which limits, and what does not.

The one place that says so: ``check_operators`` refuses by it, and the README's table is made of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gatewright.errors import GatewrightError
from gatewright.frontend.tables import BY_TABLE, INSIDE


class How(Enum):
    """How an operator is done."""

    NODE = "a block"
    REWRITE = "rewritten exactly"
    TABLE = "by table"
    FOLDED = "as part of something else"


@dataclass(frozen=True)
class Operator:
    """Operators that are done alike.

    Attributes:
        names: As ONNX or QONNX call them.
        how: How they are done.
        becomes: The hardware graph's nodes, or what they are folded into.
        limits: What is not taken; empty: everything that ONNX defines.
    """

    names: tuple[str, ...]
    how: How
    becomes: str
    limits: str = ""


_IMAGES = "sequences (1-D) and images (2-D)"
OPERATORS = (
    Operator(
        ("Quant", "IntQuant"), How.NODE, "Elementwise, or part of the node in front",
        "scales are powers of two; zero point 0; at most 32 bits",
    ),
    Operator(("BipolarQuant",), How.REWRITE, "Table behind a sign", "scale a power of two"),
    Operator(
        ("Gemm", "MatMul"), How.NODE, "Dense",
        "of a constant matrix and [batch, features]; alpha and beta 1, transA 0",
    ),
    Operator(
        ("Conv",), How.NODE, "Conv, Depthwise",
        f"{_IMAGES}; any stride, pads and dilation; groups become zeros among the weights",
    ),
    Operator(
        ("MaxPool",), How.NODE, "Pool",
        "any window, pads, dilation, ceil_mode; every window holds a pixel",
    ),
    Operator(
        ("AveragePool",), How.NODE, "Pool",
        "a quantiser behind it, or a power of two of values; ceil_mode not with counted pads",
    ),
    Operator(("GlobalMaxPool", "ReduceMax"), How.REWRITE, "Pool", "over all rows and columns"),
    Operator(
        ("GlobalAveragePool", "ReduceMean"), How.REWRITE, "Pool",
        "over all rows and columns; as AveragePool",
    ),
    Operator(
        ("Add", "Sub", "Mul"), How.NODE, "Merge; with a constant Depthwise or a bias",
        "two streams of equal shape, or one and a constant for each channel",
    ),
    Operator(("Max", "Min", "Mean"), How.NODE, "Merge", "streams of equal shape; Mean of two"),
    Operator(("Sum",), How.REWRITE, "Merge", "as Add"),
    Operator(("Div",), How.REWRITE, "Depthwise", "by a constant whose inverse is exact"),
    Operator(("Concat",), How.NODE, "Concat", "along the channels"),
    Operator(("Relu",), How.NODE, "Elementwise"),
    Operator(
        ("LeakyRelu", "PRelu", "ThresholdedRelu"), How.NODE, "Rectifier",
        "slopes of at most 16 bits, or by table between two quantisers",
    ),
    Operator(("Clip",), How.NODE, "Clip", "constant bounds"),
    Operator(
        BY_TABLE, How.TABLE, "Table", "between two quantisers, the first of at most 12 bits",
    ),
    Operator(
        ("ReduceSum", "GatherND"), How.FOLDED, "Softmax",
        "as gatewright.nets.parts.TableSoftmax is exported, between two quantisers",
    ),
    Operator(
        INSIDE, How.FOLDED, "Table", "beside an operator that is done by table",
    ),
    Operator(
        ("BatchNormalization",), How.REWRITE, "Depthwise",
        "scale and bias that 24 bits hold exactly",
    ),
    Operator(("Pad",), How.NODE, "Pad, or part of the window behind", "zeros around an image"),
    Operator(
        ("Resize", "Upsample"), How.NODE, "Upsample", "nearest, by whole factors",
    ),
    Operator(
        ("Transpose",), How.NODE, "Transpose", "of channels, rows and columns; the batch stays",
    ),
    Operator(
        ("Reshape", "Flatten", "Squeeze", "Unsqueeze"), How.NODE,
        "Reshape, with Transpose where elements change places",
        "the batch stays; at most three axes behind it",
    ),
    Operator(("Identity", "Dropout"), How.REWRITE, "nothing"),
    Operator(
        ("Constant", "Shape", "Gather", "Slice"), How.FOLDED, "a constant",
        "not of what depends on the input",
    ),
)  # fmt: skip
SUPPORTED = tuple(n for entry in OPERATORS if entry.how is not How.FOLDED for n in entry.names)
FOLDED = tuple(n for entry in OPERATORS if entry.how is How.FOLDED for n in entry.names)

_RECURRENT = "not done yet: recurrent layers. Use convolutions over the sequence (Conv1d)"
_ATTENTION = "not done yet: attention. Use convolutions or Linear layers"
_NORMALISED = "not done yet. Use BatchNormalization with exact parameters, merged into the layer"
_SOFTMAX = (
    "leave it out (the largest logit is the largest probability), or use "
    "gatewright.nets.parts.TableSoftmax, which holds the table that the hardware has"
)
# What else people bring, and what to do instead.
REFUSED = {
    **dict.fromkeys(("LSTM", "GRU", "RNN", "Scan", "Loop"), _RECURRENT),
    **dict.fromkeys(("Attention", "MultiHeadAttention", "RotaryEmbedding"), _ATTENTION),
    "Einsum": "not done yet: a product of two streams. Use Linear layers or convolutions",
    **dict.fromkeys(
        (
            "LayerNormalization", "GroupNormalization", "InstanceNormalization",
            "RMSNormalization", "LpNormalization", "LRN", "MeanVarianceNormalization",
        ),
        _NORMALISED,
    ),
    "ConvTranspose": "not done yet. Use nearest upsampling (torch.nn.Upsample) and a convolution",
    **dict.fromkeys(("Softmax", "LogSoftmax"), _SOFTMAX),
    "Trunc": "use a Quant (QuantIdentity) there",
    "If": "a network has one way through it; export it without conditions",
    "Split": "use a convolution for each part, with the weights of its channels",
}  # fmt: skip


def check_operators(graph: Any) -> None:
    """Refuse operators by name, all of them at once.

    Raises:
        GatewrightError: there are some; the message gives each node and what to do instead.
    """
    wrong = [n for n in graph.node if n.op_type not in (*SUPPORTED, *FOLDED)]
    if wrong:
        lines = [
            f"  {n.name or n.output[0]}: {n.op_type}; "
            + REFUSED.get(n.op_type, "build it from the operators below")
            for n in wrong
        ]
        raise GatewrightError(
            "operators that are not supported:\n"
            + "\n".join(lines)
            + f"\nSupported: {', '.join(SUPPORTED)}."
        )


def table() -> Iterator[tuple[str, str, str, str]]:
    """Yield the rows of the README's table: operators, how, what they become, limits."""
    for entry in OPERATORS:
        names = ", ".join(f"`{name}`" for name in entry.names)
        yield names, entry.how.value, entry.becomes, entry.limits
    advice: dict[str, list[str]] = {}
    for name, text in REFUSED.items():
        advice.setdefault(text, []).append(f"`{name}`")
    for text, refused in advice.items():
        yield ", ".join(refused), "refused", "", text


def markdown() -> str:
    """Return the README's table."""
    head = [("operator", "how", "becomes", "limits, or what to use instead"), ("---",) * 4]
    return "\n".join(f"| {' | '.join(row)} |" for row in (*head, *table())) + "\n"
