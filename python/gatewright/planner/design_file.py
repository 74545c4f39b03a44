"""A plan in a design file: the layers' keys, with the reason above each; all else stays."""

import io
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from gatewright.design import Design
from gatewright.errors import GatewrightError
from gatewright.files import write_text
from gatewright.planner.plan import Choice, Plan

MARK = "# planned: "  # begins a line that a later plan replaces
_FOLDING = ("Strategy", "ReuseFactor", "PE", "SIMD", "AddersPerStage")
_NEVER_BROKEN = 10_000  # columns of a line
_INDENTED = re.compile(r"^( *)[^\s-].*:\s*(?:#.*)?\n\1  - ", re.MULTILINE)  # items of a list


def write(plan: Plan, design: Design, origins: dict[str, str], path: Path, head: str) -> None:
    """Write what a plan chose into a design's YAML file.

    Args:
        plan: The plan.
        design: The design as it was read, with what it is based on.
        origins: The name that a design file has for each of the graph's layers.
        path: The file, changed in place.
        head: What was asked and what the whole takes, for the line above the layers.

    Raises:
        GatewrightError: the file cannot be read or written.
    """
    yaml = YAML()
    yaml.width = _NEVER_BROKEN
    yaml.preserve_quotes = True
    try:
        text = path.read_text(encoding="utf-8")
        if _INDENTED.search(text):
            yaml.indent(mapping=2, sequence=4, offset=2)
        content = yaml.load(_without_marks(text)) or CommentedMap()
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise GatewrightError(f"{path} cannot be read as YAML: {error}") from error
    layers = _map(_map(content, "hls4ml"), "LayerName")
    for choice in plan.choices:
        name = origins[choice.candidate.layer]
        given = _map(layers, name)
        for key in _FOLDING:
            given.pop(key, None)
        given.update(_keys(choice, design, name))
        given.fa.set_flow_style()
    _comment(layers, {origins[one.candidate.layer]: one.reason for one in plan.choices}, head)
    stream = io.StringIO()
    yaml.dump(content, stream)
    write_text(path, stream.getvalue())


def _without_marks(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith(MARK))


def _map(parent: CommentedMap, key: str) -> CommentedMap:
    """Return the mapping under a key, an empty one where there was none."""
    if not isinstance(parent.get(key), CommentedMap):
        parent[key] = CommentedMap()
    child: CommentedMap = parent[key]
    return child


def _keys(choice: Choice, design: Design, name: str) -> dict[str, Any]:
    request = choice.candidate.request
    keys: dict[str, Any] = {"Strategy": request.strategy.value.title()}
    inherited = design.hls4ml.LayerName.get(name)
    if request.pe is not None:
        keys |= {"PE": request.pe, "SIMD": request.simd}
    elif inherited is not None and inherited.PE is not None:
        keys |= {"PE": None, "SIMD": None}  # of a design that this one is based on
    if request.adders_per_stage is not None:
        keys["AddersPerStage"] = request.adders_per_stage
    elif inherited is not None and inherited.AddersPerStage is not None:
        keys["AddersPerStage"] = None
    return keys


def _comment(layers: CommentedMap, reasons: dict[str, str], head: str) -> None:
    """Put the reasons above the layers, and what the whole takes above the first one."""
    first = next(iter(reasons))
    for name, reason in reasons.items():
        text = f"{MARK[2:]}{reason}"
        if name == first:
            text = f"{MARK[2:]}{head}\n{text}"
        layers.yaml_set_comment_before_after_key(name, before=text, indent=4)
