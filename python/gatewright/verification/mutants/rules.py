"""Mutants of the netlist that break the rules of the block they are in (rung 9).

A design gives its blocks only some of all streams: where no gap ever stands between two beats, a
block that goes wrong in a gap gives the right outputs. The properties of the block hold for every
stream. They are tried on the instance that the mutant is in, with the parameters it has in the
design, first as it is, which must pass, then with the mutant: a counterexample within ``DEPTH``
cycles is a fault that the proofs show.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from gatewright.errors import CheckFailedError
from gatewright.files import read_json
from gatewright.tools import sby
from gatewright.verification.mutants import netlist
from gatewright.verification.mutants.mutant import NetlistMutant
from gatewright.verification.properties import Proof, has_properties, parameters_of

DEPTH = 40  # cycles from reset on
_TIMEOUT_S = 120
_HEADER = r"^module {block}\b.*?^\);"


class Rules:
    """The properties of the blocks of a design, to try mutants on.

    Args:
        description: What ``emit`` says about the design.
        rtl_folder: Where it is.
        folder: Takes what the tools write.
        cache: Folder of earlier verdicts.
    """

    def __init__(
        self, description: Mapping[str, Any], rtl_folder: Path, folder: Path, cache: Path
    ) -> None:
        self.description = description
        self.rtl = rtl_folder
        self.folder = folder
        self.cache = cache
        self.fitting: dict[tuple[str, str], bool] = {}  # by proof and module
        self.library = {
            Path(name).stem: (rtl_folder / name).read_text(encoding="utf-8")
            for name in description["sources"]
        }

    def broken(self, mutant: NetlistMutant, instances: list[str]) -> str:
        """Return which block's properties fail with a mutant, or nothing.

        Args:
            mutant: The mutant.
            instances: Paths of the instances that its cell is in, the smallest first.
        """
        for instance in instances:
            found = self._module(instance)
            if found is None:
                continue
            block, module, parameters = found
            for branch in _branches(block):
                proof = Proof(block=block, parameters={**parameters, **branch})
                if not self._fits(proof, module):
                    continue
                if "fail" in self._tried(proof, module, inside_of(mutant, instance)):
                    return f"proof: the properties of {proof.name} fail with it"
        return ""

    @cached_property
    def _modules(self) -> Mapping[str, Any]:
        """The modules of the design with the parameters they have there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "modules.json"
        commands = netlist.elaborated(self.description)
        commands.append(f"write_json {path.absolute()}")
        netlist.yosys(commands, self.rtl, self.folder / "modules.log")
        modules: Mapping[str, Any] = read_json(path)["modules"]
        return modules

    def _module(self, instance: str) -> tuple[str, str, dict[str, int]] | None:
        """Return block, module and parameters of an instance whose block has properties."""
        name = self.description["top"]
        for part in instance.split(".\\"):
            name = self._modules[name]["cells"][part]["type"]
        module = self._modules[name]
        block = module["attributes"].get("hdlname", name)
        if block not in self.library or not has_properties(block):
            return None
        given = module.get("parameter_default_values", {})
        wanted = parameters_of(block)
        values = {key: value for key, value in given.items() if key in wanted}
        if any(re.fullmatch("[01]+", value) is None for value in values.values()):
            return None
        return block, name, {key: int(value, 2) for key, value in values.items()}

    def _fits(self, proof: Proof, module: str) -> bool:
        """Whether the properties hold for a module as it is, with the parameters it has."""
        if (proof.name, module) not in self.fitting:
            statuses = self._tried(proof, module, "")
            self.fitting[proof.name, module] = statuses != [] and set(statuses) == {"pass"}
        return self.fitting[proof.name, module]

    def _tried(self, proof: Proof, module: str, mutation: str) -> list[sby.Status]:
        """Return what became of each run on a module with a mutation; none: it cannot be read."""
        try:
            text = self._gates(proof.block, module, mutation)
            tasks = proof.searches({proof.block: text}, DEPTH, _TIMEOUT_S)
            return [verdict.status for verdict in sby.run(tasks, self.folder, self.cache, 1)]
        except CheckFailedError:
            return []

    def _gates(self, block: str, module: str, mutation: str) -> str:
        """Return what Yosys makes of a block, with a mutation, under the block's own header."""
        path = self.folder / "block.v"
        commands = [
            *netlist.elaborated(self.description),
            f"hierarchy -check -top {module}",
            "setattr -set keep 1 w:*",  # the properties name some
            *netlist.FLAT,
            f"rename -top {block}",
            *([mutation.replace("-module @ ", f"-module {block} ")] if mutation else []),
            "setattr -unset keep w:*",
            f"write_verilog -noattr {path.absolute()}",
        ]
        netlist.yosys(commands, self.rtl, self.folder / "block.log")
        header = re.search(_HEADER.format(block=block), self.library[block], re.M | re.S)
        if header is None:
            raise CheckFailedError(f"{block}: the header of its module was not found")
        given = self._modules[module].get("parameter_default_values", {})
        same = "".join(
            f'  if ({name} != {int(bits, 2)}) $fatal(1, "{name} is %0d", {name});\n'
            for name, bits in given.items()
            if re.fullmatch("[01]+", bits)
        )
        lines = path.read_text(encoding="utf-8").splitlines()
        ports = "|".join(self._modules[module]["ports"])
        declared = rf"  (input|output|wire|reg) (\[\d+:\d+\] )?({ports}) ?;"
        body = [line for line in lines if not re.fullmatch(declared, line)]
        start = next(i for i, line in enumerate(body) if line.startswith("module "))
        return "\n".join([header.group(), same, *body[start + 1 :], ""])


def _branches(block: str) -> list[dict[str, int]]:
    """Return settings of the properties for the branches that a block has: LUT or block RAM."""
    return [{"Lut": 1}, {"Lut": 0}] if "Lut" in parameters_of(block) else [{}]


def inside_of(mutant: NetlistMutant, instance: str) -> str:
    """Return Yosys' command that makes a mutant in the module ``@`` of an instance."""
    command = mutant.command.partition(f" -ctrl {netlist.SELECT} ")[2].split(" ", 2)[2]
    command = re.sub(r"-module \S+", "-module @", command)
    cell = command.partition(" -cell ")[2].split(" ", 1)[0]
    inner = cell.replace(f"$flatten\\{instance}.", "", 1)
    if not inner.startswith("$"):  # in an instance inside
        inner = f"$flatten{inner}"
    command = f"mutate {command}".replace(cell, inner, 1)
    part = re.search(r"\[(?:\d+:)?(\d+)\]$", inner)
    if part is None:
        return command
    # A part of a cell that Yosys split stands in the whole cell here.
    command = command.replace(inner, inner[: part.start()], 1)
    return re.sub(
        r"(-port [ABDQY] -portbit |-ctrlbit )(\d+)",
        lambda found: f"{found[1]}{int(found[2]) + int(part[1])}",
        command,
    )
