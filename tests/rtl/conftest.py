"""What the tests of the hardware blocks share."""

import os

import pytest


@pytest.fixture
def seed() -> int:
    """The seed of everything random: GATEWRIGHT_SEED, or 1."""
    value = int(os.environ.get("GATEWRIGHT_SEED", "1"))
    print(f"seed {value} (set GATEWRIGHT_SEED for another)")  # noqa: T201 - shown where it fails
    return value
