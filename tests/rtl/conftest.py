"""What the tests of the hardware blocks share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RTL = ROOT / "rtl"
SIM = ROOT / "sim"
CACHE = Path(os.environ.get("GATEWRIGHT_CACHE", ROOT / "build" / "verilator"))


@pytest.fixture
def seed() -> int:
    """The seed of everything random: GATEWRIGHT_SEED, or 1."""
    value = int(os.environ.get("GATEWRIGHT_SEED", "1"))
    print(f"seed {value} (set GATEWRIGHT_SEED for another)")
    return value
