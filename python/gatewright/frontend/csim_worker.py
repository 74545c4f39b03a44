"""Runs one part of the samples through the compiled C simulation: a process of ``csim.py``.

Arguments: library, project, folder (inputs.npy, outputs.npy), first and last sample, the inputs'
and the outputs' sizes with commas between them.
"""

import ctypes
import signal
import sys
from pathlib import Path

import numpy as np


def main(arguments: list[str]) -> None:
    """Fill the rows from the first to before the last sample of ``outputs.npy``."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a traceback
    library, project, folder, first, last, *words = arguments
    input_sizes, sizes = ([int(size) for size in word.split(",")] for word in words)
    inputs = np.load(Path(folder) / "inputs.npy", mmap_mode="r")
    outputs = np.load(Path(folder) / "outputs.npy", mmap_mode="r+")
    run = getattr(ctypes.CDLL(library), f"{project}_double")
    run.restype = None
    array = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    run.argtypes = [array] * (len(input_sizes) + len(sizes))
    bounds = np.cumsum(input_sizes)[:-1]
    results = [np.zeros(size) for size in sizes]
    for sample in range(int(first), int(last)):
        run(*map(np.array, np.split(inputs[sample], bounds)), *results)
        outputs[sample] = np.concatenate(results)
    outputs.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
