"""Where the RTL library, the benches and the built-in designs are.

They stand at the top of a checkout and travel inside the wheel, so an installed package works away
from the checkout.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def _folder(name: str) -> Path:
    packaged = _PACKAGE / "share" / name
    return packaged if packaged.is_dir() else _CHECKOUT / name


def package_root() -> Path:
    """Return the folder of the Python package."""
    return _PACKAGE


def rtl_root() -> Path:
    """Return the folder of the SystemVerilog library."""
    return _folder("rtl")


def sim_root() -> Path:
    """Return the folder of the cocotb benches."""
    return _folder("sim")


def designs_root() -> Path:
    """Return the folder of the built-in designs' YAML files."""
    return _folder("hls")


def library_files() -> list[Path]:
    """Return the files of the SystemVerilog library, without the bodies for one FPGA family."""
    root = rtl_root()
    found = sorted(root.rglob("*.sv"))
    return [path for path in found if path.relative_to(root).parts[0] != "boards"]
