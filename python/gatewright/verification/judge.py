"""Compare a rung's outputs with the integers to be met, and find where they first differ."""

import time
from dataclasses import replace

from gatewright.comparison import Comparison, compare_outputs
from gatewright.fixed import IntArray
from gatewright.verification import divergence
from gatewright.verification.context import Context
from gatewright.verification.result import RungResult, of_comparison
from gatewright.verification.subject import Subject


def compared(context: Context, subject: Subject, found: IntArray) -> Comparison:
    """Compare a rung's outputs [samples, elements] with the integers to be met."""
    again = subject.rung == "pytorch"
    return compare_outputs(
        context.expected(len(found), argmax=subject.argmax)[: len(found)],
        found,
        what="the network, evaluated again," if again else f"rung {subject.rung}",
        outputs=[(name, size) for name, size, _ in context.outputs(argmax=subject.argmax)],
    )


def judged(
    context: Context, subject: Subject, found: IntArray, started: float, what: str
) -> RungResult:
    """Return the result of a rung that gave ``found`` for the first samples.

    Args:
        context: The design.
        subject: The rung, to search where it first differs, if it does.
        found: Integers [samples, elements].
        started: When the rung started, by ``time.monotonic``.
        what: What was compared, in a few words.
    """
    comparison = compared(context, subject, found)
    if comparison.first is None:
        return of_comparison(subject.rung, comparison, time.monotonic() - started, what)
    where = divergence.find(context, subject, comparison.first.sample)
    result = of_comparison(subject.rung, comparison, time.monotonic() - started, what)
    if where is None:
        again = "run again it agrees with QONNX execution: the expected integers are at fault"
        return replace(result, why=f"{result.why}; {again}")
    return replace(result, why=str(where))
