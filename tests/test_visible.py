"""Steering and hidden characters are shown as numbers; letters of every script stay."""

import json

import orjson
import pytest

from redumbrella.visible import escaped_json, visible, visible_line

NAMES = (
    "Zoë Ångström-Łuczak", "Nguyễn Thị Ánh", "Ὀδυσσεύς", "Владимир", "שרה לוי", "محمد عبد الله",
    "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "ශ්\u200dරී ලංකා", "สมชาย ใจดี", "किशोर", "李小龍",
    "ひらがな", "김철수", "O'Brien", "👩\u200d👩\u200d👧 family", "e\u0301cole", "5 €", "a\u00a0b",
)  # fmt: skip
STEERING = {
    "\x1b[2J": "\\x1b[2J",
    "\x1b]8;;http://x\x07": "\\x1b]8;;http://x\\x07",
    "\x9b2J": "\\x9b2J",
    "a\bb": "a\\x08b",
    "a\rb": "a\\x0db",
    "\x7f": "\\x7f",
    "\u202egpj": "\\u202egpj",
    "\u2066x\u2069": "\\u2066x\\u2069",
    "a\u200bb": "a\\u200bb",
    "a\u200db": "a\\u200db",
    "\ufeffid": "\\ufeffid",
    "\udcff": "\\udcff",
    "\U000e0041": "\\ue0041",
    "\u2028": "\\u2028",
    "a\u200fb\u00ad": "ab",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_stay_as_they_are(name: str) -> None:
    assert visible(name) == visible_line(name) == name


@pytest.mark.parametrize(("text", "shown"), STEERING.items())
def test_what_steers_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_breaks_stay_only_where_they_are_meant() -> None:
    assert visible("a\nb\r\nc\td") == "a\nb\nc\td"
    assert visible_line("a\nb\r\nc\td\re") == "a\\nb\\nc\\td\\re"


def test_json_holds_the_same_and_no_steering_character() -> None:
    for text in (*NAMES, *(one for one in STEERING if one != "\udcff")):
        written = escaped_json(orjson.dumps([text]))
        assert json.loads(written) == [text]
        assert visible(written.decode()) == written.decode()
