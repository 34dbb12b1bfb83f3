"""YAML text to plain values, each with its line; the safe subset that a catalogue needs.

Differs from PyYAML's own construction where that would surprise a marketer: keys are text (`on` is
no truth value there), numbers keep their digits, dates stay text, and what a reader would not see
(anchors, tags, the same key twice) is refused.
"""

import re
from decimal import Decimal

import yaml

from coupons.catalogue_problems import Path, Source

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 20
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FRACTION = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")
_FLAGS = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}
_TAG = "tag:yaml.org,2002:"


def read_yaml(text: str, source: Source) -> object:
    """Read one document; None where a problem was noted that leaves nothing to read."""
    if len(text) > MAX_CHARACTERS:
        source.note(source.name, (), "file", f"at most {MAX_CHARACTERS} characters", len(text))
        return None
    try:
        if not _plain_enough(text, source):
            return None
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        source.lines[()] = mark.line + 1 if mark is not None else 1
        found = getattr(error, "problem", None) or str(error).splitlines()[0]
        source.note(source.name, (), "file", "YAML", found)
        return None
    return None if root is None else _value(root, (), source)


def _plain_enough(text: str, source: Source) -> bool:
    """Look at the events first: composing follows nesting by recursion and aliases without end."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        found = None
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            found = f"depth {depth}" if depth > MAX_DEPTH else None
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            found = f"*{event.anchor}"
        if found is not None:
            source.lines[()] = event.start_mark.line + 1 if event.start_mark else 1
            expected = f"written out without aliases, at most {MAX_DEPTH} deep"
            source.note(source.name, (), "file", expected, found)
            return False
    return True


def _value(node: yaml.Node, path: Path, source: Source) -> object:
    source.lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, source)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*path, at), source) for at, child in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: yaml.MappingNode, path: Path, source: Source) -> dict[str, object]:
    fields: dict[str, object] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            source.note(source.name, path, "key", "text", "a list or mapping")
            continue
        key = str(key_node.value)
        here = (*path, key)
        if key in fields:
            source.lines[here] = key_node.start_mark.line + 1
            source.note(source.name, here, key, "written once", "written twice")
            continue
        fields[key] = _value(value_node, here, source)
        source.lines[here] = key_node.start_mark.line + 1
    return fields


def _scalar(node: yaml.Node) -> object:
    """Give a number, flag, None or text; octal and base-60 numbers of YAML 1.1 stay text."""
    text, tag = str(node.value), str(node.tag).removeprefix(_TAG)
    if tag == "int" and _WHOLE.fullmatch(text):
        return int(text)
    if tag == "float" and _FRACTION.fullmatch(text):
        return Decimal(text)
    if tag == "bool":
        return _FLAGS.get(text.lower(), text)
    return None if tag == "null" else text
