"""The table of operators: complete, and what refuses by it."""

from pathlib import Path

import onnx
import pytest

from gatewright.errors import GatewrightError
from gatewright.frontend import operators
from gatewright.frontend.prepare import prepare
from qonnx_networks import Builder

pytest.importorskip("hls4ml")
ROOT = Path(__file__).parents[2]
QONNX = ("Quant", "IntQuant", "BipolarQuant", "Trunc")


def refused(kind: str, tmp_path: Path, **attributes: object) -> str:
    """Return what is said of a network with one such node."""
    build = Builder()
    tensor = build.quant("input_quant", "x")
    path = build.save(tmp_path / "m.onnx", build.node(kind, "it", [tensor], **attributes), (1, 4))
    with pytest.raises(GatewrightError) as caught:
        prepare(path)
    assert list(tmp_path.iterdir()) == [path]  # before anything is generated
    return str(caught.value)


@pytest.mark.parametrize("kind", operators.REFUSED)
def test_refused_by_name(kind: str, tmp_path: Path) -> None:
    words = refused(kind, tmp_path)
    assert f"it: {kind}; {operators.REFUSED[kind]}" in words
    assert "Supported: Quant, IntQuant, BipolarQuant, Gemm, MatMul, Conv" in words


def test_folded_ones_are_refused_where_they_depend_on_the_input(tmp_path: Path) -> None:
    words = refused("Cast", tmp_path, to=onnx.TensorProto.FLOAT)
    assert "it: Cast of a value that depends on the input" in words


def test_every_operator_is_one_of_onnx_or_qonnx() -> None:
    for name in (*operators.SUPPORTED, *operators.FOLDED, *operators.REFUSED):
        ours = name in (*QONNX, "MultiHeadAttention")  # ONNX Runtime's
        assert ours or onnx.defs.has(name), name


def test_no_operator_stands_twice() -> None:
    names = [*operators.SUPPORTED, *operators.FOLDED, *operators.REFUSED]
    assert len(set(names)) == len(names)


def test_the_readme_has_the_table() -> None:
    assert operators.markdown() in (ROOT / "README.md").read_text()
