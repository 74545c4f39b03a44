"""Models that hls4ml read through its PyTorch and its Keras front end, at every granularity."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatewright import reference
from gatewright.fixed import FixedFormat, dequantize, parse_format, quantize
from gatewright.frontend import graph_of, plugin
from gatewright.graph import Conv, Dense, Graph, Pool
from gatewright.vectors import to_integers

pytest.importorskip("hls4ml")
torch = pytest.importorskip("torch")
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
DEFAULT, NARROW = "fixed<16,6>", "fixed<12,5>"  # of every layer; of the one that a setting names
GRANULARITIES = ("model", "type", "name")
SHAPE = (2, 4, 6)  # channels, rows, columns


def network() -> Any:
    """Convolution, ReLU, maximum, flattening, matrix: parameters are multiples of 1/16."""
    torch.manual_seed(5)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Flatten(), torch.nn.Linear(18, 4),
    )  # fmt: skip
    for parameter in net.parameters():
        parameter.data = (parameter.data * 64).round() / 16
    return net.eval()


def settings(config: dict[str, Any], granularity: str, conv: str) -> None:
    """Give the convolution's result a type of its own, where the granularity can say that."""
    config["Model"]["Strategy"] = "Resource"
    if granularity == "name":
        for values in config["LayerName"].values():
            for key in values["Precision"]:
                if key != "accum":
                    values["Precision"][key] = DEFAULT
        config["LayerName"][conv]["Precision"]["result"] = NARROW
    if granularity == "type":
        for values in config["LayerType"].values():
            values["Precision"] = DEFAULT
        config["LayerType"]["Conv2D"]["Precision"] = {"default": DEFAULT, "result": NARROW}


def from_pytorch(folder: Path, granularity: str, io: str) -> Any:
    from hls4ml.converters import convert_from_pytorch_model
    from hls4ml.utils import config_from_pytorch_model

    plugin.load()
    config = config_from_pytorch_model(
        network(), SHAPE, granularity=granularity, backend="Gatewright",
        default_precision=DEFAULT, channels_last_conversion="full", transpose_outputs=False,
    )  # fmt: skip
    settings(config, granularity, "_0")
    return convert_from_pytorch_model(
        network(), output_dir=str(folder / "out"), backend="Gatewright", hls_config=config,
        io_type=io, write_rtl=False,
    )  # fmt: skip


def keras_layer(kind: str, name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": name, "dtype": "float32", **config}}


def from_keras(folder: Path, granularity: str, io: str) -> Any:
    """Read what Keras 2 saves (JSON and HDF5) without Keras."""
    import h5py
    from hls4ml.converters import create_config
    from hls4ml.converters.keras_v2_to_hls import keras_v2_to_hls

    plugin.load()
    last = {"data_format": "channels_last"}
    rows, columns = (
        {"kernel_size": [3, 3], "strides": [1, 1]},
        {"pool_size": [2, 2], "strides": [2, 2]},
    )
    layers = [
        keras_layer("InputLayer", "in", batch_input_shape=[None, *SHAPE[1:], SHAPE[0]]),
        keras_layer("Conv2D", "conv", filters=3, padding="same", activation="linear", use_bias=True,
                    dilation_rate=[1, 1], **rows, **last),
        keras_layer("Activation", "relu", activation="relu"),
        keras_layer("MaxPooling2D", "pool", padding="valid", **columns, **last),
        keras_layer("Flatten", "flat", **last),
        keras_layer("Dense", "dense", units=4, activation="linear", use_bias=True),
    ]  # fmt: skip
    arch = {"class_name": "Sequential", "config": {"name": "net", "layers": layers}}
    (folder / "net.json").write_text(json.dumps(arch))
    state = {name: value.detach().numpy() for name, value in network().state_dict().items()}
    matrix = state["4.weight"].reshape(4, 3, 2, 3).transpose(0, 2, 3, 1).reshape(4, 18).T
    with h5py.File(folder / "net.h5", "w") as file:
        for name, kernel, bias in (
            ("conv", state["0.weight"].transpose(2, 3, 1, 0), state["0.bias"]),
            ("dense", matrix, state["4.bias"]),
        ):
            file[f"model_weights/{name}/{name}/kernel:0"] = kernel
            file[f"model_weights/{name}/{name}/bias:0"] = bias
    config = create_config(
        output_dir=str(folder / "out"), backend="Gatewright", io_type=io, write_rtl=False
    )
    model: dict[str, Any] = {"Model": {"Precision": {"default": DEFAULT}, "ReuseFactor": 1}}
    if granularity == "type":
        model["LayerType"] = {"Conv2D": {}}
    if granularity == "name":
        model["LayerName"] = {
            "conv": {"Precision": {"result": DEFAULT, "weight": DEFAULT, "bias": DEFAULT}}
        }
    settings(model, granularity, "conv")
    config |= {"KerasJson": str(folder / "net.json"), "KerasH5": str(folder / "net.h5")}
    return keras_v2_to_hls(config | {"HLSConfig": model})


def rounded(values: np.ndarray, text: str) -> Any:
    """Return what a layer's result type makes of values."""
    fmt = parse_format(text)
    return torch.from_numpy(dequantize(quantize(values, fmt), fmt))


def truth(x: np.ndarray, granularity: str) -> np.ndarray:
    """Return PyTorch's results, each layer's in its type."""
    y = rounded(x, DEFAULT)
    for index, module in enumerate(network().double()):
        narrow = index == 0 and granularity != "model"
        y = rounded(module(y).detach().numpy(), NARROW if narrow else DEFAULT)
    return y.numpy()


FRONT_ENDS = {"pytorch": from_pytorch, "keras": from_keras}


def inputs_for(front_end: str, x: np.ndarray) -> np.ndarray:
    """Return the inputs as the front end's model takes them."""
    return x if front_end == "pytorch" else np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def samples() -> np.ndarray:
    return np.random.default_rng(2).uniform(-2, 2, (40, *SHAPE))


def check(graph: Graph, front_end: str, granularity: str) -> None:
    x = samples()
    kinds = [type(node) for node in graph.nodes]
    assert [kind for kind in kinds if kind in (Conv, Pool, Dense)] == [Conv, Pool, Dense]
    first, last = graph.nodes[0].out.format, graph[graph.outputs[0]].out.format
    assert isinstance(first, FixedFormat)
    found = reference.outputs(graph, to_integers(inputs_for(front_end, x), first))
    np.testing.assert_array_equal(dequantize(found, last), truth(x, granularity))
    assert len(np.unique(found)) > 40


@pytest.mark.parametrize("io", ["io_parallel", "io_stream"])
@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_the_reference_gives_what_pytorch_gives(
    front_end: str, granularity: str, io: str, tmp_path: Path
) -> None:
    check(graph_of(FRONT_ENDS[front_end](tmp_path, granularity, io)), front_end, granularity)


@needs_gxx
@pytest.mark.parametrize(("front_end", "io"), [("pytorch", "io_stream"), ("keras", "io_parallel")])
def test_the_c_simulation_gives_what_pytorch_gives(front_end: str, io: str, tmp_path: Path) -> None:
    model = FRONT_ENDS[front_end](tmp_path, "name", io)
    model.compile()
    found = model.predict(inputs_for(front_end, samples()))
    np.testing.assert_array_equal(found.reshape(40, -1), truth(samples(), "name"))
