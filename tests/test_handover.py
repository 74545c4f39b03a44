"""The package passes on its own files alone, in Verilator and Icarus, and fails when it must."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml

import build_folders
from gatewright import design, handover
from gatewright.reference import outputs
from gatewright.tools import verilator

SAMPLES = 8
NAMESPACE = {"x": "http://www.accellera.org/XMLSchema/IPXACT/1685-2014"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the package of a small network."""
    graph = build_folders.two_layers("net")
    folder = build_folders.write(graph, tmp_path_factory.mktemp("package") / "net")
    samples = np.random.default_rng(1).integers(0, 16, (2 * SAMPLES, 12))
    np.savez(
        folder / "vectors.npz",
        inputs=samples.astype(np.float64),
        outputs=outputs(graph, samples),
        output_fraction=np.array([graph["fc2"].out.format.fraction]),
    )
    made = handover.run(design.load("digits_mlp"), folder, SAMPLES)
    alone = tmp_path_factory.mktemp("alone") / "package"
    shutil.move(made, alone)
    shutil.rmtree(folder)
    return alone


def ended(command: list[str], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def spoil(package: Path, folder: Path) -> Path:
    """Return a copy of the package with one vector changed by one."""
    copy = folder / "spoilt"
    shutil.copytree(package, copy)
    vectors = copy / "tb" / "m_axis.hex"
    lines = vectors.read_text().split("\n")
    lines[5] = lines[5][:-1] + f"{int(lines[5][-1], 16) ^ 1:x}"
    vectors.write_text("\n".join(lines))
    return copy


def test_the_bench_passes_in_verilator_and_fails_with_a_vector_changed(
    package: Path, tmp_path: Path
) -> None:
    found = verilator.find()
    readme = (package / "README.md").read_text()
    line = re.search(r"^verilator (.*) && obj_dir/Vnet_tb$", readme, re.MULTILINE)
    assert line is not None
    command = [str(found.program), *line[1].split(), "--Mdir", str(tmp_path / "obj")]
    if found.root is not None:  # the one from pip does not ask g++ for coroutines by itself
        command += ["-CFLAGS", "-fcoroutines"]
    command += ["-MAKEFLAGS", " ".join(found.make_variables)] if found.make_variables else []
    built = ended(command, package, **found.env)
    assert built.returncode == 0, built.stdout + built.stderr
    program = [str(tmp_path / "obj" / "Vnet_tb")]
    passed = ended(program, package)
    assert passed.returncode == 0, passed.stdout
    assert f"PASS, {3 * SAMPLES} beats of {SAMPLES} samples" in passed.stdout
    failed = ended(program, spoil(package, tmp_path))
    assert failed.returncode != 0
    assert "FAIL: m_axis, beat 5" in failed.stdout
    assert "PASS" not in failed.stdout


def test_the_bench_passes_in_icarus_and_fails_with_a_vector_changed(
    package: Path, tmp_path: Path
) -> None:
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is not installed")
    bench = str(tmp_path / "bench.vvp")
    files = ["verilog/net.v", "tb/net_tb.sv"]
    built = ended(["iverilog", "-g2012", "-s", "net_tb", "-o", bench, *files], package)
    assert built.returncode == 0, built.stderr
    passed = ended(["vvp", "-n", bench], package)
    assert passed.returncode == 0, passed.stdout
    assert f"PASS, {3 * SAMPLES} beats" in passed.stdout
    failed = ended(["vvp", "-n", bench], spoil(package, tmp_path))
    assert failed.returncode != 0
    assert "FAIL: m_axis, beat 5" in failed.stdout


def test_what_describes_the_package_names_files_and_ports_that_are_there(package: Path) -> None:
    core = yaml.safe_load((package / "net.core").read_text().removeprefix("CAPI=2:\n"))
    named = {
        name
        for fileset in core["filesets"].values()
        for entry in fileset["files"]
        for name in ([entry] if isinstance(entry, str) else entry)
    }
    component = ElementTree.parse(package / "component.xml").getroot()  # noqa: S314 - ours
    named |= {
        str(file.findtext("x:name", namespaces=NAMESPACE))
        for file in component.iterfind(".//x:file", NAMESPACE)
    }
    listed = (package / "files.f").read_text().split()
    assert named >= set(listed)
    assert all((package / name).is_file() for name in named), named
    assert {path.name for path in package.glob("*.mem")} <= named
    top = (package / "rtl" / "net.sv").read_text()
    head = top[top.index("module net (") : top.index(");")]
    ports = {name: way for way, name in re.findall(r"(input|output) +logic.*? (\w+)[,\n ]", head)}
    described = {
        port.findtext("x:name", namespaces=NAMESPACE): port.findtext(
            "x:wire/x:direction", namespaces=NAMESPACE
        )
        for port in component.iterfind(".//x:ports/x:port", NAMESPACE)
    }
    assert described == {name: way.removesuffix("put") for name, way in ports.items()}
    instance = (package / "net_instance.sv").read_text()
    assert set(re.findall(r"\.(\w+)\(", instance)) == set(ports)
