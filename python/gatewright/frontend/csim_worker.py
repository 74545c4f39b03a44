"""Runs one part of the samples through the compiled C simulation: a process of ``csim.py``.

Arguments: library, project, folder (inputs.npy, outputs.npy), first and last sample, output sizes.
"""

import ctypes
import signal
import sys
from pathlib import Path

import numpy as np


def main(arguments: list[str]) -> None:
    """Fill the rows from the first to before the last sample of ``outputs.npy``."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a traceback
    library, project, folder, first, last, *sizes = arguments
    inputs = np.load(Path(folder) / "inputs.npy", mmap_mode="r")
    outputs = np.load(Path(folder) / "outputs.npy", mmap_mode="r+")
    run = getattr(ctypes.CDLL(library), f"{project}_double")
    run.restype = None
    array = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    run.argtypes = [array] * (1 + len(sizes))
    results = [np.zeros(int(size)) for size in sizes]
    for sample in range(int(first), int(last)):
        run(np.array(inputs[sample]), *results)
        outputs[sample] = np.concatenate(results)
    outputs.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
