"""What is stale: a fingerprint of everything that the result of a verb rests on.

Each verb names the settings it rests on (`RESTS_ON` in its file). Its fingerprint changes when one
of them changes, when a table of the lake does, or when its own code does; `run` does again what
rests on another fingerprint than today's. Settings that no verb names change nothing that is
stored (tested).
"""

import hashlib
from collections.abc import Sequence

import orjson

from redumbrella.workspace import Workspace


def fingerprint(
    workspace: Workspace, code: int, settings: Sequence[str], also: Sequence[object] = ()
) -> str:
    """code: version of the verb's code. settings: names of properties of `Settings`.

    also: other things that the result rests on, such as the target or the model in use.
    """
    facts = {
        "code": code,
        "lake": {table: workspace.lake.content(table) for table in workspace.lake.tables()},
        "settings": {name: repr(getattr(workspace.settings, name)) for name in settings},
        "also": [repr(thing) for thing in also],
    }
    return hashlib.sha256(orjson.dumps(facts)).hexdigest()
