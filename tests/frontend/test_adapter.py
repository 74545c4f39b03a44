"""From a prepared network to the hardware graph, without compiling anything."""

import logging
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatewright import reference
from gatewright.errors import GatewrightError
from gatewright.fixed import (
    FixedFormat,
    Overflow,
    Rounding,
    dequantize,
    parse_format,
    quantize,
)
from gatewright.frontend import graph_of, plugin
from gatewright.frontend.adapter import fixed_format
from gatewright.frontend.hls_step import Target, convert
from gatewright.frontend.prepare import prepare
from gatewright.graph import Dense, Depthwise, Elementwise, Function, Graph, Strategy, sum_range
from image_networks import network
from qonnx_networks import Builder, layer, mlp, random_reals

pytest.importorskip("hls4ml")

TARGET = Target("small", 5.0, "xcvu13p-flga2577-2-e", "io_parallel")


def converted(path: Path, settings: dict[str, Any] | None = None, io: str = "io_parallel") -> Any:
    """Convert a network as the hls step does."""
    target = Target(TARGET.project, TARGET.clock_period, TARGET.part, io)
    return convert(prepare(path), settings or {}, target, path.parent)


def graph_from(path: Path, settings: dict[str, Any] | None = None) -> Graph:
    return graph_of(converted(path, settings))


def layer_settings(**values: Any) -> dict[str, Any]:
    return {"LayerName": {"fc1": values}}


@pytest.mark.parametrize("io", ["io_parallel", "io_stream"])
def test_the_graph(io: str, tmp_path: Path) -> None:
    graph = graph_of(converted(mlp(tmp_path / "m.onnx"), io=io))
    assert [node.name for node in graph.nodes] == ["global_in", "fc1", "relu1", "fc2"]
    assert [node.origin for node in graph.nodes] == ["global_in", "fc1", "relu1", "fc2"]
    assert graph.outputs == ("fc2",)
    assert graph["global_in"].out.format == parse_format("ufixed<4,0,RND_CONV,SAT>")
    relu = graph["relu1"]
    assert isinstance(relu, Elementwise)
    assert relu.function is Function.RELU
    assert relu.out.format == parse_format("ufixed<5,3,RND_CONV,SAT>")
    fc1 = graph["fc1"]
    assert isinstance(fc1, Dense)
    rng = np.random.default_rng(2)  # as the network was made
    np.testing.assert_array_equal(fc1.weight, rng.integers(-15, 16, (8, 12)))
    np.testing.assert_array_equal(fc1.bias, rng.integers(-128, 128, 8))
    assert fc1.weight_format == parse_format("fixed<5,2,RND_CONV,SAT_SYM>")


def test_the_graph_gives_what_qonnx_execution_gives(tmp_path: Path) -> None:
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx

    path = mlp(tmp_path / "m.onnx", (12, 8, 6, 5))
    graph = graph_from(path)
    x = random_reals(100, 12)
    wrapper = ModelWrapper(prepare(path).model)
    name = wrapper.graph.output[0].name
    rows = [execute_onnx(wrapper, {"global_in": r[None].astype(np.float32)})[name] for r in x]
    inputs = quantize(x.astype(np.float32).astype(np.float64), graph.nodes[0].out.format)
    got = dequantize(reference.outputs(graph, inputs), graph[graph.outputs[0]].out.format)
    np.testing.assert_array_equal(got, np.concatenate(rows))


def test_the_result_depends_on_the_rounding(tmp_path: Path) -> None:
    """The comparison above can fail: with RND for RND_CONV it does."""
    graph = graph_from(mlp(tmp_path / "m.onnx", (12, 8, 6, 5)))
    first = graph.nodes[0].out.format
    ties = (np.arange(1200).reshape(100, 12) % 31) / 32
    other = parse_format(str(first).replace("RND_CONV", "RND"))
    assert (quantize(ties, first) != quantize(ties, other)).any()


def test_reuse_factor_by_hls4mls_rule(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    settings = {"Model": {"ReuseFactor": 5}, "LayerName": {"fc2": {"Strategy": "Latency"}}}
    graph = graph_from(mlp(tmp_path / "m.onnx"), settings)
    for name, strategy in (("fc1", Strategy.RESOURCE), ("fc2", Strategy.LATENCY)):
        node = graph[name]
        assert isinstance(node, Dense)
        request = node.request
        assert (request.asked_reuse_factor, request.reuse_factor) == (5, 4)
        assert request.strategy is strategy
        assert f"{name}: ReuseFactor 5 does not divide the layer; using 4" in caplog.text


def test_a_valid_reuse_factor_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    graph = graph_from(mlp(tmp_path / "m.onnx"), {"Model": {"ReuseFactor": 4}})
    node = graph["fc1"]
    assert isinstance(node, Dense)
    assert (node.request.asked_reuse_factor, node.request.reuse_factor) == (None, 4)
    assert not caplog.records


def test_pe_and_simd(tmp_path: Path) -> None:
    node = graph_from(mlp(tmp_path / "m.onnx"), layer_settings(PE=3, SIMD=5))["fc1"]
    assert isinstance(node, Dense)
    assert (node.request.pe, node.request.simd) == (3, 5)


def test_a_defaulted_accumulator_is_widened(tmp_path: Path) -> None:
    """What a configuration leaves out is hls4ml's default for the whole model."""
    plugin.load()
    from hls4ml.converters import convert_from_onnx_model
    from hls4ml.utils import config_from_onnx_model
    from qonnx.core.modelwrapper import ModelWrapper

    wrapper = ModelWrapper(prepare(mlp(tmp_path / "m.onnx")).model)
    config = config_from_onnx_model(
        wrapper, granularity="name", backend="Gatewright", default_precision="fixed<8,3>"
    )
    del config["LayerName"]["fc1"]["Precision"]["accum"]
    model = convert_from_onnx_model(
        wrapper, output_dir=str(tmp_path / "out"), backend="Gatewright", hls_config=config
    )
    found = re.fullmatch(
        r"ap_fixed<(\d+),(\d+)>",
        str(model.graph["Dense_fc1"].types["accum_t"].precision.definition_cpp()),
    )
    assert found
    accumulator = FixedFormat(True, int(found[1]), int(found[2]))
    fc1 = graph_of(model)["fc1"]
    assert isinstance(fc1, Dense)
    assert accumulator.contains(sum_range(fc1, graph_of(model)["global_in"].out.format).total)
    # The input's type was left out too: it is the first quantiser's.
    assert graph_of(model)["global_in"].out.format == parse_format("ufixed<4,0,RND_CONV,SAT>")


def test_a_bias_that_is_not_merged_is_a_scale_and_bias(tmp_path: Path) -> None:
    """A Precision for the whole model keeps hls4ml from merging a bias: it becomes ApplyAlpha."""
    plugin.load()
    from hls4ml.converters import convert_from_onnx_model
    from qonnx.core.modelwrapper import ModelWrapper

    model = convert_from_onnx_model(
        ModelWrapper(prepare(mlp(tmp_path / "m.onnx")).model),
        output_dir=str(tmp_path / "out"),
        backend="Gatewright",
        hls_config={"Model": {"Precision": "fixed<16,8>", "ReuseFactor": 1}},
    )
    bias = graph_of(model)["bn_fc1_bias"]
    assert isinstance(bias, Depthwise)
    assert (bias.weight == 1 << bias.weight_format.fraction).all()


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "lossy accumulator": (
        layer_settings(Precision={"accum": "fixed<10,6>"}),
        r"fc1: accumulator fixed<10,6,TRN,WRAP> loses .*accum: 'fixed<\d+,\d+>'",
    ),
    "saturating accumulator": (
        layer_settings(Precision={"accum": "fixed<9,2,TRN,SAT>"}),
        "fc1: accumulator",
    ),
    "misspelt strategy": (
        layer_settings(Strategy="Resorce"),
        "fc1: Strategy 'Resorce' is not supported; allowed: Latency, Resource",
    ),
    "hls4ml's other strategy": (
        layer_settings(Strategy="Resource_Unrolled"),
        "fc1: Strategy 'Resource_Unrolled' is one of hls4ml's but not supported",
    ),
    "unknown layer": ({"LayerName": {"fc3": {}}}, "did you mean 'fc.'.* Allowed: fc1, relu1, fc2"),
    "unknown key": (
        layer_settings(ReuseFacter=3),
        "fc1: unknown name 'ReuseFacter'; did you mean 'ReuseFactor'",
    ),
    "key of another layer": (
        {"LayerName": {"relu1": {"ReuseFactor": 3}}},
        "relu1: unknown name 'ReuseFactor'.* Allowed: Precision",
    ),
    "unknown section": ({"Layers": {}}, "Allowed: Model, LayerName"),
    "reuse factor 0": (layer_settings(ReuseFactor=0), "fc1: ReuseFactor is 0; allowed: whole"),
    "reuse factor text": ({"Model": {"ReuseFactor": "4"}}, "Model: ReuseFactor is '4'"),
    "pe": (layer_settings(PE=9, SIMD=1), "fc1: PE is 9; allowed: 1 to 8"),
    "simd": (layer_settings(PE=1, SIMD=13), "fc1: SIMD is 13; allowed: 1 to 12"),
    "fewer than no adders": (
        layer_settings(Strategy="Distributed_Arithmetic", AddersPerStage=-1),
        "fc1: AddersPerStage is -1; allowed: whole numbers from 1",
    ),
    "adders of a folded layer": (
        layer_settings(Strategy="Resource", AddersPerStage=3),
        "fc1: AddersPerStage is of unrolled layers; the Strategy is Resource: take Distributed_A",
    ),
    "model precision": ({"Model": {"Precision": "fixed<8,3>"}}, "types come from the network's"),
    "weight precision": (
        layer_settings(Precision={"weight": "fixed<8,3>"}),
        "fc1: Precision: unknown name 'weight'.* Allowed: result, accum",
    ),
    "format": (
        layer_settings(Precision="float"),
        "fc1: Precision.*'float' is not a fixed-point format",
    ),
    "rounding": (
        layer_settings(Precision="fixed<8,3,UP>"),
        "fc1: Precision.*unknown rounding mode 'UP'",
    ),
    "wrap_sm": (layer_settings(Precision="fixed<8,3,TRN,WRAP_SM>"), "hls4ml has no WRAP_SM"),
    "not a mapping": ({"LayerName": ["fc1"]}, "LayerName must be a mapping"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    settings, words = REFUSED[case]
    with pytest.raises(GatewrightError) as caught:
        converted(mlp(tmp_path / "m.onnx"), settings)
    assert re.search(words, str(caught.value)), str(caught.value)
    assert not (tmp_path / "firmware").exists()  # refused before anything was generated


@pytest.mark.parametrize(
    ("period", "given", "adders"), [(5.0, {}, 1), (10.0, {}, 2), (5.0, {"AddersPerStage": 3}, 3)]
)
def test_the_clock_decides_the_adders_per_stage(
    period: float, given: dict[str, int], adders: int, tmp_path: Path
) -> None:
    settings = layer_settings(Strategy="Distributed_Arithmetic", **given)
    target = Target("small", period, TARGET.part, "io_parallel")
    graph = graph_of(convert(prepare(mlp(tmp_path / "m.onnx")), settings, target, tmp_path))
    fc1, fc2 = graph["fc1"], graph["fc2"]
    assert isinstance(fc1, Dense)
    assert isinstance(fc2, Dense)
    assert fc1.request.adders_per_stage == adders
    assert fc2.request.adders_per_stage is None  # folded


def test_what_an_unrolled_layer_does_not_use_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "gatewright")
    settings = layer_settings(Strategy="Distributed_Arithmetic", PE=2)
    graph_of(convert(prepare(mlp(tmp_path / "m.onnx")), settings, TARGET, tmp_path))
    assert "fc1: unrolled, a vector per cycle: its PE and SIMD are not used" in caplog.text


def test_the_accumulator_that_the_refusal_names_does(tmp_path: Path) -> None:
    path = mlp(tmp_path / "m.onnx")
    with pytest.raises(GatewrightError) as caught:
        converted(path, layer_settings(Precision={"accum": "fixed<10,6>"}))
    found = re.search(r"accum: '(fixed<\d+,\d+>)'", str(caught.value))
    assert found
    converted(path, layer_settings(Precision={"accum": found[1]}))
    width = parse_format(found[1]).width
    integer = parse_format(found[1]).integer
    with pytest.raises(GatewrightError, match="accumulator"):
        converted(path, layer_settings(Precision={"accum": f"fixed<{width - 1},{integer - 1}>"}))


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("overflow", [mode for mode in Overflow if mode is not Overflow.WRAP_SM])
def test_every_mode_is_read(rounding: Rounding, overflow: Overflow) -> None:
    from hls4ml.model.types import FixedPrecisionType

    precision = FixedPrecisionType(9, 4, False, f"AP_{rounding.value}", f"AP_{overflow.value}")
    fmt = fixed_format(precision, "here")
    assert (fmt.rounding, fmt.overflow) == (rounding, overflow)
    assert (fmt.signed, fmt.width, fmt.integer) == (False, 9, 4)


def test_types_refused_by_name() -> None:
    from hls4ml.model import types

    for precision, words in (
        (types.XnorPrecisionType(), "XnorPrecisionType"),
        (types.ExponentPrecisionType(), "ExponentPrecisionType"),
        (types.StandardFloatPrecisionType(), "float"),
        (types.FixedPrecisionType(8, 3, True, "TRN", "WRAP", 2), "2 saturated bits; allowed: 0"),
    ):
        with pytest.raises(GatewrightError, match=words):
            fixed_format(precision, "fc1: weight")


def test_another_backends_model_has_no_graph(tmp_path: Path) -> None:
    from hls4ml.converters import convert_from_onnx_model
    from qonnx.core.modelwrapper import ModelWrapper

    build = Builder()
    tensor = layer(build, "fc1", build.quant("input_quant", "x", signed=0), (4, 3))
    path = build.save(tmp_path / "m.onnx", tensor, (1, 4))
    model = convert_from_onnx_model(
        ModelWrapper(prepare(path).model),
        output_dir=str(tmp_path),
        backend="Vitis",
        hls_config={"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1}},
    )
    with pytest.raises(GatewrightError, match="made with backend 'Vitis'"):
        graph_of(model)


def test_a_result_that_the_network_quantises_stays(tmp_path: Path) -> None:
    build = Builder()
    tensor = layer(build, "fc1", build.quant("input_quant", "x", signed=0), (4, 3))
    tensor = build.quant("fc1_quant", tensor, bits=6, scale=0.5)
    path = build.save(tmp_path / "m.onnx", tensor, (1, 4))
    assert graph_from(path)["fc1"].out.format == parse_format("fixed<6,5,RND_CONV,SAT>")
    with pytest.raises(GatewrightError, match="fc1: its result is quantised to fixed<6,5"):
        converted(path, layer_settings(Precision="fixed<9,5>"))


def test_a_type_in_front_of_a_computed_one_is_refused(tmp_path: Path) -> None:
    def add(build: Builder, x: str) -> str:
        x = layer(build, "fc1", x, (4, 3))
        x = build.node("Relu", "relu1", [x])  # nothing quantises it
        return layer(build, "fc2", x, (3, 2))

    path = network(tmp_path / "m.onnx", (4,), add)
    converted(path, {})
    for name in ("fc1", "relu1"):
        settings = {"LayerName": {name: {"Precision": "fixed<8,3>"}}}
        with pytest.raises(GatewrightError, match=f"{name}: Precision .* relu1, .* leave the"):
            converted(path, settings)
    converted(path, {"LayerName": {"fc2": {"Precision": "fixed<8,3>"}}})


def test_a_network_that_computes_nothing_is_refused(tmp_path: Path) -> None:
    path = network(tmp_path / "m.onnx", (4,), lambda build, x: x)
    with pytest.raises(GatewrightError, match="nothing to build"):
        converted(path, {})
