"""The integer table of a softmax's exponential: one definition for PyTorch, C++ and hardware."""

import numpy as np

from gatewright.errors import GatewrightError
from gatewright.fixed import IntArray

TABLE_BITS = 10  # of each value, where nobody says otherwise
MOST_TABLE_BITS = 24
MOST_INPUT_BITS = 12


def exponential_table(bits: int, fraction: int, table_bits: int = TABLE_BITS) -> IntArray:
    """Return ``round((2**table_bits - 1) * exp(-d * 2**-fraction))`` for every distance ``d``.

    Args:
        bits: Width of the softmax's input; distances from the greatest are below 2**bits.
        fraction: Its fraction bits.
        table_bits: Width of each value, without sign.

    Returns:
        Integers [2 ** bits]; the first is the greatest, none is negative.

    Raises:
        GatewrightError: more bits than a table has.
    """
    if not 1 <= bits <= MOST_INPUT_BITS or not 1 <= table_bits <= MOST_TABLE_BITS:
        raise GatewrightError(
            f"a softmax by table of an input of {bits} bits with values of {table_bits}; allowed: "
            f"1 to {MOST_INPUT_BITS}, and 1 to {MOST_TABLE_BITS}"
        )
    distances = np.ldexp(np.arange(1 << bits, dtype=np.float64), -fraction)
    values: IntArray = np.rint(((1 << table_bits) - 1) * np.exp(-distances)).astype(np.int64)
    return values
