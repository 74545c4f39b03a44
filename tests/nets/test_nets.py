import pytest
import torch

from gatewright import nets
from gatewright.errors import GatewrightError


def test_mlp() -> None:
    network = nets.build("mlp", {"layers": [6, 5, 4, 3]})
    names = [name for name, _ in network.named_children()]
    assert names == ["input", "fc1", "relu1", "fc2", "relu2", "fc3"]
    assert network(torch.zeros(2, 6)).shape == (2, 3)


@pytest.mark.parametrize("layers", [[784], [], "784", 784, [784, 0], [784, 1.5], [True, 2]])
def test_mlp_refuses_layers(layers: object) -> None:
    with pytest.raises(GatewrightError, match="layers is"):
        nets.build("mlp", {"layers": layers})


@pytest.mark.parametrize("options", [{}, {"layers": [2, 2], "depth": 3}])
def test_options_are_exact(options: dict[str, object]) -> None:
    with pytest.raises(GatewrightError, match=r"takes exactly \['layers'\]"):
        nets.build("mlp", options)


def test_unknown_network() -> None:
    with pytest.raises(GatewrightError, match=r"no network 'mpl'; known: mlp"):
        nets.build("mpl", {})
