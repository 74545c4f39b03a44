"""README says what is there: the table of blocks, the steps, the keys of a design."""

import re
from dataclasses import fields
from pathlib import Path

from gatewright import flow
from gatewright.design import Design
from gatewright.resources import library_files

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_table_of_blocks_is_the_library() -> None:
    rows = dict(re.findall(r"^\| \[`\w+`\]\((rtl/.*?\.sv)\) \| (.*) \|$", README, re.MULTILINE))
    library = {
        path.relative_to(ROOT).as_posix(): path.read_text().splitlines()[0].lstrip("/ ").rstrip()
        for path in library_files()
    }
    assert rows == library


def test_every_step_and_every_key_is_told() -> None:
    for step in flow.STEPS:
        assert f"`gatewright {step.name} DESIGN" in README
        for name in step.writes:
            assert f"`{name}`" in README or f"`{name}/`" in README
    table = README[README.index("### A design file") :]
    for key in fields(Design):
        if key.name not in ("name", "folder"):
            assert f"`{key.name}`" in table, key.name


def test_no_figure_is_left_open() -> None:
    assert not re.findall(r"@\w+[.@]|TBD", README)
