import json
import logging
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from gatewright import data, export, nets, train
from gatewright.data import Dataset, Preprocessing
from gatewright.errors import GatewrightError
from gatewright.train import checkpoint, model_file
from gatewright.train.checkpoint import Progress
from gatewright.train.loop import Loop
from gatewright.train.machine import start
from gatewright.train.objective import Classify
from gatewright.train.settings import (
    ChannelsStep,
    Data,
    DistilStep,
    FloatStep,
    Machine,
    Network,
    PruneStep,
    QuantiseStep,
    Teacher,
    Train,
)
from gatewright.train.steps import do_steps
from gatewright.train.technique import Task
from recipes import Design, digits


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("trained")
    return folder, train.run(digits(epochs=6), folder)


def states_equal(one: Path, other: Path) -> bool:
    first, second = (model_file.load(folder / "model.pt").state for folder in (one, other))
    return list(first) == list(second) and all(torch.equal(first[k], second[k]) for k in first)


def test_metrics(trained: tuple[Path, dict[str, Any]]) -> None:
    folder, metrics = trained
    assert metrics == json.loads((folder / "metrics.json").read_text())
    assert metrics["float_accuracy"] > 0.9
    assert metrics["accuracy"] > 0.9
    assert metrics["parameters"] == 64 * 16 + 16 + 16 * 10 + 10
    assert metrics["weights"] == 64 * 16 + 16 * 10
    assert metrics["nonzero_weights"] <= metrics["weights"] / 2
    assert metrics["sparsity"] == 1 - metrics["nonzero_weights"] / metrics["weights"]
    assert metrics["seed"] == 1
    assert [step["technique"] for step in metrics["steps"]] == ["float", "prune", "quantise"]
    for step in metrics["steps"]:
        assert len(step["validation_accuracies"]) == step["epochs"] == 6
        assert step["validation_accuracies"][step["best_epoch"] - 1] == step["validation_accuracy"]
    assert metrics["steps"][1]["best_epoch"] >= 3  # not before the sparsity is reached


def test_leaves_no_checkpoint(trained: tuple[Path, dict[str, Any]]) -> None:
    assert {path.name for path in trained[0].iterdir()} == {"model.pt", "metrics.json"}


def test_model_file_gives_the_network_back(trained: tuple[Path, dict[str, Any]]) -> None:
    folder, metrics = trained
    stored = torch.load(folder / "model.pt", weights_only=True)
    assert set(stored) == {"format", "description", "state"}
    model = model_file.load(folder / "model.pt")
    dataset = data.load("digits")
    with torch.no_grad():
        found = model.build()(torch.from_numpy(dataset.test_inputs)).argmax(dim=1).numpy()
    assert (found == dataset.test_labels).mean() == metrics["accuracy"]


def test_pruned_weights_are_zero_to_the_end(trained: tuple[Path, dict[str, Any]]) -> None:
    network = model_file.load(trained[0] / "model.pt").build()
    weights = [network.fc1.weight, network.fc2.weight]
    integers = [network.fc1.quant_weight().value, network.fc2.quant_weight().value]
    assert sum(int((w == 0).sum()) for w in weights) == 592
    assert all((q[w == 0] == 0).all() for w, q in zip(weights, integers, strict=True))


def test_same_seed_same_bits_other_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train.run(digits(epochs=1, seed=seed), tmp_path / name, progress=False)
    assert states_equal(tmp_path / "a", tmp_path / "b")
    assert not states_equal(tmp_path / "a", tmp_path / "c")


UPDATES = 20  # in an epoch: 1,237 samples, 64 at a time
WHERE = [5, 25, 2 * UPDATES, 2 * UPDATES + 7, 4 * UPDATES + 3, 5 * UPDATES + 19]


@pytest.mark.parametrize("updates", WHERE)
def test_resumes_with_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, updates: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    train.run(digits(), tmp_path / "whole", progress=False)
    with monkeypatch.context() as patch:
        stop_after(patch, updates)
        with pytest.raises(KeyboardInterrupt):
            train.run(digits(), tmp_path / "stopped", progress=False)
    assert not (tmp_path / "stopped" / "model.pt").exists()
    torch.rand(3)  # what else the process draws must not matter
    train.run(digits(), tmp_path / "stopped", progress=False)
    assert ("resuming" in caplog.text) == (updates >= UPDATES)
    assert states_equal(tmp_path / "whole", tmp_path / "stopped")
    whole, stopped = (
        json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("whole", "stopped")
    )
    for metrics in (whole, stopped):
        metrics.pop("train_s")
        metrics.pop("peak_mib")
        for step in metrics["steps"]:
            step.pop("train_s")
    assert whole == stopped


def stop_after(patch: pytest.MonkeyPatch, updates: int) -> None:
    """Stop training, as Ctrl-C does, in the middle of an update."""
    update, done = Loop._update, []

    def counted(self: Loop, *args: object) -> torch.Tensor:
        if len(done) == updates:
            raise KeyboardInterrupt
        done.append(1)
        return update(self, *args)

    patch.setattr(Loop, "_update", counted)


def test_resumes_after_being_killed(tmp_path: Path) -> None:
    train.run(digits(epochs=8), tmp_path / "whole", progress=False)
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "from pathlib import Path; from recipes import digits; from gatewright import train\n"
        f"train.run(digits(epochs=8), Path({str(tmp_path / 'killed')!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    while not (tmp_path / "killed" / "checkpoint.pt").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    train.run(digits(epochs=8), tmp_path / "killed", progress=False)
    assert states_equal(tmp_path / "whole", tmp_path / "killed")


def test_a_checkpoint_of_other_settings_is_ignored_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        stop_after(patch, 30)
        with pytest.raises(KeyboardInterrupt):
            train.run(digits(seed=2), tmp_path / "other", progress=False)
    train.run(digits(epochs=1), tmp_path / "other", progress=False)
    assert "belongs to other settings" in caplog.text
    train.run(digits(epochs=1), tmp_path / "fresh", progress=False)
    assert states_equal(tmp_path / "other", tmp_path / "fresh")


@pytest.mark.parametrize(
    "change", [{"network": Network("mlp", {"layers": [64, 8, 10]})}, {"data": Data("mnist", 200)}]
)
def test_a_checkpoint_of_another_design_is_refused_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    with monkeypatch.context() as patch:
        stop_after(patch, 30)
        with pytest.raises(KeyboardInterrupt):
            train.run(digits(), tmp_path / "run", progress=False)
    path = tmp_path / "run" / "checkpoint.pt"
    before = path.read_bytes()
    other = replace(digits(), **change)
    samples = data.load("digits")
    monkeypatch.setattr(data, "load", lambda *_args, **_named: samples)
    with pytest.raises(
        GatewrightError, match=r"of another design: it trains mlp with .* on digits"
    ):
        train.run(other, tmp_path / "run", progress=False)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\3\4 cut"])
def test_a_broken_checkpoint_is_ignored_with_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    assert checkpoint.load(path, "key", "mlp on digits") is None
    assert "training starts anew" in caplog.text


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, calls = Classify.loss, []

    def broken(self: Classify, network: nn.Module, inputs: Any, labels: Any) -> torch.Tensor:
        calls.append(1)
        loss = plain(self, network, inputs, labels)
        return loss * float("nan") if len(calls) == UPDATES + 3 else loss

    with monkeypatch.context() as patch:
        patch.setattr(Classify, "loss", broken)
        with pytest.raises(GatewrightError, match=r"float \(1 of 3\).* nan in epoch 2.*learning"):
            train.run(digits(), tmp_path / "broken", progress=False)
    assert not (tmp_path / "broken" / "model.pt").exists()
    train.run(digits(), tmp_path / "broken", progress=False)
    train.run(digits(), tmp_path / "whole", progress=False)
    assert states_equal(tmp_path / "broken", tmp_path / "whole")


def test_the_test_set_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train.run(digits(), tmp_path / "a", progress=False)
    load = data.load

    def shuffled(name: str, *, progress: bool) -> Dataset:
        dataset = load(name, progress=progress)
        return replace(
            dataset,
            test_inputs=dataset.test_inputs[::-1] * 0,
            test_labels=(dataset.test_labels + 1) % 10,
        )

    monkeypatch.setattr(data, "load", shuffled)
    train.run(digits(), tmp_path / "b", progress=False)
    assert states_equal(tmp_path / "a", tmp_path / "b")


def test_the_best_epoch_is_taken_by_validation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three epochs with validation accuracies 0.3, 0.9, 0.5, the second is the result."""
    design = digits(steps=(FloatStep(epochs=3),))
    given, states = iter([0.3, 0.9, 0.5, 0.0, 0.0, 0.0]), []

    def judged(self: Classify, network: nn.Module, inputs: Any, labels: Any) -> float:
        states.append({k: v.clone() for k, v in network.state_dict().items()})
        return next(given)

    monkeypatch.setattr(Classify, "score", judged)
    metrics = train.run(design, tmp_path, progress=False)
    assert metrics["steps"][0]["best_epoch"] == 2
    state = model_file.load(tmp_path / "model.pt").state
    assert all(torch.equal(state[name], value) for name, value in states[1].items())


def test_an_epoch_before_the_sparsity_is_reached_is_never_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter([0.9, 0.4, 0.5, 0.3, 0.0])
    monkeypatch.setattr(Classify, "score", lambda *_: next(given))
    design = digits(steps=(PruneStep(epochs=4, sparsity=0.5, ramp=0.5),))
    metrics = train.run(design, tmp_path, progress=False)
    assert metrics["steps"][0]["best_epoch"] == 3
    assert metrics["sparsity"] == 0.5


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))\n"
        "from pathlib import Path; from recipes import digits; from gatewright import train\n"
        "from gatewright.errors import GatewrightError\n"
        f"try: train.run(digits(), Path({str(tmp_path)!r}))\n"
        "except GatewrightError as error: sys.exit(str(error))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False
    )
    assert f"cannot write {tmp_path / 'checkpoint.pt'}" in done.stderr
    assert not list(tmp_path.iterdir())


def test_recipe_without_a_float_step(tmp_path: Path) -> None:
    metrics = train.run(digits(steps=(PruneStep(epochs=1, sparsity=0.5),)), tmp_path)
    assert metrics["float_accuracy"] is None
    assert metrics["sparsity"] == 0.5


@pytest.mark.parametrize(
    ("layers", "said"),
    [((63, 10), r"does not take the inputs of digits.*\(64,\)"), ((64, 9), "with its 10 classes")],
)
def test_network_that_does_not_fit_the_data(tmp_path: Path, layers: object, said: str) -> None:
    with pytest.raises(GatewrightError, match=said):
        train.run(digits(layers=layers), tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"rubbish", b"PK\3\4 cut"])
def test_model_file_that_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GatewrightError, match="train"):
        model_file.load(path)


def test_model_file_with_the_state_of_another_network(
    trained: tuple[Path, dict[str, Any]],
) -> None:
    model = model_file.load(trained[0] / "model.pt")
    del model.state["fc1.weight"]
    with pytest.raises(GatewrightError, match=r"state of another network(?s:.*)fc1\.weight"):
        model.build()


def test_progress_without_a_terminal_is_log_lines(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO, logger="gatewright")
    train.run(digits(epochs=1), tmp_path, progress=True)
    assert "prune (2 of 3): epoch 1 of 1, loss" in caplog.text
    assert capsys.readouterr() == ("", "")


def test_threads_are_left_as_they_were(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    train.run(digits(epochs=1), tmp_path, progress=False)
    assert torch.get_num_threads() == before


def rows(count: int, seed: int) -> Any:
    """Points near a line through four dimensions, in units of 1/32."""
    generator = np.random.default_rng(seed)
    along = generator.normal(size=(count, 1)) * np.array([1.0, -1.0, 0.5, 2.0])
    return (np.clip(np.rint(32 * along), -128, 127) / 32).astype(np.float32)


def test_an_autoencoder_learns_what_is_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, strange = rows(100, 2), rows(100, 3)[:, ::-1]
    dataset = Dataset(
        *("rows", rows(800, 1), np.zeros(800, dtype=np.int64)),
        *(np.concatenate([usual, strange]), np.repeat(np.arange(2), 100), 2),
        Preprocessing(1 / 32, 127, (4,), "flat", raw_min=-128),
    )
    monkeypatch.setattr(data, "load", lambda name, **_: dataset)
    steps = (FloatStep(epochs=8, learning_rate=0.01), QuantiseStep(epochs=2, bias_bits=12))
    design = Design(
        Network("autoencoder", {"layers": [4, 8, 2, 8, 4]}),
        Data("rows", 100),
        Train(steps=steps, batch_size=32, objective="reconstruct"),
    )
    metrics = train.run(design, tmp_path, progress=False)
    assert metrics["auc"] > 0.9
    assert metrics["float_auc"] > 0.9
    scores = metrics["steps"][0]["validation_scores"]
    assert metrics["steps"][0]["validation_score"] == max(scores) < 0
    record = export.run(design, tmp_path)
    assert record["accuracy"] is None
    assert record["auc"] == pytest.approx(metrics["auc"], abs=1e-3)
    with np.load(tmp_path / "vectors.npz") as arrays:
        assert arrays["anomalies"].tolist() == [False] * 100 + [True] * 100
        assert "labels" not in arrays


def test_a_recipe_that_begins_as_another_goes_on_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = digits().train.steps
    train.run(digits(), tmp_path / "alone", progress=False)
    shared = tmp_path / "shared"
    train.run(digits(steps=steps[:2]), tmp_path / "short", progress=False, shared=shared)
    assert len(list(shared.iterdir())) == 2
    updates: list[int] = []
    update = Loop._update

    def counted(self: Loop, *args: object) -> torch.Tensor:
        updates.append(1)
        return update(self, *args)

    monkeypatch.setattr(Loop, "_update", counted)
    train.run(digits(), tmp_path / "whole", progress=False, shared=shared)
    assert len(updates) == 2 * UPDATES
    assert states_equal(tmp_path / "alone", tmp_path / "whole")


def test_a_stopped_run_with_every_technique_ends_with_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = Network("mlp", {"layers": [64, 24, 10]})
    torch.manual_seed(4)
    state = nets.build(teacher.name, teacher.options).state_dict()
    torch.save(state, tmp_path / "teacher.pt")
    steps = (
        FloatStep(epochs=1, learning_rate=0.01),
        ChannelsStep(epochs=0, rate=0.5),
        DistilStep(epochs=1, teacher=Teacher(network=teacher, checkpoint="teacher.pt")),
        PruneStep(epochs=1, sparsity=0.5, scope="layer"),
        QuantiseStep(epochs=1, input_bits=5, mean_weight_bits=7),
    )
    design = replace(digits(steps=steps), folder=tmp_path)
    train.run(design, tmp_path / "whole", progress=False)
    for updates in (UPDATES + 3, 2 * UPDATES + 3, 3 * UPDATES + 3):
        with monkeypatch.context() as patch:
            stop_after(patch, UPDATES)
            with pytest.raises(KeyboardInterrupt):
                train.run(design, tmp_path / f"stopped{updates}", progress=False)
        with monkeypatch.context() as patch:
            stop_after(patch, updates - UPDATES)
            with pytest.raises(KeyboardInterrupt):
                train.run(design, tmp_path / f"stopped{updates}", progress=False)
        torch.rand(3)
        train.run(design, tmp_path / f"stopped{updates}", progress=False)
        assert states_equal(tmp_path / "whole", tmp_path / f"stopped{updates}")


class Own(nn.Module):
    """A user's own network: nothing of it is built in."""

    def __init__(self) -> None:
        super().__init__()
        self.input = nn.Identity()
        self.one = nn.Linear(64, 24)
        self.act = nn.ReLU()
        self.two = nn.Linear(24, 10)

    def forward(self, inputs: torch.Tensor) -> Any:
        return self.two(self.act(self.one(self.input(inputs))))


def test_every_step_takes_a_module_of_ones_own() -> None:
    dataset = data.load("digits")
    split = dataset.split(200, 1)
    task = Task(
        *(torch.from_numpy(values) for values in (split.train_inputs, split.train_labels)),
        *(torch.from_numpy(split.validation_inputs), torch.from_numpy(split.validation_labels)),
        *(dataset.preprocessing, 1),
    )
    recipe = Train(
        batch_size=64,
        steps=(
            FloatStep(epochs=6, learning_rate=0.01),
            ChannelsStep(epochs=2, rate=0.5, learning_rate=0.01),
            PruneStep(epochs=2, sparsity=0.5, learning_rate=0.01),
            QuantiseStep(epochs=2, input_bits=5),
        ),
    )
    torch.manual_seed(1)
    state = Progress()
    found = do_steps(Own(), recipe, task, state, start(Machine(accelerator="cpu")), show=False)
    assert found.one.out_features == 12
    assert [entry["technique"] for entry in state.finished] == [s.technique for s in recipe.steps]
    assert state.finished[-1]["validation_accuracy"] > 0.8
    integers = found.one.quant_weight().value
    assert int((integers == 0).sum()) + int((found.two.quant_weight().value == 0).sum()) >= 444
