"""A design to hand over: all that another project needs, without Python."""

import shutil
import tempfile
from pathlib import Path

from gatewright.design import Design
from gatewright.emit.handover import render_package
from gatewright.files import read_json, write_text
from gatewright.tools import yosys
from gatewright.vectors import Interface, read_vectors

FOLDER = "package"


def run(design: Design, folder: Path, samples: int) -> Path:
    """Write the package of a design, whole or not at all.

    Args:
        design: Whether an argmax is compared.
        folder: Its build folder, built up to rtl.
        samples: Of the test vectors that the bench sends.

    Returns:
        ``<folder>/package``, replaced if it was there.

    Raises:
        CheckFailedError: Yosys could not write the Verilog.
    """
    description, rtl = read_json(folder / "rtl.json"), folder / "rtl"
    interface = Interface.from_dict(description["network"])
    vectors = read_vectors(folder / "vectors.npz", interface)
    inputs = vectors.integers(interface.inputs)[:samples]
    expected = vectors.expected(interface.outputs, argmax=design.rtl.argmax)[:samples]
    files = render_package(description, inputs, expected)
    temporary = Path(tempfile.mkdtemp(dir=folder, prefix=f".{FOLDER}."))
    try:
        for name in description["sources"]:
            (temporary / "rtl" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(rtl / name, temporary / "rtl" / name)
        for name in description["memories"]:
            shutil.copyfile(rtl / name, temporary / name)
        for name, text in files.items():
            write_text(temporary / name, text)
        top = description["top"]
        (temporary / "verilog").mkdir()
        yosys.translate(description["sources"], top, temporary, f"verilog/{top}.v")
        temporary.chmod(0o755)
        target = folder / FOLDER
        shutil.rmtree(target, ignore_errors=True)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target
