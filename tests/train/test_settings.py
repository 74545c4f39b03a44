import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from gatewright.train.settings import Train

TRAIN = TypeAdapter(Train)
FLOAT = {"technique": "float", "epochs": 2}
QUANTISE = {"technique": "quantise", "epochs": 2}


def test_reads_a_recipe() -> None:
    prune = {"technique": "prune", "epochs": 3, "sparsity": 0.5}
    train = TRAIN.validate_python({"steps": [FLOAT, prune, QUANTISE]})
    assert [step.technique for step in train.steps] == ["float", "prune", "quantise"]
    assert TRAIN.validate_json(TRAIN.dump_json(train)) == train


@pytest.mark.parametrize(
    ("step", "key"),
    [
        (FLOAT | {"epoch": 2}, "epoch"),
        (FLOAT | {"epochs": 0}, "epochs"),
        (FLOAT | {"learning_rate": 0}, "learning_rate"),
        ({"technique": "prune", "epochs": 1, "sparsity": 1.0}, "sparsity"),
        ({"technique": "prune", "epochs": 1}, "sparsity"),
        (QUANTISE | {"weight_bits": 9}, "weight_bits"),
        (QUANTISE | {"decay": "linear"}, "decay"),
        ({"technique": "distil", "epochs": 1}, "technique"),
    ],
)
def test_names_the_key(step: dict[str, object], key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        TRAIN.validate_python({"steps": [step]})


@pytest.mark.parametrize("steps", [[], [QUANTISE, QUANTISE], [QUANTISE, FLOAT]])
def test_refuses_an_impossible_order(steps: list[object]) -> None:
    with pytest.raises(ValidationError, match="steps"):
        TRAIN.validate_python({"steps": steps})


def test_imports_no_torch() -> None:
    code = (
        "import sys, gatewright.train.settings, gatewright.data, gatewright.nets; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
