"""hls4ml's ModelGraph -> the hardware graph. Everything behind it knows no hls4ml."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from gatewright import graph as g
from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, integers_exactly
from gatewright.frontend import function_layers, image_layers
from gatewright.frontend.names import identifier, origin
from gatewright.frontend.settings import fold_request
from gatewright.frontend.types import fixed_format, hold_sum, holds
from gatewright.passes import simplify

STORED = "gatewright_graph"  # the attribute of the ModelGraph
RELU = ("relu", "ReLU")
TERNARY_BITS = 2


def stored_graph(model: Any) -> g.Graph:
    """Return the hardware graph that ``store_graph`` kept.

    Raises:
        GatewrightError: the model was made with another backend.
    """
    graph = getattr(model, STORED, None)
    if not isinstance(graph, g.Graph):
        raise GatewrightError(
            f"this hls4ml model was made with backend {model.config.backend.name!r}, which keeps "
            'no hardware graph; convert it with backend="Gatewright"'
        )
    return graph


def store_graph(model: Any) -> None:
    """Read the ModelGraph and keep the hardware graph with it.

    Raises:
        GatewrightError: a layer, a type or a weight that the hardware would not do exactly; the
            message names the layer, what was found, what is allowed and what to do.
    """
    setattr(model, STORED, simplify(Reader(model).graph()))


def set_network(model: Any, order: Sequence[int]) -> None:
    """Note what is known of the ONNX network behind the model.

    Its images have their channels first, as PyTorch has them; and its outputs, which hls4ml lists
    as their nodes stand.

    Args:
        model: hls4ml's.
        order: For each of the network's outputs, its place among hls4ml's.
    """
    graph = stored_graph(model)
    outputs = tuple(graph.outputs[place] for place in order)
    setattr(model, STORED, replace(graph, outputs=outputs, channels_first=True))


class Reader:
    """Reads one ModelGraph, layer by layer in its own (topological) order."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.nodes: dict[str, g.Node] = {}
        self.drivers: dict[str, str] = {}  # hls4ml's tensor -> our node
        self.handlers: dict[str, Callable[[Any], g.Node | None]] = {
            "Input": self.input,
            "Dense": self.dense,
            "Activation": self.activation,
            **dict.fromkeys(("Reshape", "Repack", "Clone"), self.reshape),
        }
        for kind, read in (*image_layers.READERS.items(), *function_layers.READERS.items()):
            self.handlers[kind] = partial(read, self)
        self.padding: dict[str, g.Pad] = {}  # hls4ml's tensor -> zeros around it, if need be

    def graph(self) -> g.Graph:
        """Return the hardware graph, as the ModelGraph says it."""
        for layer in self.model.get_layers():
            handler = self.handlers.get(layer.class_name)
            if handler is None:
                raise GatewrightError(
                    f"{origin(layer)}: layers of class {layer.class_name} are not supported; "
                    f"supported: {', '.join(self.handlers)}. Build the network from those"
                )
            node = handler(layer)
            if node is not None:
                self.nodes[node.name] = node
                self.drivers.update((tensor, node.name) for tensor in layer.outputs)
        outputs = tuple(self.driver(tensor).name for tensor in self.model.outputs)
        if len(set(outputs)) < len(outputs):
            raise GatewrightError(
                f"outputs {', '.join(outputs)}: one stream is several of them; leave all but one "
                "out"
            )
        name = identifier(self.model.config.get_project_name())
        if all(isinstance(node, g.Input) for node in self.nodes.values()):
            raise GatewrightError(
                f"{name}: the network gives its input back as it is; there is nothing to build"
            )
        return g.Graph(name, tuple(self.nodes.values()), outputs)

    def name(self, layer: Any) -> str:
        """Return a layer's name in the graph: the ONNX node's, where it came from one."""
        short = origin(layer)
        if any(other is not layer and origin(other) == short for other in self.model.get_layers()):
            short = str(layer.name)
        return identifier(short)

    def source(self, layer: Any, index: int = 0, *, padded: bool = False) -> g.Node:
        """Return the node that drives a layer's input; ``padded``: the layer pads by itself."""
        tensor = layer.inputs[index]
        return self.nodes[self.drivers[tensor]] if padded else self.driver(tensor)

    def driver(self, tensor: str) -> g.Node:
        """Return the node that drives a tensor, a zero padding as a node of its own."""
        pad = self.padding.get(tensor)
        if pad is None:
            return self.nodes[self.drivers[tensor]]
        return self.nodes.setdefault(pad.name, pad)

    def out(self, layer: Any) -> g.StreamType:
        """Return the type of a layer's output."""
        variable = layer.get_output_variable()
        shape = tuple(int(size) for size in variable.shape)
        return g.StreamType(
            fixed_format(variable.type.precision, f"{origin(layer)}: output"), shape
        )

    def input(self, layer: Any) -> g.Node:
        """Read the network's input."""
        return g.Input(name=self.name(layer), origin=origin(layer), inputs=(), out=self.out(layer))

    def reshape(self, layer: Any) -> g.Node | None:
        """Read a layer that changes neither values nor order: nothing, or another shape."""
        source = self.source(layer)
        out = self.out(layer)
        # hls4ml may have typed it before a Precision changed what it reads.
        if out.size != source.out.size or not holds(out.format, source.out.format):
            raise GatewrightError(
                f"{origin(layer)}: {layer.class_name} from {source.out.format} {source.out.shape} "
                f"to {out.format} {out.shape}; it must keep the number of elements and hold their "
                "values"
            )
        if out.image == source.out.image and out.format == source.out.format:
            self.drivers.update((tensor, source.name) for tensor in layer.outputs)
            return None
        return g.Reshape(
            name=self.name(layer), origin=origin(layer), inputs=(source.name,), out=out
        )

    def activation(self, layer: Any) -> g.Node:
        """Read a conversion (linear) or a ReLU."""
        word = layer.get_attr("activation")
        if word != "linear" and word not in RELU:
            raise GatewrightError(
                f"{origin(layer)}: activation {word!r} is not supported; allowed: linear, relu. "
                "Leave a softmax at the end out: the largest logit is the largest probability"
            )
        return g.Elementwise(
            name=self.name(layer),
            origin=origin(layer),
            inputs=(self.source(layer).name,),
            out=self.out(layer),
            function=g.Function.RELU if word in RELU else g.Function.IDENTITY,
        )

    def dense(self, layer: Any) -> g.Node:
        """Read a matrix layer: weights [in, out] become rows [out, in]."""
        source = self.source(layer)
        if source.out.size != layer.get_attr("n_in"):
            raise GatewrightError(
                f"{origin(layer)}: a Dense layer of {layer.get_attr('n_in')} inputs over a tensor "
                f"of shape {source.out.shape}; allowed: as many elements as inputs (flatten it)"
            )
        weight, weight_format = self.parameter(layer, "weight")
        bias, bias_format = self.parameter(layer, "bias")
        node = g.Dense(
            name=self.name(layer),
            origin=origin(layer),
            inputs=(source.name,),
            out=self.out(layer),
            weight=np.ascontiguousarray(weight.T),
            weight_format=weight_format,
            bias=bias if bias.any() else None,
            bias_format=bias_format if bias.any() else None,
            request=fold_request(layer, (weight.shape[1], weight.shape[0])),
        )
        hold_sum(layer, node, source.out.format)
        return node

    def parameter(self, layer: Any, key: str) -> tuple[np.ndarray[Any, Any], FixedFormat]:
        """Return a layer's weights or biases as exact integers, and their format."""
        variable = layer.weights[key]
        what = f"{origin(layer)}: {key}"
        fmt = fixed_format(variable.type.precision, what)
        values = integers_exactly(np.asarray(variable.data), fmt, what)
        # hls4ml multiplies by int<2> weights as by -1, 0 and 1.
        whole = type(variable.type.precision).__name__ == "IntegerPrecisionType"
        if key == "weight" and whole and fmt.width == TERNARY_BITS and (values == -2).any():
            raise GatewrightError(
                f"{what}: a weight of -2 in type int<2>, which hls4ml takes for 1; use fixed<2,2>"
            )
        return values, fmt
