"""axis_rectify gives what the graph's Rectifier and Clip give, one after the other."""

from pathlib import Path

import numpy as np

from gatewright.fixed import FixedFormat
from gatewright.graph import Clip, Node, Rectifier, StreamType
from gatewright.tools.bench import Device
from rtl_blocks import Case, check
from rtl_nodes import conversion, evaluate, frame_beats, hex_words, pick, random_mode

PIXELS = 6
SAMPLES = 80
# Bits in, signed; bits of a slope, signed, fraction; lanes, channels; slopes per channel.
SLOPES = (
    (9, True, 5, True, 3, 2, 4, True),
    (6, False, 4, True, 6, 1, 1, False),
    (7, True, 4, False, -2, 3, 3, True),
    (24, True, 8, True, 7, 1, 40, True),  # block RAM; a product of two parts
    (40, True, 9, False, 4, 1, 2, True),  # of three
    (8, True, 3, True, 3, 2, 2, False),
)
# Likewise without slopes: clipping alone; bounds, fraction.
CLIPS = (
    (8, True, 0, 24, 2),
    (8, True, -10, 20, 0),
    (6, False, None, 77, 1),
    (12, True, -900, 900, 0),
)


def sized(number: int) -> str:
    """Return a number of 64 bits as SystemVerilog text."""
    return f"{'-' if number < 0 else ''}64'sd{abs(number)}"


def case(
    rng: np.random.Generator,
    rectifier: tuple[int, bool, int, bool, int, int, int, bool] | None,
    clip: tuple[int | None, int | None, int] | None,
    folder: Path,
    stream: tuple[int, bool] = (8, True),
    name: str = "slopes",
) -> Case:
    """Return a rectifier, a clip, or both, of random slopes and threshold and any conversion."""
    lanes, channels, parameters, nodes = 2, 2, dict[str, int | str](), list[Node]()
    if rectifier:
        stream, lanes, channels = rectifier[:2], *rectifier[5:7]
    source = FixedFormat(stream[1], stream[0], stream[0] - 3)
    shape, exact = (PIXELS, channels), source
    if rectifier:
        width, signed, fraction, per_channel = *rectifier[2:5], rectifier[7]
        slope_format = FixedFormat(signed, width, width - fraction)
        slope = pick(rng, slope_format, (channels if per_channel else 1,))
        threshold = int(rng.integers(source.min_int - 3, source.max_int + 3) >> rng.integers(0, 9))
        bits = source.width + width + abs(fraction) + 1
        exact = FixedFormat(True, bits, bits - 3 - max(fraction, 0))
        out = StreamType(exact, shape)
        common = {"name": "rectifier", "origin": "rectifier", "inputs": ("source",)}
        nodes.append(
            Rectifier(
                slope=slope, slope_format=slope_format, threshold=threshold, out=out, **common
            )
        )
        parameters = {
            "Threshold": sized(threshold),
            "PerChannel": f"1'b{int(per_channel)}",
            "Slope": sized(slope[0]),
            "SlopeWidth": width,
            "SlopeSigned": f"1'b{int(signed)}",
            "SlopeFraction": fraction,
            "Channels": channels,
        }
        (folder / f"{name}.mem").write_text(
            hex_words(np.resize(slope, (channels // lanes, lanes)), width)
        )
    if clip:
        low, high, fraction = clip
        fraction += source.fraction
        bits = exact.width + 12 + fraction - source.fraction
        wide = StreamType(FixedFormat(True, bits, bits - max(fraction, exact.fraction)), shape)
        before = nodes[-1].name if nodes else "source"
        # The graph's bounds are at least as fine as what they bound.
        up = max(exact.fraction - fraction, 0)
        bounds = (None if bound is None else bound << up for bound in (low, high))
        low_up, high_up = bounds
        nodes.append(
            Clip(
                name="clip",
                origin="clip",
                inputs=(before,),
                out=wide,
                low=low_up,
                high=high_up,
                fraction=fraction + up,
            )
        )
        parameters |= {
            "HasLow": f"1'b{int(low is not None)}",
            "HasHigh": f"1'b{int(high is not None)}",
            "Low": sized(low or 0),
            "High": sized(high or 0),
            "BoundFraction": fraction - source.fraction,
        }
        exact = wide.format
    target_width, drop = int(rng.integers(3, 10)), int(rng.integers(-2, 6))
    rounding, overflow = random_mode(rng)
    target = FixedFormat(
        bool(rng.random() < 0.6), target_width, target_width - 3 + drop, rounding, overflow
    )
    x = pick(rng, source, (SAMPLES, PIXELS * channels))
    x = np.where(rng.random(x.shape) < 0.4, x >> rng.integers(0, source.width, x.shape), x)
    last = nodes[-1]
    nodes[-1] = type(last)(**(vars(last) | {"out": StreamType(target, shape)}))
    out_lanes, out_last = frame_beats(evaluate(StreamType(source, shape), nodes, x), lanes)
    lanes_in, in_last = frame_beats(x, lanes)
    device = Device(
        module="axis_rectify",
        in_width=lanes * source.width,
        out_width=lanes * target.width,
        parameters={
            "Lanes": lanes,
            "InWidth": source.width,
            "InSigned": f"1'b{int(source.signed)}",
            "HasSlope": f"1'b{int(rectifier is not None)}",
            **parameters,
            **conversion(source, target),
            "SlopeFile": f'"{name}.mem"',
        },
    )
    return Case(
        device,
        lanes_in,
        in_last,
        source.width,
        out_lanes,
        out_last,
        target.width,
        target.signed,
        interval=len(lanes_in) // SAMPLES,
    )


def test_rectify(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    cases = [
        case(rng, one, clip, tmp_path, name=f"slopes{index}")
        for index, (one, clip) in enumerate(
            [(one, None) for one in SLOPES] + [(SLOPES[0], (-9, 40, 1)), (SLOPES[2], (None, 55, 4))]
        )
    ]
    cases += [case(rng, None, (*clip[2:4], clip[4]), tmp_path, clip[:2]) for clip in CLIPS]
    check(cases, seed, memories=tmp_path)
