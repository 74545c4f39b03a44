"""hls4ml's own activations and batch normalisation through the plugin, from a PyTorch model."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatewright import frontend, reference
from gatewright.errors import GatewrightError
from gatewright.exponential import exponential_table
from gatewright.fixed import dequantize, parse_format, quantize
from gatewright.frontend import plugin
from gatewright.graph import Clip, Depthwise, Rectifier, Softmax, Table

pytest.importorskip("hls4ml")
torch = pytest.importorskip("torch")
nn = torch.nn
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
TYPES = {"result": "fixed<9,4>", "weight": "fixed<8,3>", "bias": "fixed<8,3>"}


def converted(folder: Path, *modules: Any, io: str = "io_parallel", gain: float = 1.0) -> Any:
    """Convert a PyTorch network with weights on a grid of 1/16 and results of fixed<9,4>."""
    plugin.load()
    from hls4ml.converters import convert_from_pytorch_model
    from hls4ml.utils import config_from_pytorch_model

    network = nn.Sequential(*modules).eval()
    for parameter in network.parameters():
        parameter.data = (parameter.data * gain * 16).round() / 16
    config = config_from_pytorch_model(network, (6,), granularity="name", backend="Gatewright")
    config["Model"]["Strategy"] = "Resource"
    for layer in config["LayerName"].values():
        precision = layer["Precision"]
        precision |= {k: text for k, text in TYPES.items() if k in precision}
        precision |= {k: "fixed<12,6>" for k in ("scale",) if k in precision}
    return convert_from_pytorch_model(
        network, output_dir=str(folder / io), backend="Gatewright", hls_config=config, io_type=io,
        project_name="net", write_rtl=False,
    )  # fmt: skip


def every_rung(model: Any) -> tuple[np.ndarray, np.ndarray]:
    """Check that ``predict`` gives what the reference gives; return inputs and outputs."""
    graph = frontend.graph_of(model)
    x = np.random.default_rng(4).integers(-200, 200, (60, 6)) / 16
    integers = quantize(x.reshape(60, -1), graph.nodes[0].out.format)
    want = dequantize(reference.outputs(graph, integers), graph[graph.outputs[0]].out.format)
    assert len(np.unique(want)) > 3
    if shutil.which("g++"):
        model.compile()
        np.testing.assert_array_equal(model.predict(x).reshape(60, -1), want)
    return dequantize(integers, graph.nodes[0].out.format), want


def truncated(y: Any) -> Any:
    """What fixed<9,4> holds of ``y``: rounded down, wrapped."""
    fmt = parse_format("fixed<9,4>")
    return torch.from_numpy(dequantize(quantize(y.detach().numpy(), fmt), fmt))


def half(channels: int) -> Any:
    """A PReLU with slopes that 4 fraction bits hold."""
    module = nn.PReLU(channels)
    module.weight.data = torch.linspace(-0.5, 0.75, channels)
    return module


ACTIVATIONS: dict[str, tuple[Any, type]] = {
    "sigmoid": (nn.Sigmoid(), Table),
    "tanh": (nn.Tanh(), Table),
    "elu": (nn.ELU(0.7), Table),
    "leaky": (nn.LeakyReLU(0.1875), Rectifier),
    "leaky, more than 8 bits": (nn.LeakyReLU(0.1884765625), Rectifier),
    "leaky, any slope": (nn.LeakyReLU(0.01), Table),
    "parametric": (half(5), Rectifier),
    "thresholded": (nn.Threshold(0.3, 0), Rectifier),
}


@pytest.mark.parametrize("case", ACTIVATIONS)
def test_an_activation_is_pytorchs(case: str, tmp_path: Path) -> None:
    """The graph gives what PyTorch gives, each result converted to its type."""
    module, kind = ACTIVATIONS[case]
    torch.manual_seed(1)
    linear = nn.Linear(6, 5)
    model = converted(tmp_path, linear, module)
    graph = frontend.graph_of(model)
    assert kind in {type(node) for node in graph.nodes}
    x = np.random.default_rng(4).integers(-200, 200, (60, 6)) / 16
    integers = quantize(x, graph.nodes[0].out.format)
    got = dequantize(reference.outputs(graph, integers), parse_format("fixed<9,4>"))
    seen = torch.from_numpy(dequantize(integers, graph.nodes[0].out.format))
    y = truncated(module.double()(truncated(linear.double()(seen))))
    np.testing.assert_array_equal(got, y.numpy())


@needs_gxx
@pytest.mark.parametrize("io", ["io_parallel", "io_stream"])
def test_the_c_simulation(io: str, tmp_path: Path) -> None:
    torch.manual_seed(2)
    model = converted(
        tmp_path,
        *(nn.Linear(6, 6), nn.LeakyReLU(0.1884765625), nn.Linear(6, 6), nn.Sigmoid()),
        *(nn.Linear(6, 6), half(6), nn.Linear(6, 6), nn.ELU(0.7), nn.Linear(6, 6)),
        *(nn.Threshold(0.3, 0), nn.Linear(6, 4), nn.Softmax(dim=-1)),
        io=io,
        gain=2.0,
    )
    kinds = [type(node) for node in frontend.graph_of(model).nodes]
    assert [kinds.count(kind) for kind in (Rectifier, Table, Softmax)] == [3, 2, 1]
    _, y = every_rung(model)
    assert abs(y.sum(axis=1) - 1).max() < 4 / 32  # four quotients, each truncated


def test_a_softmax_holds_the_published_table(tmp_path: Path) -> None:
    model = converted(tmp_path, nn.Linear(6, 4), nn.Softmax(dim=-1))
    (node,) = (n for n in frontend.graph_of(model).nodes if isinstance(n, Softmax))
    np.testing.assert_array_equal(node.values, exponential_table(9, 5))


@needs_gxx
@pytest.mark.parametrize("io", ["io_parallel", "io_stream"])
def test_batch_normalisation(io: str, tmp_path: Path) -> None:
    """Behind a ReLU hls4ml cannot merge it."""
    torch.manual_seed(3)
    norm = nn.BatchNorm1d(5, eps=0.0)
    norm.running_var.copy_(torch.tensor([0.25, 1, 4, 16, 1]))
    norm.running_mean.copy_(torch.tensor([0.5, -1, 2, 1, 0]))
    norm.weight.data = torch.tensor([1.0, 2, -1, 4, 0.5])
    norm.bias.data = torch.tensor([0.25, -0.5, 1, 0, 2])
    model = converted(tmp_path, nn.Linear(6, 5), nn.ReLU(), norm, io=io)
    assert Depthwise in {type(node) for node in frontend.graph_of(model).nodes}
    every_rung(model)


def graph_of_layers(folder: Path, *layers: dict[str, Any], bits: str = "fixed<8,4>") -> Any:
    """Convert hls4ml's own description of layers, as its Keras front end makes it."""
    plugin.load()
    from hls4ml.model import ModelGraph

    stack = [{"class_name": "InputLayer", "name": "in1", "input_shape": [3, 4, 2]}, *layers]
    config = {
        "OutputDir": str(folder), "ProjectName": "net", "Backend": "Gatewright",
        "IOType": "io_parallel", "ClockPeriod": 5, "Part": "part", "WriterConfig": {},
        "HLSConfig": {"Model": {"Precision": bits, "ReuseFactor": 1}},
    }  # fmt: skip
    return frontend.graph_of(ModelGraph.from_layer_list(config, stack))


def layer(kind: str, activation: str, **given: Any) -> dict[str, Any]:
    return {"class_name": kind, "name": "act", "activation": activation, **given}


LAYERS: dict[str, tuple[dict[str, Any], type]] = {
    "relu6": (layer("Activation", "relu6"), Clip),
    "softplus": (layer("Activation", "softplus"), Table),
    "softsign": (layer("Activation", "softsign"), Table),
    "selu": (layer("Activation", "selu"), Table),
    "binary": (layer("Activation", "binary_tanh"), Table),
    "ternary": (layer("Activation", "ternary_tanh"), Table),
    "hard sigmoid": (layer("HardActivation", "hard_sigmoid"), Table),
    "hard tanh": (layer("HardActivation", "hard_tanh", slope=0.5), Clip),
    "slopes of channels": (
        layer("PReLU", "prelu", param_data=np.tile([0.5, 0.25], (3, 4, 1))),
        Rectifier,
    ),
}


@pytest.mark.parametrize("case", LAYERS)
def test_layers_as_keras_has_them(case: str, tmp_path: Path) -> None:
    given, kind = LAYERS[case]
    assert type(graph_of_layers(tmp_path, given).nodes[-1]) is kind


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "table": (layer("Activation", "tanh"), "fixed<16,6>", r"act: tanh of fixed<16,6.* 12 bits"),
    "softmax": (layer("Softmax", "softmax"), "fixed<16,6>", r"act: softmax of fixed<16,6.* 12"),
    "argmax": (
        layer("Softmax", "softmax", implementation="argmax"),
        "fixed<8,4>",
        "act: Implementation is argmax",
    ),
    "slope": (
        layer("LeakyReLU", "leakyrelu", activ_param=0.3),
        "fixed<16,6>",
        "act: slope 0.3, which needs more than 16 bits .* use 0.300781",
    ),
    "slopes": (
        layer("PReLU", "prelu", param_data=np.arange(24).reshape(3, 4, 2) / 32),
        "fixed<8,4>",
        r"act: a PReLU with 24 slopes for \(3, 4, 2\).* shared_axes",
    ),
    "unknown": (layer("Activation", "gelu"), "fixed<8,4>", "act: activation 'gelu' is not"),
    "batch normalisation": (
        {"class_name": "BatchNormalization", "name": "act", "n_in": 24, "n_filt": 2,
         "scale_data": np.array([0.3, 1.0]), "bias_data": np.zeros(2)},
        "fixed<8,4>",
        r"act: scale: element .*0.3.*does not hold",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    given, bits, words = REFUSED[case]
    with pytest.raises(GatewrightError, match=words):
        graph_of_layers(tmp_path, given, bits=bits)
