"""Depths of FIFOs: what a sample's way and its schedule say, without any simulation."""

import numpy as np

import graphs
from gatewright.emit import needs
from gatewright.emit.builder import build
from gatewright.emit.demand import beats_ahead
from gatewright.emit.schedule import Schedule
from gatewright.emit.streams import Block, Lanes, Rhythm, Stream
from gatewright.fixed import parse_format
from gatewright.graph import StreamType, Window

BYTE = parse_format("ufixed<8,0,RND_CONV,SAT>")
BEATS = 8


def stream(name: str, beats: int = BEATS) -> Stream:
    return Stream(name, Lanes(BYTE, beats, 1))


def block(name: str, *inputs: Stream, outputs: int = 1, **more: object) -> Block:
    """Return a block that gives a beat for a beat, unless ``more`` says otherwise."""
    names = [name] if outputs == 1 else [f"{name}_{index}" for index in range(outputs)]
    given = {"needs": (needs.each(BEATS),) * len(inputs), **more}
    out = tuple(stream(each) for each in names)
    return Block(name, "module", (), {}, inputs, out, **given)  # type: ignore[arg-type]


def late(name: str, source: Stream, rows: int = 1) -> Block:
    """Return a block that needs ``rows`` beats more than it gives."""
    needed = np.minimum(np.arange(1, BEATS + 1) + rows, BEATS)
    return block(name, source, needs=(needed,))


def test_what_runs_ahead_is_what_the_later_branch_looks_ahead() -> None:
    fork = block("fork", stream("x"), outputs=2, forks=True)
    window = late("window", fork.outputs[0], rows=3)
    join = block("join", window.outputs[0], fork.outputs[1])
    assert beats_ahead([fork, window, join], join.outputs) == {("join", 1): 3}


def test_branches_that_are_equally_late_need_no_fifo() -> None:
    fork = block("fork", stream("x"), outputs=2, forks=True)
    windows = [late(f"window{index}", fork.outputs[index], rows=3) for index in (0, 1)]
    join = block("join", *(window.outputs[0] for window in windows))
    assert beats_ahead([fork, *windows, join], join.outputs) == {}


def test_a_fork_within_a_branch_runs_ahead_of_every_join_behind_it() -> None:
    """The second join waits for beats of the inner fork alone, but the first for the outer's."""
    outer = block("outer", stream("x"), outputs=2, forks=True)
    window = late("window", outer.outputs[0], rows=4)
    inner = block("inner", outer.outputs[1], outputs=2, forks=True)
    first = block("first", window.outputs[0], inner.outputs[0])
    second = block("second", first.outputs[0], inner.outputs[1])
    found = beats_ahead([outer, window, inner, first, second], second.outputs)
    assert found == {("first", 1): 4, ("second", 1): 4}


def test_an_output_is_never_waited_for() -> None:
    fork = block("fork", stream("x"), outputs=2, forks=True)
    window = late("window", fork.outputs[0], rows=5)
    assert beats_ahead([fork, window], (window.outputs[0], fork.outputs[1])) == {}


def test_a_fifo_holds_what_comes_during_the_other_branch_s_latency() -> None:
    fork = block("fork", stream("x"), outputs=2, forks=True)
    slow = block("slow", fork.outputs[0], lag=20)
    join = block("join", slow.outputs[0], fork.outputs[1])
    schedule = Schedule(interval=40)  # a beat every 5 cycles
    for each in (fork, slow, join):
        schedule.add(each)
    assert schedule.waiting(join, 0) == 0
    assert schedule.waiting(join, 1) == 20 // 5


def test_a_block_gives_no_faster_than_it_can() -> None:
    rhythm = Rhythm(cycles=10, offsets=(0, 3))
    source = stream("x", 4)
    pairs = block("pairs", source, needs=(np.array([1, 1, 2, 2, 3, 3, 4, 4]),), rhythm=rhythm)
    schedule = Schedule(interval=40)
    schedule.times["x"] = np.array([1.0, 2.0, 3.0, 40.0])
    schedule.add(pairs)
    expected = np.array([10, 13, 20, 23, 30, 33, 40, 43])
    np.testing.assert_array_equal(schedule.times["pairs"] - pairs.lag, expected)


def test_an_upsampling_by_one_has_no_block() -> None:
    make = graphs.Maker()
    x = make.input((3, 3, 2))
    make.node(graphs.Upsample, "same", x, BYTE, shape=(3, 3, 2), factor=(1, 1))
    assert build(make.graph("same"), None).blocks == ()


def test_a_padding_has_a_fifo_for_what_comes_meanwhile() -> None:
    make = graphs.Maker()
    x = make.node(graphs.Transpose, "turned", make.input((4, 6, 2)), BYTE, shape=(6, 2, 4),
                  axes=(1, 2, 0))  # fmt: skip
    make.node(graphs.Pad, "padded", x, BYTE, shape=(10, 2, 4), pad=(2, 0, 2, 0))
    (depth,) = build(make.graph("padded"), None).depths.values()
    assert depth.ahead == 0
    assert depth.latency > 2


def test_needs_of_joins_and_windows_only_grow() -> None:
    image = StreamType(BYTE, (5, 4, 2))
    window = Window(kernel=(3, 2), stride=(2, 1), pad=(1, 0, 2, 1))
    for needed in (needs.windows(image, window, 2, 3, by_group=False), *needs.joined(5, (2, 1))):
        assert (np.diff(needed) >= 0).all()
