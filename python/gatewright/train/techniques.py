"""Which technique a step of the recipe is."""

from gatewright.train.settings import AnyStep, FloatStep, PruneStep, QuantiseStep
from gatewright.train.technique import Technique


def technique_for(step: AnyStep) -> Technique:
    """Return the step's technique. To add one: its settings, a file for it, and a case here."""
    match step:
        case FloatStep():
            return Technique()
        case PruneStep():
            from gatewright.train.prune import Prune

            return Prune(step)
        case QuantiseStep():
            from gatewright.train.quantise import Quantise  # late: Brevitas is slow to import

            return Quantise(step)
