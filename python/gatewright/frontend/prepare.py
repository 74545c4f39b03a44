"""ONNX (QONNX) -> an ONNX graph that hls4ml reads rightly.

hls4ml's ONNX reader takes no Gemm, merges constants only where they stand in the right place, wants
images with their channels last, and quietly computes something else for what it does not know. So
the graph is brought into the one form it reads exactly, and everything outside that form is refused
here, by the node's name, before anything is generated. Node names survive: a layer configuration
says ``fc1:``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright.fixed import FixedFormat
from gatewright.frontend.activations import rewrite_activations
from gatewright.frontend.branches import unshare_constants
from gatewright.frontend.constants import quantise_constants
from gatewright.frontend.conversions import (
    concat_types,
    own_quantisers,
    rewrite_quantisers,
    round_up,
    settle_types,
)
from gatewright.frontend.gemm import gemm_to_matmul
from gatewright.frontend.images import channels_last
from gatewright.frontend.joints import OF_TWO, average_types, rewrite_joints
from gatewright.frontend.onnx_graph import (
    clean,
    drop_unread_constants,
    drop_unread_nodes,
    is_constant,
    load,
    name_nodes,
    name_tensors,
    one_sample,
    output_order,
    producers,
)
from gatewright.frontend.operators import check_operators
from gatewright.frontend.pooling import rewrite_pools
from gatewright.frontend.scales import rewrite_scales, split_scales
from gatewright.frontend.softmax import rewrite_softmax
from gatewright.frontend.structure import check_structure, input_format
from gatewright.frontend.tables import rewrite_functions
from gatewright.frontend.upsampling import rewrite_upsampling
from gatewright.frontend.windows import spell_out_windows


@dataclass(frozen=True)
class Prepared:
    """A graph ready for hls4ml's ONNX reader.

    Attributes:
        model: The ``onnx.ModelProto``; images are row, column, channel.
        inputs: The input tensors, which are hls4ml's names of the input layers, in the network's
            order, and the format of the quantiser behind each, the type of hls4ml's input.
        output_order: For each of the network's outputs, its place among hls4ml's.
        layers: Names a layer configuration may use: the nodes with weights, those that join
            streams, and the activations.
        types: What the results of some nodes must be, because hls4ml would infer it wrongly.
    """

    model: Any
    inputs: Mapping[str, FixedFormat]
    output_order: tuple[int, ...]
    layers: tuple[str, ...]
    types: Mapping[str, FixedFormat]


def prepare(path: Path) -> Prepared:
    """Read ``path`` and bring it into the form that hls4ml reads rightly.

    Raises:
        GatewrightError: not an ONNX file, or something in it that the hardware would not do
            exactly; the message names the node, what was found, what is allowed and what to do.
    """
    from qonnx.core.modelwrapper import ModelWrapper

    from gatewright.frontend.own_layers import register_readers

    register_readers()
    model = load(path)
    check_operators(model.graph)
    name_nodes(model.graph)
    one_sample(model.graph)
    wrapper = clean(ModelWrapper(model))
    gemm_to_matmul(wrapper.model.graph)
    wrapper = clean(wrapper)
    graph = wrapper.model.graph
    unshare_constants(graph)
    quantise_constants(graph)
    rewrite_softmax(graph)
    rewrite_functions(wrapper.model)
    rewrite_joints(graph)
    rewrite_scales(graph)
    rewrite_activations(graph)
    split_scales(graph)
    drop_unread_nodes(graph)
    rewrite_quantisers(graph)
    round_up(graph)
    check_structure(graph)
    settle_types(graph)
    formats = [input_format(graph, value.name) for value in graph.input]
    layers = configurable(graph)
    spell_out_windows(graph)
    rewrite_upsampling(graph)
    types = rewrite_pools(graph) | average_types(graph)
    channels_last(graph)
    types |= concat_types(graph)
    own_quantisers(graph)
    drop_unread_constants(graph)
    name_tensors(graph)
    inputs = {value.name: fmt for value, fmt in zip(graph.input, formats, strict=True)}
    return Prepared(wrapper.model, inputs, output_order(graph), layers, types)


def configurable(graph: Any) -> tuple[str, ...]:
    """Return the names that a layer configuration may use."""
    drivers = producers(graph)
    return tuple(
        node.name
        for node in graph.node
        if node.op_type in ("MatMul", "Conv", "Relu", "Concat")
        or (node.op_type in OF_TWO and not is_constant(graph, drivers, node.input[1]))
    )
