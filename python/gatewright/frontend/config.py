"""A design's layer settings -> hls4ml's configuration, every name and key checked."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from gatewright.errors import GatewrightError
from gatewright.fixed import Overflow, parse_format
from gatewright.frontend.conversions import EXACT, QUANTISERS
from gatewright.frontend.onnx_graph import consumers
from gatewright.frontend.prepare import Prepared
from gatewright.frontend.settings import strategy_named
from gatewright.graph import Strategy

DEFAULT_PRECISION = "fixed<16,6>"  # hls4ml's; every type that matters is set by a quantiser
HLS4ML_KEYS = {"PE": "GwPe", "SIMD": "GwSimd", "AddersPerStage": "GwAddersPerStage"}
MODEL_KEYS = ("Strategy", "ReuseFactor")
LAYER_KEYS = ("Strategy", "ReuseFactor", *HLS4ML_KEYS, "Precision")
PRECISIONS = ("result", "accum")  # weights and biases have their quantisers' types


def hls4ml_config(prepared: Prepared, settings: Mapping[str, Any], backend: str) -> dict[str, Any]:
    """Return hls4ml's configuration of a prepared network.

    Args:
        prepared: What ``prepare`` returned.
        settings: ``{"Model": {Strategy, ReuseFactor}, "LayerName": {layer: {Strategy, ReuseFactor,
            PE, SIMD, AddersPerStage, Precision}}}``, every part optional. Strategy defaults to
            Resource.
        backend: Name of the hls4ml backend.

    Raises:
        GatewrightError: a layer, key or value that is not allowed; the message lists what is.
    """
    from hls4ml.utils import config_from_onnx_model
    from qonnx.core.modelwrapper import ModelWrapper

    one_of("the hls settings", settings, ("Model", "LayerName"))
    model, layers = settings.get("Model", {}), settings.get("LayerName", {})
    if model.get("Precision") is not None:
        raise GatewrightError(
            "Model: Precision is set, but the types come from the network's quantisers; leave it "
            "out, and set the Precision of a layer under LayerName where it must differ"
        )
    one_of("Model", model, MODEL_KEYS)
    one_of("LayerName", layers, prepared.layers)
    config: dict[str, Any] = config_from_onnx_model(
        ModelWrapper(prepared.model),
        granularity="name",
        backend=backend,
        default_precision=DEFAULT_PRECISION,
        default_reuse_factor=whole("Model: ReuseFactor", model.get("ReuseFactor", 1)),
    )
    default = strategy_named(str(model.get("Strategy", Strategy.RESOURCE.value)), "Model")
    config["Model"]["Strategy"] = default.value.title()
    for name, fmt in prepared.types.items():
        config["LayerName"][name]["Precision"]["result"] = str(fmt)
    for name, values in layers.items():
        check_free(prepared.model.graph, name, values)
        config["LayerName"][name].update(layer_config(name, values, config["LayerName"][name]))
    for name, fmt in prepared.inputs.items():
        config["LayerName"][name]["Precision"]["result"] = str(fmt)
    return config


def check_free(graph: Any, name: str, values: Mapping[str, Any]) -> None:
    """Refuse a result type in front of a type that was computed from the network alone.

    Raises:
        GatewrightError: values of the user's type would not fit the computed one.
    """
    given = values.get("Precision")
    given = given.get("result") if isinstance(given, Mapping) else given
    if given in (None, "auto"):
        return
    pending = [node for node in graph.node if node.name == name]
    while pending:
        for reader in consumers(graph, pending.pop().output[0]):
            if reader.name.endswith(EXACT):
                settled = reader.name.removesuffix(EXACT)
                raise GatewrightError(
                    f"{name}: Precision {given}: nothing quantises the result before {settled}, "
                    "whose exact type comes from the network alone; leave the Precision out, or "
                    f"put a quantiser (QuantIdentity) behind {name}"
                )
            if reader.op_type not in QUANTISERS:
                pending.append(reader)


def layer_config(
    name: str, values: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Return one layer's settings with hls4ml's keys."""
    matrix = "accum" in defaults["Precision"]
    one_of(name, values, LAYER_KEYS if matrix else ("Precision",))
    found: dict[str, Any] = {}
    for key, value in values.items():
        where = f"{name}: {key}"
        if key == "Strategy":
            found[key] = strategy_named(str(value), name).value.title()
        elif key == "Precision":
            named = precisions(where, value, matrix=matrix)
            if matrix and named.get("result", "auto") != "auto":
                found["GwResult"] = named.pop("result")
            found[key] = {**defaults["Precision"], **named}
        else:
            found[HLS4ML_KEYS.get(key, key)] = whole(where, value)
    return found


def precisions(where: str, value: Any, *, matrix: bool) -> dict[str, str]:
    """Return a Precision setting: a format for the result, or formats by name."""
    named = value if isinstance(value, Mapping) else {"result": value}
    one_of(where, named, PRECISIONS if matrix else PRECISIONS[:1])
    return {key: precision(f"{where}: {key}", str(text)) for key, text in named.items()}


def precision(where: str, text: str) -> str:
    """Return one type in hls4ml's words."""
    if text == "auto":
        return text
    try:
        fmt = parse_format(text)
    except GatewrightError as error:
        raise GatewrightError(f"{where}: {error}") from None
    if fmt.overflow is Overflow.WRAP_SM:
        allowed = ", ".join(mode.value for mode in Overflow if mode is not Overflow.WRAP_SM)
        raise GatewrightError(f"{where} is {text}; hls4ml has no WRAP_SM, only {allowed}")
    return str(fmt)


def one_of(where: str, given: Iterable[str], allowed: tuple[str, ...]) -> None:
    """Refuse a name that is not allowed, with the nearest that is."""
    if not isinstance(given, Mapping):
        raise GatewrightError(f"{where} must be a mapping, not {given!r}")
    for name in given:
        if name not in allowed:
            near = get_close_matches(str(name), allowed, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise GatewrightError(
                f"{where}: unknown name {name!r}{hint} Allowed: {', '.join(allowed)}"
            )


def whole(where: str, value: Any) -> int:
    """Return a whole number from 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise GatewrightError(f"{where} is {value!r}; allowed: whole numbers from 1")
    return value
