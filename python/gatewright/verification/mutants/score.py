"""The score: how many of the mutants drawn the tests notice."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gatewright import reference, simulation
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.files import write_json
from gatewright.graph import Graph
from gatewright.resources import sim_root
from gatewright.tools.stream_bench import Setup
from gatewright.verification.context import Context
from gatewright.verification.mutants import checks, draw, netlist, proofs
from gatewright.verification.mutants.checks import Bench, Check
from gatewright.verification.mutants.mutant import (
    KINDS,
    FormatMutant,
    MemoryMutant,
    Mutant,
    NetlistMutant,
    Verdict,
)
from gatewright.verification.mutants.rules import Rules

log = logging.getLogger(__name__)
RULES = "rules"  # folder of verdicts, in the cache
RECORD = "mutants.json"
_REAL = 500  # samples to choose from
_UNSEEN = "no output, nor its cycle, differs in any check, and no proof was found"
NEEDED = 0.99  # of all that are not proved equivalent
CYCLES = 150_000  # of the first check, by the law: it sets how many vectors there are
MOST_VECTORS = 64  # real ones, and as many random ones


@dataclass(frozen=True)
class Score:
    """What came of the mutants of a design.

    Attributes:
        verdicts: Of each.
        vectors: Samples of the check ``values``.
        seed: Drew the mutants and the vectors.
        wall_s: Seconds it took.
    """

    verdicts: tuple[Verdict, ...]
    vectors: int
    seed: int
    wall_s: float

    def count(self, fate: str) -> int:
        """Return how many have a fate."""
        return sum(verdict.fate == fate for verdict in self.verdicts)

    @property
    def survivors(self) -> tuple[Verdict, ...]:
        """Those that no check noticed and no proof explains."""
        return tuple(verdict for verdict in self.verdicts if verdict.fate == "survived")

    @property
    def score(self) -> float:
        """Killed over all that are not proved equivalent."""
        return self.count("killed") / max(len(self.verdicts) - self.count("equivalent"), 1)

    def require(self) -> None:
        """Refuse a score below ``NEEDED``, or of no mutant.

        Raises:
            CheckFailedError: with the score and the first survivors.
        """
        if not self.count("killed"):
            raise CheckFailedError("no mutant was killed, so nothing is shown")
        if self.score < NEEDED:
            raise CheckFailedError(
                f"{self.score:.2%} of the mutants were killed; {NEEDED:.0%} must be"
            )

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        kinds = Counter((verdict.mutant.kind, verdict.fate) for verdict in self.verdicts)
        return {
            "seed": self.seed,
            "vectors": self.vectors,
            "mutants": len(self.verdicts),
            **{fate: self.count(fate) for fate in ("killed", "equivalent", "survived")},
            "score": round(self.score, 6),
            "wall_s": self.wall_s,
            "kinds": {
                kind: {fate: kinds[kind, fate] for fate in ("killed", "equivalent", "survived")}
                for kind in KINDS
            },
            "verdicts": [
                {
                    "kind": verdict.mutant.kind,
                    "layer": verdict.mutant.layer,
                    "what": verdict.mutant.what,
                    "fate": verdict.fate,
                    "by": verdict.by,
                }
                for verdict in self.verdicts
            ],
        }


def run(context: Context, count: int, tell: Callable[[Verdict], None]) -> Score:
    """Draw mutants, run them, and write ``mutants.json``.

    Args:
        context: The design.
        count: Mutants to draw.
        tell: Called with each verdict as it comes.

    Raises:
        CheckFailedError: the design itself does not pass the checks.
        GatewrightError: the design is not one that mutants can be made of.
    """
    started = time.monotonic()
    (context.folder / RECORD).unlink(missing_ok=True)
    workshop = Workshop(context)
    verdicts = []
    for verdict in workshop.verdicts(count):
        verdicts.append(verdict)
        tell(verdict)
    wall_s = round(time.monotonic() - started, 3)
    score = Score(tuple(verdicts), workshop.vectors, context.seed, wall_s)
    write_json(context.folder / RECORD, score.as_dict())
    return score


class Workshop:
    """Makes the mutants of a design and judges them."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.description = context.description
        self.rtl = context.folder / "rtl"
        self.graph: Graph = context.graph
        self.blocks = draw.blocks_of(
            self.graph, context.design.rtl.input_lanes, skip_zeros=context.design.rtl.skip_zeros
        )
        self.nodes = {name: block.node or name for name, block in self.blocks.items()}
        self.setup: Setup = simulation.setup_for(
            self.description, self.rtl, context.cache, context.seed
        )
        law = self.description["cycles_per_inference_law"]
        each = max(4, min(MOST_VECTORS, CYCLES // (2 * law)))
        self._confirm()
        real = context.inputs(_REAL)
        self.plan = checks.plan(self.graph, self.description, real, each, context.seed)
        self.vectors = sum(len(check.expected) for check in self.plan if check.name == "values")

    def _confirm(self) -> None:
        """Refuse expectations for the real samples that are not those of the first rung."""
        real, found = self.context.inputs(_REAL), self.context.expected(_REAL)
        outputs = reference.outputs(self.graph, real)
        if not np.array_equal(outputs, found):
            raise CheckFailedError("the reference differs from PyTorch: climb the ladder first")

    def verdicts(self, count: int) -> Iterator[Verdict]:
        """Draw ``count`` mutants and yield what becomes of each."""
        seed = self.context.seed
        sizes = draw.capacities(self.graph, self.blocks) | {"netlist": count}
        wanted = dict(draw.shares(count, sizes, np.random.default_rng((seed, 0))))
        memories = [
            *draw.weights(self.graph, self.blocks, wanted["weight"], seed),
            *draw.biases(self.graph, self.blocks, wanted["bias"], seed),
        ]
        bench = self._bench(self.setup, self.plan)
        real = self.context.inputs(self.context.design.sim.samples)
        whole = self._bench(self.setup, [checks.test_set(self.graph, self.description, real)])
        for mutant in memories:
            memory = (mutant.file, self._memory(mutant))
            node = self.nodes[mutant.layer]
            verdict = self._verdict(
                mutant,
                bench.tried((), memory),
                lambda m=mutant, n=node: proofs.of_memory(self.graph, n, m),  # type: ignore[misc]  # bound now
            )
            if verdict.fate == "survived" and (failure := whole.tried((), memory)):
                verdict = Verdict(mutant, "killed", failure)
            yield verdict
        yield from self._formats(draw.formats(self.blocks, wanted["format"], seed))
        yield from self._netlist(wanted["netlist"], seed)

    def _bench(self, setup: Setup, plan: Sequence[Check]) -> Bench:
        bench = Bench(self.description, setup, plan)
        bench.measured()
        return bench

    def _verdict(self, mutant: Mutant, failure: str, prove: Callable[[], str]) -> Verdict:
        if failure:
            return Verdict(mutant, "killed", failure)
        proof = prove()
        if proof:
            return Verdict(mutant, "equivalent", proof)
        return Verdict(mutant, "survived", _UNSEEN)

    def _memory(self, mutant: MemoryMutant) -> str:
        path = self.rtl / mutant.file
        lines = path.read_text(encoding="utf-8").split()
        line = lines[mutant.word]
        lines[mutant.word] = f"{int(line, 16) ^ (1 << mutant.bit):0{len(line)}x}"
        if len(lines[mutant.word]) != len(line):
            raise GatewrightError(f"{path}: line {mutant.word + 1} has no bit {mutant.bit}")
        return "\n".join(lines) + "\n"

    def _formats(self, mutants: Sequence[FormatMutant]) -> Iterator[Verdict]:
        if not mutants:
            return
        folder = self.context.work / "mutants"
        folder.mkdir(parents=True, exist_ok=True)
        plain = folder / "requantise_plain.sv"
        right = self.rtl / "lib" / "requantise.sv"
        text = right.read_text(encoding="utf-8")
        plain.write_text(text.replace("module requantise ", "module requantise_plain ", 1))
        wrong = sim_root() / "mutants" / "requantise.sv"
        sources: list[Path] = []
        for source in self.setup.sources:
            sources += [plain, wrong] if source == right else [source]
        bench = self._bench(replace(self.setup, sources=sources), self.plan)
        for mutant in mutants:
            arguments = (f"+block=u_{mutant.layer}", f"+format={mutant.option}")
            yield self._verdict(
                mutant,
                bench.tried(arguments),
                lambda m=mutant: proofs.of_format(self.graph, self.nodes[m.layer], m),  # type: ignore[misc]  # bound now
            )

    def _netlist(self, count: int, seed: int) -> Iterator[Verdict]:
        if not count:
            return
        folder = self.context.work / "mutants"
        made = netlist.mutated(self.description, self.rtl, folder, count, seed)
        bench = self._bench(replace(self.setup, sources=made.sources), self.plan)
        rules = Rules(self.description, self.rtl, folder / "blocks", self.context.cache / RULES)
        for mutant in made.mutants:
            verdict = self._verdict(
                mutant,
                bench.tried((f"+mutant={mutant.number}",)),
                lambda m=mutant: self._proof(m),  # type: ignore[misc]  # bound now
            )
            instances = proofs.instances_of(mutant)
            if verdict.fate == "survived" and (broken := rules.broken(mutant, instances)):
                verdict = Verdict(mutant, "killed", broken)
            yield verdict

    def _proof(self, mutant: NetlistMutant) -> str:
        return proofs.of_netlist(self.description, self.rtl, mutant)
