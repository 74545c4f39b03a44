"""A network's outputs as integers: PyTorch's, and QONNX execution's."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gatewright.errors import GatewrightError
from gatewright.export.inputs import Floats, Integers, split_inputs

if TYPE_CHECKING:
    from torch import nn

_MAX_FRACTION = 60


def of_pytorch(model: Path, onnx: Path, inputs: Floats) -> tuple[Integers, tuple[int, ...]]:
    """Evaluate the trained network in ``model.pt``.

    Args:
        model: What the train step wrote.
        onnx: What was exported from it: it tells how wide its sums are.
        inputs: [N, ...], as in ``vectors.npz``.

    Returns:
        Integers [N, outputs] in the network's order, and the fraction bits of each output.
    """
    from gatewright.export import exactness, qonnx_model
    from gatewright.train import model_file

    exported = qonnx_model.read(onnx)
    parts = split_inputs(inputs, qonnx_model.input_shapes(exported))
    wide = exactness.needs_float64(exported)
    return _side_by_side(module_outputs(model_file.load(model).build(), parts, float64=wide))


def of_qonnx(onnx: Path, inputs: Floats) -> tuple[Integers, tuple[int, ...]]:
    """Execute ``model.onnx`` by QONNX's rules; arguments and result as of ``of_pytorch``."""
    from gatewright.export import exactness, qonnx_model

    model = qonnx_model.read(onnx)
    parts = split_inputs(inputs, qonnx_model.input_shapes(model))
    wide = exactness.needs_float64(model)
    return _side_by_side(qonnx_model.execute(model, parts, float64=wide))


def qonnx_tensors(onnx: Path, inputs: Floats) -> dict[str, list[tuple[NDArray[Any], str]]]:
    """Return what QONNX execution gives at each node for one sample.

    Args:
        onnx: ``model.onnx``.
        inputs: [1, ...], as in ``vectors.npz``.

    Returns:
        For each node, its own values and, behind it, those of the quantisers and of the functions
        that a module of PyTorch may have been exported as: [1, ...] each, with the name of the node
        that gave them.
    """
    from gatewright.export import exactness, qonnx_model

    model = qonnx_model.read(onnx)
    parts = split_inputs(inputs, qonnx_model.input_shapes(model))
    wide = exactness.needs_float64(model)
    tensors = qonnx_model.execute_all(model, parts, float64=wide)
    found = {}
    for node in model.graph.node:
        chain = [node]
        while (readers := model.find_consumers(chain[-1].output[0])) and len(readers) == 1:
            if readers[0].op_type in qonnx_model.LAYERS:
                break
            chain += readers
        found[str(node.name)] = [
            (np.asarray(tensors[each.output[0]], np.float64), f"{each.op_type} {each.name}")
            for each in chain
        ]
    return found


def _side_by_side(outputs: Sequence[NDArray[np.float64]]) -> tuple[Integers, tuple[int, ...]]:
    each = [to_integers(output) for output in outputs]
    return np.concatenate([found for found, _ in each], axis=1), tuple(f for _, f in each)


def module_outputs(
    module: "nn.Module", inputs: Sequence[Floats], *, float64: bool
) -> list[NDArray[np.float64]]:
    """Return each of the module's outputs, float64 [N, outputs]."""
    import torch

    dtype = torch.float64 if float64 else torch.float32
    module = module.to(dtype)
    with torch.no_grad():
        split = [torch.split(torch.from_numpy(part).to(dtype), 1000) for part in inputs]
        found = [module(*parts) for parts in zip(*split, strict=True)]
    # Brevitas gives a QuantTensor, a named tuple, where a layer is told to; its value counts.
    several = [
        list(outputs)
        if isinstance(outputs, tuple | list) and not hasattr(outputs, "value")
        else [outputs]
        for outputs in found
    ]
    values = [[getattr(output, "value", output) for output in outputs] for outputs in several]
    return [
        np.asarray(torch.cat(parts).to(torch.float64).numpy())
        for parts in zip(*values, strict=True)
    ]


def to_integers(outputs: NDArray[np.float64]) -> tuple[Integers, int]:
    """Return the outputs as integers [N, outputs], and their fraction bits."""
    from gatewright.export.exactness import fraction_bits

    outputs = outputs.reshape(len(outputs), -1)
    fraction = fraction_bits(outputs) if np.isfinite(outputs).all() else _MAX_FRACTION + 1
    scaled = np.ldexp(outputs, fraction)
    if fraction > _MAX_FRACTION or np.abs(scaled).max(initial=0.0) >= 2.0**62:
        raise GatewrightError(
            f"the outputs need {fraction} fraction bits, more than {_MAX_FRACTION}: they are not "
            "fixed-point numbers; quantise every layer's weights, bias and input"
        )
    return scaled.astype(np.int64), fraction
