"""hls4ml's defects: what keeps each away is needed, and the README tells of them."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.fixed import FixedFormat
from hls4ml_defects import DEFECTS, Defect, markdown, two_outputs
from ladder import check_csim, check_reference, graph_from, samples, write, write_vectors
from qonnx_networks import Builder

pytest.importorskip("hls4ml")
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
ROOT = Path(__file__).parents[2]
SHOWN = {name: defect for name, defect in DEFECTS.items() if defect.network and defect.without}


def nothing(*_: Any, **__: Any) -> Any:
    return {}


def narrow_type(graph: Any, node: Any, what: str) -> FixedFormat:
    return FixedFormat(True, 6, 2)  # as hls4ml infers it: the finer of both fractions


def one_group(graph: Any, node: Any, groups: int) -> int:
    return groups


def own_nothing(graph: Any, node: Any) -> FixedFormat:
    return FixedFormat(True, 5, 1)


REPLACED = {
    "joints.result_type": narrow_type,
    "windows._one_group": one_group,
    "pooling._own": own_nothing,
}


def check(defect: Defect, path: Path) -> None:
    if defect.compiled:
        check_csim(path, defect.io)
    else:
        check_reference(graph_from(path, defect.io), path)


@needs_gxx
@pytest.mark.parametrize("name", SHOWN)
def test_what_keeps_it_away_is_needed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    defect = SHOWN[name]
    assert defect.network
    write(defect.shape, defect.network, tmp_path)
    check(defect, tmp_path)
    replacement = REPLACED.get(defect.without, nothing)
    monkeypatch.setattr(f"gatewright.frontend.{defect.without}", replacement)
    wrong = (GatewrightError,) if defect.fails else (AssertionError, CheckFailedError)
    with pytest.raises(wrong):
        check(defect, tmp_path)


def test_outputs_come_in_the_order_of_their_nodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = Builder()
    outputs = two_outputs(build, build.quant("input_quant", "x"))
    build.save_many(tmp_path / "m.onnx", {"x": (1, 4)}, outputs)
    write_vectors(tmp_path, [samples((4,), 10)])
    check_reference(graph_from(tmp_path, "io_parallel"), tmp_path)
    monkeypatch.setattr("gatewright.frontend.prepare.output_order", lambda graph: (0, 1))
    with pytest.raises(AssertionError, match="Arrays are not equal"):
        check_reference(graph_from(tmp_path, "io_parallel"), tmp_path)


def test_networks_without_a_function_of_their_own(tmp_path: Path) -> None:
    defect = DEFECTS["zero padding"]
    assert defect.network
    write(defect.shape, defect.network, tmp_path)
    graph = graph_from(tmp_path, "io_parallel")
    check_reference(graph, tmp_path)
    assert np.prod(graph[graph.outputs[0]].out.shape) == 2 * 3 * 5


def test_the_readme_tells_of_them() -> None:
    assert markdown() in (ROOT / "README.md").read_text()
