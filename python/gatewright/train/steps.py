"""The steps of a recipe, one after the other."""

import copy

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from gatewright.train import checkpoint
from gatewright.train.checkpoint import Progress, Store
from gatewright.train.loop import Loop
from gatewright.train.settings import AnyStep, DistilStep, FloatStep, Train
from gatewright.train.technique import Plan, Task, Technique
from gatewright.train.techniques import technique_for

_PLURAL = {"accuracy": "accuracies", "score": "scores"}


def do_steps(
    module: nn.Module,
    train: Train,
    task: Task,
    state: Progress,
    fabric: Fabric,
    store: Store | None = None,
    *,
    show: bool = True,
) -> nn.Module:
    """Do the recipe's steps that are left; return the trained network.

    Args:
        module: A network of the user's own or a built-in one; as ``state`` left it.
        train: The steps. Its objective and augmentation are the task's.
        task: What is trained on, on Fabric's device.
        state: Where an earlier run stopped; new if there was none.
        fabric: Launched.
        store: Where ``state`` is kept; None: nowhere.
        show: A bar per step on a terminal, a log line per epoch elsewhere.
    """
    store = store or Store.nowhere()
    module = module.to(fabric.device)
    if state.step and not state.epoch:
        module.load_state_dict(state.network)
        checkpoint.restore_random(state.random, torch.Generator())
    for index in range(state.step, len(train.steps)):
        step = train.steps[index]
        technique = technique_for(step)
        plan = _plan(technique, module, task, state, fabric)
        module = technique.convert(module, task.preprocessing, plan).to(fabric.device)
        # The order that convolutions are quickest in.
        convert_conv2d_weight_memory_format(module, torch.channels_last)
        loop = Loop(
            *(module, technique, step, task, state, fabric),
            title=f"{step.technique} ({index + 1} of {len(train.steps)})",
            batch_size=train.batch_size,
            show=show,
        )
        loop.run(lambda: store.save(state))
        _finish(state, module, step, task.objective.score_name)
        store.finish(state)
    return module


def _plan(
    technique: Technique, module: nn.Module, task: Task, state: Progress, fabric: Fabric
) -> Plan:
    """Return what the step at work decided, or decide it now; the same in every process."""
    if len(state.plans) == state.step:
        state.plans.append(fabric.broadcast(technique.plan(module, task)))
    return state.plans[state.step]


def _finish(state: Progress, module: nn.Module, step: AnyStep, score: str) -> None:
    """Record a step that is done and clear what belongs to it alone."""
    state.network = copy.deepcopy(module.state_dict())
    quantised = any(entry["technique"] == "quantise" for entry in state.finished)
    if isinstance(step, FloatStep | DistilStep) and not quantised:
        state.float_state, state.float_steps = state.network, state.step + 1
    state.finished.append(
        {
            "technique": step.technique,
            "epochs": state.epoch,
            "best_epoch": state.best_epoch,
            f"validation_{score}": state.validation[state.best_epoch - 1],
            f"validation_{_PLURAL[score]}": state.validation,
            "train_s": round(state.seconds, 3),
        }
    )
    state.step += 1
    state.epoch = state.best_epoch = 0
    state.validation = []
    state.seconds = 0.0
    state.best = {}
