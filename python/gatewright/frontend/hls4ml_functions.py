"""hls4ml's own activations, as its Keras, PyTorch and ONNX readers make them -> our layers.

Once hls4ml has inferred the types, each becomes one of ``own_functions``, so that the C simulation,
``predict`` and the hardware hold the same slope or the same table. hls4ml's tables are coarse, its
slopes have 8 bits, its PReLU reads beyond its slopes. The result's type is the one that the
configuration gives; a table's values are the function in float64, converted to it once.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError
from gatewright.exponential import MOST_INPUT_BITS, exponential_table
from gatewright.fixed import FixedFormat, quantize
from gatewright.frontend.function_formats import exact_integers
from gatewright.frontend.names import origin
from gatewright.frontend.softmax import check_quotient
from gatewright.frontend.tables import MAX_SLOPE_BITS
from gatewright.frontend.types import fixed_format

Reals = NDArray[np.float64]
Attributes = dict[str, Any]
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al., 2017, eq. 2
FUNCTIONS: dict[str, Callable[[Reals], Reals]] = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softplus": lambda x: np.logaddexp(0, x),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0))),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "binary_tanh": lambda x: np.where(x >= 0, 1.0, -1.0),
    "ternary_tanh": lambda x: np.where(x > 0.5, 1.0, np.where(x > -0.5, 0.0, -1.0)),
}
CLIPS = {"relu6": (0, 6), "relu1": (0, 1)}


def replace_functions(model: Any) -> bool:
    """Replace every activation but linear and ReLU by a layer of our own.

    Returns:
        Whether there was any.

    Raises:
        GatewrightError: an activation that needs a table of too wide an input, a slope of too many
            bits, or a softmax that is not over the last axis.
    """
    changed = False
    for layer in list(model.get_layers()):
        read = READERS.get(layer.class_name)
        found = None if read is None else read(layer)
        if found is not None:
            _replace(model, layer, *found)
            changed = True
    return changed


def _replace(model: Any, layer: Any, kind: str, given: Attributes) -> None:
    output = layer.get_output_variable().type.precision
    attributes = {"activation": kind.lower(), "quantizer_precision": output, **given}
    new = model.make_node(kind, layer.name, attributes, layer.inputs[:1], list(layer.outputs))
    layer.inputs = layer.inputs[:1]
    model.replace_node(layer, new)


def formats(layer: Any) -> tuple[FixedFormat, FixedFormat]:
    """Return the formats of a layer's input and output."""
    where = origin(layer)
    source = fixed_format(layer.get_input_variable().type.precision, f"{where}: input")
    return source, fixed_format(layer.get_output_variable().type.precision, f"{where}: output")


def activation(layer: Any) -> tuple[str, Attributes] | None:
    """Read an Activation; linear and ReLU stay, and what is not known is refused later."""
    word = str(layer.get_attr("activation")).lower()
    if word in CLIPS:
        low, high = CLIPS[word]
        return "GwClip", {"low": low, "high": high, "fraction": 0}
    return by_table(layer, word, FUNCTIONS[word]) if word in FUNCTIONS else None


def parametrised(layer: Any) -> tuple[str, Attributes] | None:
    """Read a LeakyReLU, ThresholdedReLU or ELU."""
    word = str(layer.get_attr("activation")).lower()
    value = float(layer.get_attr("activ_param"))
    if word == "elu":
        return by_table(layer, word, lambda x: np.where(x > 0, x, value * np.expm1(x.clip(max=0))))
    if word == "thresholdedrelu":
        zero = {"slope": [0], "slope_format": str(FixedFormat(False, 1, 1))}
        return "GwRectifier", {"threshold": value, **zero}
    if word != "leakyrelu":
        return None
    return rectifier(layer, np.array([value]))


def prelu(layer: Any) -> tuple[str, Attributes]:
    """Read a PReLU, whose slopes must be one, or one for each channel.

    Raises:
        GatewrightError: a slope for each pixel.
    """
    values = np.asarray(layer.get_attr("param_data"), dtype=np.float64)
    shape = tuple(int(size) for size in layer.get_input_variable().shape)
    channels = values.size if values.size in (1, shape[-1]) else shape[-1]
    pixels = values.reshape(-1, channels)
    if (pixels != pixels[:1]).any():
        raise GatewrightError(
            f"{origin(layer)}: a PReLU with {values.size} slopes for {shape}; supported: one, or "
            f"one for each of the {shape[-1]} channels (Keras: shared_axes)"
        )
    return rectifier(layer, pixels[0])


def rectifier(layer: Any, slopes: Reals) -> tuple[str, Attributes]:
    """Return a rectifier of these slopes; a table, where they have too many bits.

    Raises:
        GatewrightError: they have, and the input is too wide for a table or there are several.
    """
    found = exact_integers(slopes)
    if found is not None and found[1].width <= MAX_SLOPE_BITS:
        return "GwRectifier", {
            "slope": found[0].tolist(),
            "slope_format": str(found[1]),
            "threshold": 0.0,
        }
    source, _ = formats(layer)
    if slopes.size > 1 or source.width > MOST_INPUT_BITS:
        raise GatewrightError(
            f"{origin(layer)}: slope {slopes[0]:g}, which needs more than {MAX_SLOPE_BITS} bits to "
            f"be exact; use {round(slopes[0] * 256) / 256:g}, or one slope and an input of at most "
            f"{MOST_INPUT_BITS} bits"
        )
    return by_table(layer, "leaky_relu", lambda x: np.where(x > 0, x, slopes[0] * x))


def hard(layer: Any) -> tuple[str, Attributes]:
    """Read a hard sigmoid or a hard tanh: ``clip(slope * x + shift, 0, 1)``, or twice that - 1."""
    word = str(layer.get_attr("activation")).lower()
    slope, shift = float(layer.get_attr("slope")), float(layer.get_attr("shift"))

    def sigmoid(x: Reals) -> Reals:
        return np.clip(slope * x + shift, 0, 1)

    if word == "hard_tanh" and (slope, shift) == (0.5, 0.5):
        return "GwClip", {"low": -1, "high": 1, "fraction": 0}
    if word == "hard_tanh":
        return by_table(layer, word, lambda x: 2 * sigmoid(x) - 1)
    return by_table(layer, word, sigmoid)


def by_table(layer: Any, word: str, function: Callable[[Reals], Reals]) -> tuple[str, Attributes]:
    """Return the table of a function.

    Raises:
        GatewrightError: the input has more bits than a table.
    """
    source, out = formats(layer)
    check_width(layer, word, source)
    reals = np.ldexp(np.arange(source.min_int, source.max_int + 1).astype(np.float64),
                     -source.fraction)  # fmt: skip
    return "GwTable", {
        "values": quantize(function(reals), out).tolist(),
        "function": word,
        "source_format": str(source),
    }


def softmax(layer: Any) -> tuple[str, Attributes] | None:
    """Read a softmax over the last axis; one that the configuration skips stays.

    Raises:
        GatewrightError: another axis, an input too wide, hls4ml's argmax.
    """
    if layer.get_attr("skip", False):
        return None
    source, out = formats(layer)
    check_width(layer, "softmax", source)
    shape = tuple(int(size) for size in layer.get_input_variable().shape)
    axis = int(layer.get_attr("axis", -1) or -1)
    if axis not in (-1, len(shape)) or int(layer.get_attr("n_inner", 1)) != 1:
        raise GatewrightError(
            f"{origin(layer)}: a softmax over axis {axis} of {shape}; supported: the last axis, -1"
        )
    if layer.get_attr("implementation") == "argmax":
        raise GatewrightError(
            f"{origin(layer)}: Implementation is argmax, which gives 1 to the greatest; use "
            "another (the table is the same for all), or leave the softmax out"
        )
    values = exponential_table(source.width, source.fraction)
    check_quotient(origin(layer), values, shape[-1], out)
    return "GwSoftmax", {"values": values.tolist(), "source_format": str(source)}


def check_width(layer: Any, word: str, source: FixedFormat) -> None:
    """Refuse a table of too wide an input."""
    if source.width > MOST_INPUT_BITS:
        raise GatewrightError(
            f"{origin(layer)}: {word} of {source}; the hardware does it by table, of at most "
            f"{MOST_INPUT_BITS} bits: give the layer in front a Precision result such as "
            "'fixed<8,4,RND_CONV,SAT>', or put a quantiser there"
        )


READERS: dict[str, Callable[[Any], tuple[str, Attributes] | None]] = {
    "Activation": activation,
    "ParametrizedActivation": parametrised,
    "PReLU": prelu,
    "HardActivation": hard,
    "TernaryTanh": activation,
    "Softmax": softmax,
}
