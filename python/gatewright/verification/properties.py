"""The library's proofs: which block, with which parameters, how, and a fault that must show.

``sim/formal/proofs.yml`` is the table, ``sim/formal/<block>_proof.sv`` holds a block's properties.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import yaml

from gatewright.errors import GatewrightError
from gatewright.resources import library_files, sim_root
from gatewright.tools.sby import Mode, Task

TABLE = "proofs.yml"
_TIMEOUT_S = 900


@dataclass(frozen=True)
class Replacement:
    """One place in the RTL library, and what stands there instead."""

    file: str
    right: str
    wrong: str


@dataclass(frozen=True)
class Proof:
    """A block with one set of parameters.

    Attributes:
        block: Its name, which is its module's.
        parameters: Of its proof's module.
        bounded: Cycles from reset on that it is proved for; None: for ever.
        steps: Of one for ever whose properties are an inductive invariant themselves: cycles of the
            induction; None: the solver finds the invariant.
        latency: Of a bounded one: cycles from the input that decides a beat to the beat.
        storage: Of a bounded one: beats that its memories and registers hold.
        why: Of a bounded one: why it is not proved for ever.
        combinational: The block has no state: one cycle with any input is all there is.
        cover: Cycles within which every cover statement is reached.
        constants: Places in the RTL with another constant, so that a small block has the branch of
            a large one.
        memories: {name: words in hexadecimal} that ``$readmemh`` finds.
        fault: A fault that makes the proof fail; only one set of a block has one.
        quick: It takes a few seconds.
    """

    block: str
    parameters: Mapping[str, int]
    bounded: int | None = None
    steps: int | None = None
    latency: int = 0
    storage: int = 0
    why: str = ""
    combinational: bool = False
    cover: int = 20
    constants: tuple[Replacement, ...] = ()
    memories: Mapping[str, str] = field(default_factory=dict)
    fault: Replacement | None = None
    quick: bool = False

    def __post_init__(self) -> None:
        """Check that a bounded proof goes deep enough, and says why it is none for ever."""
        if self.bounded is None:
            return
        if self.steps is not None:
            raise GatewrightError(
                f"{TABLE}: {self.name}: steps is {self.steps}, bounded {self.bounded}; a proof has "
                "one of the two: take one away"
            )
        needed = max(2 * (self.latency + self.storage), self.cover)
        if not (self.latency and self.storage and self.why) or self.bounded < needed:
            raise GatewrightError(
                f"{TABLE}: {self.name}: bounded is {self.bounded}, latency {self.latency}, storage "
                f"{self.storage}, cover {self.cover}, why {self.why!r}; bounded must be at least "
                "cover and twice latency plus storage, and why must say what keeps it from "
                "being proved for ever"
            )

    @property
    def has_lemmas(self) -> bool:
        """Whether its properties have lemmas: proved first, then relied on."""
        return "parameter bit Lemmas" in _properties_of(self.block)

    @property
    def name(self) -> str:
        """Block, parameters and constants, in one line."""
        chosen = [f"{name} {value}" for name, value in self.parameters.items()]
        chosen += [f"'{change.wrong}' for '{change.right}'" for change in self.constants]
        return f"{self.block}({', '.join(chosen)})"

    @property
    def method(self) -> str:
        """How: ``induction``, ``all inputs`` or ``bounded N``."""
        if self.combinational:
            return "all inputs"
        return "induction" if self.bounded is None else f"bounded {self.bounded}"

    def tasks(self, library: Mapping[str, str] | None = None) -> list[Task]:
        """Return what to run: lemmas, properties, covers; all must pass.

        Args:
            library: {module: text} that stands for the library's files of these names.
        """
        covers = [] if self.combinational else [self._task(self.constants, "cover", library)]
        return [*self._proving(self.constants, library), *covers]

    def faulty_tasks(self) -> list[Task]:
        """Return what to run with the fault in place: one of them must fail.

        Raises:
            GatewrightError: the proof has no fault.
        """
        if self.fault is None:
            raise GatewrightError(f"{self.name} has no fault in {TABLE}")
        changes = (*self.constants, self.fault)
        if self.steps is not None:  # an induction that fails shows no fault yet
            return [self._task(changes, "search", None)]
        return self._proving(changes)

    def searches(self, library: Mapping[str, str], depth: int, timeout_s: int) -> list[Task]:
        """Return searches for a counterexample, to lemmas and to properties, in so many cycles.

        Args:
            library: {module: text} that stands for the library's files of these names.
            depth: Cycles.
            timeout_s: After so many seconds it is given up.
        """
        stages = [{"Lemmas": 1}, {}] if self.has_lemmas else [{}]
        tasks = [self._task((), "bmc", library, **more) for more in stages]
        return [replace(task, depth=depth, timeout_s=timeout_s) for task in tasks]

    def _proving(
        self, changes: tuple[Replacement, ...], library: Mapping[str, str] | None = None
    ) -> list[Task]:
        mode: Mode = "prove" if self.bounded is None else "bmc"
        if self.steps is not None:
            mode = "steps"
        if self.combinational:
            mode = "inputs"
        lemmas = [self._task(changes, "prove", library, Lemmas=1)] if self.has_lemmas else []
        return [*lemmas, self._task(changes, mode, library)]

    def _depth(self, mode: Mode) -> int:
        if mode == "steps" and self.steps is not None:
            return self.steps
        return self.cover if mode == "cover" or self.steps else self.bounded or 1

    def _task(
        self,
        changes: tuple[Replacement, ...],
        mode: Mode,
        library: Mapping[str, str] | None,
        **more: int,
    ) -> Task:
        files = _closure(self.block, library or {})
        for change in changes:
            name = change.file.rpartition("/")[2]
            if name not in files or change.right not in files[name]:
                raise GatewrightError(
                    f"{TABLE}: {self.block}: {change.file} does not hold {change.right!r}, or the "
                    "proof does not read it; give it a place that is there"
                )
            files[name] = files[name].replace(change.right, change.wrong)
        return Task(
            top=f"{self.block}_proof",
            files={**files, **self.memories},
            parameters={**self.parameters, **more},
            mode=mode,
            depth=self._depth(mode),
            timeout_s=_TIMEOUT_S,
        )


@cache
def _modules() -> dict[str, str]:
    """Return {module: text} of the library and of what the proofs share."""
    library = library_files()
    properties = sorted((sim_root() / "formal").glob("*.sv"))
    shared = [path for path in properties if not path.stem.endswith("_proof")]
    return {path.stem: path.read_text(encoding="utf-8") for path in [*library, *shared]}


def has_properties(block: str) -> bool:
    """Whether there are properties of a block."""
    return (sim_root() / "formal" / f"{block}_proof.sv").is_file()


def parameters_of(block: str) -> list[str]:
    """Return the parameters of a block's properties."""
    header = _properties_of(block).partition(");")[0]
    return re.findall(r"parameter [^=]*?(\w+) *=", header)


def _properties_of(block: str) -> str:
    """Return the text of a block's properties.

    Raises:
        GatewrightError: it has none.
    """
    path = sim_root() / "formal" / f"{block}_proof.sv"
    if not path.is_file():
        raise GatewrightError(f"{TABLE}: {block} has no properties; write {path.name} beside it")
    return path.read_text(encoding="utf-8")


def _closure(block: str, library: Mapping[str, str]) -> dict[str, str]:
    """Return {file name: text} of a block's properties and of all they instantiate."""
    known = {**_modules(), **library}
    own = _properties_of(block)
    wanted: set[str] = set()
    pending = [own]
    while pending:
        code = re.sub(r"//.*", "", pending.pop())
        found = set(re.findall(r"\w+", code)) & known.keys() - wanted
        wanted |= found
        pending += [known[name] for name in found]
    order = sorted(wanted, key=lambda name: (not name.endswith("_pkg"), name))
    return {**{f"{name}.sv": known[name] for name in order}, f"{block}_proof.sv": own}


def load() -> list[Proof]:
    """Read the table of proofs.

    Raises:
        GatewrightError: a proof has no properties, or an unknown key.
    """
    path = sim_root() / "formal" / TABLE
    table: dict[str, list[dict[str, Any]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [_proof(block, entry) for block, entries in table.items() for entry in entries]


def _proof(block: str, entry: dict[str, Any]) -> Proof:
    try:
        return Proof(
            block=block,
            **{
                **entry,
                "constants": tuple(Replacement(*change) for change in entry.get("constants", ())),
                "fault": Replacement(*entry["fault"]) if "fault" in entry else None,
            },
        )
    except TypeError as error:
        raise GatewrightError(f"{TABLE}: {block}: {error}") from error
