"""The network that another learns from: only its outputs are needed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from gatewright import nets
from gatewright.errors import GatewrightError
from gatewright.train import model_file
from gatewright.train.settings import Network, Teacher

Teach = Callable[[Tensor], Tensor]
_BATCH = 1024


def load(teacher: Teacher, beside: Path, builds: Path, device: torch.device) -> Teach:
    """Return what gives the teacher's outputs [N, classes] for inputs [N, ...].

    Args:
        teacher: Where it is.
        beside: Folder of the files that the design names.
        builds: Folder of the designs' build folders.
        device: Where a torch network is to run.

    Raises:
        GatewrightError: it is missing, or is not what it should be; the message names the file.
    """
    path = teacher.path(beside, builds)
    if teacher.onnx is not None:
        return _onnx(path)
    network = (
        model_file.load(path).build()
        if teacher.network is None
        else _built_in(teacher.network, path)
    )
    return network.to(device).eval()


@torch.no_grad()
def evaluate(teacher: Teach, inputs: Tensor) -> Tensor:
    """Return the teacher's outputs, asked for in batches.

    Raises:
        GatewrightError: it does not take such inputs.
    """
    try:
        return torch.cat([teacher(part) for part in torch.split(inputs, _BATCH)])
    except RuntimeError as error:
        raise GatewrightError(
            f"distil: the teacher does not take inputs of shape {tuple(inputs.shape[1:])}: {error}"
        ) from error


def _built_in(network: Network, path: Path) -> nn.Module:
    with torch.random.fork_rng():  # its first weights are thrown away
        module = nets.build(network.name, network.options)
    try:
        module.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
    except Exception as error:  # torch.load raises whatever a broken file leads it to
        raise GatewrightError(
            f"teacher: {path} is no state of network {network.name} with "
            f"{dict(network.options)}: {error}"
        ) from error
    return module


def _onnx(path: Path) -> Teach:
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises whatever it meets
        raise GatewrightError(f"teacher: {path} is no ONNX file that runs: {error}") from error
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1:
        raise GatewrightError(
            f"teacher: {path} has {len(inputs)} inputs and {len(outputs)} outputs; must have one "
            "of each"
        )
    single = inputs[0].shape[0] == 1

    def teach(values: Tensor) -> Tensor:
        samples = values.detach().cpu().numpy()
        parts = np.split(samples, len(samples)) if single else [samples]
        try:
            found = [session.run(None, {inputs[0].name: part})[0] for part in parts]
        except Exception as error:  # as above
            raise GatewrightError(
                f"teacher: {path} does not take inputs of shape {samples.shape[1:]}: {error}"
            ) from error
        return torch.from_numpy(np.concatenate(found)).to(values)

    return teach
