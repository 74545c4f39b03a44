"""What a stopped run leaves, so that the next one goes on with the same bits."""

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from gatewright.errors import GatewrightError
from gatewright.files import replacing
from gatewright.train.settings import FloatStep, Train

_log = logging.getLogger(__name__)


@dataclass
class Progress:
    """Where a run stands; all of it is plain values and tensors.

    Attributes:
        step: Index of the step at work.
        epoch: Epochs of it that are done.
        network: State of the network.
        optimizer: State of the optimiser.
        masks: Weights not held at zero.
        best: State of the best network of this step so far.
        best_epoch: Its epoch, counted from 1.
        validation: Score of each epoch of this step on the validation samples.
        seconds: Time this step has taken.
        random: State of each random generator.
        finished: What is recorded of the steps before.
        plans: What each step decided; see ``Technique.plan``.
        float_state: State of the network after the last step that trains plainly.
        float_steps: Steps that were done then.
    """

    step: int = 0
    epoch: int = 0
    network: dict[str, Any] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    masks: dict[str, Any] = field(default_factory=dict)
    best: dict[str, Any] = field(default_factory=dict)
    best_epoch: int = 0
    validation: list[float] = field(default_factory=list)
    seconds: float = 0.0
    random: dict[str, Any] = field(default_factory=dict)
    finished: list[dict[str, Any]] = field(default_factory=list)
    plans: list[dict[str, Any]] = field(default_factory=list)
    float_state: dict[str, Any] = field(default_factory=dict)
    float_steps: int = 0


def write(path: Path, value: dict[str, Any]) -> None:
    """Write what ``torch.load(weights_only=True)`` reads, whole or not at all."""
    buffer = io.BytesIO()  # torch.save itself hides that the disk is full
    torch.save(value, buffer)
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


class Store:
    """Where a run keeps its progress: one file while it runs, and perhaps one per finished step.

    Args:
        path: The run's own file.
        key: Names all that the bits depend on that a recipe leads to.
        train: The run's recipe.
        shared: Folder of finished steps. A run whose recipe begins as another's did takes up what
            is there.
        trains: What network on what data, for people: a run's own file of another is refused.
        writes: Whether this process is the one that writes.
    """

    def __init__(
        self,
        path: Path,
        key: Callable[[Train], str],
        train: Train,
        shared: Path | None = None,
        *,
        trains: str,
        writes: bool = True,
    ) -> None:
        self._path = path
        self._key = key
        self._train = train
        self._shared = shared
        self._trains = trains
        self._writes = writes

    @classmethod
    def nowhere(cls) -> "Store":
        """Return one that keeps nothing."""
        nothing = Train(steps=(FloatStep(epochs=1),))
        return cls(Path(), lambda _: "", nothing, trains="", writes=False)

    def load(self) -> Progress | None:
        """Return what an earlier run with the same settings left, or None.

        Raises:
            GatewrightError: the run's file is of another design; it is left as it is.
        """
        if not self._writes:
            return None
        found = load(self._path, self._key(self._train), self._trains)
        if found is None and self._shared is not None:
            for steps in range(len(self._train.steps), 0, -1):
                path, key = self._step_file(self._shared, steps)
                if path.is_file() and (found := load(path, key, self._trains)):
                    break
        return found

    def save(self, progress: Progress) -> None:
        """Keep where the run stands."""
        if self._writes:
            _save(self._path, self._key(self._train), self._trains, progress)

    def finish(self, progress: Progress) -> None:
        """Keep that a step is done."""
        self.save(progress)
        if self._writes and self._shared is not None:
            _save(*self._step_file(self._shared, progress.step), self._trains, progress)

    def clear(self) -> None:
        """Forget the run, which is done; finished steps that are shared stay."""
        if self._writes:
            self._path.unlink(missing_ok=True)

    def _step_file(self, shared: Path, steps: int) -> tuple[Path, str]:
        key = self._key(replace(self._train, steps=self._train.steps[:steps]))
        return shared / f"{key[:16]}.pt", key


def _save(path: Path, key: str, trains: str, progress: Progress) -> None:
    write(path, {"key": key, "trains": trains, "progress": vars(progress)})


def load(path: Path, key: str, trains: str) -> Progress | None:
    """Return what an earlier run with the same settings left, or None; says which it was.

    Raises:
        GatewrightError: it is of another network or of other data.
    """
    if not path.is_file():
        return None
    try:
        stored = torch.load(path, weights_only=True, map_location="cpu")
        progress = Progress(**stored["progress"])
        found, trained = stored["key"], str(stored["trains"])
    except Exception as error:  # torch.load raises whatever a broken file leads it to
        _log.warning("%s cannot be read (%s); training starts anew", path, error)
        return None
    if trained != trains:
        raise GatewrightError(
            f"{path} is the checkpoint of another design: it trains {trained}, this one {trains}; "
            "go on with that design, delete the file, or give another --build-dir"
        )
    if found != key:
        _log.warning("%s belongs to other settings; training starts anew", path)
        return None
    _log.info("resuming at step %d, after epoch %d", progress.step + 1, progress.epoch)
    return progress


def random_state(generator: torch.Generator) -> dict[str, Any]:
    """Return the state of every generator that training draws from."""
    state = {"shuffle": generator.get_state(), "torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def restore_random(state: dict[str, Any], generator: torch.Generator) -> None:
    """Set the generators to what ``random_state`` returned."""
    generator.set_state(state["shuffle"])
    torch.set_rng_state(state["torch"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
