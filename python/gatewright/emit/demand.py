"""How far a branch must run ahead of the other where branches join: what deadlock is made of.

A fork gives a beat only when every reader has taken the one before. So the reader that a join
waits for makes the fork push the same beats into all other branches; what a join cannot use yet
must find a place in front of it. Here one sample goes through the design in the order in which
results ask for beats: an output asks its block, that asks for the beats that it needs (``needs``),
and so on up to the inputs. What each join is given beyond what it has used is what a FIFO there
must hold. With these depths the order can be kept, and streams that only wait for one another never
deadlock in one order and not in another (G. Kahn, 1974): the design cannot hang.

A block takes a beat only when what followed from the beats before has left. All of the library's
hold at least that much; what they hold besides is not counted.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from gatewright.emit.streams import Block, Stream

Input = tuple[str, int]  # a block's name and which of its inputs


def beats_ahead(blocks: Sequence[Block], outputs: Iterable[Stream]) -> dict[Input, int]:
    """Return the beats that each input of a join must be able to hold; those of none are left out.

    Args:
        blocks: All of the design's, each stream read once.
        outputs: The streams that leave.
    """
    flow = _Flow(blocks, {stream.name: stream.type.beats for stream in outputs})
    flow.run()
    return {place: count for place, count in flow.ahead.items() if count}


class _Flow:
    """One sample on its way.

    Attributes:
        outputs: Beats of each stream that leaves.
        given: Beats of each stream handed over, or offered where its reader asked.
        forked: Beats that each fork has given to some reader.
        ahead: The most beats that an input of a join had and could not use.
    """

    def __init__(self, blocks: Sequence[Block], outputs: dict[str, int]) -> None:
        self.outputs = outputs
        self.drivers = {out.name: block for block in blocks for out in block.outputs}
        self.readers = {
            stream.name: (block, index)
            for block in blocks
            for index, stream in enumerate(block.inputs)
        }
        streams = [*self.readers, *self.drivers, *outputs]
        self.given = dict.fromkeys(streams, 0)
        self.forked = {block.name: 0 for block in blocks if block.forks}
        self.ahead: dict[Input, int] = {}
        self.pushed: dict[str, int] = {}  # into joins, since the last look
        self.needs = {block.name: [needed.tolist() for needed in block.needs] for block in blocks}

    def run(self) -> None:
        """Ask for every output's beats, that of the least progress first."""
        beats = self.outputs
        while left := [name for name in beats if self.given[name] < beats[name]]:
            slowest = min(left, key=lambda name: self.given[name] / beats[name])
            self.pull(slowest, self.given[slowest] + 1)

    def pull(self, stream: str, count: int) -> None:
        """Get ``count`` beats of a stream for its reader."""
        while self.given[stream] < count:
            driver, beat = self.drivers.get(stream), self.given[stream] + 1
            if driver is not None and driver.forks:
                self.fork(driver, stream, beat)
            elif driver is not None:
                for source, needed in zip(driver.inputs, self.needs[driver.name], strict=True):
                    self.pull(source.name, needed[beat - 1])
            self.given[stream] = max(self.given[stream], beat)

    def fork(self, block: Block, asking: str, beat: int) -> None:
        """Get a fork's next beat for one reader: all others must have taken the one before."""
        if self.forked[block.name] >= beat:
            return
        self.pull(block.inputs[0].name, beat)
        for out in block.outputs:
            if out.name != asking:
                self.push(out.name, beat - 1)
        self.settle()
        self.forked[block.name] = beat

    def push(self, stream: str, count: int) -> None:
        """Make a stream's reader take ``count`` beats, which are there."""
        block, index = self.readers.get(stream, (None, 0))
        if block is not None and len(block.inputs) > 1:
            self.pushed[stream] = max(count, self.pushed.get(stream, 0))
        if self.given[stream] >= count:
            return
        self.given[stream] = count
        if block is None or len(block.inputs) > 1:
            return
        left = (
            count if block.forks else int(np.searchsorted(block.needs[index], count - 1, "right"))
        )
        for out in block.outputs:
            self.push(out.name, max(left, block.first))

    def settle(self) -> None:
        """Let outputs leave for which all is there, then see what joins hold."""
        for stream, beats in self.outputs.items():
            while self.given[stream] < beats and self.is_there(stream, self.given[stream] + 1):
                self.pull(stream, self.given[stream] + 1)
        for stream, count in self.pushed.items():
            block, index = self.readers[stream]
            left = self.given[block.outputs[0].name]
            used = self.needs[block.name][index][left - 1] if left else 0
            place = (block.name, index)
            self.ahead[place] = max(self.ahead.get(place, 0), count - used)
        self.pushed.clear()

    def is_there(self, stream: str, count: int) -> bool:
        """Whether a stream can give ``count`` beats without anything new from a fork."""
        if self.given[stream] >= count:
            return True
        driver = self.drivers.get(stream)
        if driver is None:
            return False
        if driver.forks:
            return self.forked[driver.name] >= count
        return all(
            self.is_there(source.name, needed[count - 1])
            for source, needed in zip(driver.inputs, self.needs[driver.name], strict=True)
        )
