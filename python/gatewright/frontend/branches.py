"""Where one tensor is read several times: what hls4ml then gets wrong.

hls4ml lets a layer's result have the type of a quantiser that reads it, even where something else
reads it too and then sees rounded values. It moves a matrix's bias behind a sum, where it has no
place for it. And it cannot share weights between layers.
"""

from typing import Any

from gatewright.errors import GatewrightError
from gatewright.frontend.formats import exact_format
from gatewright.frontend.onnx_graph import consumers, is_constant, producers, set_shape, shapes
from gatewright.frontend.quantizers import MAX_BITS, make_quant, quant_format

# Nodes that become layers of which hls4ml makes the quantiser behind them a part.
MERGING = ("MatMul", "Conv", "Add", "Relu")
# Nodes into which hls4ml moves the bias of a matrix in front of them.
TAKING = ("Add", "MatMul", "Conv")


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


def _is_joint(graph: Any, node: Any) -> bool:
    return node.op_type == "Add" and not is_constant(graph, producers(graph), node.input[1])


def keep_branches_apart(graph: Any) -> None:
    """Put a quantiser that changes nothing where a result must stay what it is.

    That is where it is quantised and read otherwise too, or where hls4ml would move its bias.

    Raises:
        GatewrightError: the result's format is not known, or too wide.
    """
    outputs = {value.name for value in graph.output}
    for node in list(graph.node):
        tensor = node.output[0]
        readers = consumers(graph, tensor)
        quantised = [n for n in readers if n.op_type == "Quant"]
        if node.op_type not in MERGING or _is_joint(graph, node):
            continue
        formats = {quant_format(n, graph) for n in quantised}
        others = len(quantised) < len(readers) or len(formats) > 1 or tensor in outputs
        moves = node.op_type == "Add" and any(n.op_type in TAKING for n in readers)
        if not moves and not (quantised and others):
            continue
        fmt = exact_format(graph, tensor)
        if fmt is None or fmt.width > MAX_BITS:
            found = "is not known" if fmt is None else f"is {fmt}"
            raise GatewrightError(
                f"{node.name}: its result is read by {', '.join(n.name for n in readers)}, "
                f"and its format {found}; put one quantiser (at most {MAX_BITS} bits) right behind "
                "it, and what reads it behind that"
            )
        name = f"{node.name}_apart"
        inner = f"{name}_in"
        set_shape(graph, inner, shapes(graph)[tensor])
        node.output[0] = inner
        new = make_quant(graph, name, inner, tensor, fmt.width, -fmt.fraction, signed=fmt.signed)
        graph.node.insert(list(graph.node).index(node) + 1, new)
