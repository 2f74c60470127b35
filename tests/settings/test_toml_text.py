"""A rule as umbrella.toml writes it reads back as it was."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redumbrella.settings.toml_text import rule_toml

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40) | st.sampled_from(
    ['a"b\\c\n"""x""""', "\n\n", 'x\ny"', '"""\n"', "é\x7f\x01\n\t", "\\\n"]
)


def content(text: str, key: str = "body") -> dict[str, Any]:
    return {
        "name": "Hot overnight",
        "control": 0.1,
        "a_day": 3,
        "trigger": {"kind": "jump", "from": 0.3},
        "where": {"grade": ["A", text], "Lead Source": text, "newsletter": True},
        "action": {"kind": "mail", "text": text, "body": {key: text}},
    }


@given(TEXTS, TEXTS)
def test_what_is_written_reads_back(text: str, key: str) -> None:
    # A line break of Windows counts as one like any other, in forms as in TOML.
    text, key = (one.replace("\r\n", "\n") for one in (text, key))
    found = tomllib.loads(rule_toml(content(text, key)))["automations"]
    assert found == [content(text, key)]


def test_long_texts_keep_their_lines_and_quotes() -> None:
    text = '<a href="x">\nDear {{ name }},\n'
    assert text in rule_toml(content(text))


@pytest.mark.parametrize("where", [{}, {"grade": []}])
def test_empty_parts_read_back(where: dict[str, Any]) -> None:
    given = {"name": "x", "where": where}
    assert tomllib.loads(rule_toml(given))["automations"] == [given]


def test_what_a_rule_waits_for_stands_before_what_it_does() -> None:
    rule = {"action": {"kind": "task"}, "trigger": {"kind": "lead"}, "name": "x"}
    text = rule_toml(rule)
    assert text.index("name") < text.index("trigger") < text.index("action")
