import copy
from pathlib import Path

import onnx
import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import nn

from gatewright import export, nets, train
from gatewright.errors import GatewrightError
from gatewright.train import model_file
from gatewright.train.channels import remove_channels, repeat
from gatewright.train.cost import cost, layers
from gatewright.train.settings import ChannelsStep, FloatStep, PruneStep, QuantiseStep, Train
from recipes import digits

CHANNELS = (nn.Linear, nn.Conv2d, nn.BatchNorm2d)
IMAGE = torch.zeros(2, 1, 28, 28)
NETWORKS = [
    ("ds_cnn", {"channels": [8, 12, 16], "strides": [2, 2, 2], "classes": 10}, IMAGE),
    ("resnet", {"channels": [4, 8, 12], "classes": 10}, IMAGE),
    ("lenet", {"channels": [4, 8], "hidden": [24, 16], "classes": 10}, IMAGE),
    ("mlp", {"layers": [20, 16, 8, 4]}, torch.zeros(2, 20)),
]


def build(name: str, options: object, seed: int = 1) -> nn.Module:
    torch.manual_seed(seed)
    return nets.build(name, options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "options", "example"), NETWORKS)
def test_half_of_every_layer_goes_and_can_be_repeated(
    name: str, options: object, example: torch.Tensor
) -> None:
    network = build(name, options)
    before = {layer.name: layer for layer in layers(network, example)}
    removed = remove_channels(network, example, 0.5)
    after = layers(network, example)
    last = after[-1]
    assert last.rows == before[last.name].rows
    assert all(layer.rows * 2 == before[layer.name].rows for layer in after[:-1])
    assert network.training
    other = build(name, options, seed=2)
    repeat(other, example, removed)
    shapes = {key: value.shape for key, value in network.state_dict().items()}
    assert shapes == {key: value.shape for key, value in other.state_dict().items()}
    frozen = [key for key, value in other.named_parameters() if not value.requires_grad]
    assert frozen == [key for key, value in network.named_parameters() if not value.requires_grad]
    assert frozen == ([] if name in ("lenet", "mlp") else ["average.weight"])


@pytest.mark.parametrize(("name", "options", "example"), NETWORKS)
def test_what_hangs_on_a_channel_goes_with_it(
    name: str, options: object, example: torch.Tensor
) -> None:
    """With the channels that go silenced, the outputs are those of the smaller network."""
    network = build(name, options).eval()
    removed = remove_channels(copy.deepcopy(network), example, 0.5)
    for module, left in channels_left(network, example, removed).items():
        silence(module, left)
    inputs = torch.rand(5, *example.shape[1:])
    before = network(inputs)
    repeat(network, example, removed)
    torch.testing.assert_close(network(inputs), before, rtol=1e-4, atol=1e-5)  # sums of 24 bits


def channels_left(
    network: nn.Module, example: torch.Tensor, removed: list[list[object]]
) -> dict[nn.Module, torch.Tensor]:
    """Return the outputs of each module that stay: each weight is given its output's number."""
    marked = copy.deepcopy(network)
    for module in marked.modules():
        if isinstance(module, CHANNELS):
            shape = (-1, *[1] * (module.weight.dim() - 1))
            numbers = torch.arange(float(len(module.weight))).view(shape)
            module.weight.data = numbers.expand_as(module.weight).clone()
    repeat(marked, example, removed)
    return {
        network.get_submodule(name): module.weight.reshape(len(module.weight), -1)[:, 0].long()
        for name, module in marked.named_modules()
        if isinstance(module, CHANNELS)
    }


@torch.no_grad()
def silence(module: nn.Module, left: torch.Tensor) -> None:
    for name in ("weight", "bias", "running_mean"):
        values = getattr(module, name, None)
        if values is not None:
            values[[at for at in range(len(values)) if at not in left]] = 0


def test_a_users_own_residual_module() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Conv2d(3, 8, 3, padding=1)
            self.two = nn.Conv2d(8, 8, 3, padding=1, groups=8)
            self.three = nn.Conv2d(8, 8, 1)
            self.last = nn.Linear(8 * 16, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            first = self.one(x).relu()
            return self.last((first + self.three(self.two(first))).relu().flatten(1))

    network, example = Own(), torch.zeros(1, 3, 4, 4)
    before = cost(network, example)
    remove_channels(network, example, 0.25)
    assert (network.one.out_channels, network.two.groups, network.three.in_channels) == (6, 6, 6)
    assert network.last.weight.shape == (5, 6 * 16)
    after = cost(network, example)
    assert after.parameters < before.parameters
    assert after.multiplications == 16 * (27 * 6 + 9 * 6 + 36) + 480


def test_what_is_left_is_a_multiple() -> None:
    network = build("mlp", {"layers": [20, 30, 4]})
    remove_channels(network, torch.zeros(1, 20), 0.5, round_to=8)
    assert network.fc1.out_features == 8  # of 15: downwards


@pytest.mark.parametrize("rate", [-0.1, 1.0, 2])
def test_a_rate_outside_is_refused(rate: float) -> None:
    with pytest.raises(GatewrightError, match=r"rate is .*; must be from 0 to below 1"):
        remove_channels(build("mlp", {"layers": [4, 4, 2]}), torch.zeros(1, 4), rate)
    with pytest.raises(ValidationError, match="rate"):
        TypeAdapter(ChannelsStep).validate_python(
            {"technique": "channels", "rate": rate, "epochs": 1}
        )


def test_after_quantising_it_is_too_late() -> None:
    with pytest.raises(ValidationError, match="channels must stand before quantise"):
        Train(steps=(QuantiseStep(epochs=1), ChannelsStep(epochs=1, rate=0.5)))


def test_the_exported_graph_has_fewer_channels(tmp_path: Path) -> None:
    steps = (
        FloatStep(epochs=3, learning_rate=0.01),
        ChannelsStep(epochs=2, rate=0.5, learning_rate=0.01),
        PruneStep(epochs=0, sparsity=0.25),
        QuantiseStep(epochs=1, input_bits=5),
    )
    design = digits(steps=steps, layers=(64, 32, 10))
    metrics = train.run(design, tmp_path, progress=False)
    assert metrics["weights"] == 16 * 64 + 10 * 16
    assert metrics["nonzero_weights"] <= 0.75 * metrics["weights"]
    assert [step["epochs"] for step in metrics["steps"]] == [3, 2, 0, 1]
    assert model_file.load(tmp_path / "model.pt").build().fc1.out_features == 16
    assert export.run(design, tmp_path)["mismatches"] == 0
    model = onnx.load(tmp_path / "model.onnx")
    shapes = {tuple(t.dims) for t in model.graph.initializer if len(t.dims) == 2}
    assert shapes == {(16, 64), (10, 16)} or shapes == {(64, 16), (16, 10)}
