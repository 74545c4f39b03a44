"""hls4ml's C simulations of several networks in one C++ build, unoptimised.

Every project's firmware goes into one translation unit, each in a namespace of its own: the headers
that all share are read once.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from gatewright.errors import NotRunError
from gatewright.tools import process

FLAGS = ["-O0", "-std=c++23", "-fPIC", "-fno-gnu-unique", "-DNDEBUG", "-w", "-shared"]


def namespace(project: str) -> str:
    """Return the C++ namespace of a project."""
    return f"{project}_code"


def build(projects: Sequence[Path], folder: Path) -> Path:
    """Compile the projects (folders named as hls4ml's projects) into one library.

    Raises:
        NotRunError: g++ failed; the message gives its first errors.
    """
    lines = ["#include <map>", "#include <string>", "namespace nnet {", "bool trace_enabled;"]
    lines += ["std::map<std::string, void *> *trace_outputs;", "size_t trace_type_size;", "}"]
    lines += ["static std::string weights_folder;", "#define WEIGHTS_DIR weights_folder"]
    for project in projects:
        firmware = project / "firmware"
        lines += [f"#undef {guard}" for guard in _guards(firmware)]
        lines += [f'#include "{firmware}/{project.name}.cpp"']
        lines += ['#include "nnet_utils/nnet_helpers.h"', 'extern "C"', _wrapper(project)]
    source, library = folder / "all.cpp", folder / "all.so"
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    firmware = projects[0] / "firmware"
    paths = [f"-I{firmware}", f"-I{firmware / 'ap_types'}"]
    done = process.run(["g++", *FLAGS, *paths, source, "-o", library], cwd=folder)
    if done.status != 0:
        errors = [line for line in done.output.splitlines() if "error" in line][:5]
        raise NotRunError("g++ did not compile the C simulation:\n" + "\n".join(errors))
    return library


def _guards(firmware: Path) -> list[str]:
    """Return the include guards of what belongs to the project alone."""
    own = [*firmware.glob("*.h"), *firmware.glob("weights/*.h")]
    own.append(firmware / "nnet_utils" / "nnet_code_gen.h")
    found = (re.search(r"^#ifndef (\w+_H_?)$", file.read_text(), re.MULTILINE) for file in own)
    return [match[1] for match in found if match]


def _wrapper(project: Path) -> str:
    """Return the function of doubles from the project's bridge, its weights' folder set."""
    text = (project / f"{project.name}_bridge.cpp").read_text(encoding="utf-8")
    found = re.search(rf"^void {project.name}_double\(.*?^}}", text, re.MULTILINE | re.DOTALL)
    assert found, f"{project}: no function of doubles in the bridge"
    body = f'{{\n    weights_folder = "{project}/firmware/weights";'
    return found[0].replace("{", body, 1)
