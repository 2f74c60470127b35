"""The `umbrella` command, also as `python -m redumbrella` where its script is not on the path."""

import signal
import sys


def entry() -> None:
    """Runs the command of the command line; Ctrl-C ends it quietly at any moment."""
    try:
        from redumbrella.cli.main import main

        main()
    except KeyboardInterrupt:  # while modules were loading
        sys.exit(130)
    finally:
        # What is left is the end of the process, which an impatient second Ctrl-C must not garble.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    entry()
