"""Messages from templates: what they show, what is wrong in words, and that they run no code."""

import time
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from redumbrella.destinations import templates
from redumbrella.destinations.templates import (
    MOST_OUTPUT,
    MOST_TEMPLATE,
    MOST_VALUE,
    MessageTemplate,
    RenderedMessage,
    check_template,
    render_path,
)
from redumbrella.errors import DataError

NAMES = ("first_name", "chance", "day", "grade", "is_customer", "amount")
VALUES: dict[str, object] = dict(
    zip(NAMES, ("Zoë", 0.876, date(2026, 3, 2), "A", True, 1250.5), strict=True)
)


def text_of(source: str, values: dict[str, Any] | None = None) -> str:
    return MessageTemplate("s", source).render(VALUES if values is None else values).text


def html_of(source: str, values: dict[str, Any]) -> str:
    html = MessageTemplate("s", "t", source).render(values).html
    assert html is not None
    return html


def problems(source: str) -> list[str]:
    return check_template(MessageTemplate("s", source), NAMES)


def test_a_message() -> None:
    template = MessageTemplate(
        "{{ first_name }}, an offer",
        "Dear {{ first_name or 'customer' }},\n{% if grade == 'A' and chance > 0.5 %}\n"
        "{{ chance|percent }} by {{ day|date('%d.%m.%Y') }}.\n{% else %}\nno\n{% endif %}\nBye",
        "<p>Dear {{ first_name }}</p>",
    )
    assert check_template(template, NAMES) == []
    assert template.render(VALUES) == RenderedMessage(
        "Zoë, an offer", "Dear Zoë,\n88\u00a0% by 02.03.2026.\nBye", "<p>Dear Zoë</p>"
    )


def test_text_alone_makes_no_html() -> None:
    assert MessageTemplate("s", "t").render({}).html is None


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ first_name|upper }} {{ first_name|lower|title }}", "ZOË Zoë"),
        ("{{ amount|round(1) }} {{ amount|round }} {{ amount * 2 }}", "1250.5 1250 2501.0"),
        ("{{ 'yes' if is_customer else 'no' }}", "yes"),
        ("{{ first_name ~ '!' }} {{ 'a' if grade in ('A', 'B') else 'b' }}", "Zoë! a"),
        ("{{ grade is defined }} {{ grade is number }}", "True False"),
        ("{{ first_name|shorten(2) }} {{ first_name|shorten(length=3) }}", "Z… Zoë"),
        ("{{ first_name|default('x') }} {{ ''|default('x', true) }}", "Zoë x"),
        ("{# not shown #}{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{{ 1 + 2 - 3 / 4 }} {{ 7 // 2 }} {{ -1 }}", "2.25 3 -1"),
        ("see example.com or https://example.com", "see example.com or https://example.com"),
    ],
)
def test_what_may_stand_in_a_template(source: str, shown: str) -> None:
    assert problems(source) == []
    assert text_of(source) == shown


def test_a_value_that_is_missing_for_a_person() -> None:
    none = dict.fromkeys(NAMES)
    assert text_of('{{ first_name or "there" }}', none) == "there"
    assert text_of(
        "[{{ first_name }}{{ chance|percent }}{{ day|date }}{{ amount|round }}]", none
    ) == ("[]")
    assert text_of("{% if is_customer %}a{% else %}b{% endif %}", none) == "b"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("Hi\n{{ fist_name }}", "Line 2 of the text: there is no value 'fist_name'. "
         "Did you mean \"first_name\"? Values: amount,"),
        ("{{ self }}", "there is no value 'self'"),
        ("{{ range }}", "there is no value 'range'"),
        ("{{ first_name", "Line 1 of the text: unexpected end of template"),
        ("a\n\n{% if grade %}", "Line 3 of the text: Unexpected end of template"),
        ("{% nonsense %}", "unknown tag 'nonsense'"),
        ("{{ first_name|uper }}", "there is no filter 'uper'. Did you mean \"upper\"? Filters:"),
        ("{{ first_name is even }}", "there is no test 'even'"),
        ("{{ first_name|safe }}", "there is no filter 'safe'"),
        ("{{ first_name.upper() }}", "( ) after a name is not allowed"),
        ("{{ first_name.x }}", "a name with a dot is not allowed"),
        ("{{ first_name[0] }}", "[ ] after it is not allowed"),
        ("{% for x in first_name %}{% endfor %}", "there are no loops"),
        ("{% set x = 1 %}", "write the value where it is used"),
        ("{% autoescape false %}x{% endautoescape %}", "escaping cannot be switched off"),
        ("{% include 'x' %}", "nothing else can be read in"),
        ("{% extends 'x' %}", "nothing else can be read in"),
        ("{% import 'x' as x %}", "nothing else can be read in"),
        ("{% macro x() %}{% endmacro %}", "not allowed in a template"),
        ("{% call x() %}{% endcall %}", "not allowed in a template"),
        ("{% filter upper %}x{% endfilter %}", "not allowed in a template"),
        ("{% with x = 1 %}{% endwith %}", "not allowed in a template"),
        ("{% block x %}{% endblock %}", "not allowed in a template"),
        ("{{ 2 ** 3 }}", "** is not allowed"),
        ("{{ 'a' % 3 }}", "% is not allowed"),
        ("{{ {} }}", "{ } is not allowed"),
        ("{{ 'x' if grade }}", "say what stands there otherwise"),
        ("{% if grade %}" * 60 + "{% endif %}" * 60, "nested too deeply: at most 40 levels"),
        ("{{ 1" + " + 1" * 50 + " }}", "nested too deeply: at most 40 levels"),
        ("{{grade}}" * 5_100, "too many values and conditions"),
        ("  ", "The text is empty"),
        ("x" * (MOST_TEMPLATE + 1), "at most 50,000 are allowed"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_never_made(source: str, said: str) -> None:
    found = problems(source)
    assert any(said in one for one in found), found
    assert len(found) == 1
    if "empty" not in said:
        with pytest.raises(DataError) as problem:
            text_of(source)
        assert problem.value.reason == "bad_template"


def test_all_problems_of_all_parts_are_said() -> None:
    found = check_template(MessageTemplate("{{ a }}", "{{ b }}{{ c }}", "{{ d.e }}"), ["x"])
    assert [one.partition(":")[0] for one in found] == [
        *("Line 1 of the subject", "Line 1 of the text", "Line 1 of the text", "Line 1 of the html")
    ]


ESCAPES = [
    "''.__class__.__mro__[1].__subclasses__()",
    "first_name.__class__",
    "first_name['__class__']",
    "first_name|attr('__class__')",
    "first_name|map('upper')|list",
    "self.__init__.__globals__",
    "self._TemplateReference__context",
    "cycler.__init__.__globals__.os.popen('id').read()",
    "lipsum.__globals__['os'].popen('id').read()",
    "joiner.__init__.__globals__",
    "namespace.__init__.__globals__",
    "config.items()",
    "request.application.__globals__",
    "url_for.__globals__",
    "get_flashed_messages.__globals__",
    "().__class__.__bases__[0].__subclasses__()",
    "[].__class__",
    "{}.__class__",
    "(1).__class__",
    "'%s' % first_name",
    "'{0.__class__}'.format(first_name)",
    "'{0.__class__.__mro__}'|format(first_name)",
    "'{x.__class__}'.format_map({'x': 1})",
    "first_name.format(first_name)",
    "dict(a=1)",
    "range(999999999)",
    "lipsum(9999)",
    "first_name|pprint",
    "first_name|tojson",
    "first_name|xmlattr",
    "first_name|urlize",
    "first_name|filesizeformat",
    "day.strftime('%Y')",
    "day.replace(year=1)",
    "caller()",
    "varargs",
    "super()",
    "loop",
    "__builtins__",
    "__import__('os')",
    "open('/etc/passwd').read()",
    "exec('1')",
    "context",
    "environment",
    "environment.globals",
    "resolve",
    "undefined",
    "missing",
    "blocks",
    "t_1",
    "l_0_first_name",
]


@pytest.mark.parametrize("code", ESCAPES)
@pytest.mark.parametrize(
    "form", ["{{{{ {} }}}}", "{{% if {} %}}x{{% endif %}}", "{{% print({}) %}}"]
)
def test_no_code_is_run_and_no_attribute_read(code: str, form: str) -> None:
    source = form.format(code)
    assert problems(source)
    for part in (MessageTemplate("s", source), MessageTemplate(source, "t"),
                 MessageTemplate("s", "t", source)):  # fmt: skip
        with pytest.raises(DataError):
            part.render(VALUES)


HOSTILE = [
    "{{ 'x' * 1000000000 }}",
    "{{ first_name * 1000000000 }}",
    "{{ 1000000000 * 'x' }}",
    "{{ ('a', 'b') * 1000000000 }}",
    "{{ ('a' ~ 'b') * 99999999 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ amount|round(-1000000000) }}",
    "{{ amount|round(1000000000) }}",
    "{{ chance|percent(1000000000) }}",
    "{{ day|date('%9999999999d' * 3) }}",
    "{{ day|date('%9999999999d') }}",
    "{{ first_name|center(1000000000) }}",
    "{{ first_name|indent(1000000000) }}",
    "{{ '%01000000000d'|format(1) }}",
    "{{ first_name|replace('', first_name) }}",
    "{{ " + "9" * 5000 + " }}",
    "{{ " + "9" * 4000 + " * " + "9" * 4000 + " }}",
    "{{ " + "(" * 20_000 + " }}",
    "{{ " + "not " * 12_000 + "1 }}",
    "{{ " + "-" * 40_000 + "1 }}",
    "{{ 1" + " + 1" * 12_000 + " }}",
    "{{ a" + ".a" * 9_000 + " }}",
    "{{ " + "[" * 40_000,
    "{% if grade %}" * 1_000 + "{% endif %}" * 1_000,
    "{{ first_name" + "|upper" * 3_000 + " }}",
    "{{ " + "'a' if 1 else " * 3_000 + "1 }}",
    "{" * 50_000,
    "{{" * 25_000,
    "{%" * 25_000,
    "{#" * 25_000,
    "{{ '" + "\\" * 49_990,
    "{{ 1e" + "9" * 40_000 + " }}",
    "{{ grade }}" * 2_600,
    "{{ grade" + " ~ a" * 6_000 + " }}",
]


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_templates_end_soon(source: str) -> None:
    begun = time.process_time()
    problems(source)
    with suppress(DataError):
        assert len(text_of(source)) <= MOST_OUTPUT
    assert all(len(one) < 1_000 for one in problems(source))
    assert time.process_time() - begun < 10.0


@pytest.mark.parametrize("html", [False, True])
def test_hostile_sizes_of_values(html: bool) -> None:
    values = {"a": "<" * 10_000_000}
    made = html_of if html else text_of
    assert len(made("{{ a }}", values)) == (MOST_VALUE - 1) * (4 if html else 1) + 1
    for source in ("{{ a }}" * 30, "{{ a" + " ~ a" * 1_000 + " }}", "{{ a|upper }}" * 30):
        with pytest.raises(DataError, match="more than 500,000 characters"):
            made(source, values)
    with pytest.raises(DataError, match="more than 500,000"):
        html_of("{{ a }}" * 20, values)  # within the limit until it is escaped


class Evil:
    """An object with everything that a template might call."""

    secret = "s3cret"

    def __html__(self) -> str:
        return "<script>html</script>"

    def __str__(self) -> str:
        return "<b>str</b>"

    def __call__(self) -> str:
        return "called"


class EvilText(str):
    __slots__ = ()

    def __html__(self) -> str:
        return "<script>html</script>"

    def __str__(self) -> str:
        return "<script>str</script>"


class Level(IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (
            "<script>\"x\" & 'y'</script>",
            "&lt;script&gt;&#34;x&#34; &amp; &#39;y&#39;&lt;/script&gt;",
        ),
        (Markup("<b>bold</b>"), "&lt;b&gt;bold&lt;/b&gt;"),
        (EvilText("<i>"), "&lt;i&gt;"),
        (Evil(), "&lt;b&gt;str&lt;/b&gt;"),
        ("{{ 7 * 7 }}{% if x %}", "{{ 7 * 7 }}{% if x %}"),
        (["<a>"], "[&#39;&lt;a&gt;&#39;]"),
        (b"<a>", "b&#39;&lt;a&gt;&#39;"),
        (None, ""),
        (float("nan"), ""),
        (float("inf"), ""),
        (True, "True"),
        (Level.HIGH, "3"),
        (np.int64(5), "5"),
        (np.float32(0.5), "0.5"),
        (Decimal("1.50"), "1.50"),
        (datetime(2026, 3, 2, 8, tzinfo=UTC), "2026-03-02 08:00:00+00:00"),
        (date(2026, 3, 2), "2026-03-02"),
    ],
)
def test_values_in_html_are_escaped(value: object, shown: str) -> None:
    assert html_of("{{ a }}", {"a": value}) == shown
    for form in ("{{ a ~ '' }}", "{{ a or '' }}", "{{ a|default('') }}", "{{ a if 1 else '' }}"):
        if value not in (None, True) and shown:
            assert html_of(form, {"a": value}) == shown


FILTERED = ("upper", "lower", "title", "capitalize", "trim", "shorten(9)", "trim('&lt;')")
OTHERS = ("a + a", "(a, a)", "[a ~ '']", "''|default(a, true)", "a|default(a)|lower", "a ~ a")
HTML_FORMS = tuple(
    f"{{{{ {inside} }}}}"
    for inside in (*OTHERS, *(f"{one}|{by}" for by in FILTERED for one in ("a", "(a ~ '<')")))
)


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("<>&\"'ab;#xlt34/ {}%")), st.sampled_from(HTML_FORMS))
def test_no_way_leads_round_the_escaping(value: str, form: str) -> None:
    made = html_of(form, {"a": value})
    assert not set(made) & set("<>\"'")


def test_a_subject_is_one_line() -> None:
    template = MessageTemplate("Hi {{ a }},\nnews", "{{ a }}")
    made = template.render({"a": "Eve\r\nBcc: x@y.z\x0b\u2028z"})
    assert made.subject == "Hi Eve Bcc: x@y.z z, news"
    assert made.text == "Eve\r\nBcc: x@y.z\x0b\u2028z"


def test_a_value_that_does_not_fit_is_said() -> None:
    for source in ("{{ first_name * 2 }}", "{{ first_name + 1 }}", "{{ first_name|percent }}",
                   "{{ first_name|date }}", "{{ 1 / 0 }}", "{{ first_name < 3 }}"):  # fmt: skip
        with pytest.raises(DataError, match="text cannot be made with these values"):
            text_of(source)


def test_names_that_are_not_given_are_an_error_and_never_empty() -> None:
    with pytest.raises(DataError, match="no value 'first_name'"):
        text_of("{{ first_name }}", {})
    with pytest.raises(DataError, match="no value 'first_name'"):
        text_of("{% if false %}{{ first_name }}{% endif %}", {})


WORDS = ("upper", "0x", "not ", " in ", " is ", "for ", "set ", " a ", " if ", " else ", " endif ")
PIECES = st.sampled_from(["{{", "}}", "{%", "%}", "{#", "#}", *WORDS, *"()[]{}'\"|~*+-.,=1é\n\0"])


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=50))
def test_any_text_is_a_template_or_is_said_to_be_none(source: str) -> None:
    template = MessageTemplate("s", source, source)
    found = check_template(template, ["a"])
    try:
        made = template.render({"a": "<x>"})
    except DataError:
        return  # a value may not fit, which only the values tell
    assert not found or not source.strip()
    assert "<x>" not in (made.html or "")


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("L-7", "/leads/L-7/notes?why=no"),
        ("../admin?x=1#y", "/leads/..%2Fadmin%3Fx%3D1%23y/notes?why=no"),
        ("ü /\r\n%2f", "/leads/%C3%BC%20%2F%0D%0A%252f/notes?why=no"),
        (7, "/leads/7/notes?why=no"),
        ("\ud800", "/leads/%3F/notes?why=no"),
    ],
)
def test_a_value_stays_in_its_place_of_a_path(value: object, path: str) -> None:
    source = "/leads/{{ lead }}/notes?why={{ 'no' }}"
    assert render_path(source, {"lead": value}) == path
    for nothing in ("", None, ".", ".."):
        with pytest.raises(DataError, match="cannot stand in a path"):
            render_path(source, {"lead": nothing})
    with pytest.raises(DataError, match="Line 1 of the path: there is no value 'leed'"):
        render_path("{{ leed }}", {"lead": value})


def test_a_template_is_read_once() -> None:
    template = MessageTemplate("s", "{{ a }} once")
    before = templates._read.cache_info().misses
    for number in range(50):
        assert template.render({"a": number}).text == f"{number} once"
    assert templates._read.cache_info().misses - before <= 2
