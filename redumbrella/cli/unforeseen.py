"""What nobody foresaw: words no command can read, and faults of ours or of the machine.

Each ends as one message with what to do next; the traceback is for `--verbose`.
"""

import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

from redumbrella.cli.terminal import print_error, say
from redumbrella.errors import SettingsError
from redumbrella.masking import masked

MOST_CHARACTERS = 4_096  # of one word; the longest path that the system takes
VARIABLES = ("UMBRELLA_WORKSPACE", "UMBRELLA_TOKEN", "UMBRELLA_LOG")
_PACKAGE = Path(__file__).parent.parent


def refuse_unreadable(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Raises SettingsError for a word that is no text or longer than any that means something."""
    named = {f"Word {number} of the command": word for number, word in enumerate(words, start=1)}
    named |= {f"${name}": environment[name] for name in VARIABLES if name in environment}
    for name, word in named.items():
        if len(word) > MOST_CHARACTERS:
            message = (
                f'{name} has {len(word):,} characters and begins with "{word[:40]}"; at most '
                f"{MOST_CHARACTERS:,} are read. Shorten it."
            )
            raise SettingsError(message, reason="word_too_long")
        if "\0" in word or (not word.isprintable() and _has_surrogates(word)):
            message = (
                f'{name} is no text: "{word[:200]}" holds bytes that are not UTF-8, or the '
                "character 0. Type it anew; a file with such a name must be renamed first."
            )
            raise SettingsError(message, reason="unreadable_word")


def print_unforeseen(problem: BaseException, *, verbose: bool) -> None:
    """One message for an exception that is none of ours; `verbose` puts its traceback before it."""
    if verbose:
        say(masked("".join(traceback.format_exception(problem))), lines=True, err=True)
    if isinstance(problem, MemoryError):
        message = "The memory of this machine does not suffice. Close other programs and run again."
        print_error(message, reason="out_of_memory")
    elif isinstance(problem, OSError) and problem.strerror:
        place = f"{problem.filename}: " if problem.filename else ""
        message = f"{place}{problem.strerror}. Check the place, its rights and its room; run again."
        print_error(message, reason="machine")
    else:
        hint = "It stands above." if verbose else "`umbrella --verbose …` shows where it arose."
        print_error(
            f"This is a fault of Red Umbrella, not of yours: {type(problem).__name__} in "
            f"{_place(problem)}. What was finished before stays as it was. {hint} Please pass that "
            "on to whoever looks after Red Umbrella for you.",
            reason="internal",
        )


def _has_surrogates(word: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in word)


def _place(problem: BaseException) -> str:
    """The last line of ours on the way to the exception."""
    frames = traceback.extract_tb(problem.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    last = (ours or frames)[-1]
    return f"{Path(last.filename).name}, line {last.lineno}"
