"""Tables and lines of the reading commands: text comes in, the terminal or a pipe gets it.

The same read models stand behind the pages; only the lay-out differs.
"""

import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console

from redumbrella.reports.wording import REGIMES, VERDICTS
from redumbrella.views.models import ModelFacts
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
    """One line: which model, what it rests on, whether to trust it."""
    if model is None:
        return "The model behind these scores is not stored any more."
    reliable = ", reliable" if model.reliable else ""
    return (
        f"{model.label} ({model.version}). {VERDICTS[model.verdict]} "
        f"Basis: {REGIMES[model.regime][0]}{reliable}."
    )
