"""hls4ml layers of our own: functions that hls4ml has not, or does not compute exactly.

Constants are integers; the C++ is ``nnet/gatewright_functions.h``. Each is an ``Activation`` to
hls4ml, so that a quantiser behind one becomes its result type. ONNX nodes of the same names, which
``prepare`` puts into the graph, become these layers; so do hls4ml's own activations.
"""

from typing import Any, ClassVar

import numpy as np
from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
from hls4ml.model.attributes import Attribute
from hls4ml.model.layers import Activation, layer_map, register_layer
from hls4ml.model.quantizers import QuantNodeQuantizer
from hls4ml.model.types import FixedPrecisionType

from gatewright.fixed import FixedFormat, IntArray, parse_format
from gatewright.frontend.onnx_graph import attributes
from gatewright.frontend.types import fixed_format

HEADER = "gatewright_functions.h"
QUANTISER = "GwQuant"  # the ONNX node of a conversion that hls4ml's reader does not know
QUOTIENT_GUARD = 2  # bits below the result's last: a half and a sticky one


class GwTable(Activation):  # type: ignore[misc]  # hls4ml has no type hints
    """A function by table: ``values`` from the least input to the greatest."""

    _expected_attributes: ClassVar = [Attribute("values", value_type=list)]


class GwRectifier(Activation):  # type: ignore[misc]  # hls4ml has no type hints
    """``x`` above ``threshold``, a real number, else ``slope`` of ``x``, per channel or one."""

    _expected_attributes: ClassVar = [Attribute("slope", value_type=list)]


class GwClip(Activation):  # type: ignore[misc]  # hls4ml has no type hints
    """``x`` between ``low`` and ``high``, in units of 2**-``fraction``; either may be missing."""

    _expected_attributes: ClassVar = [Attribute("fraction", value_type=int)]


class GwScale(Activation):  # type: ignore[misc]  # hls4ml has no type hints
    """``scale * x + bias``, each one for every channel."""

    _expected_attributes: ClassVar = [
        Attribute("scale", value_type=list),
        Attribute("bias", value_type=list),
    ]


class GwSoftmax(Activation):  # type: ignore[misc]  # hls4ml has no type hints
    """Softmax over the last axis; ``values`` of the exponential by the distance from the most."""

    _expected_attributes: ClassVar = [Attribute("values", value_type=list)]


CLASSES = (GwTable, GwRectifier, GwClip, GwScale, GwSoftmax)
NAMES = tuple(layer.__name__ for layer in CLASSES)


def precision_of(fmt: FixedFormat) -> Any:
    """Return hls4ml's precision of a format."""
    return FixedPrecisionType(
        fmt.width,
        fmt.integer,
        fmt.signed,
        f"AP_{fmt.rounding.value}",
        f"AP_{fmt.overflow.value}",
    )


def read_onnx(node: Any, input_names: list[str], _shapes: Any, _graph: Any) -> dict[str, Any]:
    """Return what hls4ml's ONNX reader wants to know of one of our nodes."""
    layer: dict[str, Any] = {
        "name": node.name,
        "class_name": "Activation" if node.op_type == QUANTISER else node.op_type,
        "activation": "linear" if node.op_type == QUANTISER else node.op_type.lower(),
        "inputs": input_names[:1],
        "outputs": list(node.output),
    }
    layer |= attributes(node)
    if "format" in layer:
        precision = precision_of(parse_format(layer.pop("format")))
        layer["quantizer_precision"] = precision
        if node.op_type == QUANTISER:
            layer["quantizer"] = QuantNodeQuantizer(precision)
    return layer


def register_readers() -> None:
    """Let hls4ml's ONNX reader read our nodes; see ``own_layers.register_readers``."""
    from hls4ml.converters.onnx_to_hls import layer_handlers

    for name in (*NAMES, QUANTISER):
        layer_handlers[name] = read_onnx


def register(backend: Any) -> None:
    """Make layers and templates known to hls4ml and the backend."""
    for layer in CLASSES:
        if layer.__name__ not in layer_map:
            register_layer(layer.__name__, layer)
    for template in (ConfigTemplate, CallTemplate):
        backend.register_template(template)


class CallTemplate(FunctionCallTemplate):  # type: ignore[misc]  # hls4ml has no type hints
    """The call in the firmware's top function."""

    def __init__(self) -> None:
        super().__init__(CLASSES, include_header=[f"nnet_utils/{HEADER}"])

    def format(self, node: Any) -> str:
        """Return the call."""
        p = self._default_function_params(node)
        types = f"{p['input_t']}, {p['output_t']}, {p['config']}"
        operands = f"{p['input']}, {p['output']}"
        if node.class_name == "GwSoftmax":
            return f"nnet::gatewright::table_softmax<{types}>({operands});"
        function = node.class_name.removeprefix("Gw").lower()
        return f"nnet::gatewright::elementwise<nnet::gatewright::{function}, {types}>({operands});"


class ConfigTemplate(LayerConfigTemplate):  # type: ignore[misc]  # hls4ml has no type hints
    """The configuration: sizes, types and constants."""

    def __init__(self) -> None:
        super().__init__(CLASSES)

    def format(self, node: Any) -> str:
        """Return the configuration's structure."""
        variable = node.get_input_variable()
        source = fixed_format(variable.type.precision, f"{node.name}: input")
        lines = [
            f"static const unsigned n_in = {int(np.prod(variable.shape))};",
            f"static const unsigned n_chan = {int(variable.shape[-1])};",
            f"static const unsigned input_width = {source.width};",
            f"typedef {integer_type(source.signed, source.width)} input_bits_t;",
            *getattr(self, node.class_name.lower())(node, source),
        ]
        body = "\n".join(f"    {line}" for line in lines)
        return f"struct config{node.index} {{\n{body}\n}};\n"

    def gwtable(self, node: Any, source: FixedFormat) -> list[str]:
        """Return a table's values, by the input's bits."""
        values = np.array(node.get_attr("values"), dtype=np.int64)
        return [constants("value", np.roll(values, source.min_int))]

    def gwrectifier(self, node: Any, source: FixedFormat) -> list[str]:
        """Return slopes and threshold."""
        return [
            f"static const long long threshold = {threshold_in(node, source)};",
            f"typedef {fixed_type(parse_format(node.get_attr('slope_format')))} slope_t;",
            constants("slope", np.array(node.get_attr("slope"))),
        ]

    def gwclip(self, node: Any, source: FixedFormat) -> list[str]:
        """Return the bounds, and a type that holds them and the input."""
        low, high, fraction = clip_in(node, source)
        bounds = [bound for bound in (low, high) if bound is not None]
        width = max(
            source.width + fraction - source.fraction,
            *(abs(bound).bit_length() for bound in bounds),
        ) + 2  # fmt: skip
        return [
            f"static const unsigned shift = {fraction - source.fraction};",
            f"static const bool has_low = {str(low is not None).lower()};",
            f"static const bool has_high = {str(high is not None).lower()};",
            f"static const long long low = {low or 0};",
            f"static const long long high = {high or 0};",
            f"typedef ap_int<{width}> exact_bits_t;",
            f"typedef ap_fixed<{width}, {width - fraction}> exact_t;",
        ]

    def gwscale(self, node: Any, _source: FixedFormat) -> list[str]:
        """Return scales and biases."""
        return [
            f"typedef {fixed_type(parse_format(node.get_attr('scale_format')))} scale_t;",
            f"typedef {fixed_type(parse_format(node.get_attr('bias_format')))} bias_t;",
            constants("scale", np.array(node.get_attr("scale"))),
            constants("bias", np.array(node.get_attr("bias"))),
        ]

    def gwsoftmax(self, node: Any, _source: FixedFormat) -> list[str]:
        """Return the table of the exponential, and the bits of the quotient."""
        out = fixed_format(node.get_output_variable().type.precision, f"{node.name}: output")
        fraction = max(out.fraction, 0) + QUOTIENT_GUARD
        return [
            f"static const unsigned quotient_fraction = {fraction};",
            constants("value", np.array(node.get_attr("values"))),
        ]


def threshold_in(node: Any, source: FixedFormat) -> int:
    """Return a rectifier's threshold in units of the source's lsb: what lies above is the same."""
    threshold = np.floor(np.ldexp(float(node.get_attr("threshold", 0.0)), source.fraction))
    return int(np.clip(threshold, source.min_int - 1, source.max_int))


def clip_in(node: Any, source: FixedFormat) -> tuple[int | None, int | None, int]:
    """Return a clip's bounds and their fraction, at least as fine as the source's."""
    fraction = int(node.get_attr("fraction"))
    fine = max(fraction, source.fraction)
    low, high = (node.get_attr(key) for key in ("low", "high"))
    return (
        None if low is None else int(low) << (fine - fraction),
        None if high is None else int(high) << (fine - fraction),
        fine,
    )


def integer_type(signed: bool, width: int) -> str:
    """Return the C++ type of an integer."""
    return f"ap_{'' if signed else 'u'}int<{width}>"


def fixed_type(fmt: FixedFormat) -> str:
    """Return the C++ type of a constant's format."""
    return f"ap_{'' if fmt.signed else 'u'}fixed<{fmt.width}, {fmt.integer}>"


def constants(name: str, values: IntArray) -> str:
    """Return a static function that gives one of several constants."""
    if len(values) == 1:
        return f"static long long {name}(unsigned) {{ return {int(values[0])}; }}"
    listed = ", ".join(str(int(value)) for value in values)
    return (
        f"static long long {name}(unsigned i) {{ "
        f"static const long long v[{len(values)}] = {{{listed}}}; return v[i]; }}"
    )
