"""What `init` could not know and a person has to say.

Guesses come in, numbered questions go out; `left_open` finds those in a settings file that nobody
has answered yet.
"""

from collections.abc import Sequence

from redumbrella.columns import TABLES
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.guess import TableGuess

# Stands in a line of the settings file that waits for an answer.
MARK = "   # <- "


def questions(guesses: Sequence[TableGuess]) -> list[str]:
    """What a person has to say before anything can be learned, one sentence each."""
    asked = [
        f"[tables.{guess.table}.columns] {choice.name}: {choice.question or choice.why}."
        for guess in guesses
        for choice in guess.choices
        if is_asked(choice, guess.table)
    ]
    asked += [
        f"[currencies] {guess.file.path.name} has amounts in {', '.join(guess.currencies)}: say "
        "what one of each is worth in the currency of the workspace."
        for guess in guesses
        if len(guess.currencies) > 1
    ]
    tables = {guess.table for guess in guesses}
    if guesses and not tables & {"leads", "purchases"}:
        held = ", ".join(sorted(tables))
        asked.append(
            f"These files hold {held}: none says which leads were won or lost, or who bought "
            "what. Add a file of leads with their outcome, or of orders."
        )
    return asked


def is_asked(choice: Choice, table: str) -> bool:
    """Whether a choice that is open has to be made by a person."""
    if choice.question or choice.origin is not None:
        return bool(choice.question)
    column = TABLES[table].column(choice.name)
    return (
        choice.name == "won"
        or (column is not None and column.required)
        or (choice.name in TABLES[table].one_of)
    )


def left_open(text: str) -> list[str]:
    """The lines of a settings file that `init` left to a person and that are still open."""
    return [
        line.strip().removeprefix("#").strip()
        for line in text.splitlines()
        if MARK.strip() in line and line.lstrip().startswith("#")
    ]
