import brevitas.nn as qnn
import pytest
import torch
from torch import nn

from gatewright import nets
from gatewright.data import Preprocessing
from gatewright.errors import GatewrightError
from gatewright.train.prune import Prune, keep_largest
from gatewright.train.quantise import Quantise, nonzero_weights
from gatewright.train.settings import PruneStep, QuantiseStep
from gatewright.train.technique import Masks, Task, weights

DIGITS = Preprocessing(1 / 16, 16, (8, 8), "flat")
BYTES = Preprocessing(1 / 256, 255, (2, 2), "flat")


def small() -> nn.Module:
    torch.manual_seed(5)
    return nets.build("mlp", {"layers": (12, 9, 4)})


@pytest.mark.parametrize("sparsity", [0.25, 0.5, 0.9])
def test_keeps_the_largest_weights_of_all_layers(sparsity: float) -> None:
    network = small()
    masks = keep_largest(network, sparsity)
    kept = torch.cat([w.detach().abs()[masks[n]] for n, w in weights(network)])
    dropped = torch.cat([w.detach().abs()[~masks[n]] for n, w in weights(network)])
    assert dropped.max() <= kept.min()
    assert len(dropped) == -int(-sparsity * 144 // 1)


def test_prune_follows_the_cubic_schedule_and_never_lets_a_weight_back() -> None:
    network = small()
    masks, technique = Masks(network), Prune(PruneStep(epochs=1, sparsity=0.5, ramp=0.5))
    seen, gone = [], torch.zeros(144, dtype=torch.bool)
    for update in range(1, 101):
        with torch.no_grad():  # training moves every weight, the pruned ones too
            for _, weight in weights(network):
                weight.add_(torch.randn_like(weight) * 0.01)
        masks.apply()
        technique.after_update(network, masks, update / 100)
        masks.apply()
        zero = torch.cat([w.detach().flatten() == 0 for _, w in weights(network)])
        assert not (gone & ~zero).any()
        gone = zero
        seen.append(int(zero.sum()))
    assert seen[24] == 63  # a half of the ramp: 0.5 * (1 - 0.5**3) of 144
    assert seen[49:] == [72] * 51
    assert not technique.may_be_best(0.49)
    assert technique.may_be_best(0.5)


def quantised(
    step: QuantiseStep,
    preprocessing: Preprocessing = DIGITS,
    inputs: torch.Tensor | None = None,
) -> nn.Module:
    network = small()
    masks = Masks(network)
    masks.kept = keep_largest(network, 0.5)
    masks.apply()
    technique = Quantise(step)
    network = technique.convert(network, preprocessing)
    inputs = torch.randint(0, 17, (600, 12)) / 16 if inputs is None else inputs
    labels = torch.zeros(len(inputs), dtype=torch.long)
    technique.prepare(network, Task(inputs, labels, inputs, labels, preprocessing, 1))
    return network.eval()


def test_every_scale_is_a_power_of_two_and_zeros_stay() -> None:
    network = quantised(QuantiseStep(epochs=1, weight_bits=4, activation_bits=5, input_bits=5))
    for layer in (network.fc1, network.fc2):
        weight = layer.quant_weight()
        assert torch.frexp(weight.scale)[0] == 0.5
        integers = weight.value / weight.scale
        assert torch.equal(integers, integers.round())
        assert integers.abs().max() <= 7
        assert (integers[layer.weight == 0] == 0).all()
        assert torch.frexp(layer.quant_bias().scale)[0] == 0.5
    assert torch.frexp(network.relu1.act_quant.scale())[0] == 0.5
    assert nonzero_weights(network) <= 72


@pytest.mark.parametrize(
    ("bits", "data", "scale"),
    [(5, DIGITS, 1 / 16), (8, DIGITS, 1 / 16), (4, DIGITS, 1 / 8), (8, BYTES, 1 / 256)],
)
def test_input_is_the_raw_integer_where_its_bits_are_enough(
    bits: int, data: Preprocessing, scale: float
) -> None:
    network = quantised(QuantiseStep(epochs=1, input_bits=bits), data)
    assert float(network.input.act_quant.scale()) == scale
    raw = torch.arange(0, data.raw_max + 1) * data.scale
    exact = torch.equal(network.input(raw), raw)
    assert exact == (2**bits > data.raw_max)


def test_quantise_refuses_what_it_does_not_know() -> None:
    network = nn.Sequential()
    network.add_module("act", nn.Sigmoid())
    with pytest.raises(GatewrightError, match="module act is a Sigmoid"):
        Quantise(QuantiseStep(epochs=1)).convert(network, DIGITS)


def test_conversion_draws_no_random_numbers_and_keeps_the_weights() -> None:
    network = small()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    network = Quantise(QuantiseStep(epochs=1)).convert(network, DIGITS)
    assert isinstance(network.fc1, qnn.QuantLinear)
    found = network.state_dict()
    assert all(torch.equal(found[name], value) for name, value in before.items())
    assert torch.equal(torch.get_rng_state(), state)
