"""From Python: a module of one's own as README shows it, and the hls4ml backend."""

import re
from pathlib import Path

import numpy as np
import pytest

import gatewright
from gatewright.frontend import plugin
from qonnx_networks import mlp

README = Path(__file__).parents[2] / "README.md"


def test_readmes_module_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    (code,) = (block for block in blocks if "gatewright.build(" in block)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own README
    assert capsys.readouterr().out.splitlines()[-1] == "0 of 1500 outputs differ"
    assert (tmp_path / "build" / "mine" / "rtl" / "mine.sv").is_file()


def test_the_rtl_of_an_hls4ml_model_predicts_as_its_c_simulation(tmp_path: Path) -> None:
    plugin.load()
    import hls4ml
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.gemm_to_matmul import GemmToMatMul
    from qonnx.util.cleanup import cleanup_model

    wrapper = ModelWrapper(str(mlp(tmp_path / "net.onnx", (12, 8, 5))))
    prepared = cleanup_model(cleanup_model(wrapper).transform(GemmToMatMul()))
    config = hls4ml.utils.config_from_onnx_model(
        prepared, granularity="name", backend="Gatewright", default_reuse_factor=4
    )
    config["Model"]["Strategy"] = "Resource"
    for layer in config["LayerName"].values():
        layer["Strategy"] = "Resource"
    model = hls4ml.converters.convert_from_onnx_model(
        prepared, output_dir=str(tmp_path / "out"), backend="Gatewright", hls_config=config
    )
    model.compile()
    x = np.random.default_rng(3).uniform(-0.2, 1.3, (60, 12)).astype(np.float32)
    assert np.array_equal(gatewright.rtl_predict(model, x), model.predict(x))
    model.write()
    assert list((tmp_path / "out" / "rtl").glob("*.sv"))
    assert (tmp_path / "out" / "firmware").is_dir()
