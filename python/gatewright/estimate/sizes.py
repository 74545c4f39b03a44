"""What a resource model knows of a block: whole numbers by name, from its parameters."""

import re
from collections import Counter

from gatewright.emit.pipeline import Pipeline
from gatewright.emit.streams import Block, bus_width

Sizes = Counter[str]  # what is not in it is 0
DOORS = "doors"  # what a top has beside its blocks: guards, skids, marks
UNROLLED = "unrolled_layer"  # the kind of the modules that are made for one layer each
_PLAIN = {"Trn", "Wrap"}  # of the modes that cost nothing


def kind_of(block: Block) -> str:
    """Return the library module, or what kind of module was made for the block."""
    return UNROLLED if block.modules else block.module


def sizes_of(block: Block) -> Sizes:
    """Return a block's sizes: its numeric parameters, its modes as 0 or 1, its streams."""
    sizes: Sizes = Counter()
    for name, text in block.parameters.items():
        if text.startswith("gatewright_pkg::"):
            sizes[name] = int(text.removeprefix("gatewright_pkg::") not in _PLAIN)
        elif number := re.fullmatch(r"(?:1'b)?(-?\d+)", text):
            sizes[name] = int(number[1])
    sizes["InStream"] = sum(stream.type.width for stream in block.inputs)
    sizes["OutStream"] = block.out.width
    sizes["InBeats"] = block.source.beats
    sizes["Outputs"] = len(block.outputs)
    return sizes | Counter(block.cells)


def sizes_of_doors(pipeline: Pipeline) -> Sizes:
    """Return the sizes of what stands between the blocks and a top's ports."""
    ports = pipeline.inputs
    sizes = {
        "Ports": len(ports) + len(pipeline.outputs),
        "InStream": sum(port.stream.type.width for port in ports),
        "InBits": max(port.stream.type.elements for port in ports).bit_length(),
        "InLanes": sum(port.stream.type.lanes for port in ports),
        "OutBus": sum(
            port.stream.type.lanes * bus_width(port.stream.type.format, port.node)
            for port in pipeline.outputs
        ),
        "Frames": pipeline.frames,
    }
    return Counter(sizes)
