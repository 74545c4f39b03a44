"""axis_frame_guard and axis_frame_mark: one frame in is one frame out; bad ones are marked."""

import numpy as np

from gatewright.tools.bench import Device
from rtl_blocks import SIM, Case, check

EXTRA = [SIM / "blocks" / "frame_pair.sv"]
WIDTH = 8


def case(rng: np.random.Generator, beats: int, queue: int, depth: int) -> Case:
    """Return frames of which a third are short or long, and what must become of them."""
    lanes, last, out, users = [], [], [], []
    for _ in range(300):
        length = beats
        if rng.random() < 0.35:
            length = int(rng.integers(1, 2 * beats + 3))
        frame = rng.integers(1, 1 << WIDTH, length).tolist()
        lanes += frame
        last += [False] * (length - 1) + [True]
        out += (frame + [0] * beats)[:beats]
        users += [False] * (beats - 1) + [length != beats]
    out_last = np.arange(len(out)) % beats == beats - 1
    device = Device(
        module="frame_pair",
        in_width=WIDTH,
        out_width=WIDTH,
        parameters={"Width": WIDTH, "Beats": beats, "Frames": queue, "Depth": depth},
        user=True,
        pulses=("frame_short_o", "frame_long_o"),
    )
    return Case(
        device,
        np.array(lanes)[:, None],
        np.array(last),
        WIDTH,
        np.array(out)[:, None],
        out_last,
        WIDTH,
        out_user=np.array(users),
    )


def test_frames(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cases = [case(rng, 1, 2, 2), case(rng, 2, 2, 40), case(rng, 5, 4, 16), case(rng, 16, 16, 64)]
    run = check(cases, seed, extra=EXTRA)
    for index, tested in enumerate(cases):
        beats = int(tested.device.parameters["Beats"])
        lengths = np.diff(np.flatnonzero(tested.last), prepend=-1)
        pulses = run.received[0][index].notes[-1]
        # The last frame may pulse after the last output beat was written down.
        assert abs(pulses[0] - (lengths < beats).sum()) <= 1
        assert abs(pulses[1] - (lengths > beats).sum()) <= 1
