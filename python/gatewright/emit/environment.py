"""The one Jinja environment of the templates."""

import textwrap
from functools import cache
from pathlib import Path

import jinja2

_COMMENT_WIDTH = 94  # inside a module, in 100 columns
_TEMPLATES = Path(__file__).resolve().parent / "templates"


@cache
def environment() -> jinja2.Environment:
    """Return the environment; a name that a template lacks is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - SystemVerilog, not HTML
    )
    environment.filters["wrapped"] = lambda line: textwrap.wrap(line, _COMMENT_WIDTH)
    environment.filters["suffixed"] = lambda name, suffix: f"{name}{suffix}"
    return environment
