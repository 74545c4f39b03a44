"""The hls step: ONNX -> firmware project -> C simulation, compared with PyTorch -> graph files."""

import contextlib
import io
import logging
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gatewright import files, graph_io
from gatewright.activity import with_activity
from gatewright.comparison import compare_outputs
from gatewright.errors import GatewrightError, NotRunError
from gatewright.fixed import IntArray
from gatewright.frontend import plugin
from gatewright.frontend.adapter import set_network, stored_graph
from gatewright.frontend.config import hls4ml_config
from gatewright.frontend.csim import run_csim
from gatewright.frontend.names import identifier, origin
from gatewright.frontend.prepare import Prepared, prepare
from gatewright.graph import Dense, Elementwise, Graph
from gatewright.passes import inputs_of
from gatewright.vectors import Interface, Vectors, read_vectors

log = logging.getLogger(__name__)

PROJECT_LOG = "hls4ml.log"


def run(
    design_name: str,
    onnx: Path,
    vectors: Path,
    hls_config: Mapping[str, Any],
    folder: Path,
    clock_period: float,
    part: str,
    io_type: str,
) -> dict[str, Any]:
    """Convert, write the firmware project, run its C simulation and compare it with PyTorch.

    Args:
        design_name: Becomes the project's and the graph's name.
        onnx: The network, QONNX.
        vectors: ``vectors.npz`` with ``inputs``, ``outputs``, ``output_fraction``.
        hls_config: ``{"Model": {...}, "LayerName": {...}}``; see ``config.hls4ml_config``.
        folder: Receives ``hls/``, ``graph.json``, ``graph.npz`` and ``hls.json``.
        clock_period: Nanoseconds; for Vitis HLS.
        part: FPGA part; for Vitis HLS.
        io_type: hls4ml's ``io_parallel`` or ``io_stream``.

    Returns:
        What ``hls.json`` holds.

    Raises:
        GatewrightError: something in the network or the settings that is not allowed.
        NotRunError: g++ is missing, or the C simulation stopped.
        CheckFailedError: a value differs; ``hls.json`` is written all the same.
    """
    start = time.perf_counter()
    if io_type not in ("io_parallel", "io_stream"):
        raise GatewrightError(f"io_type is {io_type!r}; allowed: io_parallel, io_stream")
    prepared = prepare(onnx)
    target = Target(identifier(design_name), clock_period, part, io_type)
    firmware = folder / "hls"
    (folder / "hls.json").unlink(missing_ok=True)  # it says that the step went to its end
    with writing_folder(firmware) as temporary:
        model = convert(prepared, hls_config, target, temporary)
        graph = stored_graph(model)
        interface = Interface.of(graph)
        truth = read_vectors(vectors, interface)
        typical = truth.typical_integers(interface.inputs)
        if typical is not None:
            graph = with_activity(graph, typical)
        relocate(temporary, firmware)
    graph_io.save(graph, folder)
    log.info("C simulation: compiling")
    built = time.perf_counter()
    library = compile_at(model, firmware)
    simulated = time.perf_counter()
    log.info("C simulation: %d samples", len(truth.inputs))
    got = simulated_outputs(library, target.project, truth, graph, prepared.output_order)
    done = time.perf_counter()
    sizes = [(name, graph[name].out.size) for name in graph.outputs]
    expected = truth.expected(interface.outputs)
    comparison = compare_outputs(expected, got, what="the C simulation", outputs=sizes)
    result = {
        "design": design_name,
        **comparison.summary(),
        "wall_s": round(done - start, 3),
        "compile_s": round(simulated - built, 3),
        "csim_inferences_per_s": round(len(truth.inputs) / (done - simulated), 1),
        "inputs": {node.name: str(node.out.format) for node in inputs_of(graph)},
        "outputs": {name: str(graph[name].out.format) for name in graph.outputs},
        "layers": layers(model, graph),
        "vectors_sha256": files.sha256(vectors),
        "onnx_sha256": files.sha256(onnx),
    }
    files.write_json(folder / "hls.json", result)
    comparison.require_equal()
    return result


@dataclass(frozen=True)
class Target:
    """What hls4ml writes a project for.

    Attributes:
        project: Its name.
        clock_period: Nanoseconds.
        part: FPGA part.
        io_type: hls4ml's ``io_parallel`` or ``io_stream``.
        namespace: C++ namespace of all that is generated, so that several projects can be compiled
            together; None: none.
    """

    project: str
    clock_period: float
    part: str
    io_type: str
    namespace: str | None = None


def convert(prepared: Prepared, settings: Mapping[str, Any], target: Target, folder: Path) -> Any:
    """Return hls4ml's model of a prepared network, written into ``folder``.

    Raises:
        GatewrightError: hls4ml or this package refuses something.
    """
    said = io.StringIO()
    with contextlib.redirect_stdout(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plugin.load()
        from hls4ml.converters import convert_from_onnx_model
        from qonnx.core.modelwrapper import ModelWrapper

        try:
            config = hls4ml_config(prepared, settings, plugin.NAME)
            model = convert_from_onnx_model(
                ModelWrapper(prepared.model),
                output_dir=str(folder),
                project_name=target.project,
                backend=plugin.NAME,
                hls_config=config,
                clock_period=target.clock_period,
                part=target.part,
                io_type=target.io_type,
                namespace=target.namespace,
                write_rtl=False,
            )
            model.write()
        except (GatewrightError, OSError):
            raise
        except Exception as error:  # hls4ml raises bare Exception
            raise GatewrightError(f"hls4ml cannot convert this network: {error}") from error
    set_network(model, prepared.output_order)
    (folder / PROJECT_LOG).write_text(said.getvalue(), encoding="utf-8")
    return model


@contextlib.contextmanager
def writing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path`` that takes its place on success.

    Raises:
        NotRunError: the folder cannot be written.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        temporary.chmod(0o755)
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        temporary.replace(path)
    except OSError as error:
        raise NotRunError(
            f"cannot write {path}: {error.strerror or error}. Nothing was left half-written; free "
            "some space or choose another folder and run the step again"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def relocate(folder: Path, final: Path) -> None:
    """Replace the temporary folder's path by the final one in the project's own text."""
    for path in (folder / "hls4ml_config.yml", folder / PROJECT_LOG):
        if path.exists():
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(str(folder), str(final)), encoding="utf-8")


def compile_at(model: Any, folder: Path) -> Path:
    """Compile the C simulation of a written project where it now stands."""
    from gatewright.frontend.backend import compile_library

    model.config.config["OutputDir"] = str(folder)
    return compile_library(folder, model.config.config)


def simulated_outputs(
    library: Path, project: str, truth: Vectors, graph: Graph, order: Sequence[int]
) -> IntArray:
    """Return the integers [samples, elements] of the C simulation, in the network's order.

    Args:
        library: The compiled C simulation.
        project: hls4ml's project name.
        truth: The vectors.
        graph: The hardware graph, its outputs in the network's order.
        order: For each of them, its place among the library's.
    """
    listed = [graph[graph.outputs[order.index(place)]].out for place in range(len(order))]
    sizes = [node.out.size for node in inputs_of(graph)]
    got = run_csim(library, project, truth.inputs, sizes, listed)
    return np.concatenate([got[place] for place in order], axis=1)


def layers(model: Any, graph: Graph) -> list[dict[str, Any]]:
    """Return what ``hls.json`` says of each layer."""
    accumulators = {
        origin(layer): str(layer.types["accum_t"].precision)
        for layer in model.get_layers()
        if "accum_t" in layer.types
    }
    found = []
    for node in graph.nodes:
        entry: dict[str, Any] = {
            "name": node.name,
            "class": type(node).__name__,
            "precision": str(node.out.format),
            "shape": list(node.out.shape),
        }
        if isinstance(node, Elementwise):
            entry["function"] = node.function.value
        if isinstance(node, Dense):
            request = node.request
            entry |= {
                "weight": str(node.weight_format),
                "bias": None if node.bias_format is None else str(node.bias_format),
                "accumulator": accumulators.get(node.origin),
                "strategy": request.strategy.value,
                "reuse_factor_asked": request.asked_reuse_factor or request.reuse_factor,
                "reuse_factor": request.reuse_factor,
                "pe": request.pe,
                "simd": request.simd,
            }
        found.append(entry)
    return found
