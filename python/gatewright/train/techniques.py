"""Which technique a step of the recipe is."""

from gatewright.train.settings import (
    AnyStep,
    ChannelsStep,
    DistilStep,
    FloatStep,
    PruneStep,
    QuantiseStep,
    SeparableStep,
)
from gatewright.train.technique import Technique


def technique_for(step: AnyStep) -> Technique:
    """Return the step's technique. To add one: its settings, a file for it, and a case here."""
    match step:
        case FloatStep():
            return Technique()
        case DistilStep():
            from gatewright.train.distil import Distil

            return Distil(step)
        case ChannelsStep():
            from gatewright.train.channels import Channels  # late: Torch-Pruning's import is slow

            return Channels(step)
        case SeparableStep():
            from gatewright.train.separable import Separable

            return Separable(step)
        case PruneStep():
            from gatewright.train.prune import Prune

            return Prune(step)
        case QuantiseStep():
            from gatewright.train.quantise import Quantise  # late: Brevitas is slow to import

            return Quantise(step)
