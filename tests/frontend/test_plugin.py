"""``backend="Gatewright"`` in scripts of the user's own, as hls4ml finds it."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

from gatewright import frontend, reference
from gatewright.errors import GatewrightError
from gatewright.fixed import dequantize, quantize
from gatewright.frontend import plugin
from gatewright.graph import Dense, Elementwise
from qonnx_networks import mlp

pytest.importorskip("hls4ml")
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")

# What a user of hls4ml writes: nothing of this package but the backend's name (and graph_of).
SCRIPT = """
import sys
import hls4ml
import numpy as np
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.gemm_to_matmul import GemmToMatMul
from qonnx.util.cleanup import cleanup_model

path, out, vectors = sys.argv[1:]
model = cleanup_model(cleanup_model(ModelWrapper(path)).transform(GemmToMatMul()))
config = hls4ml.utils.config_from_onnx_model(
    model, granularity="name", backend="Gatewright", default_reuse_factor=4
)
config["LayerName"]["MatMul_0"]["Strategy"] = "Resource"
config["LayerName"]["MatMul_1"]["GwPe"] = 5
config["LayerName"]["MatMul_1"]["GwSimd"] = 2
hls_model = hls4ml.converters.convert_from_onnx_model(
    model, output_dir=out, backend="Gatewright", hls_config=config
)
hls_model.compile()
x = np.random.default_rng(5).uniform(-0.2, 1.3, (200, 12))
y = hls_model.predict(x)

from gatewright import graph_io
from gatewright.frontend import graph_of
from pathlib import Path

graph_io.save(graph_of(hls_model), Path(out))
np.savez(vectors, x=x, y=y)
"""


@needs_gxx
def test_a_plain_hls4ml_script(tmp_path: Path) -> None:
    from gatewright import graph_io

    out, vectors = tmp_path / "out", tmp_path / "v.npz"
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = {
        **os.environ,
        "HLS4ML_BACKEND_PLUGINS": "gatewright.frontend.plugin",
        "PYTHONPATH": str(Path(frontend.__file__).parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "script.py", str(mlp(tmp_path / "m.onnx")), str(out), str(vectors)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    graph = graph_io.load(out)
    first, last = graph.nodes[1], graph.nodes[-1]
    assert isinstance(first, Dense)
    assert isinstance(last, Dense)
    assert first.request.reuse_factor == 4
    assert (last.request.pe, last.request.simd) == (5, 2)
    data = np.load(vectors)
    inputs = quantize(data["x"], graph.nodes[0].out.format)
    want = dequantize(reference.outputs(graph, inputs), last.out.format)
    np.testing.assert_array_equal(data["y"], want)
    # Firmware and SystemVerilog side by side.
    assert (out / "firmware" / "myproject.cpp").exists()
    assert (out / "build_prj.tcl").exists()
    assert list((out / "rtl").glob("*.sv"))


@pytest.mark.parametrize("module", ["adapter", "own_functions", "hls_step"])
def test_a_module_of_the_front_end_may_be_imported_before_hls4ml(
    tmp_path: Path, module: str
) -> None:
    if not entry_points(group="hls4ml.backends", name="gatewright"):  # not installed
        info = tmp_path / "plugged-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1\n")
        point = "[hls4ml.backends]\ngatewright = gatewright.frontend.plugin:register\n"
        (info / "entry_points.txt").write_text(point)
    script = f"import gatewright.frontend.{module}, hls4ml.backends as b\n"
    script += "print('gatewright' in b.get_available_backends())"
    path = os.pathsep.join((str(tmp_path), *sys.path))
    finished = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout.splitlines()[-1] == "True"
    assert "failed" not in finished.stdout + finished.stderr


def test_the_entry_point_registers_once() -> None:
    backend = plugin.load()
    assert plugin.load() is backend
    assert backend.name == "Gatewright"


def pytorch_graph(
    tmp_path: Path,
    *,
    exact: bool,
    first: dict[str, object] | None = None,
    **layers: dict[str, object],
) -> object:
    """Convert a float PyTorch network, its weights on a grid of 1/16 if ``exact``."""
    torch = pytest.importorskip("torch")
    plugin.load()
    from hls4ml.converters import convert_from_pytorch_model
    from hls4ml.utils import config_from_pytorch_model

    torch.manual_seed(1)
    network = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
    if exact:
        for parameter in network.parameters():
            parameter.data = (parameter.data * 16).round() / 16
    config = config_from_pytorch_model(
        network.eval(), (6,), granularity="name", backend="Gatewright"
    )
    config["Model"]["Strategy"] = "Resource"
    config["LayerName"]["_0"] |= first or {}
    names = list(config["LayerName"])
    types = {"result": "fixed<12,5>", "weight": "fixed<8,3>", "bias": "fixed<8,3>"}
    for name in names:
        precision = config["LayerName"][name]["Precision"]
        precision |= {key: text for key, text in types.items() if key in precision}
    for name, precision in layers.items():
        config["LayerName"][names[int(name[1:])]]["Precision"] |= precision
    return convert_from_pytorch_model(
        network, output_dir=str(tmp_path / "out"), backend="Gatewright", hls_config=config
    )


def test_a_negative_number_of_adders_is_refused(tmp_path: Path) -> None:
    asked = {"Strategy": "Distributed_Arithmetic", "GwAddersPerStage": -2}
    with pytest.raises(GatewrightError, match="AddersPerStage is -2; allowed: whole numbers from"):
        pytorch_graph(tmp_path, exact=True, first=asked)


def test_hls4mls_pytorch_front_end(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    graph = frontend.graph_of(pytorch_graph(tmp_path, exact=True))
    kinds = [type(node) for node in graph.nodes]
    assert kinds[1:] == [Dense, Elementwise, Dense]
    # The same in PyTorch: every layer's output truncated to fixed<12,5>.
    torch.manual_seed(1)
    network = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
    x = torch.randint(-256, 256, (50, 6)).double() / 128
    y = x
    for module in network.double():
        for parameter in module.parameters():
            parameter.data = (parameter.data * 16).round() / 16
        y = torch.floor(module(y) * 128) / 128
    inputs = quantize(x.numpy(), graph.nodes[0].out.format)
    got = dequantize(reference.outputs(graph, inputs), graph[graph.outputs[0]].out.format)
    np.testing.assert_array_equal(got, y.detach().numpy())


def test_weights_that_the_type_does_not_hold_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GatewrightError, match=r"weight: element .* fixed<8,3,TRN,WRAP> does not"):
        pytorch_graph(tmp_path, exact=False)


def test_a_lossy_accumulator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GatewrightError, match=r"accumulator fixed<10,5,TRN,WRAP> loses"):
        pytorch_graph(tmp_path, exact=True, n1={"accum": "fixed<10,5>"})


@needs_gxx
def test_a_brevitas_network_gives_pytorchs_integers(tmp_path: Path) -> None:
    """Brevitas -> QONNX -> C simulation -> graph, equal to PyTorch on every output."""
    torch = pytest.importorskip("torch")
    qnn = pytest.importorskip("brevitas.nn")
    from brevitas import quant
    from brevitas.export import export_qonnx

    from gatewright.frontend import hls_step

    torch.set_num_threads(1)
    torch.manual_seed(3)

    def linear(inputs: int, outputs: int, *, bias: bool) -> object:
        return qnn.QuantLinear(
            inputs,
            outputs,
            bias=bias,
            weight_quant=quant.Int8WeightPerTensorFixedPoint,
            weight_bit_width=4,
            bias_quant=quant.Int8BiasPerTensorFixedPointInternalScaling if bias else None,
        )

    def activation(kind: type, bits: int) -> object:
        return kind(act_quant=quant.Uint8ActPerTensorFixedPoint, bit_width=bits)

    network = torch.nn.Sequential(
        activation(qnn.QuantIdentity, 4),
        linear(16, 12, bias=True),
        activation(qnn.QuantReLU, 5),
        linear(12, 5, bias=False),
    )
    network.train()
    with torch.no_grad():
        for _ in range(40):
            network(torch.rand(64, 16))
    network.eval()
    x = torch.rand(300, 16)
    with torch.no_grad():
        y = network(x).double().numpy()
    export_qonnx(network, args=x[:1], export_path=str(tmp_path / "m.onnx"))
    fraction = 20
    outputs = np.ldexp(y, fraction)
    assert np.array_equal(outputs, np.floor(outputs))
    np.savez(
        tmp_path / "v.npz",
        inputs=x.numpy(),
        outputs=outputs.astype(np.int64),
        output_fraction=np.int64(fraction),
    )
    said = hls_step.run(
        "brevitas_mlp", tmp_path / "m.onnx", tmp_path / "v.npz", {}, tmp_path, 5.0, "part",
        "io_parallel",
    )  # fmt: skip
    assert (said["compared"], said["mismatches"]) == (1500, 0)
