import pytest
import torch

from gatewright import nets
from gatewright.errors import GatewrightError
from gatewright.nets import parts, resnet


def test_mlp() -> None:
    network = nets.build("mlp", {"layers": [6, 5, 4, 3]})
    names = [name for name, _ in network.named_children()]
    assert names == ["input", "fc1", "relu1", "fc2", "relu2", "fc3"]
    assert network(torch.zeros(2, 6)).shape == (2, 3)


@pytest.mark.parametrize("layers", [[784], [], "784", 784, [784, 0], [784, 1.5], [True, 2]])
def test_mlp_refuses_layers(layers: object) -> None:
    with pytest.raises(GatewrightError, match="layers is"):
        nets.build("mlp", {"layers": layers})


LENET = {"channels": [2, 3], "hidden": [5], "classes": 4}
DS_CNN = {"channels": [2, 4, 6, 8], "strides": [2, 1, 2, 2], "classes": 5}
RESNET = {"channels": [2, 4, 8], "classes": 3}
CONV1D = {
    "features": 2,
    "channels": [3, 4],
    "kernels": [3, 3],
    "strides": [1, 2],
    "average": 4,
    "classes": 6,
    "dropout": 0.1,
}


@pytest.mark.parametrize(
    ("name", "options", "inputs", "outputs"),
    [
        ("lenet", LENET, (1, 28, 28), 4),
        ("image_mlp", {"layers": [784, 5, 4]}, (1, 28, 28), 4),
        ("ds_cnn", DS_CNN, (1, 28, 28), 5),
        ("resnet", RESNET, (1, 28, 28), 3),
        ("conv1d", CONV1D, (2, 11), 6),
        ("autoencoder", {"layers": [6, 3, 6]}, (6,), 6),
    ],
)
def test_shapes(
    name: str, options: dict[str, object], inputs: tuple[int, ...], outputs: int
) -> None:
    network = nets.build(name, options)
    assert network(torch.zeros(2, *inputs)).shape == (2, outputs)
    assert next(iter(dict(network.named_children()))) == "input"


def test_average_is_one_and_is_not_trained() -> None:
    values = torch.arange(32.0).reshape(1, 2, 4, 4)
    average = parts.Average2d(2, 4)
    assert torch.equal(average(values).flatten(), values.mean(dim=(2, 3)).flatten())
    assert not average.weight.requires_grad
    times = parts.Average1d(2, 8)
    assert torch.equal(times(values.reshape(1, 2, 16))[0, 1], torch.tensor([19.5, 27.5]))


def test_residual_blocks_add() -> None:
    block = resnet.Block(2, 2, 1).eval()
    torch.nn.init.zeros_(block.conv2.weight)
    values = torch.rand(1, 2, 4, 4)
    assert torch.equal(block(values), values)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("lenet", {"channels": [2]}, "channels is"),
        ("lenet", {"hidden": 5}, "hidden is 5"),
        ("lenet", {"classes": 0}, "classes is 0"),
        ("ds_cnn", {"strides": [2, 1, 2, 1]}, "3 times 2"),
        ("ds_cnn", {"strides": [2, 2, 2]}, "list of 4"),
        ("resnet", {"channels": [2, 4]}, "list of 3"),
        ("conv1d", {"average": 3}, "power of two"),
        ("conv1d", {"dropout": 1.0}, "dropout is 1.0"),
        ("autoencoder", {"layers": [6, 3, 5]}, "end as it starts"),
        ("autoencoder", {"layers": [6, 6, 6]}, "smaller size between"),
    ],
)
def test_refuses_options(name: str, change: dict[str, object], message: str) -> None:
    given = {"lenet": LENET, "ds_cnn": DS_CNN, "resnet": RESNET, "conv1d": CONV1D}
    with pytest.raises(GatewrightError, match=message):
        nets.build(name, {**given.get(name, {}), **change})


@pytest.mark.parametrize("options", [{}, {"layers": [2, 2], "depth": 3}])
def test_options_are_exact(options: dict[str, object]) -> None:
    with pytest.raises(GatewrightError, match=r"takes exactly \['layers'\]"):
        nets.build("mlp", options)


def test_unknown_network() -> None:
    with pytest.raises(GatewrightError, match=r"no network 'mpl'; known: .*mlp"):
        nets.build("mpl", {})
