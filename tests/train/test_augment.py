import pytest
import torch

from gatewright.errors import GatewrightError
from gatewright.train.augment import augment
from gatewright.train.settings import Augment


def samples(count: int = 200) -> torch.Tensor:
    return torch.arange(1.0, 13.0).reshape(1, 1, 3, 4).repeat(count, 1, 1, 1)


def test_by_default_nothing_is_changed_and_nothing_is_drawn() -> None:
    state = torch.get_rng_state()
    inputs = samples()
    found, flipped = augment(inputs, Augment())
    assert found is inputs
    assert not flipped.any()
    assert torch.equal(torch.get_rng_state(), state)


def test_flip_mirrors_about_every_other_sample() -> None:
    torch.manual_seed(1)
    inputs = samples()
    found, flipped = augment(inputs, Augment(flip=True))
    assert torch.equal(flipped, (found != inputs).flatten(1).any(dim=1))
    assert torch.equal(found[flipped], inputs.flip(-1)[flipped])
    assert 60 < int(flipped.sum()) < 140


def test_shift_moves_each_axis_and_brings_zeros_in() -> None:
    torch.manual_seed(1)
    inputs = samples()
    found, _ = augment(inputs, Augment(shift=1))
    padded = torch.nn.functional.pad(inputs[:1], (1, 1, 1, 1))
    possible = {
        tuple(padded[0, 0, row : row + 3, column : column + 4].flatten().tolist())
        for row in range(3)
        for column in range(3)
    }
    assert {tuple(sample.flatten().tolist()) for sample in found} == possible


def test_shift_along_time() -> None:
    torch.manual_seed(1)
    found, _ = augment(torch.arange(1.0, 6.0).repeat(100, 2, 1), Augment(shift=2))
    assert torch.equal(found[:, 0], found[:, 1])
    assert set(found[:, 0, 2].tolist()) == {1.0, 2.0, 3.0, 4.0, 5.0}


def test_noise_has_the_deviation_asked_for() -> None:
    torch.manual_seed(1)
    found, _ = augment(torch.zeros(1000, 10), Augment(noise=0.5))
    assert 0.48 < float(found.std()) < 0.52  # of 10,000 draws: 5 standard errors are 0.018


def test_shift_of_samples_that_have_no_place_is_refused() -> None:
    with pytest.raises(GatewrightError, match="shift needs"):
        augment(torch.zeros(3, 4), Augment(shift=1))
