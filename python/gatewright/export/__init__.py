"""PyTorch to QONNX, and the vectors that every later step is checked against.

Three ways in: a design that was trained here (``run``), a user's own QONNX file (``from_onnx``),
a user's own module of Brevitas layers (``from_module``). Each writes into the design's folder

- ``model.onnx``: cleaned, with readable node names;
- ``vectors.npz``: ``inputs`` float32 [N, ...]; ``outputs`` int64 [N, outputs]; ``output_fraction``
  int64 scalar f, a real output being ``outputs * 2**-f`` exactly; ``labels`` int64 [N] if known.
  Several inputs, or outputs, stand flattened one after the other in the network's order, and
  ``output_fraction`` has an entry for each;
  of a network that gives its input back ``anomalies`` bool [N] instead;
- ``export.json``: ``accuracy`` (null without labels), ``auc`` (how well the error tells anomalies;
  null without them), ``samples``, ``compared``, ``mismatches``,
  ``vectors_sha256``, ``model_sha256``, ``output_fraction``, ``preprocessing`` (null if not
  known), ``arithmetic`` (float32 or float64), ``source`` (whose outputs they are: pytorch, qonnx).
"""

import contextlib
import copy
import io
import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gatewright import data
from gatewright.data import measures
from gatewright.errors import CheckFailedError, GatewrightError
from gatewright.export.inputs import (
    Floats,
    Integers,
    check_inputs,
    load_inputs,
    load_labels,
    split_inputs,
)
from gatewright.export.outputs import module_outputs, to_integers
from gatewright.files import replacing, sha256, write_json
from gatewright.train.settings import Recipe

if TYPE_CHECKING:
    from qonnx.core.modelwrapper import ModelWrapper
    from torch import nn

__all__ = ["from_module", "from_onnx", "load_inputs", "load_labels", "run"]

TYPICAL = 256  # samples of the training data that are kept


@dataclass(frozen=True, eq=False)
class _Marks:
    """What is known of the samples, and others that are typical."""

    labels: Integers | None = None
    anomalies: NDArray[np.bool_] | None = None
    typical: Floats | None = None

    def arrays(self) -> dict[str, Any]:
        """Return what of it goes into ``vectors.npz``."""
        found: dict[str, Any] = {}
        if self.labels is not None:
            found["labels"] = self.labels.astype(np.int64)
        if self.anomalies is not None:
            found["anomalies"] = self.anomalies.astype(np.bool_)
        if self.typical is not None:
            found["typical"] = self.typical[:TYPICAL]
        return found

    def measured(self, inputs: Floats, outputs: Integers, fraction: int) -> dict[str, Any]:
        """Return how good the outputs are, by what is known."""
        real = np.ldexp(outputs.astype(np.float64), -fraction)
        return measures.scores(real, inputs, self.labels, self.anomalies)


def run(design: Recipe, folder: Path) -> dict[str, Any]:
    """Export the network that ``train`` left in ``folder``, with vectors of the whole test set.

    Returns:
        What ``export.json`` holds.

    Raises:
        CheckFailedError: PyTorch and QONNX differ; names the first sample, element, both values.
        GatewrightError: no trained network, or one of other settings than the design's.
    """
    from gatewright.train import model_file

    path = folder / "model.pt"
    model = model_file.load(path)
    if not model.is_of(design.network, design.train):
        raise GatewrightError(
            f"{path} was trained with other settings than the design has now; run the train step"
        )
    dataset = data.load(model.data)
    marks: dict[str, Any] = {"labels": dataset.test_labels}
    if model.train.objective == "reconstruct":
        marks = {"anomalies": dataset.test_labels != 0}
    marks["typical"] = dataset.train_inputs
    described = model.preprocessing.describe()
    return from_module(model.build(), dataset.test_inputs, folder, described, **marks)


def from_module(
    module: "nn.Module",
    inputs: "Floats | Sequence[Floats]",
    folder: Path,
    preprocessing: Mapping[str, Any] | None = None,
    *,
    labels: Integers | None = None,
    anomalies: NDArray[np.bool_] | None = None,
    typical: Floats | None = None,
) -> dict[str, Any]:
    """Export a module of Brevitas layers with fixed-point quantisers.

    Args:
        module: Takes [N, ...], gives [N, outputs]. It is left as it was.
        inputs: float32 [N, ...], the samples to check with; for a module of several inputs, one
            such array for each.
        folder: Where the files go.
        preprocessing: What turned raw data into ``inputs``, for the record.
        labels: int64 [N], to measure the accuracy.
        anomalies: bool [N], for a module that gives its input back: which samples are unusual.
        typical: As ``inputs``, of the training data: what a sparse core's rows are dealt by.

    Raises:
        CheckFailedError: PyTorch and QONNX differ.
        GatewrightError: unfit inputs, or a module that is not fixed-point throughout.
    """
    from gatewright.export import exactness, qonnx_model

    parts = [inputs] if isinstance(inputs, np.ndarray) else list(inputs)
    for part in parts:
        check_inputs(part, None, "inputs")
    module = copy.deepcopy(module).cpu().eval()
    model = qonnx_model.clean(_exported(module, [part.shape[1:] for part in parts]))
    exactness.check_fixed_point(model)
    wide = exactness.needs_float64(model)
    outputs = module_outputs(module, parts, float64=wide)
    marks = _Marks(labels, anomalies, typical)
    return _write(model, parts, outputs, folder, marks, preprocessing, "pytorch", wide)


def from_onnx(
    path: Path,
    inputs: "Floats | Sequence[Floats]",
    folder: Path,
    preprocessing: Mapping[str, Any] | None = None,
    *,
    labels: Integers | None = None,
    anomalies: NDArray[np.bool_] | None = None,
    typical: Floats | None = None,
) -> dict[str, Any]:
    """Take a QONNX file as the network; QONNX execution gives the outputs to be met.

    Args:
        path: A QONNX file.
        inputs: float32 [N, ...], the samples to check with; see ``load_inputs``. For several
            inputs, one such array for each, or [N, elements] of all, one after the other.
        folder: Where the files go.
        preprocessing: What turned raw data into ``inputs``, for the record.
        labels: int64 [N], to measure the accuracy.
        anomalies: bool [N], for a network that gives its input back: which samples are unusual.
        typical: As ``inputs``, of the training data: what a sparse core's rows are dealt by.

    Raises:
        GatewrightError: not an ONNX file, a model that is not fixed-point, or unfit inputs.
    """
    from gatewright.export import exactness, qonnx_model

    model = qonnx_model.clean(qonnx_model.read(path))
    parts = split_inputs(inputs, qonnx_model.input_shapes(model))
    exactness.check_fixed_point(model)
    wide = exactness.needs_float64(model)
    outputs = qonnx_model.execute(model, parts, float64=wide)
    marks = _Marks(labels, anomalies, typical)
    return _write(model, parts, outputs, folder, marks, preprocessing, "qonnx", wide)


def _exported(module: "nn.Module", shapes: list[tuple[int, ...]]) -> "ModelWrapper":
    """Return what Brevitas exports; the exporter's own talk goes to the log."""
    import torch

    from gatewright.export import qonnx_model

    with tempfile.TemporaryDirectory(prefix="gatewright-") as name, _quiet():
        from brevitas.export import export_qonnx

        path = Path(name) / "raw.onnx"
        try:
            examples = tuple(torch.zeros(1, *shape) for shape in shapes)
            export_qonnx(module, args=examples, export_path=str(path))
        except Exception as error:  # torch's exporter raises whatever it meets
            raise GatewrightError(
                f"the module cannot be exported to QONNX: {type(error).__name__}: {error}"
            ) from error
        return qonnx_model.read(path)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the exporters print, warn and log about themselves out of the user's sight."""
    said = io.StringIO()
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(said):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        logging.getLogger(__name__).debug("exporter: %s", said.getvalue())


def _write(
    model: "ModelWrapper",
    inputs: list[Floats],
    outputs: list[NDArray[np.float64]],
    folder: Path,
    marks: "_Marks",
    preprocessing: Mapping[str, Any] | None,
    source: str,
    wide: bool,
) -> dict[str, Any]:
    """Check ``outputs`` against QONNX execution of the file as written, and write the rest."""
    from gatewright.export import qonnx_model

    each = [to_integers(output) for output in outputs]
    integers = np.concatenate([found for found, _ in each], axis=1)
    fractions = [fraction for _, fraction in each]
    whole = inputs[0]
    if len(inputs) > 1:
        whole = np.concatenate([part.reshape(len(part), -1) for part in inputs], axis=1)
    onnx_path, vectors_path = folder / "model.onnx", folder / "vectors.npz"
    with replacing(onnx_path) as temporary:
        model.save(str(temporary))
        found = qonnx_model.execute(qonnx_model.read(temporary), inputs, float64=wide)
        for (expected, fraction), values in zip(each, found, strict=True):
            _compare(expected, values, fraction)
    single = len(fractions) == 1
    arrays: dict[str, Any] = {
        "inputs": whole,
        "outputs": integers,
        "output_fraction": np.int64(fractions[0]) if single else np.array(fractions, np.int64),
    }
    arrays |= marks.arrays()
    with replacing(vectors_path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    record = {
        **marks.measured(whole, integers, fractions[0]),
        "samples": len(whole),
        "compared": integers.size,
        "mismatches": 0,
        "vectors_sha256": sha256(vectors_path),
        "model_sha256": sha256(onnx_path),
        "output_fraction": fractions[0] if single else fractions,
        "preprocessing": dict(preprocessing) if preprocessing else None,
        "arithmetic": "float64" if wide else "float32",
        "source": source,
    }
    write_json(folder / "export.json", record)
    return record


def _compare(expected: Integers, found: NDArray[np.float64], fraction: int) -> None:
    """Compare PyTorch's integers with QONNX execution's values."""
    scaled = np.ldexp(found.reshape(len(found), -1), fraction)
    if scaled.shape != expected.shape or expected.size == 0:
        raise CheckFailedError(
            f"PyTorch gives outputs of shape {expected.shape}, QONNX execution {scaled.shape}"
        )
    wrong = scaled != expected
    if wrong.any():
        sample, element = (int(i) for i in np.argwhere(wrong)[0])
        raise CheckFailedError(
            f"PyTorch and QONNX execution differ in {int(wrong.sum())} of {wrong.size} outputs; "
            f"first: sample {sample}, element {element}: PyTorch {expected[sample, element]}, "
            f"QONNX {scaled[sample, element]:g}, in units of 2**-{fraction}. Nothing was written"
        )
