"""The one function that writes: a folder with top, memories, library and a description."""

import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gatewright.emit.builder import build
from gatewright.emit.environment import environment
from gatewright.emit.keywords import KEYWORDS
from gatewright.emit.pipeline import Pipeline, Port
from gatewright.emit.stalls import with_stalls
from gatewright.emit.streams import Block, bus_width
from gatewright.errors import GatewrightError
from gatewright.files import write_json, write_text
from gatewright.graph import Graph
from gatewright.resources import library_files
from gatewright.version import __version__

# What stands beside a design in a simulation or in front of it in synthesis.
OTHER_MODULES = ("gatewright_bench", "stream_source", "stream_sink", "synthesis_harness")


@dataclass(frozen=True)
class RtlOptions:
    """What hls4ml has no word for.

    Attributes:
        input_lanes: Elements per beat at the design's input; by default the first layer's SIMD.
        skip_zeros: A dense layer skips the beats in which no row has a weight.
        stalls: A block that stalls at random in each stream: for stress tests, not for hardware.
    """

    input_lanes: int | None = None
    skip_zeros: bool = False
    stalls: bool = False


def write_rtl(
    graph: Graph, folder: Path, options: RtlOptions | None = None, model: str = "a graph"
) -> dict[str, Any]:
    """Write ``graph`` as SystemVerilog into ``folder``, whole or not at all.

    Args:
        graph: The network.
        folder: Replaced if it exists.
        options: What hls4ml has no word for.
        model: What the graph was made from, for the first line of the top.

    Returns:
        The content of ``rtl.json``: top, sources in compile order, streams, law, foldings.

    Raises:
        GatewrightError: a graph that cannot be emitted (before anything is written), or a file
            that cannot be written.
    """
    options = options or RtlOptions()
    pipeline = build(graph, options.input_lanes, skip_zeros=options.skip_zeros)
    made = {name: text for block in pipeline.blocks for name, text in block.modules.items()}
    modules = {block.module for block in pipeline.blocks} - made.keys()
    modules |= modules_in(made.values())
    if len(pipeline.outputs) > 1:
        modules |= {"axis_fork", "axis_fifo"}  # a frame's flag for every output
    library = _library(graph.name, modules)
    sources = [*(f"lib/{path.name}" for path in library), *(f"{name}.sv" for name in made)]
    description = _describe(pipeline, sources)
    top = with_stalls(pipeline) if options.stalls else pipeline
    files = {f"{graph.name}.sv": render_top(top, model)}
    for block in pipeline.blocks:
        files |= block.memories
        files |= {f"{name}.sv": text for name, text in block.modules.items()}
    files |= {f"lib/{path.name}": path.read_text(encoding="utf-8") for path in library}
    files["files.f"] = "".join(f"{name}\n" for name in description["sources"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for name, text in files.items():
            write_text(temporary / name, text)
        write_json(temporary / "rtl.json", description)
        temporary.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return description


def render_top(pipeline: Pipeline, model: str) -> str:
    """Return the top module's text."""
    return (
        environment()
        .get_template("top.sv.j2")
        .render(
            version=__version__,
            model=model,
            name=pipeline.graph.name,
            blocks=pipeline.blocks,
            turns=_turns(pipeline.blocks),
            inputs=[_Door(port, index) for index, port in enumerate(pipeline.inputs)],
            outputs=[_Door(port, index) for index, port in enumerate(pipeline.outputs)],
            interval=pipeline.interval,
            frames=pipeline.frames,
        )
    )


def _turns(blocks: Sequence[Block]) -> list[int]:
    """Return the cycle of a reset in which each block has its turn; without blocks that of one."""
    turns: list[int] = []
    free: dict[str, int] = {}  # by stream: blocks joined by one that cannot wait share a turn
    for block in blocks:
        turn = free.get(block.inputs[0].name, max(turns, default=-1) + 1)
        turns.append(turn)
        free |= {stream.name: turn for stream in block.outputs if not stream.held}
    return turns or [0]


class _Door:
    """A port as the template prints it."""

    def __init__(self, port: Port, index: int) -> None:
        self.prefix = port.prefix
        self.inside = port.stream.name
        self.suffix = f"_{index}" if port.prefix not in ("s_axis", "m_axis") else ""
        self.type = port.stream.type
        self.bus = bus_width(self.type.format, port.node)


def _library(top: str, modules: Iterable[str]) -> list[Path]:
    """Return the files of ``modules`` and of all they instantiate, packages first.

    Raises:
        GatewrightError: ``top`` is the name of another module.
    """
    known = {path.stem for path in library_files()}
    if top in KEYWORDS:
        raise GatewrightError(
            f"a design cannot be called {top}: it is a word of SystemVerilog; choose another name"
        )
    if top in (*known, *OTHER_MODULES):
        raise GatewrightError(
            f"a design cannot be called {top}: a module of the library or of the benches is; "
            "choose another name"
        )
    return library_of({"axis_frame_guard", "axis_frame_mark", "axis_skid", *modules})


def modules_in(texts: Iterable[str]) -> set[str]:
    """Return the library's modules that some text names."""
    words = {word for text in texts for word in re.findall(r"\w+", re.sub(r"//.*", "", text))}
    return words & {path.stem for path in library_files()}


def library_of(modules: Iterable[str]) -> list[Path]:
    """Return the library's files of ``modules`` and of all they instantiate, packages first."""
    known = {path.stem: path for path in library_files()}
    wanted = set(modules)
    pending = list(wanted)
    while pending:
        code = re.sub(r"//.*", "", known[pending.pop()].read_text(encoding="utf-8"))
        found = set(re.findall(r"\w+", code)) & known.keys() - wanted
        wanted |= found
        pending += found
    return sorted((known[name] for name in wanted), key=lambda p: (p.stem[-4:] != "_pkg", p.stem))


def _describe(pipeline: Pipeline, library: list[str]) -> dict[str, Any]:
    graph, depths = pipeline.graph, pipeline.depths
    layers = [block for block in pipeline.blocks if block.fold]
    slowest = max(layers, key=lambda block: block.fold.cycles if block.fold else 0, default=None)
    return {
        "top": graph.name,
        "sources": [*library, f"{graph.name}.sv"],
        "memories": sorted(name for block in pipeline.blocks for name in block.memories),
        "inputs": [_stream(port) for port in pipeline.inputs],
        "outputs": [_stream(port) for port in pipeline.outputs],
        "cycles_per_inference_law": pipeline.interval,
        "frames_in_flight": pipeline.frames,
        "slowest_layer": slowest.name if slowest else None,
        "layers": [_layer(block) for block in layers],
        "fifos": [_fifo(pipeline, block) for block in pipeline.blocks if block.name in depths],
        "streams": _streams(pipeline),
        "blocks": [
            {"name": block.name, "module": block.module, "cycles": block.interval}
            for block in pipeline.blocks
        ],
    }


def _stream(port: Port) -> dict[str, Any]:
    lanes = port.stream.type
    return {
        "node": port.node,
        "port": port.prefix,
        "format": str(lanes.format),
        "elements": lanes.elements,
        "lanes": lanes.lanes,
        "beats": lanes.beats,
        "bus_bits_per_element": bus_width(lanes.format, port.node),
    }


def _streams(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Return what each stream between the blocks carries: whose values, in which format."""
    nodes = {port.stream.name: port.node for port in pipeline.inputs}
    found = []
    for block in pipeline.blocks:
        for stream in block.outputs:
            nodes[stream.name] = block.node or nodes[block.inputs[0].name]
            found.append(
                {
                    "name": stream.name,
                    "block": block.name,
                    "node": nodes[stream.name],
                    "format": str(stream.type.format),
                    "elements": stream.type.elements,
                    "lanes": stream.type.lanes,
                    "held": stream.held,
                }
            )
    return found


def _fifo(pipeline: Pipeline, block: Block) -> dict[str, Any]:
    depth = pipeline.depths[block.name]
    return {
        "name": block.name,
        "depth": depth.depth,
        "bits_per_beat": block.source.width + 1,
        "stream": block.inputs[0].name,
        "reason": asdict(depth),
    }


def _layer(block: Block) -> dict[str, Any]:
    fold = block.fold
    assert fold is not None  # noqa: S101 - only layers with a folding come here
    return {
        "name": block.name,
        "origin": block.comment[0],
        **fold.summary(),
        "counter": f"u_{block.name}.{block.counter}",
        "fifo_depth": int(block.parameters.get("FifoDepth", 0)),
    }
