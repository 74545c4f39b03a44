"""fixed.py against the ap_types headers that hls4ml compiles its C simulation with.

One generated C++ program converts every integer of small source formats into every rounding and
overflow mode, over source and target signs, widths and shifts; ``fixed.requantize`` must give the
same integers. A second part does the same for ``fixed.quantize`` from doubles.
"""

import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from string import Template

import numpy as np
import pytest

from gatewright import fixed
from gatewright.fixed import FixedFormat, IntArray, Overflow, Rounding

SOURCES = (FixedFormat(True, 7, 3), FixedFormat(False, 7, 3))
# Target width and integer bits. Against a 7-bit source with 4 fraction bits: fewer, as many and
# more fraction bits, fewer and more integer bits, shifts of the source's whole width and beyond,
# integer bits below zero and above the width.
GEOMETRIES = (
    (1, 1), (4, 2), (3, 5), (5, 2), (7, 3), (8, 3), (12, 4), (3, 7), (4, 8), (4, 12), (5, -1),
    (6, -9),
)  # fmt: skip
REAL_GEOMETRIES = ((1, 1), (5, 2), (8, 3), (4, 12), (6, -9))
DOUBLES = (
    [0.0, 1e-300, -1e-300, 1e300, -1e300, 0.49999999999999994, 2.5, -2.5, 0.0625, -0.03125]
    + [n / 64 for n in range(-600, 601, 7)]
    + [n / 32 for n in range(-400, 401, 9)]
)


@dataclass(frozen=True)
class Case:
    """One conversion: from every integer of ``source``, or from ``DOUBLES`` where it is None."""

    source: FixedFormat | None
    target: FixedFormat

    def want(self, raw: IntArray) -> IntArray:
        """The program's raw bits as the integers of the target."""
        return as_integers(raw, self.target)

    def got(self) -> IntArray:
        """What ``fixed`` makes of it."""
        if self.source is None:
            return fixed.quantize(np.array(DOUBLES), self.target)
        raw = np.arange(1 << self.source.width)
        return fixed.requantize(as_integers(raw, self.source), self.source, self.target)


def cases() -> list[Case]:
    """Every conversion of the comparison, in the program's order."""
    found = []
    modes = list(product((True, False), Rounding, Overflow))
    for (width, integer), (signed, rounding, overflow) in product(GEOMETRIES, modes):
        if overflow is Overflow.WRAP_SM and not signed:
            continue  # ap_ufixed refuses it
        target = FixedFormat(signed, width, integer, rounding, overflow)
        found += [Case(source, target) for source in SOURCES]
        if (width, integer) in REAL_GEOMETRIES:
            found.append(Case(None, target))
    return found


def as_integers(raw: IntArray, fmt: FixedFormat) -> IntArray:
    """Raw bits as the integers of ``fmt``."""
    negative = fmt.signed & ((raw >> (fmt.width - 1)) & 1 == 1)
    return np.where(negative, raw - (1 << fmt.width), raw)


def cpp_type(fmt: FixedFormat) -> str:
    """``ap_fixed<...>`` as C++ writes it."""
    kind = "ap_fixed" if fmt.signed else "ap_ufixed"
    return f"{kind}<{fmt.width},{fmt.integer},AP_{fmt.rounding.value},AP_{fmt.overflow.value}>"


def call(case: Case) -> str:
    """The C++ call that prints one case's row."""
    if case.source is None:
        return f"reals<{cpp_type(case.target)}>();"
    return f"all<{cpp_type(case.source)}, {cpp_type(case.target)}>({1 << case.source.width});"


PROGRAM = Template("""
#include <cstdio>
#include "ap_fixed.h"
template <class T> void show(T t) {
  std::printf("%llu ", (unsigned long long)t.range().to_uint64());
}
template <class S, class T> __attribute__((noinline)) void all(int values) {
  for (int i = 0; i < values; i++) {
    S s;
    s.range() = i;
    show<T>(s);
  }
  std::puts("");
}
const double values[] = {$doubles};
template <class T> __attribute__((noinline)) void reals() {
  for (double value : values) show<T>(value);
  std::puts("");
}
int main() {
  $calls
}
""")


def program() -> str:
    """The C++ source; it prints one row of raw bits per case."""
    doubles = ", ".join(map(repr, DOUBLES))
    return PROGRAM.substitute(doubles=doubles, calls="\n  ".join(map(call, cases())))


@pytest.fixture(scope="module")
def ap_rows(tmp_path_factory: pytest.TempPathFactory) -> list[IntArray]:
    """The program's output, a row of raw bits per case."""
    spec = find_spec("hls4ml")
    if spec is None or spec.origin is None or shutil.which("g++") is None:
        pytest.skip("needs hls4ml and g++")
    folder = tmp_path_factory.mktemp("ap_types")
    (folder / "all.cpp").write_text(program(), encoding="utf-8")
    headers = Path(spec.origin).parent / "templates" / "vivado" / "ap_types"
    # NDEBUG: an assertion in the headers stops the program when rounding drops more bits than the
    # source has, although the value they compute is right.
    command = ["g++", "-O0", "-w", "-DNDEBUG", "-std=c++11", f"-I{headers}", "all.cpp", "-o", "all"]
    subprocess.run(command, cwd=folder, check=True)
    text = subprocess.run(["./all"], cwd=folder, check=True, capture_output=True, text=True).stdout
    return [np.array(line.split(), dtype=np.int64) for line in text.splitlines()]


def differences(rows: list[IntArray]) -> list[str]:
    """One line per case whose integers differ."""
    found = []
    for case, row in zip(cases(), rows, strict=True):
        got, want = case.got(), case.want(row)
        if not np.array_equal(got, want):
            at = int(np.argmax(got != want))
            found.append(f"{case.source} -> {case.target} [{at}]: {got[at]}, ap_types {want[at]}")
    return found


def test_every_mode_equals_ap_types(ap_rows: list[IntArray]) -> None:
    found = differences(ap_rows)
    assert not found, f"{len(found)} of {len(ap_rows)} differ:\n" + "\n".join(found[:40])


@pytest.mark.parametrize("rounding", [mode for mode in Rounding if mode is not Rounding.RND])
def test_the_comparison_bites(
    ap_rows: list[IntArray], rounding: Rounding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rounding mode taken for RND is found."""
    true_round = fixed._round

    def taken_for_rnd(exact: IntArray, floor: IntArray, drop: int, mode: Rounding) -> IntArray:
        return true_round(exact, floor, drop, Rounding.RND if mode is rounding else mode)

    monkeypatch.setattr(fixed, "_round", taken_for_rnd)
    assert any(f",{rounding.value}," in line.split("->")[1] for line in differences(ap_rows))
