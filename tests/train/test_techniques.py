from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import brevitas.nn as qnn
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from gatewright import nets
from gatewright.data import Preprocessing
from gatewright.errors import GatewrightError
from gatewright.train.cost import datapath_luts
from gatewright.train.precision import search
from gatewright.train.prune import Prune, keep_largest
from gatewright.train.quantise import Quantise, merge_normalisation, nonzero_weights
from gatewright.train.settings import Bits, Folding, LutBudget, PruneStep, QuantiseStep
from gatewright.train.technique import Masks, Task, count_parameters, weights

DIGITS = Preprocessing(1 / 16, 16, (8, 8), "flat")
BYTES = Preprocessing(1 / 256, 255, (2, 2), "flat")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # small networks gain nothing from more
    yield
    torch.set_num_threads(before)


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
    network = technique.convert(network, preprocessing, {})
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
        Quantise(QuantiseStep(epochs=1)).convert(network, DIGITS, {})


def test_conversion_draws_no_random_numbers_and_keeps_the_weights() -> None:
    network = small()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    network = Quantise(QuantiseStep(epochs=1)).convert(network, DIGITS, {})
    assert isinstance(network.fc1, qnn.QuantLinear)
    found = network.state_dict()
    assert all(torch.equal(found[name], value) for name, value in before.items())
    assert torch.equal(torch.get_rng_state(), state)


def normalised() -> nn.Module:
    """A network with every kind of module, its statistics not those it starts with."""
    torch.manual_seed(7)
    network = nets.build("resnet", {"channels": (2, 3, 4), "classes": 3})
    for _ in range(5):
        network(torch.rand(32, 1, 28, 28))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias)
    return network.eval()


def test_normalisation_is_merged_into_its_convolution() -> None:
    network, inputs = normalised(), torch.rand(8, 1, 28, 28)
    before = network(inputs)
    merge_normalisation(network)
    assert not [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all(p.requires_grad for n, p in network.named_parameters() if n != "average.weight")
    # float32 keeps 24 bits; some twenty operations of magnitude about 1 stand between
    torch.testing.assert_close(network(inputs), before, rtol=1e-4, atol=1e-4)


def test_normalisation_elsewhere_is_refused() -> None:
    network = nn.Sequential(nn.ReLU(), nn.BatchNorm1d(3))
    with pytest.raises(GatewrightError, match="1 normalises what is no convolution"):
        merge_normalisation(network)


def test_a_residual_network_is_fixed_point_on_every_branch() -> None:
    technique = Quantise(QuantiseStep(epochs=1, bias_bits=12))
    network = technique.convert(normalised(), BYTES, {})
    inputs = torch.randint(0, 256, (600, 1, 28, 28)) / 256
    labels = torch.zeros(600, dtype=torch.long)
    technique.prepare(network, Task(inputs, labels, inputs, labels, BYTES, 1))
    network.eval()
    seen: list[torch.Tensor] = []
    for block in (network.block1, network.block2, network.block3):
        block.add.register_forward_pre_hook(lambda _, given: seen.extend(given))
    network(inputs[:8])
    assert len(seen) == 6
    for values in seen:
        units = values * 2**20
        assert torch.equal(units, units.round())
        assert len(values.unique()) <= 256
    average = network.average.quant_weight()
    assert (average.value == 1 / 16).all()
    assert "average.weight" not in dict(weights(network))
    conv = network.block1.conv1
    assert conv.quant_weight().value.unique().numel() <= 63
    assert count_parameters(network) == sum(
        m.weight.numel() + m.bias.numel()
        for m in network.modules()
        if isinstance(m, qnn.QuantConv2d | qnn.QuantLinear) and m is not network.average
    )


@pytest.mark.parametrize(("bits", "scale"), [(8, 1 / 32), (9, 1 / 32), (6, 1 / 8)])
def test_signed_input(bits: int, scale: float) -> None:
    data = Preprocessing(1 / 32, 127, (4,), "flat", raw_min=-128)
    raw = torch.arange(-128, 128) / 32
    inputs = raw[torch.randint(256, (600, 12))]
    network = quantised(QuantiseStep(epochs=1, input_bits=bits), data, inputs)
    assert float(network.input.act_quant.scale()) == scale
    assert torch.equal(network.input(raw), raw) == (bits >= 8)


def test_padding_that_is_not_zero_is_refused() -> None:
    network = nn.Sequential()
    network.add_module("conv", nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"))
    with pytest.raises(GatewrightError, match="conv: padding_mode is 'reflect'"):
        Quantise(QuantiseStep(epochs=1)).convert(network, BYTES, {})


def test_each_layer_loses_its_share() -> None:
    network = small()
    masks = keep_largest(network, 0.5, scope="layer")
    assert [int(mask.sum()) for mask in masks.values()] == [54, 18]
    with torch.no_grad():
        network.fc2.weight.mul_(100)
    assert [int(m.sum()) for m in keep_largest(network, 0.5, scope="layer").values()] == [54, 18]
    assert [int(m.sum()) for m in keep_largest(network, 0.5).values()] == [36, 36]


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_blocks_fall_as_a_whole(scope: Literal["global", "layer"]) -> None:
    """9 x 12 and 4 x 9 weights in blocks of 2 x 4, those at the edges smaller."""
    network = small()
    masks = keep_largest(network, 0.5, scope=scope, block=(2, 4))
    dropped = {name: int((~mask).sum()) for name, mask in masks.items()}
    for name, mask in masks.items():
        for rows in torch.split(mask, 2):
            for block in torch.split(rows, 4, dim=1):
                assert block.all() or not block.any()
        assert scope == "global" or dropped[name] >= mask.numel() / 2
    assert 72 <= sum(dropped.values()) < 72 + (8 if scope == "global" else 16)
    magnitudes = [
        (float(weight.detach()[mask_rows].abs().mean()), bool(masks[name][mask_rows][0, 0]))
        for name, weight in weights(network)
        if scope == "global"
        for row in range(0, len(weight), 2)
        for column in range(0, weight.shape[1], 4)
        for mask_rows in [(slice(row, row + 2), slice(column, column + 4))]
    ]
    kept = [value for value, there in magnitudes if there]
    assert all(value <= min(kept) for value, there in magnitudes if not there)


@pytest.mark.parametrize("sparsity", [-0.1, 1.0])
def test_a_sparsity_outside_is_refused(sparsity: float) -> None:
    with pytest.raises(GatewrightError, match="must be from 0 to below 1"):
        keep_largest(small(), sparsity)


def test_zero_sparsity_keeps_all() -> None:
    assert all(mask.all() for mask in keep_largest(small(), 0.0).values())


def test_widths_by_layer() -> None:
    layers = {"fc1": Bits(weight_bits=3), "relu1": Bits(activation_bits=4)}
    network = quantised(QuantiseStep(epochs=0, weight_bits=6, layers=layers))
    assert int(network.fc1.quant_weight().bit_width) == 3
    assert int(network.fc2.quant_weight().bit_width) == 6
    assert int(network.relu1.act_quant.bit_width()) == 4
    with pytest.raises(GatewrightError, match=r"fc3 is no layer.*fc1, fc2, relu1"):
        quantised(QuantiseStep(epochs=0, layers={"fc3": Bits(weight_bits=3)}))


def test_a_smaller_percentile_is_a_smaller_range() -> None:
    inputs = torch.randn(600, 12) * torch.linspace(0.1, 3, 600)[:, None]
    scales = [
        float(quantised(step, inputs=inputs).relu1.act_quant.scale().detach())
        for step in (QuantiseStep(epochs=0), QuantiseStep(epochs=0, percentile=60))
    ]
    assert scales[1] < scales[0]


def test_search_spends_the_bits_where_they_count() -> None:
    """The second layer decides; the first layer's small part of the outputs can be coarse."""
    network = small()
    torch.manual_seed(3)
    inputs = torch.rand(400, 12)
    labels = network(inputs).argmax(dim=1)
    task = Task(inputs, labels, inputs, labels, DIGITS, 1)
    state = torch.get_rng_state()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for budget in (8.0, 6.0):
        found = search(network, task, QuantiseStep(epochs=0, mean_weight_bits=budget))
        assert 108 * found["fc1"] + 36 * found["fc2"] <= budget * 144
        assert budget < 8 or found == {"fc1": 8, "fc2": 8}
    step = QuantiseStep(epochs=0, mean_weight_bits=5.5, layers={"fc1": Bits(weight_bits=7)})
    with pytest.raises(GatewrightError, match="cannot be met"):
        search(network, task, step)
    loose = replace(step, mean_weight_bits=6.75)
    assert search(network, task, loose) == {"fc1": 7, "fc2": 6}
    technique = Quantise(loose)
    plan = technique.plan(network, task)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(network.state_dict()[k], value) for k, value in before.items())
    converted = technique.convert(network, DIGITS, plan)
    assert int(converted.fc2.quant_weight().bit_width) == 6


def test_widths_within_a_budget_of_luts() -> None:
    torch.manual_seed(5)
    network = nets.build("mlp", {"layers": [12, 9, 4]})
    inputs, labels = torch.rand(300, 12), torch.randint(4, (300,))
    task = Task(inputs, labels, inputs, labels, DIGITS, 1)
    folds = {"fc1": Folding(PE=9, SIMD=4), "fc2": Folding(PE=1, SIMD=1)}

    def luts(bits: dict[str, int]) -> int:
        return datapath_luts((9, 12), (9, 4), bits["fc1"], 8) + datapath_luts(
            (4, 9), (1, 1), bits["fc2"], 8
        )

    widest, narrowest = luts({"fc1": 8, "fc2": 8}), luts({"fc1": 2, "fc2": 2})
    for at_most in (widest, (widest + narrowest) // 2, narrowest):
        step = QuantiseStep(epochs=0, luts=LutBudget(at_most=at_most, folds=folds))
        found = search(network, task, step)
        assert luts(found) <= at_most
        wider = [found | {name: bits + 1} for name, bits in found.items() if bits < 8]
        assert at_most > narrowest or found == {"fc1": 2, "fc2": 2}
        assert at_most < widest or not wider
    less = QuantiseStep(epochs=0, luts=LutBudget(at_most=narrowest - 1, folds=folds))
    with pytest.raises(GatewrightError, match=r"luts \d+ cannot be met"):
        search(network, task, less)
    other = QuantiseStep(epochs=0, luts=LutBudget(at_most=1, folds={"fc1": Folding(PE=1, SIMD=1)}))
    with pytest.raises(GatewrightError, match=r"must name every layer with weights.*: fc1, fc2"):
        search(network, task, other)
    with pytest.raises(ValidationError, match="mean_weight_bits or luts, not both"):
        QuantiseStep(epochs=0, mean_weight_bits=4, luts=less.luts)
