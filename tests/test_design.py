"""Design files: what is read, and that every mistake names its key."""

from pathlib import Path

import pytest

from gatewright import design
from gatewright.errors import GatewrightError

GOOD = """
network: {name: mlp, options: {layers: [64, 32, 10]}}
data: {name: digits, validation: 200}
train:
  steps:
    - {technique: float, epochs: 2}
hls4ml:
  LayerName:
    fc1: {ReuseFactor: 64}
    fc2: {PE: 2, SIMD: 4}
"""


def written(folder: Path, text: str, name: str = "mine.yml") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_a_design_is_read_whole(tmp_path: Path) -> None:
    loaded = design.load(written(tmp_path, GOOD))
    assert loaded.name == "mine"
    assert loaded.trains
    assert loaded.hls4ml.layer_config()["LayerName"] == {
        "fc1": {"ReuseFactor": 64},
        "fc2": {"PE": 2, "SIMD": 4},
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("ReuseFactor: 64", "Reuse: 64"), r"hls4ml\.LayerName\.fc1\.Reuse: unknown key"),
        (("ReuseFactor: 64", "ReuseFactor: 0"), r"ReuseFactor: .*greater than or equal to 1"),
        (("PE: 2, SIMD: 4", "PE: 2"), "PE and SIMD go together"),
        (("epochs: 2", "epochs: 0"), r"train\.steps\.0.*epochs"),
        (("technique: float", "technique: magic"), r"train\.steps\.0"),
        (("hls4ml:", "hls5ml:"), "hls5ml: unknown key"),
        (("data: {name: digits, validation: 200}", ""), "give either network, data and train"),
        (("network:", "name: Bad-Name\nnetwork:"), "name: String should match pattern"),
        (("network:", "folder: /tmp\nnetwork:"), "folder: not a key"),
    ],
)
def test_a_mistake_names_its_key(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(GatewrightError, match=message):
        design.load(written(tmp_path, GOOD.replace(*change)))


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [", "cannot be read as YAML"), ("- 1", "must hold keys and values"), ("", "NoneType")],
)
def test_what_is_no_design_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(GatewrightError, match=message):
        design.load(written(tmp_path, text))


def test_no_object_is_made_from_yaml(tmp_path: Path) -> None:
    text = "name: !!python/object/apply:os.system ['true']"
    with pytest.raises(GatewrightError, match="cannot be read as YAML"):
        design.load(written(tmp_path, text))


def test_an_unknown_design_lists_those_there_are() -> None:
    with pytest.raises(GatewrightError, match=r"did you mean mnist_mlp\?.*digits_mlp"):
        design.load("mnist_mpl")
    with pytest.raises(GatewrightError, match=r"no such \.yml file"):
        design.load("./nothing.yml")


def test_files_stay_in_the_designs_folder(tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    (tmp_path / "secret.onnx").write_bytes(b"")
    text = "onnx: ../secret.onnx\ninputs: x.npz\n"
    loaded = design.load(written(folder, text))
    with pytest.raises(GatewrightError, match="leaves the design's folder"):
        loaded.file("onnx")
    with pytest.raises(GatewrightError, match=r"x\.npz is not there"):
        loaded.file("inputs")


def test_a_design_may_be_based_on_another(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    text = "based_on: mine\nhls4ml: {LayerName: {fc1: {ReuseFactor: 128}}}\n"
    loaded = design.load(written(tmp_path, text, "smaller.yml"))
    assert loaded.name == "smaller"
    assert loaded.network == design.load(str(tmp_path / "mine.yml")).network
    assert loaded.hls4ml.layer_config()["LayerName"] == {
        "fc1": {"ReuseFactor": 128},
        "fc2": {"PE": 2, "SIMD": 4},
    }
    with pytest.raises(GatewrightError, match="in the end based on itself"):
        design.load(written(tmp_path, "based_on: loop\n", "loop.yml"))
    with pytest.raises(GatewrightError, match=r"based_on: give the name.*\.\./mine"):
        design.load(written(tmp_path, "based_on: ../mine\n", "out.yml"))


def test_every_built_in_design_loads() -> None:
    assert {"mnist_mlp", "digits_mlp"} <= set(design.names())
    for name in design.names():
        assert design.load(name).name == name
