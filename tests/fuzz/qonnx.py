"""From the description of a network to QONNX, with hls4ml's settings, and its execution.

A layer whose output format a Quant node can express gets one; the others get their format by
hls4ml's Precision.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fuzz.networks import exact_format, graph_of
from fuzz.spec import Layer, Network
from gatewright.fixed import FixedFormat, IntArray, Overflow, Rounding
from gatewright.graph import (
    Clip,
    Conv,
    Dense,
    Depthwise,
    Graph,
    Node,
    Pad,
    Rectifier,
    StreamType,
    Transpose,
    Upsample,
)
from qonnx_networks import Builder

ROUNDINGS = (Rounding.RND_CONV, Rounding.TRN)  # of Quant nodes
MOVING = ("pad", "upsample", "transpose")
MERGES = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "average": "Mean",
    "maximum": "Max",
    "minimum": "Min",
}
RAW = ("dense", "conv", "depthwise", "merge")  # layers whose exact type hls4ml infers


def has_quant(layer: Layer) -> bool:
    """Whether a Quant node gives the layer's output its format."""
    return by_quant(layer.out)


def by_quant(fmt: FixedFormat) -> bool:
    """Whether a Quant node can express a format."""
    saturates = fmt.overflow is Overflow.SAT or (
        fmt.overflow is Overflow.SAT_SYM and fmt.signed and fmt.width > 1
    )
    return fmt.rounding in ROUNDINGS and saturates


class Writer:
    """Writes one network as a QONNX graph.

    Attributes:
        settings: hls4ml's settings of the layers.
    """

    def __init__(self, network: Network, name: str) -> None:
        self.network = network
        self.graph = graph_of(network, name)
        self.build = Builder()
        self.layers: dict[str, dict[str, Any]] = {}
        first = self.quant(f"{name}_quant", "x", network.format)
        self.tensors = [first]
        for index, layer in enumerate(network.layers, start=1):
            self.tensors.append(self.layer(layer, index))

    @property
    def settings(self) -> dict[str, Any]:
        strategy = "Latency" if self.network.seed % 4 == 0 else "Resource"
        return {"Model": {"Strategy": strategy}, "LayerName": self.layers}

    def save(self, path: Path) -> Path:
        shape = channels_first(StreamType(self.network.format, self.network.shape))
        return self.build.save(path, self.tensors[-1], (1, *shape))

    def layer(self, layer: Layer, index: int) -> str:
        node = self.graph.nodes[index]
        sources = [self.tensors[source] for source in layer.sources]
        settings: dict[str, Any] = {}
        match layer.kind:
            case "dense" | "conv" | "depthwise":
                assert isinstance(node, Dense)
                tensor = self.matrix(node, sources[0], self.graph.source(node))
                settings = {"ReuseFactor": layer.reuse}
                if layer.pe is not None and layer.simd is not None:
                    settings = {"PE": layer.pe, "SIMD": layer.simd}
            case "pool":
                tensor = self.pool(layer, node.name, sources[0], len(node.out.shape) - 1)
            case "elementwise":
                tensor = sources[0]
                if layer.word == "relu":
                    tensor = self.build.node("Relu", node.name, sources)
            case "merge":
                tensor = self.build.node(MERGES[layer.word], node.name, sources)
            case "concat":
                tensor = self.build.node("Concat", node.name, sources, axis=1)
            case _:
                tensor = self.function(layer, node, sources[0])
        if self.is_raw(index):
            pass
        elif has_quant(layer):
            tensor = self.quant(f"{node.name}_quant", tensor, layer.out)
        else:
            settings["Precision"] = {"result": str(layer.out)}
        if settings:
            self.layers[node.name] = settings
        return tensor

    def function(self, layer: Layer, node: Node, source: str) -> str:
        """Add a node without weights that reads one stream."""
        name = node.name
        match node:
            case Rectifier():
                slope = np.ldexp(node.slope.astype(np.float64), -node.slope_format.fraction)
                if len(slope) == 1:
                    return self.build.node("LeakyRelu", name, [source], alpha=float(slope[0]))
                axes = len(node.out.shape) - 1
                operand = self.build.constant(f"{name}_slope", slope.reshape(-1, *[1] * axes))
                return self.build.node("PRelu", name, [source, operand])
            case Clip():
                ends = (("low", node.low), ("high", node.high))
                bounds = [
                    self.build.constant(f"{name}_{key}", np.ldexp(float(end), -node.fraction))
                    for key, end in ends
                    if end is not None
                ]
                return self.build.node("Clip", name, [source, *bounds])
            case Pad():
                top, left, bottom, right = node.pad
                pads = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
                self.build.constants[f"{name}_pads"] = pads
                return self.build.node("Pad", name, [source, f"{name}_pads"])
            case Upsample():
                scales = self.build.constant(f"{name}_scales", [1, 1, *node.factor])
                return self.build.node(
                    "Resize",
                    name,
                    [source, "", scales],
                    mode="nearest",
                    coordinate_transformation_mode="asymmetric",
                    nearest_mode="floor",
                )
            case Transpose():
                first = {0: 2, 1: 3, 2: 1}  # axes with the channels first
                row, column, channel = (first[axis] for axis in node.axes)
                return self.build.node("Transpose", name, [source], perm=[0, channel, row, column])
        raise ValueError(f"{layer.kind} is not drawn for hls4ml")

    def is_raw(self, index: int) -> bool:
        """Whether hls4ml's own type holds what the layer's output format holds: all of it."""
        node, layer = self.graph.nodes[index], self.network.layers[index - 1]
        exact = exact_format(node, [self.graph[name].out for name in node.inputs])
        inside = index < len(self.network.layers)
        if layer.kind in MOVING:
            return layer.out == exact
        return inside and layer.kind in RAW and layer.out.contains(exact)

    def matrix(self, node: Dense, source: str, kind: StreamType) -> str:
        """Add a matrix layer; weights go from channels last to channels first."""
        rows, columns, channels = kind.image
        weight = np.ldexp(node.weight.astype(np.float64), -node.weight_format.fraction)
        count = len(weight)
        window: dict[str, Any] = {}
        if isinstance(node, Conv | Depthwise):
            axes = len(kind.shape) - 1
            own = 1 if isinstance(node, Depthwise) else channels
            images = weight.reshape(count, *node.window.kernel, own).transpose(0, 3, 1, 2)
            weight = images.reshape(count, own, *node.window.kernel[2 - axes :])
            window = windows(node, axes) | {"group": channels if own != channels else 1}
        elif len(kind.shape) > 1:
            images = weight.reshape(count, rows, columns, channels).transpose(0, 3, 1, 2)
            weight = images.reshape(count, -1)
            source = self.build.node("Flatten", f"{node.name}_flat", [source])
        operands = [source, self.constant(f"{node.name}_weight", weight, node.weight_format)]
        if node.bias is not None and node.bias_format is not None:
            bias = np.ldexp(node.bias.astype(np.float64), -node.bias_format.fraction)
            operands.append(self.constant(f"{node.name}_bias", bias, node.bias_format))
        if not window:
            return self.build.node("Gemm", node.name, operands, transB=1)
        return self.build.node("Conv", node.name, operands, **window)

    def pool(self, layer: Layer, name: str, source: str, axes: int) -> str:
        window = windows(layer, axes)
        if layer.word == "max":
            return self.build.node("MaxPool", name, [source], **window)
        del window["dilations"]
        counted = int(layer.count_padding)
        return self.build.node("AveragePool", name, [source], **window, count_include_pad=counted)

    def constant(self, name: str, values: NDArray[np.float64], fmt: FixedFormat) -> str:
        tensor = self.build.constant(name, values)
        return self.build.quant(
            f"{name}_quant", tensor, bits=fmt.width, scale=fmt.lsb, signed=int(fmt.signed)
        )

    def quant(self, name: str, source: str, fmt: FixedFormat) -> str:
        return self.build.quant(
            name,
            source,
            bits=fmt.width,
            scale=fmt.lsb,
            signed=int(fmt.signed),
            narrow=int(fmt.overflow is Overflow.SAT_SYM),
            rounding_mode="FLOOR" if fmt.rounding is Rounding.TRN else "ROUND",
        )


def windows(moving: Any, axes: int) -> dict[str, Any]:
    """Return the attributes of a node with a window over ``axes`` axes."""
    window = moving.window
    first = 2 - axes
    return {
        "kernel_shape": list(window.kernel[first:]),
        "strides": list(window.stride[first:]),
        "dilations": list(window.dilation[first:]),
        "pads": [*window.pad[first:2], *window.pad[2 + first :]],
    }


def channels_first(kind: StreamType) -> tuple[int, ...]:
    """Return the shape of a sample as ONNX has it."""
    return (kind.shape[-1], *kind.shape[:-1])


def executed(
    path: Path, reals: NDArray[np.float64], source: StreamType, out: StreamType
) -> IntArray:
    """Run QONNX execution; inputs and results are [samples, elements], channels last."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    wrapper = ModelWrapper(str(path)).transform(InferShapes())
    name, last = wrapper.graph.input[0].name, wrapper.graph.output[0].name
    results = []
    for row in reals.astype(np.float32):
        sample = np.moveaxis(row.reshape(source.shape), -1, 0)[None]
        y = execute_onnx(wrapper, {name: np.ascontiguousarray(sample)})[last][0]
        results.append(np.moveaxis(y, 0, -1).reshape(-1))
    scaled = np.ldexp(np.stack(results).astype(np.float64), out.format.fraction)
    assert (scaled == np.floor(scaled)).all()
    return scaled.astype(np.int64)


def exact_in_float32(network: Network, graph: Graph) -> bool:
    """Whether QONNX execution is the truth of the whole network."""
    widths = [
        exact_format(node, [graph[name].out for name in node.inputs]).width
        for node in graph.nodes[1:]
    ]
    return all(has_quant(layer) for layer in network.layers) and max(widths) < 24
