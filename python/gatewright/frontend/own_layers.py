"""Layers that this back end adds to hls4ml, with their C++: what hls4ml computes wrongly.

An exact pooling (``nnet/gatewright_pool.h``). ``prepare`` writes it into the ONNX graph as a node
of the domain ``gatewright``, as it does where only hls4ml's ONNX reader is wrong (``Upsample``).
"""

from pathlib import Path
from typing import Any

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
from hls4ml.model.layers import Attribute, Layer, layer_map, register_layer

from gatewright.frontend import own_functions
from gatewright.frontend.onnx_graph import attributes

SOURCES = Path(__file__).parent / "nnet"
SIZES = (
    "in_height", "in_width", "n_filt", "out_height", "out_width", "pool_height", "pool_width",
    "stride_height", "stride_width", "dilation_height", "dilation_width", "pad_top", "pad_left",
    "pad_bottom", "pad_right",
)  # fmt: skip


class GatewrightPool(Layer):  # type: ignore[misc]  # hls4ml has no type hints
    """Pooling: the maximum of the pixels inside the image, or their exact average, rounded once."""

    _expected_attributes = (
        *(Attribute(name) for name in SIZES),
        Attribute("average", value_type=bool),
        Attribute("count_padding", value_type=bool),
    )

    def initialize(self) -> None:
        """Declare the output."""
        self.add_output_variable([self.get_attr(n) for n in ("out_height", "out_width", "n_filt")])


class PoolConfig(LayerConfigTemplate):  # type: ignore[misc]
    """Writes the C++ configuration of a pooling."""

    def __init__(self) -> None:
        super().__init__(GatewrightPool)

    def format(self, node: Any) -> str:
        """Return the struct."""
        source = node.get_input_variable().type.precision
        target = node.get_output_variable().type.precision
        fraction = source.width - source.integer
        taps = node.get_attr("pool_height") * node.get_attr("pool_width")
        values: dict[str, Any] = {name: int(node.get_attr(name)) for name in SIZES}
        values |= {
            "data_width": source.width,
            "data_fraction": fraction,
            "grid_fraction": max(fraction, target.width - target.integer + 1),
            "guard": int(taps).bit_length(),
        }
        lines = [f"    static const int {name} = {value};" for name, value in values.items()]
        lines += [
            f"    static const bool {name} = {str(bool(node.get_attr(name))).lower()};"
            for name in ("average", "count_padding")
        ]
        inside = "\n".join(lines)
        return f"struct config{node.index} : nnet::gatewright_pool_config {{\n{inside}\n}};\n"


class PoolCall(FunctionCallTemplate):  # type: ignore[misc]
    """Writes the C++ call of a pooling."""

    def __init__(self) -> None:
        super().__init__(GatewrightPool, include_header=["nnet_utils/gatewright_pool.h"])

    def format(self, node: Any) -> str:
        """Return the call."""
        call = "nnet::gatewright_pool<{input_t}, {output_t}, {config}>({input}, {output});"
        return call.format(**self._default_function_params(node))


def parse_pool(node: Any, names: list[str], shapes: list[list[int]], graph: Any) -> dict[str, Any]:
    """Return hls4ml's description of a pooling in an ONNX graph."""
    given = attributes(node)
    _, rows, columns, channels = shapes[0]
    pairs = {
        "pool": given["kernel_shape"],
        "stride": given["strides"],
        "dilation": given["dilations"],
        "out": given["output_shape"],
        "in": (rows, columns),
    }
    sizes = {
        f"{word}_{axis}": int(value)
        for word, pair in pairs.items()
        for axis, value in zip(("height", "width"), pair, strict=True)
    }
    sides = ("top", "left", "bottom", "right")
    return {
        "name": node.name,
        "class_name": GatewrightPool.__name__,
        "inputs": names,
        "outputs": list(node.output),
        "data_format": "channels_last",
        "n_filt": channels,
        "average": bool(given["average"]),
        "count_padding": bool(given["count_padding"]),
        **sizes,
        **{f"pad_{side}": int(v) for side, v in zip(sides, given["pads"], strict=True)},
    }


def parse_upsample(
    node: Any, names: list[str], shapes: list[list[int]], graph: Any
) -> dict[str, Any]:
    """Return hls4ml's description of an upsampling; its own reader exchanges rows and columns."""
    _, rows, columns, channels = shapes[0]
    down, across = attributes(node)["factors"]
    return {
        "name": node.name,
        "class_name": "Resize",
        "inputs": names,
        "outputs": list(node.output),
        "data_format": "channels_last",
        "algorithm": "nearest",
        "in_height": rows,
        "in_width": columns,
        "out_height": int(rows * down),
        "out_width": int(columns * across),
        "n_chan": channels,
    }


def register_readers() -> None:
    """Let hls4ml's ONNX reader read the nodes that ``prepare`` writes.

    Not part of ``register``, which runs while hls4ml is being imported.
    """
    from hls4ml.converters.onnx_to_hls import layer_handlers, register_onnx_layer_handler

    for word, read in (("Pool", parse_pool), ("Upsample", parse_upsample)):
        if word not in layer_handlers:
            register_onnx_layer_handler(word, read)
    own_functions.register_readers()


def register(backend: Any) -> None:
    """Make the layers known to hls4ml and to this back end."""
    if GatewrightPool.__name__ not in layer_map:
        register_layer(GatewrightPool.__name__, GatewrightPool)
    for template in (PoolConfig, PoolCall):
        backend.register_template(template)
    own_functions.register(backend)
    for source in sorted(SOURCES.glob("*.h")):
        backend.register_source(source)
