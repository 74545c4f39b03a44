"""The hls4ml backend "Gatewright": hls4ml's Vitis backend, which also reads the hardware graph.

Import it through ``gatewright.frontend.plugin``. Flow, in hls4ml's words:

    optimize -> check_settings -> (Vitis: init_layers, validation, streaming, quantization,
    optimize) -> read_graph -> (Vitis: specific_types, templates)

``check_settings`` takes the user's Strategy and ReuseFactor before hls4ml changes them;
``read_graph`` reads types and weights where all types are known and before ``specific_types``
transposes weights in place.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hls4ml.backends import VitisBackend, VivadoBackend
from hls4ml.model.attributes import ConfigurableAttribute
from hls4ml.model.flow import get_flow, register_flow
from hls4ml.model.layers import Conv1D, Conv2D, Dense
from hls4ml.model.optimizer import model_optimizer

from gatewright.errors import NotRunError
from gatewright.frontend import adapter, hls4ml_functions, own_layers, settings
from gatewright.frontend.csim import COMPILED_IN
from gatewright.tools import process

ATTRIBUTES = (
    ("gw_pe", int, "Output rows computed at once; 0: from ReuseFactor."),
    ("gw_simd", int, "Products per row computed at once; 0: from ReuseFactor."),
    ("gw_adders_per_stage", int, "Adders between two registers; 0: by ClockPeriod."),
    # Precision's result would keep hls4ml from merging the bias of an ONNX graph.
    ("gw_result", str, "Type of the result, as in Precision; empty: hls4ml's own."),
)


class GatewrightBackend(VitisBackend):  # type: ignore[misc]  # hls4ml has no type hints
    """C++ for Vitis HLS and SystemVerilog for any tool, from one ModelGraph."""

    def __init__(self) -> None:
        # VivadoBackend and VitisBackend name themselves; only FPGABackend takes a name.
        super(VivadoBackend, self).__init__(name="Gatewright")
        self._register_layer_attributes()
        for layer_class in (Dense, Conv1D, Conv2D):
            self.attribute_map.setdefault(layer_class, []).extend(
                ConfigurableAttribute(name, value_type=kind, default=kind(), description=text)
                for name, kind, text in ATTRIBUTES
            )
        own_layers.register(self)
        self._register_flows()

    def _register_flows(self) -> None:
        check = register_flow(
            "check", ["gatewright:check_settings"], requires=["optimize"], backend=self.name
        )
        read = register_flow(
            "read", ["gatewright:read_graph"], requires=["vivado:optimize"], backend=self.name
        )
        templates = register_flow(
            "apply_templates",
            self._get_layer_templates,
            requires=["vivado:init_layers"],
            backend=self.name,
        )
        requires = list(get_flow("vitis:ip").requires)
        requires.insert(requires.index("optimize") + 1, check)
        requires.insert(requires.index("vivado:specific_types"), read)
        requires.insert(requires.index("vivado:apply_templates") + 1, templates)
        self._default_flow = register_flow("ip", None, requires=requires, backend=self.name)
        self._writer_flow = register_flow(
            "write",
            ["make_stamp", "gatewright:write_hls"],
            requires=[self._default_flow],
            backend=self.name,
        )

    @model_optimizer()  # type: ignore[untyped-decorator]  # hls4ml has no type hints
    def check_settings(self, model: Any) -> bool:
        """Check and keep what the user asked for, give inputs their types, functions our layers."""
        settings.check_layers(model)
        settings.set_input_type(model)
        hls4ml_functions.replace_functions(model)
        return False

    @model_optimizer()  # type: ignore[untyped-decorator]  # hls4ml has no type hints
    def read_graph(self, model: Any) -> bool:
        """Keep the hardware graph with the model."""
        settings.set_clone_types(model)
        adapter.store_graph(model)
        return False

    def create_initial_config(self, write_rtl: bool = True, **options: Any) -> dict[str, Any]:
        """Return Vitis' configuration; ``write_rtl=False`` leaves the SystemVerilog out."""
        config: dict[str, Any] = super().create_initial_config(**options)
        config["WriterConfig"]["WriteRtl"] = write_rtl
        return config

    def compile(self, model: Any) -> str:
        """Compile the C simulation and return the library's path.

        Raises:
            NotRunError: there is no g++, or it failed; the message gives the end of its output.
        """
        folder = Path(model.config.get_output_dir())
        return str(compile_library(folder, model.config.config))


def compile_library(folder: Path, config: Mapping[str, Any]) -> Path:
    """Run the project's ``build_lib.sh``.

    Raises:
        NotRunError: there is no g++, or it failed; the message gives the end of its output.
    """
    from shutil import which

    if which("g++") is None:
        raise NotRunError(
            "the C simulation needs g++, which is not installed; install it: "
            "sudo apt-get install g++ (Debian, Ubuntu), sudo dnf install gcc-c++ (Fedora)"
        )
    done = process.run(["bash", "build_lib.sh"], cwd=folder)
    if done.status != 0:
        end = "\n".join(done.output.splitlines()[-15:])
        raise NotRunError(f"g++ did not compile the C simulation in {folder}:\n{end}")
    library = folder.resolve() / "firmware" / f"{config['ProjectName']}-{config['Stamp']}.so"
    library.with_suffix(COMPILED_IN).write_text(str(folder.absolute()), encoding="utf-8")
    return library
