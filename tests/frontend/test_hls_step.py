"""The whole step: firmware project, C simulation, comparison, files."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatewright import graph_io, reference
from gatewright.errors import CheckFailedError, GatewrightError, NotRunError
from gatewright.files import sha256
from gatewright.fixed import quantize
from gatewright.frontend import csim, hls_step
from gatewright.frontend.prepare import prepare
from qonnx_networks import mlp, random_reals

pytest.importorskip("hls4ml")
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")

SIZES = (12, 10, 9, 8, 5)
# A type for each layer's result, so that the C++ rounds and overflows in every way hls4ml knows.
MODES = {
    "fc1": "fixed<8,3,RND,SAT>",
    "relu1": "ufixed<6,2,RND_ZERO,WRAP>",
    "fc2": "fixed<7,4,RND_MIN_INF,SAT_SYM>",
    "relu2": "fixed<6,3,RND_INF,SAT_ZERO>",
    "fc3": "fixed<9,3,TRN_ZERO,WRAP>",
    "relu3": "ufixed<5,3,TRN,SAT>",
    "fc4": "fixed<7,4,RND_CONV,SAT_ZERO>",
}


def arguments(path: Path, io: str = "io_parallel", **settings: Any) -> dict[str, Any]:
    return {
        "design_name": "small",
        "onnx": path / "m.onnx",
        "vectors": path / "vectors.npz",
        "hls_config": settings,
        "folder": path / "build",
        "clock_period": 5.0,
        "part": "xc7z020clg400-1",
        "io_type": io,
    }


def write_vectors(path: Path, settings: dict[str, Any], extra: int = 0, samples: int = 40) -> None:
    """Write vectors whose outputs are the integer reference's, at ``extra`` fraction bits more."""
    prepared = prepare(path / "m.onnx")
    target = hls_step.Target("small", 5.0, "xc7z020clg400-1", "io_parallel")
    scratch = path / "scratch"
    scratch.mkdir()
    graph = hls_step.stored_graph(hls_step.convert(prepared, settings, target, scratch))
    x = random_reals(samples, graph.nodes[0].out.size).astype(np.float32)
    outputs = reference.outputs(graph, quantize(x.astype(np.float64), graph.nodes[0].out.format))
    fraction = graph[graph.outputs[0]].out.format.fraction
    np.savez(
        path / "vectors.npz",
        inputs=x,
        outputs=outputs << extra,
        output_fraction=np.int64(fraction + extra),
    )


@needs_gxx
@pytest.mark.parametrize("io", ["io_parallel", "io_stream"])
def test_every_mode_in_the_c_simulation(io: str, tmp_path: Path) -> None:
    mlp(tmp_path / "m.onnx", SIZES)
    settings = {
        "Model": {"ReuseFactor": 2},
        "LayerName": {name: {"Precision": text} for name, text in MODES.items()},
    }
    settings["LayerName"]["fc2"]["Strategy"] = "Latency"
    settings["LayerName"]["fc3"] |= {"Strategy": "Compressed", "PE": 4, "SIMD": 3}
    write_vectors(tmp_path, settings, extra=3, samples=1100)
    said = hls_step.run(**arguments(tmp_path, io, **settings))
    assert said["compared"] == 1100 * 5
    assert said["mismatches"] == 0
    assert said["vectors_sha256"] == sha256(tmp_path / "vectors.npz")
    assert json.loads((tmp_path / "build/hls.json").read_text()) == said
    named = {entry["name"]: entry for entry in said["layers"]}
    assert named["fc1"]["precision"] == MODES["fc1"]
    assert named["fc2"]["strategy"] == "latency"
    assert named["fc3"]["strategy"] == "compressed"
    graph = graph_io.load(tmp_path / "build")
    outputs = reference.outputs(
        graph, quantize(np.load(tmp_path / "vectors.npz")["inputs"], graph.nodes[0].out.format)
    )
    assert len(np.unique(outputs)) > 20  # the comparison saw more than zeros
    config = (tmp_path / "build/hls/hls4ml_config.yml").read_text()
    assert f"OutputDir: {tmp_path}/build/hls\n" in config
    assert {item.name for item in (tmp_path / "build").iterdir()} == {
        "hls", "hls.json", "graph.json", "graph.npz",
    }  # fmt: skip


def test_a_stamp_of_digits_alone_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = "ProjectName: myproject\nStamp: '01234567'\n"  # YAML quotes what could be a number
    (tmp_path / "hls4ml_config.yml").write_text(settings)
    (tmp_path / "build_lib.sh").touch()
    asked: dict[str, str] = {}

    def compile_library(folder: Path, config: dict[str, str]) -> Path:
        asked.update(config)
        return folder

    monkeypatch.setattr("gatewright.frontend.backend.compile_library", compile_library)
    assert csim.compiled(tmp_path) == (tmp_path, "myproject")
    assert asked["Stamp"] == "01234567"


@needs_gxx
def test_a_wrong_value_is_found(tmp_path: Path) -> None:
    mlp(tmp_path / "m.onnx", (6, 4))
    write_vectors(tmp_path, {})
    vectors = dict(np.load(tmp_path / "vectors.npz"))
    true = int(vectors["outputs"][7, 2])
    vectors["outputs"][7, 2] += 1
    np.savez(tmp_path / "vectors.npz", **vectors)
    with pytest.raises(CheckFailedError) as caught:
        hls_step.run(**arguments(tmp_path))
    assert caught.value.exit_status == 1
    assert (
        "the C simulation differs from PyTorch in 1 of 160 outputs; first at sample 7, layer fc1, "
        f"element 2: expected {true + 1}, found {true}"
    ) in str(caught.value)
    said = json.loads((tmp_path / "build/hls.json").read_text())
    assert (said["mismatches"], said["compared"]) == (1, 160)


Change = Callable[[dict[str, np.ndarray]], object]
VECTORS: dict[str, tuple[Change, str]] = {
    "missing": (lambda v: v.pop("outputs"), "no array 'outputs'"),
    "dtype": (lambda v: v.update(outputs=v["outputs"].astype(float)), "outputs is float64"),
    "integers": (lambda v: v.update(inputs=v["inputs"].astype(int)), "inputs is int64"),
    "shape": (lambda v: v.update(inputs=v["inputs"][:, :5]), r"\(40, 5\).*6 elements"),
    "no samples": (lambda v: v.update(inputs=v["inputs"][:0]), r"\(0, 6\).* at least one"),
    "count": (lambda v: v.update(outputs=v["outputs"][:9]), "40 inputs but 9 outputs"),
    "nan": (lambda v: v["inputs"].__setitem__((3, 1), np.nan), r"inputs \(3, 1\) is not a finite"),
    "fraction": (lambda v: v.update(output_fraction=np.array([1, 2])), "one for each output: 1"),
    "pickle": (lambda v: v.update(inputs=np.array([None])), "npz of plain arrays"),
}


@pytest.mark.parametrize("case", VECTORS)
def test_bad_vectors_leave_nothing(case: str, tmp_path: Path) -> None:
    change, words = VECTORS[case]
    mlp(tmp_path / "m.onnx", (6, 4))
    write_vectors(tmp_path, {})
    vectors = dict(np.load(tmp_path / "vectors.npz"))
    change(vectors)
    np.savez(tmp_path / "vectors.npz", **vectors)
    with pytest.raises(GatewrightError, match=words):
        hls_step.run(**arguments(tmp_path))
    assert list((tmp_path / "build").iterdir()) == []


def test_vectors_that_are_none(tmp_path: Path) -> None:
    mlp(tmp_path / "m.onnx", (6, 4))
    with pytest.raises(GatewrightError, match=r"vectors\.npz is missing; run the export step"):
        hls_step.run(**arguments(tmp_path))
    (tmp_path / "vectors.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(GatewrightError, match=r"not an \.npz"):
        hls_step.run(**arguments(tmp_path))


def test_a_failure_keeps_the_last_whole_project(tmp_path: Path) -> None:
    folder = tmp_path / "hls"
    (folder / "old").mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt), hls_step.writing_folder(folder) as temporary:
        (temporary / "half").write_text("")
        raise KeyboardInterrupt
    assert [item.name for item in tmp_path.iterdir()] == ["hls"]
    assert [item.name for item in folder.iterdir()] == ["old"]


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(NotRunError, match=r"cannot write .*hls: No space left"),
        hls_step.writing_folder(tmp_path / "hls"),
    ):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_io_type(tmp_path: Path) -> None:
    with pytest.raises(GatewrightError, match="io_type is 'io_serial'"):
        hls_step.run(**arguments(tmp_path, "io_serial"))


def test_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlp(tmp_path / "m.onnx", (6, 4))
    write_vectors(tmp_path, {})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotRunError, match=r"needs g\+\+.*sudo apt-get install g\+\+") as caught:
        hls_step.run(**arguments(tmp_path))
    assert caught.value.exit_status == 3
    assert not (tmp_path / "build/hls.json").exists()


@needs_gxx
@pytest.mark.parametrize(
    ("body", "words"), [("abort();", "signal SIGABRT"), ("exit(5);", "exit status 5")]
)
def test_a_c_simulation_that_stops_is_an_error(body: str, words: str, tmp_path: Path) -> None:
    import subprocess

    from gatewright.fixed import parse_format
    from gatewright.graph import StreamType

    source = tmp_path / "lib.cpp"
    source.write_text(
        "#include <cstdlib>\n#include <cstdio>\n"
        f'extern "C" void p_double(double*, double*) {{ fputs("fc1 fails", stderr); {body} }}'
    )
    library = tmp_path / "lib.so"
    compiler = shutil.which("g++") or ""
    subprocess.run([compiler, "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
    out = StreamType(parse_format("fixed<8,8>"), (2,))
    with pytest.raises(NotRunError, match=f"(?s){words}.*fc1 fails"):
        csim.run_csim(library, "p", np.zeros((3, 2)), [2], [out])
