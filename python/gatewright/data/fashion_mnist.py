"""Fashion-MNIST, 60,000 and 10,000 images of clothes, 28x28, fetched once and checked every time.

The data is Zalando's, MIT licence: https://github.com/zalandoresearch/fashion-mnist
"""

from gatewright.data import mnist
from gatewright.data.dataset import Dataset
from gatewright.data.fetch import Files, GzipMirror, ensure
from gatewright.data.packages import DebianPackage

FILES = Files(
    name="fashion_mnist",
    sha256={
        "train-images-idx3-ubyte": (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
        ),
        "train-labels-idx1-ubyte": (
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
        ),
        "t10k-images-idx3-ubyte": (
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
        ),
        "t10k-labels-idx1-ubyte": (
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
        ),
    },
    max_bytes=48 << 20,
)

SOURCES = (
    DebianPackage("dataset-fashion-mnist", "usr/share/datasets/fashion-mnist/"),
    GzipMirror("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
)


def load(*, progress: bool = True) -> Dataset:
    """Return images [1, 28, 28]; the input is pixel / 256: an unsigned 8-bit input is exact.

    Raises:
        GatewrightError: a cached file is not what it should be.
        NotRunError: the files are not in the cache and no source could be reached.
    """
    folder = ensure(FILES, SOURCES, progress=progress)
    return mnist.read("fashion_mnist", folder, (1, 28, 28), "channel, row, column")
