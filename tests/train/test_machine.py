import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gatewright import train
from gatewright.errors import GatewrightError
from gatewright.train import model_file
from gatewright.train.settings import ChannelsStep, FloatStep, Machine, QuantiseStep
from recipes import digits

STEPS = (
    FloatStep(epochs=2, learning_rate=0.01),
    ChannelsStep(epochs=1, rate=0.5, learning_rate=0.01),
    QuantiseStep(epochs=1, input_bits=5),
)
CODE = """
import sys; sys.path.insert(0, {tests!r})
from pathlib import Path
from gatewright import train
from gatewright.train.settings import Machine
from recipes import digits
from train.test_machine import STEPS
train.run(digits(steps=STEPS), Path({folder!r}), machine=Machine(accelerator="cpu", devices=2))
print("went on")
"""


def in_two_processes(tmp_path: Path) -> str:
    script = tmp_path / "train_in_two.py"
    tests = str(Path(__file__).parents[1])
    script.write_text(CODE.format(tests=tests, folder=str(tmp_path / "two")))
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    """1,237 samples, 64 at a time: the last update has 21, of which one process has 10.

    The gradients are the same sums in another order: equal but for rounding.
    """
    assert in_two_processes(tmp_path).count("went on") == 1
    train.run(digits(steps=STEPS), tmp_path / "one", progress=False)
    one, two = (model_file.load(tmp_path / name / "model.pt") for name in ("one", "two"))
    assert one.plans == two.plans
    for name, value in one.state.items():
        # some 80 updates of at most 0.01 each, whose direction rounding can tip where it is tiny
        torch.testing.assert_close(two.state[name], value, rtol=0.02, atol=0.02)


def test_mixed_precision_trains(tmp_path: Path) -> None:
    machine = Machine(accelerator="cpu", precision="bf16-mixed")
    metrics = train.run(
        digits(steps=(FloatStep(epochs=8, learning_rate=0.01),)),
        tmp_path / "mixed",
        progress=False,
        machine=machine,
    )
    assert metrics["accuracy"] > 0.8
    state = model_file.load(tmp_path / "mixed" / "model.pt").state
    assert all(value.dtype == torch.float32 for value in state.values())


def test_a_device_that_is_not_there_is_told(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(GatewrightError, match="cannot use 1 x cuda"):
        train.run(digits(), tmp_path, progress=False, machine=Machine(accelerator="cuda"))
