"""What the user asked of a layer in hls4ml's words, checked before hls4ml's passes change it."""

import logging
from numbers import Integral
from typing import Any

from gatewright.errors import GatewrightError
from gatewright.frontend.names import origin
from gatewright.graph import FoldRequest, Strategy
from gatewright.unrolled import adders_within

log = logging.getLogger(__name__)

# Words that hls4ml knows and this package does not build (yet).
OTHER_STRATEGIES = ("resource_unrolled", "unrolled")
MATRICES = (
    "Dense", "Conv1D", "Conv2D", "PointwiseConv1D", "PointwiseConv2D", "DepthwiseConv1D",
    "DepthwiseConv2D",
)  # fmt: skip
CONVOLUTIONS = ("Conv1D", "Conv2D", "PointwiseConv1D", "PointwiseConv2D")
# What hls4ml gives the type of its source: long before ``set_result_type``.
KEEPING = ("Clone", "Reshape", "Resize", "Transpose", "ZeroPadding1D", "ZeroPadding2D")
_UNROLLED = (Strategy.DISTRIBUTED_ARITHMETIC, Strategy.LATENCY)
# Of the hardware alone: in the C++ they mean something else, or need another backend.
_OF_HARDWARE = (Strategy.COMPRESSED, Strategy.DISTRIBUTED_ARITHMETIC)
ASKED = "gw_asked_reuse_factor"
STRATEGY = "gw_strategy"


def check_layers(model: Any) -> None:
    """Check every matrix layer's Strategy and ReuseFactor, and keep them with the layer.

    hls4ml itself takes a Strategy it does not know for Latency, and changes a ReuseFactor in place.

    Raises:
        GatewrightError: an unknown Strategy, compression, or a ReuseFactor below 1.
    """
    for layer in model.get_layers():
        if layer.class_name not in MATRICES:
            continue
        strategy = strategy_named(model.config.get_strategy(layer), origin(layer))
        layer.set_attr(STRATEGY, strategy.value)
        if model.config.get_compression(layer):
            raise GatewrightError(
                f"{origin(layer)}: Compression is set; it is not supported, leave it out"
            )
        reuse_factor = model.config.get_reuse_factor(layer)
        if not isinstance(reuse_factor, Integral) or reuse_factor < 1:
            raise GatewrightError(
                f"{origin(layer)}: ReuseFactor is {reuse_factor!r}; allowed: whole numbers from 1"
            )
        layer.set_attr(ASKED, int(reuse_factor))
        if layer.class_name.startswith("Depthwise"):
            # hls4ml's C++ has no depthwise convolution for Resource (an assertion stands there).
            model.config.layer_name_strategy[layer.name.lower()] = "Latency"
        elif strategy in _OF_HARDWARE:
            model.config.layer_name_strategy[layer.name.lower()] = "Resource"
        set_result_type(layer)


def strategy_named(word: str, layer: str) -> Strategy:
    """Return the strategy called ``word``, in any case.

    Raises:
        GatewrightError: there is none; the message lists what is allowed.
    """
    asked = {"da": "distributed_arithmetic"}.get(word.lower(), word.lower())
    for strategy in Strategy:
        if strategy.value == asked:
            return strategy
    allowed = ", ".join(strategy.value.title() for strategy in Strategy)
    known = "is one of hls4ml's but not" if word.lower() in OTHER_STRATEGIES else "is not"
    raise GatewrightError(f"{layer}: Strategy {word!r} {known} supported; allowed: {allowed}")


def set_result_type(layer: Any) -> None:
    """Give a layer the type its ``gw_result`` names.

    Raises:
        GatewrightError: the network itself quantises the layer's result.
    """
    text = str(layer.get_attr("gw_result", ""))
    if not text:
        return
    if (quantizer := layer.get_attr("quantizer")) is not None:
        raise GatewrightError(
            f"{origin(layer)}: its result is quantised to {quantizer.hls_type} by the network "
            f"itself, so Precision result {text} cannot be; leave it out, or change the quantiser"
        )
    precision = layer.model.config.backend.convert_precision_string(text)
    layer.get_output_variable().type.precision = precision
    _retype_readers(layer)


def _retype_readers(layer: Any) -> None:
    """Give a layer's type to those that only move its elements, as hls4ml would have."""
    precision = layer.get_output_variable().type.precision
    named = layer.model.config.layer_name_precision
    for reader in layer.model.get_layers():
        free = named.get(f"{reader.name.lower()}_result", "auto") == "auto"
        if free and reader.class_name in KEEPING and set(layer.outputs) & set(reader.inputs):
            for variable in reader.variables.values():
                variable.type.precision = precision
            _retype_readers(reader)


def fold_request(layer: Any, size: tuple[int, int]) -> FoldRequest:
    """Return what the user asked of a layer that ``check_layers`` has seen.

    The reuse factor is made valid by hls4ml's own rule: the closest that divides the layer.

    Args:
        layer: hls4ml's layer.
        size: Rows and columns of its matrix; of a depthwise one, channels and taps.

    Raises:
        GatewrightError: a PE or SIMD that the layer cannot use.
    """
    strategy = Strategy(layer.get_attr(STRATEGY))
    asked = int(layer.get_attr(ASKED))
    rows, columns = size
    pe = lanes(layer, "gw_pe", rows)
    simd = lanes(layer, "gw_simd", columns)
    adders = _adders_per_stage(layer, strategy)
    if strategy is Strategy.DISTRIBUTED_ARITHMETIC and (pe or simd):
        log.info("%s: unrolled, a vector per cycle: its PE and SIMD are not used", origin(layer))
    backend = layer.model.config.backend
    valid = backend.get_valid_reuse_factors(columns, rows)
    used = asked if asked in valid else int(backend.get_closest_reuse_factor(valid, asked))
    if strategy is Strategy.RESOURCE and layer.class_name in CONVOLUTIONS:
        set_cpp_reuse_factor(layer, asked)
    if used != asked and pe is None and simd is None:
        log.warning(
            "%s: ReuseFactor %d does not divide the layer; using %d", origin(layer), asked, used
        )
    return FoldRequest(
        strategy=strategy,
        reuse_factor=used,
        asked_reuse_factor=asked if used != asked else None,
        pe=pe,
        simd=simd,
        adders_per_stage=adders or None,
    )


def _adders_per_stage(layer: Any, strategy: Strategy) -> int:
    """Return the adders between two registers of a layer that may be unrolled; 0: of another.

    Where ``gw_adders_per_stage`` was not given, ClockPeriod decides.

    Raises:
        GatewrightError: it is negative, or was given to a layer that is not unrolled.
    """
    value = int(layer.get_attr("gw_adders_per_stage", 0))
    if value < 0:
        raise GatewrightError(
            f"{origin(layer)}: AddersPerStage is {value}; allowed: whole numbers from 1"
        )
    if strategy in _UNROLLED:
        return value or adders_within(float(layer.model.config.get_config_value("ClockPeriod")))
    if value:
        raise GatewrightError(
            f"{origin(layer)}: AddersPerStage is of unrolled layers; the Strategy is "
            f"{strategy.name.capitalize()}: take Distributed_Arithmetic, or leave it away"
        )
    return 0


def set_cpp_reuse_factor(layer: Any, asked: int) -> None:
    """Give a convolution a reuse factor that its C++ computes rightly.

    hls4ml makes a pointwise convolution of another and forgets its rule for the factor; its C++ for
    io_parallel is wrong for a factor beyond the inputs of the matrix.
    """
    backend = layer.model.config.backend
    inputs, outputs = backend.get_layer_mult_size(layer)
    valid = backend.get_valid_reuse_factors(inputs, outputs)
    if layer.model.config.get_config_value("IOType") == "io_parallel":
        valid = [factor for factor in valid if factor <= inputs]
    layer.set_attr("reuse_factor", int(backend.get_closest_reuse_factor(valid, asked)))


def set_clone_types(model: Any) -> None:
    """Give what forks a stream the stream's type, and what hls4ml put behind it since.

    Of a repacked stream it forgets the type.
    """
    for layer in model.get_layers():
        if layer.class_name == "Clone":
            for variable in layer.variables.values():
                variable.type = layer.get_input_variable().type
            _retype_readers(layer)


def lanes(layer: Any, attribute: str, most: int) -> int | None:
    """Return a layer's ``gw_pe`` or ``gw_simd``; None where it was not given."""
    value = int(layer.get_attr(attribute, 0))
    if value == 0:
        return None
    if not 1 <= value <= most:
        word = attribute.removeprefix("gw_").upper()
        raise GatewrightError(f"{origin(layer)}: {word} is {value}; allowed: 1 to {most}")
    return value


def set_input_type(model: Any) -> None:
    """Give each input the type of the quantiser behind it, unless the user named a type.

    hls4ml's default, fixed<16,6> with truncation, would cut off bits before the quantiser rounds.
    """
    from hls4ml.model.optimizer import optimize_model

    changed = False
    for name in model.inputs:
        layer = model.graph[name]
        words = model.config.layer_name_precision
        if words.get(f"{name.lower()}_result", "auto") != "auto":
            continue
        readers = [node for node in model.get_layers() if name in node.inputs]
        if not readers or not all(is_quantizer(node) for node in readers):
            continue
        types = [node.get_output_variable().type.precision for node in readers]
        if all(precision == types[0] for precision in types):
            layer.get_output_variable().type.precision = types[0]
            words[f"{name.lower()}_result"] = str(types[0])
            changed = True
    if changed:
        optimize_model(model, ["eliminate_linear_activation"])


def is_quantizer(layer: Any) -> bool:
    """Whether a layer only converts to another type."""
    return bool(layer.class_name == "Activation") and bool(layer.get_attr("activation") == "linear")
