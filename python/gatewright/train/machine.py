"""The devices that train: Lightning Fabric, on one or shared among processes."""

import logging
import resource
import sys

import torch
from lightning_fabric import Fabric

from gatewright.errors import GatewrightError
from gatewright.train.settings import Machine


def start(machine: Machine) -> Fabric:
    """Return Fabric on the devices asked for, with the other processes started.

    Under ``torchrun`` the processes are there already; else this starts one per device, by the
    command that this one was started by.

    Raises:
        GatewrightError: the devices are not there.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    several = machine.devices * machine.nodes > 1
    try:
        fabric = Fabric(
            accelerator=machine.accelerator,
            devices=machine.devices,
            num_nodes=machine.nodes,
            precision=machine.precision,
            strategy="ddp" if several else "auto",
        )
        fabric.launch()
    except (RuntimeError, ValueError) as error:  # Lightning's MisconfigurationException among them
        raise GatewrightError(
            f"train: cannot use {machine.devices} x {machine.accelerator}: {error}"
        ) from error
    return fabric


def end(fabric: Fabric) -> None:
    """Wait for all processes, and let the first alone go on.

    Raises:
        SystemExit: in every other process: what follows training is not shared.
    """
    fabric.barrier()
    if not fabric.is_global_zero:
        raise SystemExit(0)


def peak_mib(device: torch.device) -> float:
    """Return the most memory this process has held: of the GPU, where one trains."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    unit = 1 if sys.platform == "darwin" else 1024  # bytes, or KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
