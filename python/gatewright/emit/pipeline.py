"""A design as the template prints it: ports, blocks, law."""

from dataclasses import dataclass
from math import ceil

from gatewright.emit.branches import Depth
from gatewright.emit.schedule import latency
from gatewright.emit.streams import Block, Stream
from gatewright.graph import Graph

MIN_FRAMES = 2  # of axis_fifo
DOORS = 3  # cycles: a skid, and the FIFO of the guard


@dataclass(frozen=True)
class Port:
    """A stream of the design's own.

    Attributes:
        node: The graph's node whose values it carries.
        prefix: Of its ports' names.
        stream: The stream inside: behind the input's guard, or before the output's mark.
    """

    node: str
    prefix: str
    stream: Stream


@dataclass(frozen=True)
class Pipeline:
    """A design as the template prints it.

    Attributes:
        graph: What it computes.
        inputs: Streams behind the frame guards.
        outputs: Streams before the output ports.
        blocks: In the order of the graph.
        depths: Why each FIFO between branches is as deep as it is, by its name.
    """

    graph: Graph
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    blocks: tuple[Block, ...]
    depths: dict[str, Depth]

    @property
    def interval(self) -> int:
        """Cycles per sample by the law: the slowest of the blocks and the streams."""
        beats = [port.stream.type.beats for port in self.inputs]
        return max([*beats, *(block.interval for block in self.blocks)])

    @property
    def frames(self) -> int:
        """Frames that are between the doors at the law's rate: the guard queues a bit of each.

        A bit waits from its frame's last beat in to the last beat out. One more comes while one
        leaves, and the skid behind the guard may keep a last beat back for a while.
        """
        streams = (port.stream for port in self.outputs)
        cycles = latency(self.blocks, streams, self.interval) + DOORS
        return max(MIN_FRAMES, ceil(cycles / self.interval) + 2)
