from dataclasses import replace
from typing import Any

import pytest
import torch

from gatewright.errors import GatewrightError
from gatewright.train import throughput
from gatewright.train.settings import Machine
from recipes import digits

CPU = Machine(accelerator="cpu")


def test_both_loops_train_on_the_same_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []
    objective = throughput.objective_for("classify")
    plain = objective.loss

    def counted(network: Any, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(inputs.shape))
        return plain(network, inputs, labels)

    monkeypatch.setattr(objective, "loss", counted)
    monkeypatch.setattr(throughput, "objective_for", lambda _: objective)
    threads = torch.get_num_threads()
    found = throughput.measure(digits(), CPU, rounds=2)
    updates = len(seen) // 4  # two rounds of two loops
    assert seen == seen[:updates] * 4
    ratio = found["training_samples_per_s"] / found["bare_training_samples_per_s"]
    assert found["training_ratio"] == pytest.approx(ratio)
    assert torch.get_num_threads() == threads


def test_a_design_that_does_not_train_is_refused() -> None:
    with pytest.raises(GatewrightError, match="must have network"):
        throughput.measure(replace(digits(), train=None), CPU, rounds=1)  # type: ignore[arg-type]
