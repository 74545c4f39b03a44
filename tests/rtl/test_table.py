"""axis_table gives what the graph's Table gives, for every input there is."""

from pathlib import Path

import numpy as np

from gatewright.fixed import FixedFormat
from gatewright.graph import StreamType, Table
from gatewright.tools.bench import Device
from rtl_blocks import Case, check
from rtl_nodes import evaluate, frame_beats, hex_words

# Bits in, signed; bits out, signed; lanes.
TABLES = (
    (1, False, 4, True, 1),
    (6, True, 9, False, 2),
    (6, False, 3, True, 1),
    (7, True, 8, True, 3),
    (8, False, 20, False, 2),
    (12, True, 5, True, 4),
)


def case(
    rng: np.random.Generator,
    folder: Path,
    table: tuple[int, bool, int, bool, int],
    name: str = "table",
) -> Case:
    """Return a random table; every input on every lane, and random ones."""
    width, signed, out_width, out_signed, lanes = table
    source = FixedFormat(signed, width, width)
    target = FixedFormat(out_signed, out_width, out_width)
    values = rng.integers(target.min_int, target.max_int, 1 << width, endpoint=True)
    (folder / f"{name}.mem").write_text(hex_words(values[:, None], out_width))
    every = np.arange(source.min_int, source.max_int + 1)
    x = np.stack([rng.permutation(np.tile(every, 2)) for _ in range(lanes)], axis=1)
    samples = x.reshape(4, -1) if len(x) % 4 == 0 else x.reshape(1, -1)
    node = Table(
        name="table",
        origin="table",
        inputs=("source",),
        out=StreamType(target, (samples.shape[1],)),
        values=values,
        function="any",
    )
    out = evaluate(StreamType(source, (samples.shape[1],)), [node], samples)
    lanes_in, last = frame_beats(samples, lanes)
    device = Device(
        module="axis_table",
        in_width=lanes * width,
        out_width=lanes * out_width,
        parameters={
            "Lanes": lanes,
            "InWidth": width,
            "InSigned": f"1'b{int(signed)}",
            "OutWidth": out_width,
            "TableFile": f'"{name}.mem"',
        },
    )
    return Case(
        device,
        lanes_in,
        last,
        width,
        out.reshape(-1, lanes),
        last,
        out_width,
        out_signed,
        interval=len(lanes_in) // len(samples),
    )


def test_table(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    cases = [case(rng, tmp_path, one, f"table{index}") for index, one in enumerate(TABLES)]
    check(cases, seed, memories=tmp_path)
