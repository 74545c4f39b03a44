"""What a design takes on an FPGA, before it is synthesised.

Multipliers and block RAMs follow from the parameters of its blocks; LUTs and flip-flops come from a
model that was fitted to syntheses of random networks, kept in ``syntheses.csv``.
"""

from gatewright.emit import RtlOptions
from gatewright.emit.builder import build
from gatewright.estimate.model import Resources, fitted
from gatewright.graph import Graph

__all__ = ["Resources", "of_graph"]


def of_graph(graph: Graph, options: RtlOptions) -> Resources:
    """Estimate a network as it would be emitted, for ECP5.

    Raises:
        GatewrightError: a graph that cannot be emitted.
    """
    pipeline = build(graph, options.input_lanes, skip_zeros=options.skip_zeros)
    return fitted().of_pipeline(pipeline)
