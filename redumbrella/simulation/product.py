"""Asking the product what to do, as everybody can: by its commands and the files they print."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redumbrella.errors import EngineError
from redumbrella.simulation.policies import GREEDY, PRODUCT, SCORES

_MOST_LISTED = 1000
# Lines of today's list for each rep: more than a day holds, as the company's own rules (so many
# tries and talks), of which the product is not told, strike out a quarter of them.
_LINES_A_REP = 40
_WITHOUT_TRIALS = "\n[list]\nexplore = 0.0\ncontrol = 0.0\n"
_TARGET = "conversion"
_NOTHING: dict[str, list[Any]] = {"rows": []}


def has_model(folder: Path) -> bool:
    """Whether the product has a model of leads in use in this workspace."""
    listed = ask_product(folder, "models", may_fail=("no_models",))
    return any(row["target"] == _TARGET for row in (listed or _NOTHING)["rows"])


def product_order(
    folder: Path, today: date, leads: int, policy: str = PRODUCT
) -> NDArray[np.int64]:
    """The product's list on the morning of a day, as positions of leads, first the first.

    Reads what is new in the workspace, scores it with the model in use and lists it. leads: how
    many there are in the world. policy: SCORES for all leads instead of today's list.
    """
    ask_product(folder, "ingest")
    ask_product(folder, "score", "--target", _TARGET, "--as-of", today.isoformat())
    words: tuple[str, ...] = ("--target", _TARGET, "--top", str(_MOST_LISTED))
    if policy == SCORES:
        words = ("leads", *words)
    else:
        reps = len((folder / "reps.csv").read_text("utf-8").splitlines()) - 1
        room = str(_LINES_A_REP * reps)
        words = ("today", *words, "--capacity", room, "--as-of", today.isoformat())
    listed = ask_product(folder, *words, may_fail=("no_leads", "no_today")) or _NOTHING
    names = [row["lead_id"] for row in listed["rows"]]
    order = np.array([int(name.removeprefix("L-")) for name in names], np.int64)
    return order[order < leads]


def folder_of(folder: Path, policy: str) -> Path:
    """A copy of a workspace for one order that the product is asked for, with its settings."""
    own = folder.with_name(f"{folder.name}-{policy}")
    shutil.copytree(folder, own)
    if policy == GREEDY:
        with (own / "umbrella.toml").open("a", encoding="utf-8") as settings:
            settings.write(_WITHOUT_TRIALS)
    return own


def train_product(folder: Path, today: date) -> None:
    """Has the product read what is new, and learn from all that was known on a morning."""
    ask_product(folder, "ingest")
    ask_product(folder, "train", "--target", _TARGET, "--as-of", today.isoformat())


def ask_product(folder: Path, *words: str, may_fail: Sequence[str] = ()) -> Any:
    """What `umbrella WORDS --json` answers; None where it fails for one of these reasons.

    Raises EngineError with the product's own words where it fails otherwise.
    """
    command = [sys.executable, "-m", "redumbrella", *words, "-w", str(folder), "--json"]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode == 0:
        return json.loads(done.stdout)
    if any(f"[{reason}]" in done.stderr for reason in may_fail):
        return None
    raise EngineError(
        f"`umbrella {' '.join(words)}` failed in the simulated company {folder}:\n"
        f"{done.stderr.strip()}",
        reason="product_failed",
    )
