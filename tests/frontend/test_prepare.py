from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gatewright.errors import GatewrightError
from gatewright.fixed import parse_format
from gatewright.frontend.prepare import prepare
from qonnx_networks import Builder, layer, mlp, random_reals

pytest.importorskip("qonnx")


def executed(model: object, x: np.ndarray) -> np.ndarray:
    """Run an ONNX model through QONNX execution, one sample after the other."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    wrapper = ModelWrapper(model).transform(InferShapes())
    name, out = wrapper.graph.input[0].name, wrapper.graph.output[0].name
    rows = [execute_onnx(wrapper, {name: row[None].astype(np.float32)})[out] for row in x]
    return np.concatenate(rows)


def test_names_survive_and_the_first_quantiser_is_the_input_type(tmp_path: Path) -> None:
    prepared = prepare(mlp(tmp_path / "m.onnx"))
    assert prepared.layers == ("fc1", "relu1", "fc2")
    assert prepared.inputs == {"global_in": parse_format("ufixed<4,0,RND_CONV,SAT>")}
    kinds = {node.op_type for node in prepared.model.graph.node}
    assert kinds == {"Quant", "MatMul", "Add", "Relu"}


def test_values_stay(tmp_path: Path) -> None:
    path = mlp(tmp_path / "m.onnx")
    x = random_reals(20, 12)
    np.testing.assert_array_equal(executed(prepare(path).model, x), executed(str(path), x))


def test_forms_of_a_layer(tmp_path: Path) -> None:
    """Gemm without C, Gemm without transB, MatMul and Add with the constant first."""
    build = Builder()
    tensor = build.quant("input_quant", "x", signed=0)
    rng = np.random.default_rng(3)

    def weight(name: str, shape: tuple[int, int]) -> str:
        constant = build.constant(f"{name}_w", rng.integers(-7, 8, shape) / 4)
        return build.quant(f"{name}_wq", constant, bits=4, scale=0.25)

    tensor = build.node("Gemm", "one", [tensor, weight("one", (6, 8))], transB=1)
    tensor = build.quant("one_quant", tensor, bits=6, scale=0.25)
    tensor = build.node("Gemm", "two", [tensor, weight("two", (6, 5))])
    tensor = build.quant("two_quant", tensor, bits=6, scale=0.5)
    tensor = build.node("MatMul", "three", [tensor, weight("three", (5, 3))])
    # Without a quantiser, but exact in a few bits.
    bias = build.constant("b", [0.5, -1.25, 3.0])
    tensor = build.node("Add", "add", [bias, tensor])
    path = build.save(tmp_path / "m.onnx", tensor, (1, 8))
    prepared = prepare(path)
    assert prepared.layers == ("one", "two", "three")
    x = random_reals(20, 8)
    np.testing.assert_array_equal(executed(prepared.model, x), executed(str(path), x))


def test_a_dynamic_batch_axis_and_awkward_names(tmp_path: Path) -> None:
    build = Builder()
    tensor = build.quant("", "x", signed=0)
    tensor = layer(build, "/net/fc.1", tensor, (4, 3))
    path = build.save(tmp_path / "m.onnx", tensor, ("batch", 4))
    assert prepare(path).layers == ("net_fc_1",)


def test_an_image_is_flattened_in_order(tmp_path: Path) -> None:
    build = Builder()
    tensor = build.quant("input_quant", "x", signed=0)
    tensor = build.node("Flatten", "flat", [tensor])
    tensor = layer(build, "fc1", tensor, (6, 3))
    prepared = prepare(build.save(tmp_path / "m.onnx", tensor, (1, 1, 2, 3)))
    assert prepared.layers == ("fc1",)


Refused = Callable[[Builder, str], str]


def quantiser(**wrong: object) -> Refused:
    return lambda build, x: build.quant("relu1_quant", x, **wrong)


def bias_of(value: list[float]) -> Refused:
    def build_it(build: Builder, x: str) -> str:
        weight = build.constant("w", np.ones((3, 4)))
        return build.node("Gemm", "fc9", [x, weight, build.constant("b", value)], transB=1)

    return build_it


REFUSED: dict[str, tuple[Refused, list[str]]] = {
    "operator": (
        lambda build, x: build.node("Det", "act", [x]),
        [
            "act: Det; build it from the operators below",
            "Supported: Quant, IntQuant, BipolarQuant, Gemm",
        ],
    ),
    "scale": (quantiser(scale=0.3), ["relu1_quant", "0.300000012 is not a power of two", "0.25"]),
    "negative scale": (quantiser(scale=-0.5), ["relu1_quant", "-0.5 is not a power of two"]),
    "scales": (
        quantiser(scale=[[0.5, 0.3, 0.25, 0.25]]),
        ["relu1_quant", "4 scales from 0.25 to 0.5", "PerTensor"],
    ),
    "rounding": (
        quantiser(rounding_mode="TRUNCATE"),
        ["relu1_quant", "rounding mode 'TRUNCATE'", "ROUND, HALF_EVEN, FLOOR, DOWN"],
    ),
    "zero point": (quantiser(zero=3.0), ["relu1_quant", "zero point 3.0", "allowed: 0"]),
    "half a bit": (quantiser(bits=2.5), ["relu1_quant", "bit width 2.5", "1 to 32"]),
    "bits": (quantiser(bits=40), ["relu1_quant", "bit width 40"]),
    "float bias": (bias_of([0.1, 0.2, 0.7]), ["fc9", "bias", "without quantiser", "24"]),
    "infinite bias": (bias_of([np.inf, 0, 0]), ["fc9: bias", "not finite"]),
    "dynamic": (
        lambda build, x: build.node(
            "MatMul", "dot", [x, build.node("Relu", "other", ["input_quant_tensor"])]
        ),
        ["dot: weight of MatMul depends on the input"],
    ),
    "scaled gemm": (
        lambda build, x: layer(build, "fc9", x, (4, 3), alpha=0.5),
        ["fc9", "alpha, beta = 0.5, 1"],
    ),
    "transpose": (
        lambda build, x: build.node("Transpose", "turn", [x], perm=[1, 0]),
        ["turn", "Transpose [1, 0] of shape (1, 4)"],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    add, words = REFUSED[case]
    build = Builder()
    tensor = build.quant("input_quant", "x", signed=0)
    shape = (4, 4) if case == "dynamic" else (1, 4)
    path = build.save(tmp_path / "m.onnx", add(build, tensor), shape)
    with pytest.raises(GatewrightError) as caught:
        prepare(path)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("mode", ["CEIL", "UP"])
def test_rounding_the_input_up_is_refused(mode: str, tmp_path: Path) -> None:
    build = Builder()
    tensor = build.quant("input_quant", "x", rounding_mode=mode)
    with pytest.raises(GatewrightError, match=f"input_quant: rounding mode '{mode}'"):
        prepare(build.save(tmp_path / "m.onnx", tensor, (1, 4)))


def test_the_input_needs_one_quantiser(tmp_path: Path) -> None:
    build = Builder()
    path = build.save(tmp_path / "m.onnx", layer(build, "fc1", "x", (4, 3)), (1, 4))
    with pytest.raises(GatewrightError, match="fc1: MatMul reads the network's input x before"):
        prepare(path)


@pytest.mark.parametrize(
    ("inputs", "shape", "words"),
    [(2, (1, 4), "input x1: no node reads it"), (1, ("n", "m"), "axes")],
)
def test_shapes_refused(inputs: int, shape: tuple[object, ...], words: str, tmp_path: Path) -> None:
    build = Builder()
    tensor = build.quant("input_quant", "x")
    with pytest.raises(GatewrightError, match=words):
        prepare(build.save(tmp_path / "m.onnx", tensor, shape, inputs))


def test_not_an_onnx_file(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    with pytest.raises(GatewrightError, match="no such file"):
        prepare(path)
    for content in (b"", b"\x89PNG\r\n", b"not an onnx file at all"):
        path.write_bytes(content)
        with pytest.raises(GatewrightError, match="is not an ONNX file"):
            prepare(path)
