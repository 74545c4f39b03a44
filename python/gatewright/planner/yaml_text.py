"""The text of a design file, changed at one layer's folding alone: all else stays as it is.

Comments, order, indents and quotes are those of the user; what a removed key had for a comment
becomes a line of its own.
"""

import re
from collections.abc import Mapping, Sequence

import yaml

FOLDING = ("Strategy", "ReuseFactor", "PE", "SIMD", "AddersPerStage")
_LAYERS = ("hls4ml", "LayerName")
_ALIAS = re.compile(r"\s*:\s*(\*[^\s,\]}]+)")
_COMMENT = re.compile(r"(?<!\S)#[^\r\n]*")
_STEP = 2  # columns that a mapping stands behind its key

Pair = tuple[yaml.Node, yaml.Node]


def with_layer(text: str, name: str, keys: Mapping[str, str], above: Sequence[str]) -> str:
    """Return a design file's text with a layer's folding.

    Args:
        text: Of the file.
        name: The layer, under ``hls4ml: LayerName``.
        keys: Its folding, as YAML; what else of ``FOLDING`` it had goes.
        above: Lines to stand above it.

    Raises:
        yaml.YAMLError: the text is none, or holds something else where a mapping belongs.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n")
    lines = _with_entry(lines if lines.endswith("\n") else f"{lines}\n", name)
    key, value = _found(lines, (*_LAYERS, name))
    pairs = _pairs(value)
    others = [pair for pair in pairs if pair[0].value not in FOLDING]
    comments: list[str] = []
    if _is_alias(key, value) or _in_braces(value):
        start, stop = _extent(lines, key, value)
        if not _is_alias(key, value):
            comments = _comments(lines, lines.index("{", start), stop, pairs)
            start = lines.index("{", start)  # behind an anchor
        words = [f"{word}: {given}" for word, given in keys.items()]
        words += [_slice(lines, *pair) for pair in others]
        lines = f"{lines[:start]}{{{', '.join(words)}}}{lines[stop:]}"
    else:
        lines = _in_lines(lines, pairs, keys)
    at = _line(key)
    added = "".join(f"{_indent(key)}{line}\n" for line in (*comments, *above))
    return f"{lines[:at]}{added}{lines[at:]}".replace("\n", end)


def _in_lines(text: str, pairs: Sequence[Pair], keys: Mapping[str, str]) -> str:
    """Return the text with a folding of a layer whose keys have lines of their own."""
    old = [pair for pair in pairs if pair[0].value in FOLDING]
    first = (old or pairs)[0][0]
    for key, value in reversed(old):
        _, stop = _extent(text, key, value)
        after = text.index("\n", stop) + 1
        comment = _COMMENT.search(text, stop, after)
        line = f"{_indent(key)}{comment[0]}\n" if comment else ""
        text = text[: _line(key)] + line + text[after:]
    added = "".join(f"{_indent(first)}{word}: {given}\n" for word, given in keys.items())
    return text[: _line(first)] + added + text[_line(first) :]


def _with_entry(text: str, name: str) -> str:
    """Return the text with an entry for a layer, an empty one where there was none."""
    for path in (_LAYERS[:1], _LAYERS):
        text = _opened(text, path)
    if not _has(text, _LAYERS[:1]):
        return f"{text}hls4ml:\n  LayerName:\n    {name}: {{}}\n"
    if not _has(text, _LAYERS):
        key, value = _found(text, _LAYERS[:1])
        indent = _indent(value.value[0][0])
        at = text.index("\n", key.end_mark.index) + 1
        return f"{text[:at]}{indent}LayerName:\n{indent}{' ' * _STEP}{name}: {{}}\n{text[at:]}"
    if _has(text, (*_LAYERS, name)):
        return text
    last = _pairs(_found(text, _LAYERS)[1])[-1]
    at = text.index("\n", _extent(text, *last)[1]) + 1
    return f"{text[:at]}{_indent(last[0])}{name}: {{}}\n{text[at:]}"


def _opened(text: str, path: tuple[str, ...]) -> str:
    """Return the text with a mapping that stood in braces in lines of its own."""
    if not _has(text, path):
        return text
    key, value = _found(text, path)
    if not _in_braces(value) or _is_alias(key, value):
        return text
    start, stop = _extent(text, key, value)
    start = text.index("{", start)
    if not value.value:  # nothing in it
        return text[: _line(key)] + text[text.index("\n", stop) + 1 :]
    indent = _indent(key) + " " * _STEP
    lines = [indent + _slice(text, *pair) for pair in _pairs(value)]
    comment = text[stop : text.index("\n", stop)].rstrip()
    head = f"{text[:start].rstrip()}{comment}"
    return "\n".join([head, *lines]) + text[text.index("\n", stop) :]


def _has(text: str, path: tuple[str, ...]) -> bool:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for word in path:
        under = [value for key, value in _pairs(node) if key.value == word]
        if not under:
            return False
        node = under[-1]
    return True


def _found(text: str, path: tuple[str, ...]) -> Pair:
    """Return the key and the value at a path that is there."""
    pairs = _pairs(yaml.compose(text, Loader=yaml.SafeLoader))
    for word in path[:-1]:
        pairs = _pairs(next(value for key, value in reversed(pairs) if key.value == word))
    return next(pair for pair in reversed(pairs) if pair[0].value == path[-1])


def _pairs(node: yaml.Node | None) -> list[Pair]:
    """Return a mapping's own keys and values, as they stand in the text."""
    if not isinstance(node, yaml.MappingNode):
        raise yaml.YAMLError("a mapping is expected")
    return list(node.value)


def _in_braces(value: yaml.Node) -> bool:
    return isinstance(value, yaml.MappingNode) and bool(value.flow_style)


def _is_alias(key: yaml.Node, value: yaml.Node) -> bool:
    """Whether a value is written as ``*name``: its node is another's, further up."""
    return bool(value.start_mark.index < key.start_mark.index)


def _extent(text: str, key: yaml.Node, value: yaml.Node) -> tuple[int, int]:
    """Return where a value begins and where its last character is past."""
    if _is_alias(key, value):
        found = _ALIAS.match(text, key.end_mark.index)
        if found is None:
            raise yaml.YAMLError("an alias is expected")
        return found.span(1)
    if isinstance(value, yaml.MappingNode) and not _in_braces(value):
        return value.start_mark.index, _extent(text, *value.value[-1])[1]
    stop = value.end_mark.index
    return value.start_mark.index, len(text[:stop].rstrip()) if not value.value else stop


def _slice(text: str, key: yaml.Node, value: yaml.Node) -> str:
    return text[key.start_mark.index : _extent(text, key, value)[1]]


def _comments(text: str, opened: int, closed: int, pairs: Sequence[Pair]) -> list[str]:
    """Return the comments within braces."""
    for key, value in reversed(pairs):
        inside = _extent(text, key, value)[1]
        text = (
            f"{text[: key.start_mark.index]}{' ' * (inside - key.start_mark.index)}{text[inside:]}"
        )
    return [found[0] for found in _COMMENT.finditer(text, opened + 1, closed)]


def _line(key: yaml.Node) -> int:
    """Return where a key's line begins."""
    return int(key.start_mark.index - key.start_mark.column)


def _indent(key: yaml.Node) -> str:
    return " " * int(key.start_mark.column)
