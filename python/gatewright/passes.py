"""Graph to graph: small rewrites between the frontend and the emitter."""

from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat
from gatewright.graph import Argmax, Graph, StreamType


def with_argmax(graph: Graph) -> Graph:
    """Return ``graph`` with the index of its output's first largest element as the output.

    Raises:
        GatewrightError: the graph has several outputs.
    """
    if len(graph.outputs) != 1:
        raise GatewrightError(
            f"{graph.name}: argmax needs one output; this network has {len(graph.outputs)}: "
            f"{', '.join(graph.outputs)}"
        )
    (output,) = graph.outputs
    width = max((graph[output].out.size - 1).bit_length(), 1)
    index = Argmax(
        name="argmax",
        origin=f"argmax of {graph[output].origin}",
        inputs=(output,),
        out=StreamType(FixedFormat(False, width, width), (1,)),
    )
    return Graph(graph.name, (*graph.nodes, index), (index.name,))
