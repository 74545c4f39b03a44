"""Runs a list of Yosys commands in a process of its own: ``python -m ... '["cmd", ...]'``."""

import json
import sys

from pyosys import libyosys


def main() -> None:
    """Run the commands of the JSON list in the first argument on one design."""
    design = libyosys.Design()
    for command in json.loads(sys.argv[1]):
        libyosys.run_pass(command, design)


if __name__ == "__main__":
    main()
