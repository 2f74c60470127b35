"""`umbrella init`: a workspace folder with a commented umbrella.toml guessed from files."""

import shlex
import shutil
import sys
from pathlib import Path

import click

from redumbrella.cli.terminal import say
from redumbrella.errors import SettingsError
from redumbrella.settings.section import FILE_NAME
from redumbrella.settings.settings import load_settings
from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.guessing.guess import TableGuess, guess_files
from redumbrella.sources.guessing.questions import questions
from redumbrella.sources.guessing.template import settings_text

_FROM_STANDARD_INPUT = "stdin.csv"  # what it is, is told by its content


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.argument("more", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option(
    "--from",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file to guess the settings from; - for standard input. May be given several times.",
)
def command(folder: Path, more: tuple[Path, ...], files: tuple[Path, ...]) -> None:
    """Write a commented umbrella.toml into DIR, guessed from your files.

    An existing umbrella.toml is never overwritten.
    """
    target = folder / FILE_NAME
    if target.exists():
        message = f"{target} is there already. Edit it, move it away, or choose another folder."
        raise SettingsError(message, reason="settings_exist")
    if folder.exists() and not folder.is_dir():
        message = f"{folder} is a file. Name a folder for the workspace."
        raise SettingsError(message, reason="not_a_folder")
    paths = [_kept(folder) if str(path) == "-" else path.absolute() for path in (*files, *more)]
    guesses = guess_files([str(path) for path in paths], folder)
    text = settings_text(folder.resolve().name, folder, guesses)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        message = f"{target} cannot be written: {problem.strerror}. Check the folder's rights."
        raise SettingsError(message, reason="not_writable") from None
    load_settings(folder)
    say(f"Wrote {target}.")
    for guess in guesses:
        _tell(guess)
    where = shlex.quote(str(folder))
    asked = questions(guesses)
    if not guesses:
        say(f"Open {target} and put in where your leads are.")
    elif asked:
        say("umbrella init needs your answer:")
        for number, question in enumerate(asked, start=1):
            say(f"  {number}. {question}")
        say(f'Answer in {target}, in the lines marked "<-".')
    say(f"Next: look through {target}, then run")
    say(f"  umbrella check -w {where}")
    say(f"  umbrella run -w {where}")


def _kept(folder: Path) -> Path:
    """Keeps what comes by standard input as a file of the workspace, to be read again later."""
    target = folder / _FROM_STANDARD_INPUT
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
    except FileExistsError:
        message = f"{target} is there already, from before. Move it away, or name it instead of -."
        raise SettingsError(message, reason="file_exists") from None
    except OSError as problem:
        message = f"{target} cannot be written: {problem.strerror}. Check the folder's rights."
        raise SettingsError(message, reason="not_writable") from None
    say(f"What came by standard input is kept as {target}.")
    return target.absolute()


def _tell(guess: TableGuess) -> None:
    names = ", ".join(file.path.name for file in (guess.file, *guess.more))
    are = "are" if guess.more else "is"
    say(f"{names} {are} taken for {guess.table}, because {guess.why}.")
    for one in guess.joins:
        say(
            f"  {one.look.file.path.name}: joined to it, {one.there} there is {one.here} here, as "
            "both have the same ids"
        )
    for note in guess.notes:
        say(f"  {note}")
    for choice in guess.choices:
        origin = choice.origin
        if origin is None:
            say(f"  {choice.name}: open ({choice.why})")
        else:
            say(f"  {choice.name}: {_shown(origin)} ({choice.why})")
    by_reason: dict[str, list[str]] = {}
    for name, reason in guess.ignore.items():
        by_reason.setdefault(reason, []).append(name)
    for reason, left in by_reason.items():
        say(f"  left out: {', '.join(left)} ({reason})")
    if guess.leaks:
        listed = ", ".join(guess.leaks)
        say(f"  Known only after the outcome? Then add to ignore: {listed}")


def _shown(origin: ColumnSource) -> str:
    """Where a column comes from, in words."""
    shown = origin.column or "the row number"
    if origin.times is not None:
        shown += f" x {origin.times}"
    if origin.less is not None:
        shown += f" - {origin.less}"
    return shown
