"""Messages from templates: a template and a person's values come in, subject, text and HTML go out.

A template is written by people who may not run code here, with values that strangers typed into
forms. So only a small part of Jinja is allowed, by a list of what may stand in a template and not
by a list of what may not: values by name, `or` and `and`, comparisons, arithmetic, `{% if %}`, and
a few filters. There is no loop, no call, no attribute, no index, no assignment and no way to switch
the escaping off; what is left can take no longer than its length. Jinja's sandbox stands behind
that as a second wall.

Promise: values in HTML are escaped; a subject is one line; a name that is not known is an error and
never an empty place; what is made has at most MOST_OUTPUT characters. `check_template` says in
words what is wrong before a template is used. No address in a text is made a link. `render_path`
makes the path of a web address, in which values are percent-encoded.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from math import isfinite
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from redumbrella.errors import DataError, nearest
from redumbrella.figures import percent
from redumbrella.settings.mailboxes import one_line

if TYPE_CHECKING:
    from jinja2 import Template, nodes
    from jinja2.sandbox import SandboxedEnvironment

MOST_TEMPLATE, MOST_OUTPUT = 50_000, 500_000
MOST_VALUE = 20_000
_DEEPEST, _MOST_NODES = 40, 5_000
_PARTS = ("subject", "text", "html")
_MOST_DIGITS = 12

Value = str | int | float | bool | date | None


@dataclass(frozen=True)
class RenderedMessage:
    """A message for one person. html: None where the template has none."""

    subject: str
    text: str
    html: str | None


@dataclass(frozen=True)
class MessageTemplate:
    """The templates of one message. html: None for text alone."""

    subject: str
    text: str
    html: str | None = None

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """The templates that are given, by name."""
        written = zip(_PARTS, (self.subject, self.text, self.html), strict=True)
        return tuple((name, source) for name, source in written if source is not None)

    def render(self, values: Mapping[str, object]) -> RenderedMessage:
        """The message with a person's values; a value of None is shown as "".

        Raises DataError (bad_template) for a template that `check_template` would not pass with
        the names of these values, and where a value does not fit what is done with it.
        """
        plain = {name: _plain(value) for name, value in values.items()}
        made = {name: _rendered(name, source, plain) for name, source in self.parts}
        return RenderedMessage(one_line(made["subject"]), made["text"], made.get("html"))


def check_template(template: MessageTemplate, known_names: Collection[str]) -> list[str]:
    """What is wrong with a template, in words with the line; empty where it can be used.

    known_names: the values that every person has, if need be empty.
    """
    problems: list[str] = []
    for part, source in template.parts:
        read = _read(part, source)
        problems += read.problems
        problems += [_unknown(part, *used, known_names) for used in read.names
                     if used[0] not in known_names]  # fmt: skip
    for part, source in template.parts:
        if not source.strip():
            problems.append(f"The {part} is empty: write one.")
    return problems


def render_path(source: str, values: Mapping[str, object]) -> str:
    """A path such as "/leads/{{ lead_id }}" with values that stay within their place in it.

    Raises DataError (bad_template), also for a value that would lead to another folder.
    """
    plain = {name: _plain(value) for name, value in values.items()}
    return _rendered("path", source, plain)


@dataclass(frozen=True)
class _Read:
    """One template as it was read: what is wrong, the names it uses with their lines, its code."""

    problems: tuple[str, ...]
    names: tuple[tuple[str, int], ...] = ()
    code: "Template | None" = None


@lru_cache(maxsize=256)
def _read(part: str, source: str) -> _Read:
    from jinja2 import TemplateSyntaxError, nodes

    if len(source) > MOST_TEMPLATE:
        said = f"The {part} has {len(source):,} characters: at most {MOST_TEMPLATE:,} are allowed."
        return _Read((said,))
    environment = _environment(part if part in {"html", "path"} else "text")
    try:
        tree = environment.parse(source)
        problems = tuple(dict.fromkeys(_refused(part, tree)))
        if problems:
            return _Read(problems)
        code = environment.from_string(tree)
    except TemplateSyntaxError as problem:
        return _Read((f"Line {problem.lineno} of the {part}: {problem.message}",))
    except (RecursionError, MemoryError, SyntaxError, ValueError, OverflowError):
        return _Read((f"The {part} is nested too deeply, or holds a number that is too long.",))
    used = ((node.name, node.lineno) for node in tree.find_all(nodes.Name))
    return _Read((), tuple(used), code)


def _refused(part: str, tree: "nodes.Template") -> Iterator[str]:
    """What may not stand in a template, with its line."""
    allowed, filters = _allowed_nodes(), list(_filters())
    waiting: list[tuple[Any, int, int]] = [(tree, 1, 0)]
    read = 0
    while waiting:
        node, line, depth = waiting.pop()
        read += 1
        if read > _MOST_NODES:
            yield f"The {part} has too many values and conditions: leave some out."
            return
        line = node.lineno or line
        place = f"Line {line} of the {part}"
        kind = type(node).__name__
        if depth > _DEEPEST:
            yield f"The {part} is nested too deeply: at most {_DEEPEST} levels."
            return
        if kind not in allowed:
            what = _FORBIDDEN.get(kind, "this is not allowed in a template")
            yield f"{place}: {what}."
            continue
        if kind == "Filter" and node.name not in filters:
            hint = nearest(node.name, filters)
            yield f"{place}: there is no filter {node.name!r}.{hint} Filters: {', '.join(filters)}."
        if kind == "Test" and node.name not in _TESTS:
            yield f"{place}: there is no test {node.name!r}. Tests: {', '.join(_TESTS)}."
        if kind == "CondExpr" and node.expr2 is None:
            yield f'{place}: say what stands there otherwise: … if … else "".'
        waiting += [(child, line, depth + 1) for child in node.iter_child_nodes()]


# What may stand in a template; everything else is refused by not being here.
_ALLOWED = (
    *("Template", "Output", "TemplateData", "Name", "Const", "If", "CondExpr", "Filter", "Test"),
    *("And", "Or", "Not", "Compare", "Operand", "Neg", "Pos", "Add", "Sub", "Mul", "Div"),
    *("FloorDiv", "Concat", "Tuple", "List", "Keyword"),
)
_FORBIDDEN = {
    "Getattr": "a value has no parts: a name with a dot is not allowed",
    "Getitem": "a value has no parts: [ ] after it is not allowed",
    "Call": "nothing can be called: ( ) after a name is not allowed",
    "For": "there are no loops",
    "Assign": "{% set %} is not allowed: write the value where it is used",
    "AssignBlock": "{% set %} is not allowed: write the value where it is used",
    "Pow": "** is not allowed",
    "Mod": "% is not allowed",
    "Dict": "{ } is not allowed",
    "Include": "nothing else can be read in",
    "Import": "nothing else can be read in",
    "FromImport": "nothing else can be read in",
    "Extends": "nothing else can be read in",
    "Scope": "escaping cannot be switched off",
}
_TESTS = ("defined", "none", "string", "number")


@lru_cache(1)
def _allowed_nodes() -> frozenset[str]:
    from jinja2 import nodes

    assert all(hasattr(nodes, name) for name in (*_ALLOWED, *_FORBIDDEN))
    return frozenset(_ALLOWED)


@lru_cache(3)
def _environment(kind: str) -> "SandboxedEnvironment":
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Numbers(ImmutableSandboxedEnvironment):
        """Multiplies numbers alone: "x" * 1000000000 would fill the memory."""

        intercepted_binops = frozenset(["*"])

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if not (isinstance(left, int | float) and isinstance(right, int | float)):
                raise TypeError("* is for numbers")
            return super().call_binop(context, operator, left, right)

    environment = Numbers(
        autoescape=kind == "html",
        finalize=_path_part if kind == "path" else None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.clear()
    environment.filters = dict(_filters())
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment


@lru_cache(1)
def _filters() -> Mapping[str, Callable[..., Any]]:
    from jinja2.filters import FILTERS

    taken = ("upper", "lower", "capitalize", "title", "trim", "default")
    own = {"round": _round, "percent": _percent, "date": _date, "shorten": _shorten}
    return {**{name: FILTERS[name] for name in taken}, **own}


def _round(number: float | str, digits: int = 0) -> float | int | str:
    """3.14159|round(2) is 3.14; without digits a whole number; "" for one that is not known."""
    _few_digits(digits)
    if number == "":
        return ""
    return round(_number(number), digits) if digits else round(_number(number))


def _percent(share: float | str, digits: int = 0) -> str:
    """0.87|percent is 87 %; "" for a number that is not known."""
    _few_digits(digits)
    return "" if share == "" else percent(_number(share), digits)


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return value


def _date(moment: date | str, form: str = "%Y-%m-%d") -> str:
    """A date in the form of strftime; "" for a date that is not known."""
    if moment == "":
        return ""
    if not isinstance(moment, date):
        raise TypeError(f"{moment!r} is no date")
    if len(form) > 50:
        raise ValueError("the form of a date is too long")
    return moment.strftime(form)


def _shorten(text: str, length: int = 100) -> str:
    """At most so many characters, with … where some were left out."""
    plain = str.__str__(text)
    return plain if len(plain) <= length else plain[: max(int(length) - 1, 0)] + "…"


def _path_part(value: object) -> str:
    """A value as one part of a path: / and ? in it do not count."""
    text = str(value)
    if text in {"", ".", ".."}:
        raise ValueError(f"{text!r} cannot stand in a path")
    return quote(text.encode("utf-8", "replace"), safe="")


def _few_digits(digits: int) -> None:
    if not isinstance(digits, int) or not 0 <= digits <= _MOST_DIGITS:
        raise ValueError(f"digits must be from 0 to {_MOST_DIGITS}")


def _rendered(part: str, source: str, values: Mapping[str, Any]) -> str:
    read = _read(part, source)
    problems = [*read.problems, *(_unknown(part, *used, values) for used in read.names
                                  if used[0] not in values)]  # fmt: skip
    if problems or read.code is None:
        raise _bad(problems[0])
    made: list[str] = []
    try:
        # Each of these is read once at most: never is more text than this at work.
        length = len(source) + sum(len(str(values[name])) for name, _ in read.names)
        if length <= MOST_OUTPUT:
            length = 0
            for piece in read.code.generate(values):  # escaping may make it longer
                made.append(piece)
                length += len(piece)
                if length > MOST_OUTPUT:
                    break
    except Exception as problem:  # whatever a template does with a value that does not fit it
        why = " ".join(str(problem).split())[:200]
        raise _bad(f"The {part} cannot be made with these values: {why}.") from None
    if length > MOST_OUTPUT:
        raise _bad(f"The {part} would have more than {MOST_OUTPUT:,} characters: shorten it.")
    return "".join(made)


def _unknown(part: str, name: str, line: int, known: Collection[str]) -> str:
    hint = nearest(name, sorted(known))
    shown = ", ".join(islice(sorted(known), 20)) or "none"
    return f"Line {line} of the {part}: there is no value {name!r}.{hint} Values: {shown}."


def _bad(problem: str) -> DataError:
    return DataError(f"The message cannot be made. {problem}", reason="bad_template")


def _plain(value: object) -> Value:
    """A value without methods of its own: text, number, truth or date; None as ""."""
    plain: Value = ""
    if isinstance(value, bool):
        plain = value
    elif isinstance(value, Integral):
        plain = int(value)
    elif isinstance(value, Real):
        plain = float(value) if isfinite(value) else ""
    elif isinstance(value, datetime):
        plain = datetime.combine(value.date(), value.timetz())
    elif isinstance(value, date):
        plain = date(value.year, value.month, value.day)
    elif value is not None:
        plain = _cut(value if isinstance(value, str) else str(value))
    return plain


def _cut(text: str) -> str:
    """An exact text: a subclass with __html__ would be taken for HTML that needs no escaping."""
    return _shorten(str.__str__(text), MOST_VALUE)
