"""Small QONNX graphs for tests, built node by node: no training, no data, no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save


@dataclass
class Builder:
    """Collects the nodes and constants of one graph."""

    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    prefix: str = ""  # of every name

    def within(self, prefix: str) -> "Builder":
        """Return a builder of the same graph whose names begin with ``prefix``."""
        return Builder(self.nodes, self.constants, prefix)

    def constant(self, name: str, value: Any, dtype: type = np.float32) -> str:
        self.constants[f"{self.prefix}{name}"] = np.asarray(value, dtype=dtype)
        return f"{self.prefix}{name}"

    def node(self, kind: str, name: str, inputs: list[str], **attributes: Any) -> str:
        domain = "qonnx.custom_op.general" if kind.endswith("Quant") else ""
        name = f"{self.prefix}{name}"
        out = f"{name}_tensor"
        self.nodes.append(helper.make_node(kind, inputs, [out], name, domain=domain, **attributes))
        return out

    def quant(
        self,
        name: str,
        source: str,
        *,
        bits: Any = 4,
        scale: Any = 0.0625,
        zero: Any = 0.0,
        signed: int = 1,
        narrow: int = 0,
        rounding_mode: str = "ROUND",
    ) -> str:
        operands = [
            self.constant(f"{name}_{key}", value)
            for key, value in (("scale", scale), ("zero", zero), ("bits", bits))
        ]
        return self.node(
            "Quant",
            name,
            [source, *operands],
            signed=signed,
            narrow=narrow,
            rounding_mode=rounding_mode,
        )

    def save(self, path: Path, output: str, shape: tuple[Any, ...], inputs: int = 1) -> Path:
        names = ["x", *(f"x{i}" for i in range(1, inputs))]
        return self.save_many(path, dict.fromkeys(names, shape), [output])

    def save_many(
        self, path: Path, inputs: Mapping[str, tuple[Any, ...]], outputs: Sequence[str]
    ) -> Path:
        """Write a network of inputs of these shapes, the batch axis with them."""
        graph = helper.make_graph(
            self.nodes,
            "network",
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", 13), helper.make_opsetid("qonnx.custom_op.general", 1)]
        save(helper.make_model(graph, opset_imports=opsets, ir_version=8), str(path))
        return path


def layer(
    build: Builder,
    name: str,
    source: str,
    sizes: tuple[int, int],
    seed: int = 1,
    **gemm: Any,
) -> str:
    """Add a Gemm with 5-bit weights and 8-bit biases, and return its output."""
    rng = np.random.default_rng(seed)
    weight = build.constant(f"{name}.weight", rng.integers(-15, 16, sizes[::-1]) / 8)
    bias = build.constant(f"{name}.bias", rng.integers(-128, 128, sizes[1]) / 32)
    weight = build.quant(f"{name}_weight_quant", weight, bits=5, scale=0.125, narrow=1)
    bias = build.quant(f"{name}_bias_quant", bias, bits=8, scale=1 / 32)
    return build.node("Gemm", name, [source, weight, bias], **{"transB": 1, **gemm})


def mlp(path: Path, sizes: tuple[int, ...] = (12, 8, 5), seed: int = 1) -> Path:
    """Write a quantised multilayer perceptron: input_quant, fc1, relu1, relu1_quant, fc2, ..."""
    build = Builder()
    tensor = build.quant("input_quant", "x", signed=0)
    for index in range(1, len(sizes)):
        tensor = layer(build, f"fc{index}", tensor, sizes[index - 1 : index + 1], seed + index)
        if index < len(sizes) - 1:
            tensor = build.node("Relu", f"relu{index}", [tensor])
            tensor = build.quant(f"relu{index}_quant", tensor, bits=5, scale=0.25, signed=0)
    return build.save(path, tensor, (1, sizes[0]))


def random_reals(samples: int, elements: int, seed: int = 7) -> np.ndarray:
    """Return inputs [samples, elements] that are no multiples of the quantiser's scale."""
    return np.random.default_rng(seed).uniform(-0.2, 1.3, (samples, elements))
