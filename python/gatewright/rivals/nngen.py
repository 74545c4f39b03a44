"""NNgen's core for a design's network: generated, simulated, synthesised."""

import importlib.util
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from gatewright import reference
from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.files import replacing
from gatewright.fixed import IntArray, Rounding
from gatewright.rivals.int8 import Arithmetic, Int8Layer, as_int8, layers_of, offset_of
from gatewright.rivals.row import Cells, Row
from gatewright.rivals.subject import Subject
from gatewright.tools import icarus, process, yosys

VERSION = "1.3.4"
SETTINGS = ("1", "4", "4x4")
ARITHMETIC = Arithmetic(Rounding.RND_INF, signed=True, exact_outputs=False)
_SETTING = re.compile(r"(1|2|4|8|16|32)(?:x(1|2|4|8|16|32))?(\+pauses)?")
_NARROWEST_BUS, _BYTE = 32, 8
_NOTE = (
    "the same integer weights and biases, activations and outputs of 8 bits, ties rounded away "
    "from zero; weights and activations come from a memory outside over AXI, which {pauses}"
)


@dataclass(frozen=True)
class Setting:
    """How NNgen is asked to build a network.

    Attributes:
        text: As the user wrote it.
        columns: Inputs of a row multiplied at once.
        rows: Rows computed at once.
        pauses: NNgen's model of the memory pauses as it does if it is told nothing.
    """

    text: str
    columns: int
    rows: int
    pauses: bool

    @classmethod
    def parse(cls, text: str) -> "Setting":
        """Read ``4``, ``4x4`` or ``4x4+pauses``.

        Raises:
            GatewrightError: it is none of these.
        """
        found = _SETTING.fullmatch(text)
        if found is None:
            raise GatewrightError(
                f"NNgen's setting is {text!r}; must be inputs, or inputs x rows at once, each a "
                "power of two to 32, with +pauses for a memory that pauses: 1, 4, 4x4, 4x4+pauses"
            )
        return cls(text, int(found[1]), int(found[2] or 1), found[3] is not None)

    @property
    def bus(self) -> int:
        """Bits of the AXI bus: the weights of one cycle."""
        return max(_NARROWEST_BUS, _BYTE * self.columns * self.rows)


def require() -> None:
    """Refuse to go on without NNgen or Icarus.

    Raises:
        NotRunError: one is missing; the message says how to get it.
    """
    if importlib.util.find_spec("nngen") is None:
        raise NotRunError(f"nngen is missing; install it: pip install nngen=={VERSION}")
    icarus.require()


def measure(subject: Subject, settings: Sequence[str]) -> list[Row]:
    """Return a row for each setting.

    Args:
        subject: The network, its samples and where to work.
        settings: As ``Setting.parse`` takes them; ``SETTINGS`` if there are none.

    Raises:
        GatewrightError: a setting is none.
        NotRunError: NNgen or Icarus is missing, or NNgen cannot take this network.
    """
    chosen = [Setting.parse(text) for text in settings or SETTINGS]
    require()
    graph = as_int8(subject.graph, subject.typical, ARITHMETIC)
    layers, samples = layers_of(graph, ARITHMETIC), subject.simulated
    expected = reference.outputs(graph, samples)
    inputs = samples - offset_of(graph, ARITHMETIC)
    rows: list[Row] = []
    cells: dict[tuple[int, int], Cells] = {}  # of a core; what the memory does changes no core
    for setting in chosen:
        folder = subject.folder / f"nngen_{setting.text.replace('+', '_')}"
        _generate(folder, setting, layers, inputs)
        cycles, outputs = read_bench(icarus.simulate(folder / "bench.v", "bench"), expected.shape)
        core = setting.columns, setting.rows
        if core not in cells:
            netlist = yosys.synthesise([folder / "core.v"], "core", "ecp5", folder, folder)
            cells[core] = Cells.of(netlist.cells)
        pace = float(np.mean(cycles))  # an inference begins when the one before has ended
        pauses = "pauses 4 cycles of 19" if setting.pauses else "never pauses"
        rows.append(
            Row(
                tool=f"NNgen {VERSION}",
                setting=f"par {setting.text}, AXI of {setting.bus} bits",
                network=subject.name,
                cycles_per_inference=pace,
                latency_cycles=pace,
                cells=cells[core],
                samples=len(outputs),
                mismatches=int((outputs != expected).sum()),
                note=_NOTE.format(pauses=pauses),
            )
        )
    return rows


def _generate(
    folder: Path, setting: Setting, layers: Sequence[Int8Layer], inputs: IntArray
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"samples": inputs}
    for index, layer in enumerate(layers):
        arrays |= {f"weight{index}": layer.weight, f"bias{index}": layer.bias}
    with replacing(folder / "network.npz") as path, path.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]  # numpy's stub lacks **kwargs
    asked = {key: value for key, value in asdict(setting).items() if key != "text"}
    request = asked | {"bus": setting.bus, "shifts": [layer.shift for layer in layers]}
    command = [sys.executable, "-m", "gatewright.rivals.nngen_worker", json.dumps(request)]
    process.check(process.run(command, cwd=folder, log=folder / "nngen.log"), "NNgen")


def read_bench(text: str, shape: tuple[int, ...]) -> tuple[list[int], IntArray]:
    """Return cycles of each sample and outputs [samples, elements] from what the bench printed.

    Raises:
        CheckFailedError: there are not as many as ``shape`` says.
    """
    cycles = [int(word) for word in re.findall(r"^cycles +(\d+)$", text, re.MULTILINE)]
    words = [int(word) for word in re.findall(r"^output +(-?\d+)$", text, re.MULTILINE)]
    if len(cycles) != shape[0] or len(words) != np.prod(shape):
        raise CheckFailedError(
            f"NNgen's bench gave {len(cycles)} inferences and {len(words)} outputs; expected "
            f"{shape[0]} and {np.prod(shape)}"
        )
    return cycles, np.array(words, dtype=np.int64).reshape(shape)
