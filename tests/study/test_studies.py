import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gatewright import design, flow
from gatewright.cli import cli
from gatewright.design import Design
from gatewright.errors import GatewrightError
from gatewright.steps import Options
from gatewright.study import compress, pair
from gatewright.study.pair import Gain, Pair
from gatewright.study.table import Column, markdown

YAML = """
description: "a small ladder"
network: {name: mlp, options: {layers: [64, 16, 10]}}
data: {name: digits, validation: 200}
train:
  batch_size: 64
  steps:
    - {technique: float, epochs: 3, learning_rate: 0.01}
    - {technique: channels, rate: 0.5, epochs: 0}
    - {technique: float, epochs: 2, learning_rate: 0.01}
    - {technique: prune, sparsity: 0.5, epochs: 1}
    - {technique: quantise, epochs: 1, weight_bits: 5, activation_bits: 6, input_bits: 5}
sim: {protocol_frames: 8}
"""


def small(folder: Path) -> Design:
    (folder / "small.yml").write_text(YAML)
    return design.load(str(folder / "small.yml"))


def test_a_rung_for_every_step_that_trains(tmp_path: Path) -> None:
    own = small(tmp_path)
    found = compress.rungs(own)
    assert [rung.name for rung in found] == ["float", "channels + float", "prune", "quantise"]
    assert [len(rung.train.steps) for rung in found] == [2, 4, 5, 5]
    last = [rung.train.steps[-1] for rung in found]
    assert [(step.epochs, step.weight_bits) for step in last] == [(0, 8), (0, 8), (0, 8), (1, 5)]
    assert found[-1].train == own.train
    assert all(step.input_bits == 5 for step in last)


def test_a_design_without_hardware_is_refused(tmp_path: Path) -> None:
    own = small(tmp_path)
    float_only = replace(own, train=replace(own.train, steps=own.train.steps[:1]))
    with pytest.raises(GatewrightError, match="no recipe with a quantise step"):
        compress.rungs(float_only)


def test_rows_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the steps behind training replaced: each rung's folding is its own network's."""
    built: list[Design] = []
    plain = flow.build

    def quick(own: Design, folder: Path, options: Options, first: Any, last: str) -> None:
        plain(own, folder, options, first, "train")
        if last != "train":
            built.append(own)
            sim = {"accuracy": 0.5, "cycles_per_inference": 7.0, "compared": 10, "mismatches": 0}
            used = {"lut": 1, "ff": 2, "dsp": 3, "bram": 4}
            (folder / "sim.json").write_text(json.dumps(sim))
            (folder / "synth.json").write_text(json.dumps({"ecp5": used}))

    monkeypatch.setattr(flow, "build", quick)
    own = small(tmp_path)
    told: list[dict[str, Any]] = []
    rows = compress.run(own, tmp_path, multipliers=20, options=Options(), tell=told.append)
    assert rows == told
    assert [row["parameters"] for row in rows] == [1210, 610, 610, 610]
    assert [row["multiplications"] for row in rows] == [1184, 592, 592, 592]
    assert [row["weight_bits"] for row in rows] == [8 * 1184, 8 * 592, 8 * 592, 5 * 592]
    assert rows[2]["nonzero_weights"] <= 296 < rows[1]["nonzero_weights"]
    assert all(row["multipliers"] <= 20 for row in rows)
    assert built[0].hls4ml.LayerName["fc1"].PE == 16
    assert built[1].hls4ml.LayerName["fc1"].PE == 8
    with (tmp_path / "small" / "compress.csv").open() as stream:
        read = list(csv.DictReader(stream))
    assert [row["rung"] for row in read] == [rung.name for rung in compress.rungs(own)]
    assert [int(row["parameters"]) for row in read] == [1210, 610, 610, 610]
    assert read[0]["fmax_mhz"] == ""  # not placed
    assert (tmp_path / "small" / "compress.md").read_text().count("\n") == 6
    assert (tmp_path / "small" / "compress.png").read_bytes()[:4] == b"\x89PNG"
    # What recipes begin with is trained once: four steps, their quantisations, and no more.
    seconds = [row["train_s"] for row in rows]
    assert seconds == sorted(seconds)


def test_gain_is_the_mean_of_the_differences() -> None:
    gain = Gain.of([Pair(1, 0.5, 0.6), Pair(2, 0.5, 0.8), Pair(3, 0.4, 0.6)])
    assert gain.mean == pytest.approx(0.2)
    assert gain.error == pytest.approx(0.1 / 3**0.5)  # the deviation of 0.1, 0.3, 0.2 is 0.1


def test_pairs_have_the_same_seed(tmp_path: Path) -> None:
    own = small(tmp_path)
    told: list[Pair] = []
    gain = pair.run(own, own, tmp_path, 2, Options(), told.append)
    assert (gain.mean, gain.error) == (0.0, 0.0)
    assert told[0].before != told[1].before
    with pytest.raises(GatewrightError, match="1 seeds tell no deviation"):
        pair.run(own, own, tmp_path, 1, Options(), told.append)


@pytest.mark.slow
def test_batch_sizes(tmp_path: Path) -> None:
    small(tmp_path)
    command = ["--build-dir", str(tmp_path), "study", "batch", str(tmp_path / "small.yml")]
    done = CliRunner().invoke(cli, [*command, "--sizes", "64,1024"], catch_exceptions=False)
    assert "| batch size | seconds per epoch |" in done.output
    with (tmp_path / "small" / "batch.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["batch_size"] for row in rows] == ["64", "1024"]
    # An update per epoch or twenty: the samples are the same, and what is learnt is not.
    assert float(rows[0]["accuracy"]) > float(rows[1]["accuracy"])
    assert all(50 < float(row["peak_mib"]) < 20_000 for row in rows)
    assert (tmp_path / "small" / "batch.png").is_file()


@pytest.mark.parametrize("sizes", ["", "0", "a", "64,,128", "70000", "64;128"])
def test_sizes_that_are_none(tmp_path: Path, sizes: str) -> None:
    small(tmp_path)
    command = ["study", "batch", str(tmp_path / "small.yml"), "--sizes", sizes]
    with pytest.raises(GatewrightError, match=r"--sizes is .*; must be numbers"):
        CliRunner().invoke(cli, command, catch_exceptions=False)


def test_a_table_leaves_open_what_is_not_there() -> None:
    columns = (Column("a", "A"), Column("b", "B", "{:.1f}"))
    assert markdown(columns, [{"a": "x", "b": None}]) == "| A | B |\n| --- | --- |\n| x |  |\n"
