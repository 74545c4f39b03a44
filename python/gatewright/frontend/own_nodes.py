"""ONNX nodes of our own, which ``prepare`` puts into the graph; ``layers`` gives them to hls4ml."""

from typing import Any

from gatewright.fixed import FixedFormat, IntArray

DOMAIN = "gatewright"
ELEMENTWISE = ("GwQuant", "GwTable", "GwRectifier", "GwClip", "GwScale")
# Attributes that hold a value for each channel, or one.
BY_CHANNEL = {"GwRectifier": ("slope",), "GwScale": ("scale", "bias")}


def make(kind: str, name: str, source: str, out: str, **values: Any) -> Any:
    """Return a node of one input and one output; attributes that are None are left out."""
    from onnx import helper

    given = {key: value for key, value in values.items() if value is not None}
    return helper.make_node(kind, [source], [out], name, domain=DOMAIN, **given)


def quantiser(name: str, source: str, out: str, fmt: FixedFormat) -> Any:
    """Return a conversion to ``fmt``, in whatever mode."""
    return make("GwQuant", name, source, out, format=str(fmt))


def table(
    name: str,
    source: str,
    out: str,
    fmt: FixedFormat,
    source_format: FixedFormat,
    values: IntArray,
    function: str,
) -> Any:
    """Return a table: ``values`` from the source's least integer to its greatest."""
    return make(
        "GwTable",
        name,
        source,
        out,
        format=str(fmt),
        source_format=str(source_format),
        values=[int(value) for value in values],
        function=function,
    )
