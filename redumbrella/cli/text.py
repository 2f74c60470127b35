"""Tables and lines of the reading commands: text comes in, the terminal or a pipe gets it.

The same read models stand behind the pages; only the lay-out differs.
"""

import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console

from redumbrella.cli.terminal import pasted
from redumbrella.reports.wording import basis
from redumbrella.views.models import ModelFacts
from redumbrella.views.trust import Trust
from redumbrella.visible import visible

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

PIPE_WIDTH = 140


class _Output(Console):
    """A console that data cannot steer; a reader that has seen enough, such as `head`, is fine."""

    def render_str(self, text: str, **options: Any) -> "Text":
        """Every text of a table or a line comes by here."""
        return super().render_str(visible(text), **options)

    def on_broken_pipe(self) -> None:
        """Ends the command quietly and well."""
        try:
            super().on_broken_pipe()
        except SystemExit:
            raise SystemExit(0) from None


def console() -> Console:
    """Standard output as wide as the terminal, or PIPE_WIDTH where nobody watches."""
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return _Output(width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def plain_table() -> "Table":
    """A table without frames: calm to read, easy to cut with other tools."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)


def model_line(model: ModelFacts | None) -> str:
    """One line: which model, and what it rests on where that is little."""
    if model is None:
        return "The model behind these scores is not stored any more."
    if model.reliable:
        return f"{model.label} ({model.version})."
    return f"{model.label} ({model.version}). Basis: {basis(model.regime, reliable=False)}."


def print_trust(trust: Trust, *, insist: bool = False, named: bool = False, way: str = "") -> None:
    """Prints the verdict above what it is about, in colour on a terminal.

    insist: the numbers of a model that is not ready are shown. named: says whose verdict it is.
    way: the command that shows them, where this one does not.
    """
    output = console()
    about = f"{trust.about}: " if named else ""
    style = f"bold {_COLOURS.get(trust.colour, 'default')}"
    output.print(pasted(f"{about}{trust.headline}"), style=style, soft_wrap=True)
    is_shown = insist and not trust.shows_numbers
    follows = "The numbers are shown because you asked for them." if is_shown else trust.follows
    for line in (trust.because, follows):
        if line:
            output.print(pasted(line), soft_wrap=True)
    if way and not (is_shown or trust.shows_numbers) and trust.verdict != "none":
        output.print(pasted(f"Show the numbers anyway: {way}"), soft_wrap=True)


def trust_line(trust: Trust) -> str:
    """The verdict in one line, for notes beside other output."""
    return " ".join(part for part in (f"{trust.about}:", trust.headline, trust.because) if part)


_COLOURS = {"green": "green", "amber": "yellow", "red": "red"}
