"""Red Umbrella: one ordered list of what to do next, why, and how sure.

    import redumbrella as ru

    ws = ru.open("shop")
    ws.run()
    ws.leads(grade="A").to_pandas()

`redumbrella.sklearn` has the heart of it as scikit-learn estimators, without a workspace.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redumbrella.python_api import OpenedWorkspace


def open(folder: str | Path = ".") -> "OpenedWorkspace":  # noqa: A001  read as redumbrella.open
    """The workspace in a folder: its verbs and its lists.

    Raises SettingsError where there is no umbrella.toml, or a wrong one; EngineError for a store
    that does not answer.
    """
    # Late, so that commands which need none of it start fast.
    from redumbrella.python_api import OpenedWorkspace

    return OpenedWorkspace(folder)
