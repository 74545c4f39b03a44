"""A plan in a design file: the layers' keys, with the reason above each; all else stays."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from gatewright.design import Design
from gatewright.errors import GatewrightError
from gatewright.files import write_text
from gatewright.planner.plan import Choice, Plan
from gatewright.planner.yaml_text import FOLDING, with_layer

MARK = "# planned: "  # begins a line that a later plan replaces


def write(plan: Plan, design: Design, origins: dict[str, str], path: Path, head: str) -> None:
    """Write what a plan chose into a design's YAML file.

    Args:
        plan: The plan.
        design: The design as it was read, with what it is based on.
        origins: The name that a design file has for each of the graph's layers.
        path: The file, changed in place.
        head: What was asked and what the whole takes, for the line above the layers.

    Raises:
        GatewrightError: the file cannot be read, or not be changed at the layers' folding alone.
        NotRunError: it cannot be written.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            old = file.read()
        content = yaml.safe_load(old)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise GatewrightError(f"{path} cannot be read as YAML: {error}") from error
    # A key that is only inherited is taken back; one of the file itself goes.
    inherits = "based_on" in content or "<<" in old or "*" in old
    layers = {
        origins[one.candidate.layer]: _keys(
            one, design, origins[one.candidate.layer], inherits=inherits
        )
        for one in plan.choices
    }
    reasons = {origins[one.candidate.layer]: one.reason for one in plan.choices}
    text = _without_marks(old)
    try:
        for name, keys in layers.items():
            above = [f"{MARK}{head}"] if name == next(iter(layers)) else []
            text = with_layer(text, name, keys, [*above, f"{MARK}{reasons[name]}"])
        right = _is_planned(yaml.safe_load(text), content, layers)
    except yaml.YAMLError:
        right = False
    if not right:
        raise GatewrightError(
            f"{path}: the plan cannot be written without changing something else; write hls4ml: "
            "LayerName: and each layer under it out, without anchors, or take --no-write"
        )
    write_text(path, text)


def _without_marks(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith(MARK))


def _keys(choice: Choice, design: Design, name: str, *, inherits: bool) -> dict[str, str]:
    request = choice.candidate.request
    keys = {"Strategy": request.strategy.value.title()}
    inherited = design.hls4ml.LayerName.get(name) if inherits else None
    if request.pe is not None:
        keys |= {"PE": str(request.pe), "SIMD": str(request.simd)}
    elif inherited is not None and inherited.PE is not None:
        keys |= {"PE": "null", "SIMD": "null"}
    if request.adders_per_stage is not None:
        keys["AddersPerStage"] = str(request.adders_per_stage)
    elif inherited is not None and inherited.AddersPerStage is not None:
        keys["AddersPerStage"] = "null"
    return keys


def _is_planned(
    new: dict[str, Any], old: dict[str, Any], layers: Mapping[str, Mapping[str, str]]
) -> bool:
    """Whether a file's content has the folding asked for, and all else as before."""
    found = new["hls4ml"]["LayerName"]
    folded = all(
        str(found[name].get(key)) == given.replace("null", "None")
        for name, keys in layers.items()
        for key, given in keys.items()
    )
    return folded and _rest(new, layers) == _rest(old, layers)


def _rest(content: dict[str, Any], layers: Collection[str]) -> dict[str, Any]:
    """Return a file's content without the layers' folding."""
    hls4ml = content.get("hls4ml") or {}
    named = hls4ml.get("LayerName") or {}
    rest = {
        name: {key: value for key, value in given.items() if key not in FOLDING}
        if name in layers
        else given
        for name, given in named.items()
    }
    own = {name: given for name, given in rest.items() if given or name not in layers}
    return content | {"hls4ml": hls4ml | {"LayerName": own}}
