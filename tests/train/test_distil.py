import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import nn

from gatewright import nets, train
from gatewright.data import Preprocessing
from gatewright.errors import GatewrightError
from gatewright.train.augment import augment
from gatewright.train.distil import Distil, distillation_loss
from gatewright.train.settings import Augment, DistilStep, FloatStep, Network, Teacher
from gatewright.train.teacher import evaluate, load
from gatewright.train.technique import Batch, Task
from recipes import Design, digits

CPU = torch.device("cpu")


def by_hand(student: list[list[float]], teacher: list[list[float]], t: float) -> float:
    """T**2 * mean over samples of sum p * (log p - log q), in Python's own float64."""
    total = 0.0
    for s, u in zip(student, teacher, strict=True):
        q = [math.exp(x / t) for x in s]
        p = [math.exp(x / t) for x in u]
        total += sum(
            a / sum(p) * (math.log(a / sum(p)) - math.log(b / sum(q)))
            for a, b in zip(p, q, strict=True)
        )
    return t * t * total / len(student)


@pytest.mark.parametrize("t", [0.5, 1.0, 4.0, 20.0])
def test_loss_is_the_formula(t: float) -> None:
    generator = torch.Generator().manual_seed(3)
    s, u = (torch.randn(7, 5, generator=generator, dtype=torch.float64) * 3 for _ in range(2))
    found = float(distillation_loss(s, u, t))
    # float64 keeps 53 bits; some hundred operations on values below 100
    assert found == pytest.approx(by_hand(s.tolist(), u.tolist(), t), rel=1e-12)


def test_gradient_is_t_times_the_difference_of_the_softened_outputs() -> None:
    """d/ds of T**2 * KL(p || softmax(s / T)) is T * (softmax(s / T) - p), over the samples."""
    generator = torch.Generator().manual_seed(4)
    s, u = (torch.randn(6, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    s.requires_grad_(True)
    u.requires_grad_(True)
    torch.autograd.backward(distillation_loss(s, u, 3.0))
    expected = 3.0 * ((s / 3).softmax(1) - (u / 3).softmax(1)) / 6
    assert s.grad is not None
    torch.testing.assert_close(s.grad, expected.detach(), rtol=1e-12, atol=1e-14)
    assert u.grad is None


def test_loss_of_equals_is_zero_and_of_shapes_that_differ_refused() -> None:
    outputs = torch.randn(4, 3)
    assert abs(float(distillation_loss(outputs, outputs.clone(), 2.0))) < 1e-6  # 24 bits
    with pytest.raises(GatewrightError, match=r"teacher's outputs .*\(4,\).*student's \(3,\)"):
        distillation_loss(outputs, torch.randn(4, 4), 2.0)


def mlp(*layers: int) -> nn.Module:
    torch.manual_seed(2)
    return nets.build("mlp", {"layers": layers}).eval()


def as_design(folder: Path) -> Teacher:
    train.run(digits(steps=(FloatStep(epochs=1),)), folder / "builds" / "big", progress=False)
    return Teacher(design="big")


def as_state(folder: Path) -> Teacher:
    torch.save(mlp(64, 16, 10).state_dict(), folder / "t.pt")
    return Teacher(network=Network("mlp", {"layers": [64, 16, 10]}), checkpoint="t.pt")


def as_onnx(folder: Path) -> Teacher:
    torch.onnx.export(
        mlp(64, 16, 10), (torch.zeros(1, 64),), folder / "t.onnx", dynamo=True, verbose=False
    )
    return Teacher(onnx="t.onnx")


@pytest.mark.parametrize("make", [as_design, as_state, as_onnx])
def test_any_teacher_teaches(tmp_path: Path, make: Callable[[Path], Teacher]) -> None:
    teacher = make(tmp_path)
    teach = load(teacher, tmp_path, tmp_path / "builds", CPU)
    inputs = torch.rand(5, 64)
    outputs = evaluate(teach, inputs)
    assert outputs.shape == (5, 10)
    if make is not as_design:
        torch.testing.assert_close(outputs, mlp(64, 16, 10)(inputs).detach())
    design = replace(
        digits(steps=(DistilStep(epochs=1, teacher=teacher),), layers=(64, 4, 10)), folder=tmp_path
    )
    metrics = train.run(design, tmp_path / "builds" / "small", progress=False)
    assert metrics["steps"][0]["technique"] == "distil"
    assert metrics["float_accuracy"] == metrics["accuracy"]


def test_a_student_alone_with_its_teacher_comes_near_it(tmp_path: Path) -> None:
    """Labels have no part at alpha 1: what is learnt is the teacher's."""
    teacher = as_state(tmp_path)
    step = DistilStep(epochs=20, teacher=teacher, alpha=1.0, learning_rate=0.01)
    design: Design = replace(digits(steps=(step,), layers=(64, 32, 10)), folder=tmp_path)
    train.run(design, tmp_path / "s", progress=False)
    from gatewright import data
    from gatewright.train import model_file

    inputs = torch.from_numpy(data.load("digits").test_inputs)
    with torch.no_grad():
        found = model_file.load(tmp_path / "s" / "model.pt").build()(inputs).argmax(1)
        taught = mlp(64, 16, 10)(inputs).argmax(1)
    assert float((found == taught).float().mean()) > 0.8  # at random: 0.1


@pytest.mark.parametrize("flip", [False, True])
def test_what_the_teacher_said_once_is_what_it_says_of_each_batch(*, flip: bool) -> None:
    teacher, network = mlp(12, 6, 5), mlp(12, 4, 5)
    inputs, labels = torch.rand(40, 12), torch.randint(5, (40,))
    given = Preprocessing(1 / 256, 255, (12,), "flat")
    task = Task(inputs, labels, inputs, labels, given, seed=1, augment=Augment(flip=flip))
    asked: list[int] = []

    def teach(samples: torch.Tensor) -> torch.Tensor:
        asked.append(len(samples))
        return teacher(samples)

    technique = Distil(DistilStep(epochs=1, teacher=Teacher(design="any"), alpha=1.0), teach)
    technique.begin(network, task)
    before = len(asked)
    for at in torch.split(torch.randperm(40), 8):
        changed, flipped = augment(inputs[at], task.augment)
        found = technique.loss(network, task, Batch(at, changed, labels[at], flipped))
        wanted = distillation_loss(network(changed), teacher(changed), 4.0)
        # The same sums, perhaps in another order: float32 keeps 24 bits.
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)
    assert len(asked) == before


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "give one of"),
        ({"design": "a", "onnx": "b"}, "give one of"),
        ({"checkpoint": "a", "design": "b"}, "go together"),
        ({"design": "../a"}, "pattern"),
    ],
)
def test_a_teacher_is_one_thing(keys: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(Teacher).validate_python(keys)


@pytest.mark.parametrize(
    ("teacher", "said"),
    [
        (Teacher(design="none"), "gatewright train none"),
        (Teacher(onnx="../t.onnx"), "leaves the design's folder"),
        (Teacher(onnx="none.onnx"), "is not there"),
        (Teacher(onnx="text.onnx"), "no ONNX file"),
        (
            Teacher(network=Network("mlp", {"layers": [64, 16, 10]}), checkpoint="text.onnx"),
            "no state of network mlp",
        ),
        (
            Teacher(network=Network("mlp", {"layers": [64, 17, 10]}), checkpoint="t.pt"),
            "no state of network mlp",
        ),
        (
            Teacher(network=Network("mlp", {"layers": [64, 16, 9]}), checkpoint="nine.pt"),
            r"\(9,\), the student's \(10,\)",
        ),
        (
            Teacher(network=Network("mlp", {"layers": [63, 16, 10]}), checkpoint="narrow.pt"),
            r"does not take inputs of shape \(64,\)",
        ),
    ],
)
def test_a_teacher_that_does_not_fit_is_refused(
    tmp_path: Path, teacher: Teacher, said: str
) -> None:
    (tmp_path / "text.onnx").write_text("no ONNX")
    as_state(tmp_path)
    torch.save(mlp(64, 16, 9).state_dict(), tmp_path / "nine.pt")
    torch.save(mlp(63, 16, 10).state_dict(), tmp_path / "narrow.pt")
    design = replace(digits(steps=(DistilStep(epochs=1, teacher=teacher),)), folder=tmp_path)
    with pytest.raises(GatewrightError, match=said):
        train.run(design, tmp_path / "builds" / "student", progress=False)
    assert not (tmp_path / "builds" / "student" / "model.pt").exists()


def test_another_teacher_is_another_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint that another teacher's lessons are in is not gone on from."""
    from gatewright.train import recipe

    teacher = as_state(tmp_path)
    seen: list[str] = []
    plain = recipe._key

    def noted(*args: object) -> str:
        seen.append(plain(*args))  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(recipe, "_key", noted)
    design = replace(digits(steps=(DistilStep(epochs=1, teacher=teacher),)), folder=tmp_path)
    train.run(design, tmp_path / "s", progress=False)
    state = {name: torch.sign(value) for name, value in mlp(64, 16, 10).state_dict().items()}
    torch.save(state, tmp_path / "t.pt")
    train.run(design, tmp_path / "s", progress=False)
    assert len(set(seen)) == 2
