"""hls4ml's types as our formats, and accumulators that hold the exact sum."""

import logging
import re
from typing import Any

from gatewright import graph as g
from gatewright.errors import GatewrightError
from gatewright.fixed import FixedFormat, Overflow, Rounding, mode_named
from gatewright.frontend.names import origin

log = logging.getLogger(__name__)


def fixed_format(precision: Any, what: str) -> FixedFormat:
    """Return hls4ml's precision as our format.

    Raises:
        GatewrightError: not a plain fixed-point or integer type, or saturated bits.
    """
    kind = type(precision).__name__
    if kind.removeprefix("AP") not in ("FixedPrecisionType", "IntegerPrecisionType"):
        raise GatewrightError(
            f"{what} has type {precision} ({kind}); allowed: fixed<...>, ufixed<...>, int<...>, "
            "uint<...>. Set its Precision"
        )
    if precision.saturation_bits:
        raise GatewrightError(
            f"{what} has type {precision} with {precision.saturation_bits} saturated bits; "
            "allowed: 0"
        )
    rounding = mode_named(Rounding, str(precision.rounding_mode), what)
    overflow = mode_named(Overflow, str(precision.saturation_mode), what)
    width, integer = int(precision.width), int(precision.integer)
    return FixedFormat(bool(precision.signed), width, integer, rounding, overflow)


def holds(target: FixedFormat, source: FixedFormat) -> bool:
    """Whether what has type ``source`` keeps its values in ``target``.

    A symmetric type does not contain itself, but what is of it has no least integer.
    """
    return target == source or target.contains(source)


def hold_sum(layer: Any, node: g.Dense, source: FixedFormat) -> None:
    """See to it that the C simulation's accumulator holds the exact sum.

    One that was only defaulted is widened; one the user named is refused if it loses anything.

    Raises:
        GatewrightError: it does; the message says which type would do.
    """
    total = g.sum_range(node, source)
    accumulator = fixed_format(layer.types["accum_t"].precision, f"{origin(layer)}: accumulator")
    needed = [total.total]
    if accumulator.overflow is not Overflow.WRAP:
        needed.append(total.products)  # a wrapped intermediate sum comes back, a saturated one not
    if all(accumulator.contains(fmt) for fmt in needed):
        return
    width, integer, signed = wide_enough(needed)
    text = f"{'' if signed else 'u'}fixed<{width},{integer}>"
    if accumulator_is_named(layer):
        raise GatewrightError(
            f"{origin(layer)}: accumulator {accumulator} loses bits of the sum, which needs "
            f"{text}; set Precision: {{accum: '{text}'}} or auto"
        )
    from hls4ml.model.types import FixedPrecisionType

    log.info("%s: accumulator %s -> %s", origin(layer), accumulator, text)
    layer.types["accum_t"].name = re.sub(r"\W", "_", f"{layer.name}_accum_t")
    layer.types["accum_t"].precision = FixedPrecisionType(width, integer, signed)


def wide_enough(formats: list[FixedFormat]) -> tuple[int, int, bool]:
    """Return width, integer bits and sign of a format that contains all of ``formats``."""
    signed = any(fmt.signed for fmt in formats)
    integer = max(fmt.integer + int(signed and not fmt.signed) for fmt in formats)
    return integer + max(fmt.fraction for fmt in formats), integer, signed


def accumulator_is_named(layer: Any) -> bool:
    """Whether the user named the accumulator's type, or a greatest type for all."""
    config = layer.model.config
    named = config.layer_name_precision.get(f"{layer.name.lower()}_accum")
    named = named or config.layer_type_precision.get(f"{layer.class_name.lower()}_accum")
    return named not in (None, "auto") or "maximum" in config.model_precision
