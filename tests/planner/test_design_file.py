"""A plan in a design file: reasons above the layers, nothing else changed, replaced by the next."""

from pathlib import Path

import pytest
import yaml

import networks
from gatewright import design as designs
from gatewright.errors import GatewrightError
from gatewright.estimate.model import fitted
from gatewright.planner import design_file
from gatewright.planner.plan import Plan, Planner
from gatewright.planner.search import Budget
from gatewright.planner.targets import Target

DESIGN = """\
# A network of two layers.
network: {name: mlp, options: {layers: [12, 8, 4]}}   # small
data: {name: digits, validation: 200}
train:
  seed: 1
  steps:
    - technique: float
      epochs: 1        # few
description: "Two: layers"
hls4ml:
  Part: xc7a35tcpg236-1
  LayerName:
    fc1: {ReuseFactor: 12, Precision: {result: "fixed<16,8>"}}  # the first one
"""
NAMES = {"fc1": "fc1", "fc2": "fc2"}


def plan(interval: int, core: str = "folded", adders: int = 2) -> Plan:
    made = Planner(networks.mlp((12, 8, 4)), fitted(), [core], adders_per_stage=adders)
    return made.plan(Target("", interval=interval), Budget())


def written(path: Path, interval: int, made: Plan | None = None) -> str:
    design = designs.load(str(path))
    design_file.write(made or plan(interval), design, NAMES, path, f"ii={interval}")
    return path.read_text(encoding="utf-8")


def test_only_the_folding_changes(tmp_path: Path) -> None:
    path = tmp_path / "small.yml"
    path.write_text(DESIGN, encoding="utf-8")
    text = written(path, 24)
    assert text.startswith(DESIGN[: DESIGN.index("    fc1:")])
    assert "# the first one" in text
    found = designs.load(str(path)).hls4ml
    assert found.Part == "xc7a35tcpg236-1"
    assert found.LayerName["fc1"].Precision == {"result": "fixed<16,8>"}
    for choice in plan(24).choices:
        layer = found.LayerName[choice.candidate.layer]
        request = choice.candidate.request
        assert (layer.PE, layer.SIMD, layer.ReuseFactor) == (request.pe, request.simd, None)
        assert f"    # planned: {choice.reason}\n    {choice.candidate.layer}:" in text


def test_a_list_keeps_its_indent(tmp_path: Path) -> None:
    path = tmp_path / "small.yml"
    flat = DESIGN.replace(
        "    - technique: float\n      epochs", "  - technique: float\n    epochs"
    )
    assert flat != DESIGN
    path.write_text(flat, encoding="utf-8")
    assert written(path, 24).startswith(flat[: flat.index("    fc1:")])


def test_the_next_plan_replaces_the_last_one(tmp_path: Path) -> None:
    path = tmp_path / "small.yml"
    path.write_text(DESIGN, encoding="utf-8")
    first = written(path, 24)
    assert written(path, 96) != first
    assert written(path, 24) == first
    assert first.count("# planned: ") == 3


def test_a_design_based_on_another(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_text("based_on: digits_mlp\n", encoding="utf-8")
    written(path, 24)
    assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) == {"based_on", "hls4ml"}
    found = designs.load(str(path))
    assert found.network is not None
    assert plan(24).choices[0].candidate.request.pe == found.hls4ml.LayerName["fc1"].PE


def test_the_depth_of_unrolled_layers_is_written_and_taken_back(tmp_path: Path) -> None:
    pytest.importorskip("alkaid.cmvm", reason="the extra 'unrolled' is not installed")
    path = tmp_path / "small.yml"
    path.write_text(DESIGN, encoding="utf-8")
    written(path, 1, plan(1, "unrolled", adders=3))
    layers = designs.load(str(path)).hls4ml.LayerName
    assert {layer.AddersPerStage for layer in layers.values()} == {3}
    based = tmp_path / "based.yml"
    based.write_text("based_on: digits_mlp_unrolled\n", encoding="utf-8")
    written(based, 1, plan(1, "unrolled", adders=3))
    written(based, 24)
    layers = designs.load(str(based)).hls4ml.LayerName
    assert {layer.AddersPerStage for layer in layers.values()} == {None}


LAYERS = """\
    fc1:
      # why the first one is so
      ReuseFactor: 12   # eight multipliers
      Precision: {result: "fixed<16,8>"}   # wide
    # the second
    fc2: {PE: 2, SIMD: 1}     # sixteen cycles
"""


def test_comments_of_keys_in_lines_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "small.yml"
    path.write_text(DESIGN[: DESIGN.index("    fc1:")] + LAYERS, encoding="utf-8")
    text = written(path, 24)
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("# planned")]
    first, second = (choice.candidate.request for choice in plan(24).choices)
    folding = f"{{Strategy: Resource, PE: {second.pe}, SIMD: {second.simd}}}"
    assert lines[lines.index("  LayerName:") + 1 :] == [
        "    fc1:",
        "      # why the first one is so",
        "      Strategy: Resource",
        f"      PE: {first.pe}",
        f"      SIMD: {first.simd}",
        "      # eight multipliers",
        '      Precision: {result: "fixed<16,8>"}   # wide',
        "    # the second",
        f"    fc2: {folding}     # sixteen cycles",
    ]
    assert written(path, 24) == text


@pytest.mark.parametrize(
    "layers",
    [
        "    fc1: &all {PE: 2, SIMD: 1}\n    fc2: *all\n",
        "    fc1: &all\n      PE: 2\n      SIMD: 1\n    fc2:\n      <<: *all\n      SIMD: 2\n",
        "    fc2: {PE: 2, SIMD: 1}\n",
        "    fc2: {\n      PE: 2,  # two\n      SIMD: 1,\n    }\n",
    ],
)
def test_each_layer_gets_its_own_folding(tmp_path: Path, layers: str) -> None:
    path = tmp_path / "small.yml"
    path.write_text(DESIGN[: DESIGN.index("    fc1:")] + layers, encoding="utf-8")
    text = written(path, 24)
    found = designs.load(str(path)).hls4ml.LayerName
    for choice in plan(24).choices:
        layer, request = found[choice.candidate.layer], choice.candidate.request
        assert [request.pe, request.simd] == [layer.PE, layer.SIMD]
    assert ("# two" in text) == ("# two" in layers)


@pytest.mark.parametrize(
    "head",
    [
        "# before\n---\n# top\nhls4ml:\n    Model:\n        Strategy: Resource   # all\n",
        "based_on: digits_mlp\r\nhls4ml:\r\n  ClockPeriod: 5.0   # ns\r\n",
        "hls4ml:\n  Part: &part xc7a35tcpg236-1\n  # no layer yet\n",
    ],
)
def test_the_rest_is_kept_to_the_byte(tmp_path: Path, head: str) -> None:
    path = tmp_path / "small.yml"
    rest = DESIGN[: DESIGN.index("hls4ml:")] if "based_on" not in head else ""
    path.write_bytes((head + rest).encode())
    design = designs.load(str(path))
    design_file.write(plan(24), design, NAMES, path, "")
    text = path.read_bytes().decode()
    added = [line for line in text.splitlines(keepends=True) if line not in head + rest]
    assert [line for line in text.splitlines(keepends=True) if line not in added] == (
        head + rest
    ).splitlines(keepends=True)
    assert {line.split(":")[0].strip() for line in added} == {"LayerName", "# planned", *NAMES}
    assert designs.load(str(path)).hls4ml.LayerName["fc1"].PE is not None


def test_layers_in_braces(tmp_path: Path) -> None:
    path = tmp_path / "small.yml"
    own = 'hls4ml: {Part: a, LayerName: {fc1: {PE: 2, SIMD: 1, Precision: "ap<8,4>"}}}  # all\n'
    path.write_text(DESIGN[: DESIGN.index("hls4ml:")] + own, encoding="utf-8")
    assert "hls4ml:  # all\n  Part: a\n  LayerName:\n    # planned" in written(path, 24)
    assert designs.load(str(path)).hls4ml.LayerName["fc1"].Precision == "ap<8,4>"


def test_what_another_key_shares_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "small.yml"
    layers = "    fc1: &all {PE: 2, SIMD: 1}\n    other: *all\n"
    path.write_text(DESIGN[: DESIGN.index("    fc1:")] + layers, encoding="utf-8")
    before = path.read_text(encoding="utf-8")
    with pytest.raises(GatewrightError, match="without changing something else"):
        written(path, 24)
    assert path.read_text(encoding="utf-8") == before


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "small.yml"
    path.write_text(DESIGN, encoding="utf-8")
    design = designs.load(str(path))
    path.write_text("a: [", encoding="utf-8")
    with pytest.raises(GatewrightError, match="cannot be read as YAML"):
        design_file.write(plan(24), design, NAMES, path, "")
    assert path.read_text(encoding="utf-8") == "a: ["
