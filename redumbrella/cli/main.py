"""The `umbrella` command: finds the subcommand, runs it, and turns every error into one message.

Each subcommand lives in its own module and is imported only when it is called, so that
`umbrella --help` and quick look-ups start fast.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from time import monotonic

import click

from redumbrella.cli.streams import finish_output, prepare_streams, silence
from redumbrella.cli.terminal import forget_workspace, print_error, print_usage_error
from redumbrella.cli.unforeseen import print_unforeseen, refuse_unreadable
from redumbrella.errors import EngineError, UmbrellaError
from redumbrella.logs import LOG_VARIABLE, log_event, log_format, log_to

COMMANDS = {
    "init": "Write a commented umbrella.toml guessed from your files.",
    "check": "Report what would be read, and every problem, without writing anything.",
    "ingest": "Read the sources into the lake; the same input twice changes nothing.",
    "train": "Compare the model families, choose one, and say whether it can be trusted.",
    "score": "Give every open lead a probability, an interval and reasons.",
    "run": "Ingest, train, score and value customers: only what is stale.",
    "today": "Show whom to contact next, why now, and what it is worth.",
    "assign": "Show which rep takes how many leads of today's list.",
    "outcome": "Log what came of a contact with a lead, or undo it.",
    "recommend": "Make the lists of products to offer each person, and say how.",
    "similar": "Show what a product is like, and what its buyers bought too.",
    "rank": "Put the products of a file in the order in which each person would want them.",
    "explain": "Show why one lead has its score.",
    "weights": "Show or set what counts in the qualification of leads.",
    "report": "Write the model report as a page or as JSON.",
    "promote": "Put another model version into use, or the one before.",
    "backtest": "Walk through the past: learn on what was known, score, compare with what came.",
    "export": "Write a list to CSV, Parquet or JSON lines.",
    "automations": "Rules that act by themselves: list, check, dry-run, on, off, uplift, stop.",
    "work": "Run what is scheduled and do what automations planned.",
    "serve": "Open the web pages and the REST API.",
    "user": "People who may log in: add, list, set.",
    "key": "API keys of programs: add, list, revoke.",
    "simulate": "A company whose truth is known: new, day, truth, contest.",
    "demo": "Run the main job on real data that comes with Red Umbrella.",
}


LIST_OF_ITS_OWN = "customers"  # has an option that other lists have not


class LazyCommands(click.Group):
    """A group that imports a command only when it is called: a verb's module, or the lists."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands in the order of a working day, not of the alphabet."""
        return list(_all_commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command `command` of its module, or None for an unknown name."""
        if cmd_name not in {*COMMANDS, LIST_OF_ITS_OWN}:
            from redumbrella.cli.lists import list_command

            return list_command(cmd_name)
        module = import_module(f"redumbrella.cli.{cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """One line per command, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_all_commands().items()))


def _all_commands() -> dict[str, str]:
    """Verbs and lists with a line each; lists are described once, in the catalogue."""
    from redumbrella.views.catalogue import SUMMARIES

    lists = {name: f"{summary}." for name, summary in SUMMARIES.items()}
    names = list(COMMANDS)
    here = names.index("explain")  # after what makes them
    return {n: (COMMANDS | lists)[n] for n in dict.fromkeys((*names[:here], *lists, *names[here:]))}


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="redumbrella", prog_name="umbrella")
@click.option("-v", "--verbose", is_flag=True,
              help="Log to standard error; as JSON lines where $UMBRELLA_LOG is json.")  # fmt: skip
@click.pass_context
def umbrella(context: click.Context, verbose: bool) -> None:
    """Turn a company's own record into one ordered list of what to do next.

    Start with `umbrella init DIR --from leads.csv`, then `umbrella run -w DIR`.
    """
    forget_workspace()
    form = log_format(verbose, os.environ.get(LOG_VARIABLE))
    if form is not None:
        context.with_resource(log_to(form, sys.stderr))
        context.with_resource(_logged(str(context.invoked_subcommand)))


@contextmanager
def _logged(verb: str) -> Iterator[None]:
    """Logs when a command starts and ends: the verb and the versions, how long and how it ended."""
    from importlib.metadata import version

    python = ".".join(map(str, sys.version_info[:3]))
    log_event("cli", "command started", verb=verb, version=version("redumbrella"), python=python)
    started, code, why = monotonic(), 0, {}
    try:
        yield
    except BaseException as problem:
        code = _exit_code(problem)
        if isinstance(problem, UmbrellaError):
            why = {"reason": problem.reason}
        elif code:
            why = {"reason": type(problem).__name__}
        raise
    finally:
        spent = round(monotonic() - started, 3)
        failed = code != 0
        log_event("cli", "command ended", failed=failed, verb=verb, exit=code, seconds=spent, **why)


def _exit_code(problem: BaseException) -> int:
    """What `main` makes of it."""
    if isinstance(problem, UmbrellaError | click.ClickException | click.exceptions.Exit):
        return problem.exit_code
    if isinstance(problem, SystemExit):
        return problem.code if isinstance(problem.code, int) else int(problem.code is not None)
    if isinstance(problem, click.Abort | KeyboardInterrupt | EOFError):
        return 130
    return 0 if isinstance(problem, BrokenPipeError) else 1


def main() -> None:
    """Entry point: exit code 0 done, 1 failed, 2 bad input, 130 stopped."""
    prepare_streams()
    code = _run(sys.argv[1:])
    try:
        finish_output()
    except EngineError as problem:
        if not code:
            print_error(problem.message, reason=problem.reason)
            code = problem.exit_code
    if code:
        sys.exit(code)


def _run(words: list[str]) -> int:
    """Runs the command that the words ask for; returns its exit code."""
    context = None
    try:
        refuse_unreadable(words, os.environ)
        if "_UMBRELLA_COMPLETE" in os.environ:  # a shell asks how a word may go on
            umbrella.main(prog_name="umbrella")
        with umbrella.make_context("umbrella", words) as context:
            umbrella.invoke(context)
    except (click.Abort, KeyboardInterrupt, EOFError):
        print_error("Stopped. What was finished before stays as it was; run the command again.")
        return 130
    except click.ClickException as problem:
        print_usage_error(problem)
        return problem.exit_code
    except UmbrellaError as problem:
        print_error(problem.message, reason=problem.reason)
        return problem.exit_code
    except (click.exceptions.Exit, SystemExit) as stop:
        return _exit_code(stop)
    except BrokenPipeError:  # whoever read the output has seen enough
        silence()
    except BaseException as problem:  # of ours or of a library: never bare
        print_unforeseen(problem, verbose=bool(context and context.params.get("verbose")))
        return 1
    return 0
