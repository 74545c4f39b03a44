"""Samples in the hardware's order, and what a file of vectors must hold."""

import json
from pathlib import Path

import numpy as np
import pytest

from gatewright.errors import GatewrightError
from gatewright.fixed import parse_format
from gatewright.graph import StreamType
from gatewright.vectors import Interface, read_vectors

FORMAT = parse_format("fixed<16,12,RND_CONV,SAT>")


def interface(
    source: tuple[int, ...], result: tuple[int, ...], *, channels_first: bool = True
) -> Interface:
    return Interface((StreamType(FORMAT, source),), (StreamType(FORMAT, result),), channels_first)


@pytest.mark.parametrize(("shape", "hardware"), [((3, 2, 4), (2, 4, 3)), ((3, 5), (1, 5, 3))])
def test_images_are_turned(
    shape: tuple[int, ...], hardware: tuple[int, ...], tmp_path: Path
) -> None:
    x = np.arange(2 * np.prod(shape)).reshape(2, *shape)
    path = tmp_path / "v.npz"
    flat = x.reshape(2, -1)  # outputs are written flat, as the network has them
    np.savez(path, inputs=x.astype(np.float32), outputs=flat, output_fraction=np.int64(0))
    vectors = read_vectors(path, interface(hardware, hardware))
    want = np.moveaxis(x, 1, -1).reshape(2, -1)
    np.testing.assert_array_equal(vectors.inputs, want)
    np.testing.assert_array_equal(vectors.outputs, want)
    np.testing.assert_array_equal(vectors.integers([StreamType(FORMAT, hardware)]), want << 4)
    kept = read_vectors(path, interface(hardware, hardware, channels_first=False))
    np.testing.assert_array_equal(kept.outputs, flat)


def test_vectors_stay_as_they_are() -> None:
    x = np.arange(24).reshape(2, 12)
    turned = interface((12,), (12,)).turned(x, [StreamType(FORMAT, (12,))])
    np.testing.assert_array_equal(turned, x)


def test_the_number_of_outputs_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "v.npz"
    np.savez(path, inputs=np.zeros((2, 4)), outputs=np.zeros((2, 3), int), output_fraction=0)
    with pytest.raises(GatewrightError, match=r"outputs has shape \(2, 3\).* 5 elements"):
        read_vectors(path, interface((4,), (5,)))


def test_several_tensors_stand_one_after_the_other(tmp_path: Path) -> None:
    fine, coarse = (parse_format(f"fixed<16,{integer}>") for integer in (12, 14))
    kinds = (StreamType(fine, (2, 2, 3)), StreamType(coarse, (4,)))
    there = Interface(kinds, kinds[::-1], channels_first=True)
    image = np.arange(24).reshape(2, 3, 2, 2)
    vector = 100 + np.arange(8).reshape(2, 4)
    turned = np.moveaxis(image, 1, -1).reshape(2, -1)
    path = tmp_path / "v.npz"
    np.savez(
        path,
        inputs=np.concatenate([image.reshape(2, -1), vector], axis=1) / 2,
        outputs=np.concatenate([4 * vector, image.reshape(2, -1)], axis=1),
        output_fraction=np.array([4, 1]),
    )
    vectors = read_vectors(path, there)
    want = np.concatenate([turned << 3, vector << 1], axis=1)
    np.testing.assert_array_equal(vectors.integers(there.inputs), want)
    want = np.concatenate([vector, turned << 3], axis=1)
    np.testing.assert_array_equal(vectors.expected(there.outputs), want)
    one = Interface(kinds, kinds[:1], channels_first=True)
    with pytest.raises(GatewrightError, match=r"outputs has shape \(2, 16\).* 12 elements$"):
        read_vectors(path, one)
    with pytest.raises(GatewrightError, match=r"inputs has shape .* 28 elements \(12 \+ 12 \+ 4"):
        read_vectors(path, Interface((kinds[0], *kinds), kinds, channels_first=True))
    np.savez(path, **{**np.load(path), "output_fraction": np.int64(3)})
    with pytest.raises(GatewrightError, match=r"output_fraction has 1 .* each output: 2"):
        read_vectors(path, there)


def test_an_interface_survives_json() -> None:
    there = Interface(
        (StreamType(FORMAT, (2, 4, 3)), StreamType(FORMAT, (7,))),
        (StreamType(FORMAT, (10,)),),
        channels_first=True,
    )
    assert Interface.from_dict(json.loads(json.dumps(there.as_dict()))) == there
