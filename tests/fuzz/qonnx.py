"""From the description of a network to QONNX, with hls4ml's settings, and its execution.

A layer whose output format a Quant node can express gets one; the others get their format by
hls4ml's Precision.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from fuzz.networks import exact_format, graph_of, tip_of
from fuzz.spec import Layer, Network
from gatewright.fixed import FixedFormat, IntArray, Overflow, Rounding
from gatewright.graph import (
    Clip,
    Conv,
    Dense,
    Depthwise,
    Node,
    Pad,
    Rectifier,
    Softmax,
    StreamType,
    Transpose,
    Upsample,
)
from qonnx_networks import Builder

ROUNDINGS = (Rounding.RND_CONV, Rounding.TRN)  # of Quant nodes
MOVING = ("pad", "upsample", "transpose", "reshape")
MERGES = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "average": "Mean",
    "maximum": "Max",
    "minimum": "Min",
}
MANTISSA = 24  # bits of float32
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
        self.tips = [tip_of(self.graph, name, network, i) for i in range(len(network.layers) + 1)]
        self.inputs = {"x": (1, *channels_first(self.tips[0].out))}
        self.tensors = [self.quant(f"{name}_quant", "x", network.format)]
        for index, layer in enumerate(network.layers, start=1):
            self.tensors.append(self.layer(layer, index))

    @property
    def settings(self) -> dict[str, Any]:
        strategy = "Latency" if self.network.seed % 4 == 0 else "Resource"
        return {"Model": {"Strategy": strategy}, "LayerName": self.layers}

    def save(self, path: Path) -> Path:
        last = len(self.network.layers)
        if self.network.ends_in_argmax:
            last = self.network.layers[-1].sources[0]
        outputs = [self.tensors[index] for index in (*self.network.outputs, last)]
        return self.build.save_many(path, self.inputs, outputs)

    def layer(self, layer: Layer, index: int) -> str:
        node = self.tips[index]
        sources = [self.tensors[source] for source in layer.sources]
        settings: dict[str, Any] = {}
        match layer.kind:
            case "input":
                tensor = f"x{len(self.inputs)}"
                self.inputs[tensor] = (1, *channels_first(node.out))
            case "argmax":
                return sources[0]  # the hardware's, behind the network
            case "dense" | "conv" | "depthwise":
                assert isinstance(node, Dense)
                tensor = self.matrix(node, sources[0], self.graph.source(node), layer.groups)
                settings = {"ReuseFactor": layer.reuse}
                if layer.unrolled:
                    settings = {"Strategy": "Distributed_Arithmetic"}
                elif layer.pe is not None and layer.simd is not None:
                    settings = {"PE": layer.pe, "SIMD": layer.simd}
                if layer.compressed:
                    settings["Strategy"] = "Compressed"
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
            case "table":
                tensor = self.build.node(layer.word, node.name, sources)
            case "softmax":
                tensor = self.softmax(node, sources[0])
            case "reshape":
                self.build.constants[f"{node.name}_shape"] = np.array(
                    [1, *channels_first(node.out)], np.int64
                )
                tensor = self.build.node("Reshape", node.name, [*sources, f"{node.name}_shape"])
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
        node, layer = self.tips[index], self.network.layers[index - 1]
        exact = exact_format(node, [self.tips[source].out for source in layer.sources])
        if layer.kind in MOVING:
            return layer.out == exact
        inside = not self.leaves(index)
        return inside and layer.kind in RAW and layer.out.contains(exact)

    def leaves(self, index: int) -> bool:
        """Whether a layer's values are an output's, be it in another order."""
        moved = [
            number
            for number, layer in enumerate(self.network.layers, start=1)
            if index in layer.sources and layer.kind in MOVING
        ]
        return self.network.is_output(index) or any(self.leaves(number) for number in moved)

    def softmax(self, node: Node, source: str) -> str:
        """Add a softmax by table, as ``TableSoftmax`` is exported."""
        assert isinstance(node, Softmax)
        build, name = self.build, node.name
        steps = build.constant(f"{name}_steps", 2.0 ** self.graph.source(node).format.fraction)
        table = build.constant(f"{name}_table", node.values)
        axes = build.constant(f"{name}_axes", [1], np.int64)
        most = build.node("ReduceMax", f"{name}_most", [source], axes=[1], keepdims=1)
        below = build.node("Sub", f"{name}_below", [most, source])
        scaled = build.node("Mul", f"{name}_scaled", [below, steps])
        index = build.node("Cast", f"{name}_index", [scaled], to=TensorProto.INT64)
        looked_up = build.node("Gather", f"{name}_exp", [table, index])
        total = build.node("ReduceSum", f"{name}_total", [looked_up, axes], keepdims=1)
        return build.node("Div", name, [looked_up, total])

    def matrix(self, node: Dense, source: str, kind: StreamType, groups: int) -> str:
        """Add a matrix layer; weights go from channels last to channels first."""
        rows, columns, channels = kind.image
        weight = np.ldexp(node.weight.astype(np.float64), -node.weight_format.fraction)
        count = len(weight)
        window: dict[str, Any] = {}
        if isinstance(node, Conv | Depthwise):
            axes = len(kind.shape) - 1
            seen = 1 if isinstance(node, Depthwise) else channels
            images = weight.reshape(count, *node.window.kernel, seen).transpose(0, 3, 1, 2)
            images = within_groups(images, groups)
            weight = images.reshape(count, -1, *node.window.kernel[2 - axes :])
            window = windows(node, axes) | {"group": channels // weight.shape[1]}
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


def within_groups(weight: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Return of weights [filters, channels, rows, columns] what each filter's group sees."""
    filters, channels = weight.shape[:2]
    each = channels // groups
    parts = [
        weight[row, first : first + each]
        for row in range(filters)
        for first in [row * groups // filters * each]
    ]
    return np.stack(parts)


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
    path: Path,
    reals: NDArray[np.float64],
    sources: Sequence[StreamType],
    outs: Sequence[StreamType],
) -> IntArray:
    """Run QONNX execution; inputs and results are [samples, elements], channels last."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    wrapper = ModelWrapper(str(path)).transform(InferShapes())
    names = [value.name for value in wrapper.graph.input]
    ends = np.cumsum([source.size for source in sources])[:-1]
    results = []
    for row in reals.astype(np.float32):
        given = {}
        for name, part, source in zip(names, np.split(row, ends), sources, strict=True):
            sample = np.moveaxis(part.reshape(source.shape), -1, 0)[None]
            given[name] = np.ascontiguousarray(sample)
        y = execute_onnx(wrapper, given)
        parts = [
            np.ldexp(np.moveaxis(y[value.name][0], 0, -1).reshape(-1), out.format.fraction)
            for value, out in zip(wrapper.graph.output, outs, strict=True)
        ]
        results.append(np.concatenate(parts))
    scaled = np.stack(results).astype(np.float64)
    assert (scaled == np.floor(scaled)).all()
    return scaled.astype(np.int64)


def exact_in_float32(writer: Writer) -> bool:
    """Whether QONNX execution is the truth of the whole network."""
    for layer, node in zip(writer.network.layers, writer.tips[1:], strict=True):
        sources = [writer.tips[source].out for source in layer.sources]
        known = layer.kind in ("input", "argmax") or exact_format(node, sources).width < MANTISSA
        if not known or not (has_quant(layer) or layer.kind == "argmax"):
            return False
    return True
