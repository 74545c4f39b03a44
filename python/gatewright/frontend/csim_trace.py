"""Every layer's values in hls4ml's C simulation, for one sample.

hls4ml's own trace must be asked for when the project is generated. Here the project that is there
is copied, weights included, a line that writes the result down is added behind each layer's call,
and the copy is compiled and run.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gatewright.frontend.csim import compiled, run_csim
from gatewright.frontend.names import PREFIXES, identifier
from gatewright.graph import StreamType

_CALL = re.compile(r"^ *nnet::\w+<[^;]*>\((?P<arguments>[^;]*)\); // (?P<layer>\S+)$", re.MULTILINE)
_ARRAY = re.compile(r"(?P<type>\w+) (?P<name>\w+)\[(?P<size>[\d*]+)\]")
_STREAM = re.compile(r"hls::stream<(?P<type>\w+)> &?(?P<name>\w+)")
_HEADER = """\
#include <cstddef>
#include <cstdio>

#include "hls_stream.h"

namespace gatewright_trace {
inline FILE *file() {
    static FILE *opened = std::fopen("@path@", "w");
    return opened;
}

template <class T> void save(const char *layer, const char *type, const T *data, size_t size) {
    std::fprintf(file(), "%s %s", layer, type);
    for (size_t i = 0; i < size; i++)
        std::fprintf(file(), " %a", double(data[i]));
    std::fprintf(file(), "\\n");
}

// A stream is read and written back.
template <class T> void save(const char *layer, const char *type, hls::stream<T> &data, size_t) {
    std::fprintf(file(), "%s %s", layer, type);
    for (size_t left = data.size(); left > 0; left--) {
        T beat = data.read();
        for (size_t i = 0; i < T::size; i++)
            std::fprintf(file(), " %a", double(beat[i]));
        data.write(beat);
    }
    std::fprintf(file(), "\\n");
}
} // namespace gatewright_trace
"""


@dataclass(frozen=True, eq=False)
class Traced:
    """What a layer gave.

    Attributes:
        values: Real values [elements], channel last.
        type: Their C++ type.
    """

    values: NDArray[np.float64]
    type: str


def trace(
    folder: Path,
    inputs: NDArray[np.floating],
    input_sizes: Sequence[int],
    outputs: Sequence[StreamType],
) -> dict[str, Traced]:
    """Run the project in ``folder`` on one sample and return what each layer gave.

    Args:
        folder: hls4ml's project, as the hls step wrote it.
        inputs: Real values [1, elements].
        input_sizes: As of ``run_csim``.
        outputs: As of ``run_csim``.

    Returns:
        By name, as the hardware graph has it.

    Raises:
        NotRunError: it does not compile, or the C simulation stopped.
    """
    with tempfile.TemporaryDirectory(prefix="gatewright-trace-") as name:
        copy, path = Path(name) / "hls", Path(name) / "trace.txt"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.so"))
        (source,) = copy.glob("firmware/*.cpp")
        source.write_text(instrumented(source.read_text(encoding="utf-8")), encoding="utf-8")
        header = _HEADER.replace("@path@", str(path))
        (copy / "firmware" / "gatewright_trace.h").write_text(header, encoding="utf-8")
        script = copy / "build_lib.sh"  # quick to compile: it runs once
        script.write_text(script.read_text().replace('CFLAGS="-O3', 'CFLAGS="-O0'))
        library, project = compiled(copy)
        run_csim(library, project, inputs, input_sizes, outputs)
        types = (copy / "firmware" / "defines.h").read_text(encoding="utf-8")
        return dict(_read(path.read_text(encoding="utf-8"), types))


def instrumented(text: str) -> str:
    """Return the C++ of a network with a line behind each layer's call that saves its result."""
    sizes = {match["name"]: (match["type"], match["size"]) for match in _ARRAY.finditer(text)}
    sizes |= {match["name"]: (match["type"], "0") for match in _STREAM.finditer(text)}
    used: set[str] = set()

    def saving(call: re.Match[str]) -> str:
        words = re.findall(r"\w+", call["arguments"])
        # What a call is the first to name, of the arrays that calls fill, is its result.
        results = [word for word in words if word in sizes and word not in used]
        results = [word for word in results if re.fullmatch(r"layer\d+\w*", word)]
        used.update(words)
        lines = [call[0]]
        for result in results[:1]:
            kind, size = sizes[result]
            lines.append(
                f'    gatewright_trace::save("{call["layer"]}", "{kind}", {result}, {size});'
            )
        return "\n".join(lines)

    return '#include "gatewright_trace.h"\n' + _CALL.sub(saving, text)


def _read(text: str, types: str) -> Iterator[tuple[str, Traced]]:
    for line in text.splitlines():
        layer, kind, *values = line.split(" ")
        found = re.search(rf"typedef .*?(ap_u?(?:fixed|int)<[^>]*>).* {kind};", types)
        traced = Traced(
            np.array([float.fromhex(value) for value in values]), found[1] if found else kind
        )
        short = next((p for p in PREFIXES if layer.startswith(f"{p}_")), None)
        yield identifier(layer), traced
        if short:  # hls4ml puts the class in front
            yield identifier(layer.removeprefix(f"{short}_")), traced
