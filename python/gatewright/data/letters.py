"""LetterRecognition: 20,000 printed capital letters, 16 features of 0 to 15 each.

The first 16,000 are to train on and the last 4,000 to test with, as its authors did.

Source:
    P. W. Frey, D. J. Slate, "Letter recognition using Holland-style adaptive classifiers", Machine
    Learning 6 (1991).
"""

import numpy as np

from gatewright.data.dataset import Dataset, Preprocessing
from gatewright.data.fetch import Files, ensure
from gatewright.data.packages import DebianPackage
from gatewright.data.rdata import read_columns
from gatewright.errors import GatewrightError

FILES = Files(
    name="letters",
    sha256={
        "LetterRecognition.rda": (
            "967a1a3e10b548d7269cbe50182bcecd6365cc58ea07638bbc34c51f17f34f1d"
        ),
    },
    max_bytes=4 << 20,
)

SOURCES = (DebianPackage("r-cran-mlbench", "usr/lib/R/site-library/mlbench/data/"),)

_TRAIN = 16_000
_MIDDLE = 8.0  # of 0 to 15


def load(*, progress: bool = True) -> Dataset:
    """Return inputs [16]; the input is (feature - 8) / 4, so a signed 4-bit input is exact.

    Raises:
        GatewrightError: a cached file is not what it should be.
        NotRunError: the files are not in the cache and no source could be reached.
    """
    path = ensure(FILES, SOURCES, progress=progress) / "LetterRecognition.rda"
    labels, *features = read_columns(path)
    if len(features) != 16:
        raise GatewrightError(f"{path} has {len(features)} features; expected 16")
    inputs = ((np.stack(features, axis=1) - _MIDDLE) / 4).astype(np.float32)
    classes = labels.astype(np.int64) - 1  # R counts the levels of a factor from 1
    return Dataset(
        name="letters",
        train_inputs=inputs[:_TRAIN],
        train_labels=classes[:_TRAIN],
        test_inputs=inputs[_TRAIN:],
        test_labels=classes[_TRAIN:],
        classes=26,
        preprocessing=Preprocessing(
            scale=1 / 4,
            raw_max=7,
            raw_shape=(16,),
            layout="as in the file",
            raw_min=-8,
            offset=(_MIDDLE,) * 16,
            gain=(1.0,) * 16,
        ),
    )
