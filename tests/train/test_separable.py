from pathlib import Path

import pytest
import torch
from torch import nn

from gatewright import nets
from gatewright.data import Preprocessing
from gatewright.errors import GatewrightError
from gatewright.nets.parts import SeparableConv2d
from gatewright.train.cost import Cost, cost, layers
from gatewright.train.quantise import Quantise, merge_normalisation
from gatewright.train.separable import separate
from gatewright.train.settings import QuantiseStep
from gatewright.train.technique import Task

IMAGE = torch.zeros(1, 1, 28, 28)


def lenet() -> nn.Module:
    torch.manual_seed(1)
    return nets.build("lenet", {"channels": [4, 6], "hidden": [20], "classes": 10})


def test_cost_counts_by_layer() -> None:
    found = {layer.name: layer for layer in layers(lenet(), IMAGE)}
    assert {name: layer.multiplications for name, layer in found.items()} == {
        "conv1": 4 * 25 * 784,
        "conv2": 6 * 100 * 100,
        "fc1": 150 * 20,
        "fc2": 200,
    }
    assert found["conv2"].channels == 4
    network = nets.build("ds_cnn", {"channels": [8, 12, 16], "strides": [2, 2, 2], "classes": 10})
    kinds = {layer.name: layer.kind for layer in layers(network, IMAGE)}
    assert kinds["dw2"] == "depthwise"
    assert kinds["pw2"] == "conv"
    assert "average" not in kinds


def test_a_convolution_that_is_separable_stays_the_same_function() -> None:
    torch.manual_seed(2)
    network = nn.Sequential(nn.Conv2d(3, 5, (3, 5), stride=(2, 1), padding=(1, 2)))
    dw, pw = torch.randn(3, 15), torch.randn(5, 3)
    network[0].weight.data = torch.einsum("ct,kc->kct", dw, pw).reshape(5, 3, 3, 5)
    inputs = torch.randn(2, 3, 9, 8)
    before = network(inputs)
    assert separate(network) == ["0"]
    assert isinstance(network[0], SeparableConv2d)
    torch.testing.assert_close(network(inputs), before, rtol=1e-4, atol=1e-5)  # sums of 24 bits


def test_it_is_the_nearest() -> None:
    """No small change of the weights comes nearer to the convolution's own."""
    network, other = (nn.Sequential(nn.Conv2d(2, 4, 3, bias=False)) for _ in range(2))
    other.load_state_dict(network.state_dict())
    separate(other)
    module = other[0]
    target = network[0].weight.detach()

    def distance() -> torch.Tensor:
        near = torch.einsum("ct,kc->kct", module.dw.weight.flatten(1), module.pw.weight.flatten(1))
        return (near.view_as(target) - target).square().sum()

    torch.autograd.backward(distance())
    for parameter in module.parameters():
        assert parameter.grad is not None
        assert float(parameter.grad.abs().max()) < 1e-5  # at the least distance it is zero


def test_cost_before_and_after() -> None:
    network = lenet()
    before = cost(network, IMAGE)
    assert before == Cost(4 * 25 + 4 + 600 + 6 + 3020 + 210, 78400 + 60000 + 3000 + 200)
    assert separate(network) == ["conv2"]
    assert cost(network, IMAGE) == Cost(
        before.parameters - 600 + 100 + 24, before.multiplications - 60000 + 100 * (100 + 24)
    )


@pytest.mark.parametrize("names", [["conv1"], ["fc1"], ["none"]])
def test_what_cannot_be_is_refused(names: list[str]) -> None:
    with pytest.raises(GatewrightError, match=f"{names[0]} cannot be replaced.*: conv2"):
        separate(lenet(), names)


def test_nothing_to_replace_is_refused() -> None:
    with pytest.raises(GatewrightError, match="there is none"):
        separate(nets.build("mlp", {"layers": [4, 2]}))


def test_with_normalisation_behind_it_becomes_fixed_point() -> None:
    torch.manual_seed(3)
    network = nets.build("resnet", {"channels": [2, 3, 4], "classes": 3})
    assert "block2.conv1" in separate(network)
    inputs = torch.randint(0, 256, (300, 1, 28, 28)) / 256
    network(inputs)
    network.eval()
    before = network(inputs[:8])
    merge_normalisation(network)
    torch.testing.assert_close(network(inputs[:8]), before, rtol=1e-4, atol=1e-4)  # as above
    technique = Quantise(QuantiseStep(epochs=0, bias_bits=12))
    data = Preprocessing(1 / 256, 255, (28, 28), "flat")
    network = technique.convert(network, data, {})
    labels = torch.zeros(300, dtype=torch.long)
    technique.prepare(network, Task(inputs, labels, inputs, labels, data, 1, builds=Path()))
    module = network.eval().block2.conv1
    seen: list[torch.Tensor] = []
    module.pw.register_forward_pre_hook(lambda _, given: seen.extend(given))
    network(inputs[:4])
    units = seen[0] * 2**20
    assert torch.equal(units, units.round())
    assert len(seen[0].unique()) <= 256
