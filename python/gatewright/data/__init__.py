"""Real data sets, checksummed, as numpy arrays."""

from collections.abc import Callable

from gatewright.data import digits, fashion_mnist, letters, mnist, shuttle, vowels
from gatewright.data.dataset import Dataset, Preprocessing, Split
from gatewright.errors import GatewrightError

__all__ = ["Dataset", "Preprocessing", "Split", "load", "names"]

# To add a data set: a module with ``load(progress=...) -> Dataset``, and a line here.
_LOADERS: dict[str, Callable[[bool], Dataset]] = {
    "digits": lambda progress: digits.load(),
    "fashion_mnist": lambda progress: fashion_mnist.load(progress=progress),
    "letters": lambda progress: letters.load(progress=progress),
    "mnist": lambda progress: mnist.load(progress=progress),
    "mnist_images": lambda progress: mnist.load_images(progress=progress),
    "shuttle": lambda progress: shuttle.load(progress=progress),
    "vowels": lambda progress: vowels.load(progress=progress),
}


def names() -> tuple[str, ...]:
    """Return the names ``load`` knows."""
    return tuple(_LOADERS)


def load(name: str, *, progress: bool = True) -> Dataset:
    """Load a data set, fetching it first where it is not in the cache folder yet.

    Args:
        name: One of ``names()``.
        progress: Show how a download goes.

    Raises:
        GatewrightError: unknown name, or a cached file that is not what it should be.
        NotRunError: the data has to be fetched and no source could be reached.
    """
    if name not in _LOADERS:
        raise GatewrightError(f"data: there is no data set {name!r}; known: {', '.join(_LOADERS)}")
    return _LOADERS[name](progress)
