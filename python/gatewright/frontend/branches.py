"""Weights that several layers share: hls4ml cannot share them."""

from typing import Any

from gatewright.frontend.onnx_graph import is_constant, producers, set_shape, shapes


def unshare_constants(graph: Any) -> None:
    """Give every layer quantised constants of its own."""
    from onnx import helper

    for quantizer in [node for node in graph.node if node.op_type == "Quant"]:
        tensor = quantizer.output[0]
        if not is_constant(graph, producers(graph), tensor):
            continue
        uses = [(n, i) for n in graph.node for i, name in enumerate(n.input) if name == tensor]
        for reader, index in uses[1:]:
            name = f"{reader.name}_{index}_copy"
            copy = helper.make_node("Quant", [*quantizer.input], [f"{name}_out"], name)
            copy.domain = quantizer.domain
            copy.attribute.extend(quantizer.attribute)
            for place, source in enumerate(quantizer.input):
                copy.input[place] = _copied(graph, source, f"{name}_param{place}")
            set_shape(graph, copy.output[0], shapes(graph)[tensor])
            graph.node.insert(list(graph.node).index(reader), copy)
            reader.input[index] = copy.output[0]


def _copied(graph: Any, tensor: str, name: str) -> str:
    """Add a copy of an initialiser; return its name."""
    original = next(value for value in graph.initializer if value.name == tensor)
    copy = graph.initializer.add()
    copy.CopyFrom(original)
    copy.name = name
    set_shape(graph, name, original.dims, original.data_type)
    return name
