"""What moves elements gives what it should, a beat per cycle: axis_pad, axis_upsample, ..."""

from itertools import permutations

import numpy as np

from gatewright.fixed import FixedFormat
from gatewright.graph import Node, Pad, StreamType, Transpose, Upsample
from gatewright.tools.bench import Device
from gatewright.tools.stream_bench import STRESS, Phase
from rtl_blocks import Case, check
from rtl_nodes import evaluate, frame_beats

WIDTH = 7
IMAGES = 8
FORMAT = FixedFormat(False, WIDTH, WIDTH)
COMMON = {"name": "node", "origin": "node", "inputs": ("source",)}

# Rows, columns, channels; lanes.
PADS = (
    ((5, 4, 3), 1, (1, 2, 3, 1)),  # top, left, bottom, right
    ((1, 6, 4), 2, (0, 2, 0, 0)),
    ((3, 1, 2), 2, (0, 0, 2, 0)),
    ((1, 1, 1), 1, (4, 3, 0, 0)),
    ((2, 3, 1), 1, (0, 0, 0, 0)),
)
UPSAMPLINGS = (
    ((4, 5, 3), 1, (2, 2)),
    ((2, 20, 2), 1, (3, 1)),  # block RAM
    ((1, 7, 4), 2, (1, 4)),
    ((3, 2, 2), 2, (1, 1)),
    ((1, 1, 18), 1, (2, 3)),
)
TRANSPOSITIONS = (
    *(((3, 4, 2), axes) for axes in permutations(range(3))),
    ((2, 1, 5), (2, 0, 1)),  # LUT RAM
    ((1, 3, 4), (0, 2, 1)),
    ((1, 1, 1), (1, 0, 2)),
)

# Lanes; of each beat whether it is left.
PICKS = (
    (1, (0, 1, 1, 0, 0, 1, 0)),
    (2, (1, 0, 0, 0)),
    (1, (0, 0, 0, 1)),
    (3, (1, 1, 1)),
    (1, (1,)),
)


def case(
    rng: np.random.Generator,
    module: str,
    node: Node,
    image: tuple[int, int, int],
    lanes: int,
    parameters: dict[str, int],
) -> Case:
    """Return random images and what the node makes of them; elements per beat stay as they are."""
    size = int(np.prod(image))
    x = rng.integers(0, 1 << WIDTH, (IMAGES, size))
    out = evaluate(StreamType(FORMAT, image), [node], x)
    lanes_in, last = frame_beats(x, lanes)
    out_lanes, out_last = frame_beats(out, lanes)
    device = Device(
        module=module,
        in_width=lanes * WIDTH,
        out_width=lanes * WIDTH,
        parameters={
            "Width": lanes * WIDTH,
            "Height": image[0],
            "Columns": image[1],
            **parameters,
        },
    )
    beats = len(out_lanes) // IMAGES
    return Case(device, lanes_in, last, WIDTH, out_lanes, out_last, WIDTH, interval=beats)


def pad(rng: np.random.Generator, index: int) -> Case:
    """Return one of the paddings."""
    image, lanes, (top, left, bottom, right) = PADS[index]
    shape = (image[0] + top + bottom, image[1] + left + right, image[2])
    node = Pad(out=StreamType(FORMAT, shape), pad=(top, left, bottom, right), **COMMON)
    sides = {"PadTop": top, "PadLeft": left, "PadBottom": bottom, "PadRight": right}
    return case(rng, "axis_pad", node, image, lanes, {"Groups": image[2] // lanes, **sides})


def upsample(rng: np.random.Generator, index: int) -> Case:
    """Return one of the upsamplings."""
    image, lanes, factor = UPSAMPLINGS[index]
    shape = (image[0] * factor[0], image[1] * factor[1], image[2])
    node = Upsample(out=StreamType(FORMAT, shape), factor=factor, **COMMON)
    sizes = {"Groups": image[2] // lanes, "FactorH": factor[0], "FactorW": factor[1]}
    return case(rng, "axis_upsample", node, image, lanes, sizes)


def transpose(rng: np.random.Generator, index: int) -> Case:
    """Return one of the transpositions."""
    image, axes = TRANSPOSITIONS[index]
    first, second, third = (image[axis] for axis in axes)
    node = Transpose(out=StreamType(FORMAT, (first, second, third)), axes=axes, **COMMON)
    sizes = {"Channels": image[2], **{f"Axis{k}": axis for k, axis in enumerate(axes)}}
    return case(rng, "axis_transpose", node, image, 1, sizes)


def pick(rng: np.random.Generator, index: int) -> Case:
    """Return frames of which some beats are left."""
    lanes, keep = PICKS[index]
    kept = np.array(keep, bool)
    x = rng.integers(0, 1 << WIDTH, (IMAGES, len(kept), lanes))
    lanes_in, last = frame_beats(x.reshape(IMAGES, -1), lanes)
    out_lanes, out_last = frame_beats(x[:, kept].reshape(IMAGES, -1), lanes)
    bits = "".join(map(str, reversed(keep)))
    device = Device(
        module="axis_pick",
        in_width=lanes * WIDTH,
        out_width=lanes * WIDTH,
        parameters={
            "Width": lanes * WIDTH,
            "Beats": len(keep),
            "Keep": f"{len(keep)}'b{bits}",
        },
    )
    beats = len(keep)
    return Case(device, lanes_in, last, WIDTH, out_lanes, out_last, WIDTH, interval=beats)


def test_rearrangements(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cases = [pad(rng, index) for index in range(len(PADS))]
    cases += [upsample(rng, index) for index in range(len(UPSAMPLINGS))]
    cases += [transpose(rng, index) for index in range(len(TRANSPOSITIONS))]
    cases += [pick(rng, index) for index in range(len(PICKS))]
    check(cases, seed, (*STRESS, Phase(0, 0, 211), Phase(0, 200), Phase(200, 0)))
