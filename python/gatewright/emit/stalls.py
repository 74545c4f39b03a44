"""A design with a block that stalls at random in each of its streams: for stress tests only."""

from dataclasses import replace

from gatewright.emit import needs
from gatewright.emit.blocks import as_text, text
from gatewright.emit.pipeline import Pipeline
from gatewright.emit.streams import Block, Stream

MODULE = "axis_stall"  # in sim/stress
_GOLDEN = 0x9E3779B9  # spreads the seeds


def with_stalls(pipeline: Pipeline) -> Pipeline:
    """Return the design with ``axis_stall`` in each stream that can wait, named after the stream.

    They stand behind all other blocks: a reset goes through the blocks in their order, and so
    still reaches a block in the cycle after the one in front of it.
    """
    streams = [port.stream for port in pipeline.inputs]
    streams += [stream for block in pipeline.blocks for stream in block.outputs]
    streams = [stream for stream in streams if stream.held]
    stalls = {stream.name: _stall(stream, number) for number, stream in enumerate(streams)}

    def stalled(stream: Stream) -> Stream:
        return stalls[stream.name].outputs[0] if stream.held else stream

    blocks = [
        replace(block, inputs=tuple(stalled(stream) for stream in block.inputs))
        for block in pipeline.blocks
    ]
    outputs = tuple(replace(port, stream=stalled(port.stream)) for port in pipeline.outputs)
    return replace(pipeline, blocks=(*blocks, *stalls.values()), outputs=outputs)


def _stall(stream: Stream, number: int) -> Block:
    seed = (number + 1) * _GOLDEN % 2**32
    return Block(
        name=f"{stream.name}_stall",
        module=MODULE,
        comment=(f"Stalls {stream.name}",),
        parameters=as_text(
            {"Width": stream.type.width, "Name": text(stream.name), "Seed": f"32'd{seed}"}
        ),
        inputs=(stream,),
        outputs=(Stream(f"{stream.name}_stalled", stream.type),),
        needs=(needs.each(stream.type.beats),),
        lag=0,
    )
