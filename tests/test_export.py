import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import numpy as np
import onnx
import pytest
import torch
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8BiasPerTensorFixedPointInternalScaling,
    Int8WeightPerTensorFixedPoint,
    Int8WeightPerTensorFloat,
    Uint8ActPerTensorFixedPoint,
    Uint8ActPerTensorFixedPointMaxInit,
)
from qonnx.core.modelwrapper import ModelWrapper
from torch import nn

from gatewright import data, export, train
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.export import exactness, qonnx_model
from gatewright.files import sha256
from gatewright.train import model_file
from recipes import digits


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A design trained and exported: the folder and what export returned."""
    folder = tmp_path_factory.mktemp("chain")
    train.run(digits(), folder, progress=False)
    return folder, export.run(digits(), folder)


def vectors(folder: Path) -> dict[str, Any]:
    with np.load(folder / "vectors.npz", allow_pickle=False) as archive:
        return dict(archive)


def test_export_json(chain: tuple[Path, dict[str, Any]]) -> None:
    folder, record = chain
    assert record == json.loads((folder / "export.json").read_text())
    assert record["accuracy"] == json.loads((folder / "metrics.json").read_text())["accuracy"]
    assert (record["samples"], record["compared"], record["mismatches"]) == (360, 3600, 0)
    assert record["vectors_sha256"] == sha256(folder / "vectors.npz")
    assert record["model_sha256"] == sha256(folder / "model.onnx")
    assert record["preprocessing"]["scale"] == 1 / 16
    assert record["source"] == "pytorch"


def test_vectors_are_pytorchs_outputs_exactly(chain: tuple[Path, dict[str, Any]]) -> None:
    folder, record = chain
    arrays = vectors(folder)
    assert {name: array.dtype for name, array in arrays.items()} == {
        "inputs": np.float32,
        "outputs": np.int64,
        "output_fraction": np.int64,
        "typical": np.float32,
        "labels": np.int64,
    }
    assert arrays["outputs"].shape == (360, 10)
    assert arrays["output_fraction"] == record["output_fraction"]
    dataset = data.load("digits")
    assert np.array_equal(arrays["inputs"], dataset.test_inputs)
    assert np.array_equal(arrays["labels"], dataset.test_labels)
    with torch.no_grad():
        network = model_file.load(folder / "model.pt").build()
        outputs = network(torch.from_numpy(dataset.test_inputs)).numpy()
    assert np.array_equal(np.ldexp(arrays["outputs"], -arrays["output_fraction"]), outputs)


def test_nodes_are_named_after_modules(chain: tuple[Path, dict[str, Any]]) -> None:
    model = onnx.load(chain[0] / "model.onnx")
    assert {node.name: node.op_type for node in model.graph.node} == {
        "input_quant": "Quant",
        "fc1_weight_quant": "Quant",
        "fc1_bias_quant": "Quant",
        "fc1": "Gemm",
        "relu1": "Relu",
        "relu1_quant": "Quant",
        "fc2_weight_quant": "Quant",
        "fc2_bias_quant": "Quant",
        "fc2": "Gemm",
    }
    assert [value.name for value in model.graph.input] == ["global_in"]


def test_the_file_tells_nothing_of_the_machine_and_is_the_same_every_time(
    chain: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, record = chain
    content = (folder / "model.onnx").read_bytes()
    assert b".py" not in content
    assert b"stack" not in content
    (tmp_path / "model.pt").write_bytes((folder / "model.pt").read_bytes())
    again = export.run(digits(), tmp_path)
    assert again == record


def flip(model: ModelWrapper, node: str, index: tuple[int, ...] = (0, 0)) -> ModelWrapper:
    """Turn one weight of a cleaned model's quantiser round; return the model."""
    name = next(n.input[0] for n in model.graph.node if n.name == node)
    values = model.get_initializer(name).copy()
    values[index] = -values[index] if values[index] else np.abs(values).max()
    model.set_initializer(name, values)
    return model


def test_one_flipped_weight_is_caught(
    chain: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = qonnx_model.clean
    monkeypatch.setattr(qonnx_model, "clean", lambda m: flip(clean(m), "fc2_weight_quant"))
    (tmp_path / "model.pt").write_bytes((chain[0] / "model.pt").read_bytes())
    said = r"differ in \d+ of 3600 outputs; first: sample \d+, element 0: PyTorch -?\d+, QONNX -?\d"
    with pytest.raises(CheckFailedError, match=said):
        export.run(digits(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"model.pt"}


def test_one_unit_in_one_output_is_caught(
    chain: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = qonnx_model.execute

    def off_by_one(model: ModelWrapper, inputs: Any, *, float64: bool) -> Any:
        found = execute(model, inputs, float64=float64)
        found[0][123, 4] += 2.0 ** -int(chain[1]["output_fraction"])
        return found

    monkeypatch.setattr(qonnx_model, "execute", off_by_one)
    (tmp_path / "model.pt").write_bytes((chain[0] / "model.pt").read_bytes())
    with pytest.raises(CheckFailedError, match=r"differ in 1 of 3600.* sample 123, element 4"):
        export.run(digits(), tmp_path)


def test_a_model_of_other_settings_is_refused(
    chain: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "model.pt").write_bytes((chain[0] / "model.pt").read_bytes())
    with pytest.raises(GatewrightError, match="other settings"):
        export.run(digits(seed=2), tmp_path)


def test_export_before_train(tmp_path: Path) -> None:
    with pytest.raises(GatewrightError, match=r"model\.pt is missing; run the train step"):
        export.run(digits(), tmp_path)


class Own(nn.Module):
    """A module as a user writes it, with odd names and a residual sum."""

    def __init__(
        self,
        weight: type = Int8WeightPerTensorFixedPoint,
        bits: int = 6,
        quantise_input: bool = True,
    ) -> None:
        super().__init__()
        torch.manual_seed(3)
        options = {
            "weight_quant": weight,
            "weight_bit_width": bits,
            "bias_quant": Int8BiasPerTensorFixedPointInternalScaling,
        }
        act = {"act_quant": Int8ActPerTensorFixedPoint, "collect_stats_steps": 2}
        self.enter = qnn.QuantIdentity(**act) if quantise_input else nn.Identity()
        self.body = nn.Sequential(qnn.QuantLinear(6, 6, bias=True, **options))
        self.relu = qnn.QuantReLU(act_quant=Uint8ActPerTensorFixedPoint, collect_stats_steps=2)
        self.sum = qnn.QuantIdentity(**act)
        self.head = qnn.QuantLinear(6, 3, bias=False, weight_quant=weight, weight_bit_width=bits)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.enter(x)
        return self.head(self.sum(x + self.relu(self.body(x))))


INPUTS = np.random.default_rng(7).normal(size=(50, 6)).astype(np.float32)


def own(**options: Any) -> Own:
    module = Own(**options)
    for _ in range(3):
        module(torch.from_numpy(INPUTS))
    return module


def test_a_users_module(tmp_path: Path) -> None:
    module = own()
    record = export.from_module(module, INPUTS, tmp_path, {"scale": 1.0})
    assert (record["samples"], record["mismatches"], record["accuracy"]) == (50, 0, None)
    assert record["preprocessing"] == {"scale": 1.0}
    assert module.training  # left as it was
    names = {node.name: node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node}
    assert names["body_0"] == "Gemm"
    assert names["add"] == "Add"
    assert names["enter_quant"] == "Quant"
    assert all(name.isidentifier() for name in names)


def test_a_users_module_with_labels(tmp_path: Path) -> None:
    labels = np.zeros(50, dtype=np.int64)
    record = export.from_module(own(), INPUTS, tmp_path, labels=labels)
    assert record["accuracy"] == (vectors(tmp_path)["outputs"].argmax(axis=1) == 0).mean()


def test_a_users_onnx_gives_what_the_module_gave(tmp_path: Path) -> None:
    export.from_module(own(), INPUTS, tmp_path / "a")
    record = export.from_onnx(tmp_path / "a" / "model.onnx", INPUTS, tmp_path / "b")
    assert record["source"] == "qonnx"
    assert np.array_equal(vectors(tmp_path / "a")["outputs"], vectors(tmp_path / "b")["outputs"])
    first, second = (
        [node.name for node in onnx.load(tmp_path / name / "model.onnx").graph.node]
        for name in "ab"
    )
    assert first == second


class Wide(nn.Module):
    """Sums of more than 24 bits: 16-bit inputs, 16-bit weights, 300 of them."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.enter = qnn.QuantIdentity(
            act_quant=Uint8ActPerTensorFixedPointMaxInit,
            bit_width=16,
            max_val=1.0,
            scaling_impl_type="const",
        )
        self.fc = qnn.QuantLinear(
            300, 4, bias=False, weight_quant=Int8WeightPerTensorFixedPoint, weight_bit_width=16
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.enter(x))


def test_wide_sums_are_exact_in_float64(tmp_path: Path) -> None:
    inputs = np.random.default_rng(1).uniform(size=(40, 300)).astype(np.float32)
    module = Wide()
    record = export.from_module(module, inputs, tmp_path)
    assert record["arithmetic"] == "float64"
    weight = module.fc.quant_weight()
    integers = torch.round(weight.value / weight.scale).detach().numpy().astype(np.int64)
    pixels = np.minimum(np.rint(inputs.astype(np.float64) * 65536), 65535).astype(np.int64)
    scale = float(weight.scale.detach()) / 65536
    exact = (pixels @ integers.T) * scale
    arrays = vectors(tmp_path)
    assert np.array_equal(np.ldexp(arrays["outputs"], -arrays["output_fraction"]), exact)
    with torch.no_grad():  # float32 would have been wrong
        assert not np.array_equal(module(torch.from_numpy(inputs)).numpy(), exact)
    again = export.from_onnx(tmp_path / "model.onnx", inputs, tmp_path / "again")
    assert np.array_equal(vectors(tmp_path / "again")["outputs"], arrays["outputs"])
    assert again["arithmetic"] == "float64"


def test_float64_execution_agrees_with_qonnx(chain: tuple[Path, dict[str, Any]]) -> None:
    model = qonnx_model.read(chain[0] / "model.onnx")
    assert not exactness.needs_float64(model)
    inputs = data.load("digits").test_inputs
    narrow, wide = (qonnx_model.execute(model, [inputs], float64=f) for f in (False, True))
    assert np.array_equal(narrow, wide)


class Float(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x)


class FloatHead(Own):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(6, 3)


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (Float, "no quantiser.*float model"),
        (FloatHead, "node head: its weight is float"),
        (lambda: Own(weight=Int8WeightPerTensorFloat, bits=6), "weight_quant: the scale .* power"),
        (lambda: Own(quantise_input=False), "input reaches it unquantised"),
    ],
)
def test_what_is_not_fixed_point_is_refused_by_name(
    tmp_path: Path, module: Callable[[], nn.Module], said: str
) -> None:
    network = module()
    for _ in range(3):
        network(torch.from_numpy(INPUTS))
    with pytest.raises(GatewrightError, match=said):
        export.from_module(network, INPUTS, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_module_that_does_not_take_the_inputs(tmp_path: Path) -> None:
    with pytest.raises(GatewrightError, match="cannot be exported"):
        export.from_module(own(), INPUTS[:, :5], tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"this is text", b"\x08\x07"])
def test_what_is_no_onnx(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "my.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GatewrightError, match=r"my\.onnx"):
        export.from_onnx(path, INPUTS, tmp_path)


def test_unknown_operators_are_listed_by_node(
    chain: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    model = onnx.load(chain[0] / "model.onnx")
    model.graph.node[-1].op_type = "Gimm"
    model.graph.node[-2].domain = "my.domain"
    onnx.save(model, tmp_path / "odd.onnx")
    with pytest.raises(GatewrightError, match=r"relu1_quant: my\.domain\.Quant; fc2: ai\.onnx\.G"):
        export.from_onnx(tmp_path / "odd.onnx", INPUTS, tmp_path)


def test_an_unknown_rounding_mode_is_refused_by_node(
    tmp_path: Path, chain: tuple[Path, dict[str, Any]]
) -> None:
    model = onnx.load(chain[0] / "model.onnx")
    node = next(node for node in model.graph.node if node.name == "relu1_quant")
    mode = next(a for a in node.attribute if a.name == "rounding_mode")
    mode.s = b"SIDEWAYS"
    onnx.save(model, tmp_path / "odd.onnx")
    inputs = vectors(chain[0])["inputs"]
    with pytest.raises(GatewrightError, match=r"relu1_quant: rounding mode 'SIDEWAYS'.*ROUND"):
        export.from_onnx(tmp_path / "odd.onnx", inputs, tmp_path / "out")


def test_inputs_of_another_shape_than_the_model_takes(
    chain: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    with pytest.raises(GatewrightError, match=r"shape \(6,\), the network takes \(64,\)"):
        export.from_onnx(chain[0] / "model.onnx", INPUTS, tmp_path)


def test_loads_inputs_and_labels(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, inputs=INPUTS, labels=np.arange(50, dtype=np.uint8))
    assert np.array_equal(export.load_inputs(path), INPUTS)
    assert export.load_labels(path).tolist() == list(range(50))
    np.savez(path, inputs=INPUTS)
    assert export.load_labels(path) is None


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"inputs": INPUTS.astype(np.float64)}, "dtype is float64, must be float32"),
        ({"inputs": (INPUTS * 9).astype(np.uint8)}, "dtype is uint8"),
        ({"inputs": INPUTS[0]}, r"shape is \(6,\)"),
        ({"inputs": INPUTS[:0]}, r"shape is \(0, 6\).*one sample at least"),
        ({"x": INPUTS}, "no array called inputs; it has: x"),
        ({"inputs": np.array([[{}]])}, "not an .npz of plain arrays"),
        ({"inputs": np.where(INPUTS[3, 2] == INPUTS, np.nan, INPUTS)}, r"element \(3, 2\) is nan"),
    ],
)
def test_bad_inputs(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, **arrays)
    with pytest.raises(GatewrightError, match=said):
        export.load_inputs(path)


@pytest.mark.parametrize("labels", [np.zeros(50), np.zeros(49, int), np.zeros((50, 1), int)])
def test_bad_labels(tmp_path: Path, labels: Any) -> None:
    np.savez(tmp_path / "mine.npz", inputs=INPUTS, labels=labels)
    with pytest.raises(GatewrightError, match="labels is"):
        export.load_labels(tmp_path / "mine.npz")


@pytest.mark.parametrize("content", [None, b"", b"text", b"PK\3\4 cut", "npy"])
def test_what_is_no_npz(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.npz"
    if content == "npy":
        with path.open("wb") as stream:
            np.save(stream, INPUTS)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(GatewrightError, match=r"mine\.npz"):
        export.load_inputs(path)


class Both(nn.Module):
    """Two inputs of unlike shapes, two outputs of unlike scales."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.second = (
            qnn.QuantIdentity(
                act_quant=Int8ActPerTensorFixedPoint, bit_width=bits, collect_stats_steps=2
            )
            for bits in (5, 7)
        )
        self.fc = qnn.QuantLinear(
            4, 3, bias=False, weight_quant=Int8WeightPerTensorFixedPoint, weight_bit_width=4
        )

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = self.second(y)
        return torch.flatten(y, 1) + 0, self.fc(self.first(x))


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    from gatewright.frontend.prepare import prepare

    module = Both().train()
    rng = np.random.default_rng(4)
    x = rng.uniform(-1, 1, (30, 4)).astype(np.float32)
    y = rng.uniform(-3, 3, (30, 2, 1, 3)).astype(np.float32)
    for _ in range(20):
        module(torch.from_numpy(x), torch.from_numpy(y))
    record = export.from_module(module.eval(), [x, y], tmp_path)
    found = vectors(tmp_path)
    assert np.array_equal(found["inputs"], np.concatenate([x, y.reshape(30, 6)], axis=1))
    assert found["outputs"].shape == (30, 6 + 3)
    assert found["output_fraction"].tolist() == record["output_fraction"]
    with torch.no_grad():
        want = module.double()(torch.from_numpy(x).double(), torch.from_numpy(y).double())
    fractions = found["output_fraction"]
    parts = np.split(found["outputs"], [6], axis=1)
    for part, fraction, real in zip(parts, fractions, want, strict=True):
        assert np.array_equal(np.ldexp(part.astype(float), -fraction), real.numpy())
    assert len(prepare(tmp_path / "model.onnx").inputs) == 2
    # The file's own way in: all inputs, one after the other.
    again = export.from_onnx(tmp_path / "model.onnx", found["inputs"], tmp_path / "again")
    assert np.array_equal(vectors(tmp_path / "again")["outputs"], found["outputs"])
    assert again["output_fraction"] == record["output_fraction"]
    with pytest.raises(GatewrightError, match=r"\(30, 9\)|a sample has shape \(9,\)"):
        export.from_onnx(tmp_path / "model.onnx", found["inputs"][:, :9], tmp_path / "no")
