"""Pipelines of sums are simulated: whether they give the network's integers, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import CheckFailedError
from gatewright.files import write_text
from gatewright.fixed import IntArray
from gatewright.resources import sim_root
from gatewright.tools import process, verilator

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Element:
    """How an element stands in a packed port.

    Attributes:
        signed: Two's complement.
        width: Bits, 0 or more: what is always 0 takes none.
        fraction: Of them, bits behind the point.
    """

    signed: bool
    width: int
    fraction: int = 0


@dataclass(frozen=True)
class Ports:
    """The elements of ``model_inp`` and ``model_out``, the first in the lowest bits."""

    inputs: tuple[Element, ...]
    outputs: tuple[Element, ...]

    @property
    def in_width(self) -> int:
        """Bits of ``model_inp``."""
        return sum(element.width for element in self.inputs)

    @property
    def out_width(self) -> int:
        """Bits of ``model_out``."""
        return sum(element.width for element in self.outputs)


@dataclass(frozen=True, eq=False)
class Vectors:
    """What a network is given and what it must give.

    Attributes:
        inputs: Integers [samples, elements].
        expected: Values [samples, elements], exact in float64.
    """

    inputs: IntArray
    expected: Values


def packed(values: IntArray, elements: Sequence[Element]) -> list[int]:
    """Return each sample's word."""
    words = []
    for sample in values:
        word, place = 0, 0
        for value, element in zip(sample.tolist(), elements, strict=True):
            scaled = (
                value << element.fraction if element.fraction > 0 else value >> -element.fraction
            )
            word |= (scaled & ((1 << element.width) - 1)) << place
            place += element.width
        words.append(word)
    return words


def unpacked(words: Sequence[int], elements: Sequence[Element]) -> Values:
    """Return the values of each word, [samples, elements]."""
    found = np.zeros((len(words), len(elements)))
    for row, word in enumerate(words):
        place = 0
        for index, element in enumerate(elements):
            raw = (word >> place) & ((1 << element.width) - 1)
            if element.signed and element.width and raw >> (element.width - 1):
                raw -= 1 << element.width
            found[row, index] = raw * 2.0**-element.fraction
            place += element.width
    return found


def differing(
    sources: Sequence[Path], top: str, ports: Ports, latency: int, vectors: Vectors, folder: Path
) -> int:
    """Return how many outputs of a pipeline are not what they must be.

    One sample is given per cycle; its results are looked at ``latency`` cycles later.

    Args:
        sources: Of the pipeline alone, with ports ``clk``, ``model_inp`` and ``model_out``.
        top: The pipeline.
        ports: Its ports.
        latency: Cycles from a sample to its results.
        vectors: Samples, at least one, and their results.
        folder: To work in; builds are kept in it.

    Raises:
        CheckFailedError: no samples; the simulation failed, or gave less than was asked for.
        NotRunError: a tool is missing.
    """
    samples = len(vectors.inputs)
    if not samples:
        raise CheckFailedError(f"{top}: no samples to compare")
    sizes = {"inp": ports.in_width, "out": ports.out_width}
    bench, waivers = folder / "bench.sv", folder / "waivers.vlt"
    write_text(bench, _BENCH.format(top=top, samples=samples, latency=latency, **sizes))
    write_text(waivers, _WAIVERS)
    words = packed(vectors.inputs, ports.inputs)
    write_text(folder / "samples.hex", "".join(f"{word:x}\n" for word in words))
    options = verilator.Options(main=sim_root() / "bench" / "bare_loop.cpp", cocotb=False)
    built = verilator.build(
        [waivers, *sources, bench], "pipeline_bench", options, cache_folder=folder / "cache"
    )
    command = [str(built.program.absolute()), f"+cycles={samples + latency}"]
    finished = process.run(command, cwd=folder)
    process.check(finished, f"the simulation of {top}")
    found = [line[2:] for line in finished.output.splitlines() if line.startswith("y ")]
    if len(found) != samples:
        raise CheckFailedError(f"{top} gave {len(found)} results of {samples} samples")
    values = unpacked([int(word, 16) for word in found], ports.outputs)
    return int((values != vectors.expected).sum())


# What others' Verilog is warned of is not ours to mend.
_WAIVERS = "`verilator_config\nlint_off\n"
# Driven by bare_loop.cpp, whose reset is not needed: a pipeline of sums has none.
_BENCH = """\
module pipeline_bench (input logic clk_i, input logic rst_ni, input logic [31:0] frames_i);
  logic [{inp}-1:0] samples[{samples}];
  logic [{inp}-1:0] x;
  logic [{out}-1:0] y;
  int unsigned      cycle;  // that x was given in

  {top} u_top (.clk(clk_i), .model_inp(x), .model_out(y));

  initial $readmemh("samples.hex", samples);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      cycle <= 0;
      x     <= samples[0];
    end else begin
      cycle <= cycle + 1;
      x     <= samples[(cycle + 1) % {samples}];
      if (cycle >= {latency} && cycle < {latency} + {samples} && frames_i != 0) $display("y %h", y);
    end
  end
endmodule
"""
