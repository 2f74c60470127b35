"""A rule as umbrella.toml writes it: its content comes in, text goes out that reads back alike."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

_FIRST = ("name", "trigger", "where", "action")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def rule_toml(content: Mapping[str, Any]) -> str:
    """The section [[automations]] of a rule; `tomllib` reads the same content from it.

    Mappings within become sections of their own, so that long texts keep their lines.
    """
    first = [key for key in _FIRST if key in content]
    content = {key: content[key] for key in (*first, *(key for key in content if key not in first))}
    lines = ["[[automations]]"]
    lines += [_line(key, value) for key, value in content.items() if not _is_table(value)]
    for key, value in content.items():
        if _is_table(value):
            lines += ["", f"[automations.{_key(key)}]"]
            kind = {"kind": value["kind"]} if "kind" in value else {}
            lines += [_line(name, inner) for name, inner in {**kind, **value}.items()]
    return "\n".join(lines) + "\n"


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _line(key: str, value: object) -> str:
    return f"{_key(key)} = {_value(value)}"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    return _lines(text) if "\n" in text else _text(text)


def _text(text: str) -> str:
    """A basic string: its escapes are those of JSON, and one more character needs them."""
    return orjson.dumps(text).decode().replace("\x7f", "\\u007f")


def _lines(text: str) -> str:
    """A string of several lines; quotes stand as they are where none could end it."""
    inner = "\n".join(_text(line)[1:-1] for line in text.split("\n"))
    if '""' not in text and not text.endswith('"') and "\\" not in text:
        inner = inner.replace('\\"', '"')
    return f'"""\n{inner}"""'
