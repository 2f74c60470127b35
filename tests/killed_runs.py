"""A program: the same small workspace, killed before each change of state, then run again.

    python tests/killed_runs.py killed FOLDER [EVERY]
    python tests/killed_runs.py at-once FOLDER [EVERY]

The first one prints JSON: how many changes of state an undisturbed run makes and what they are, how
many of them were tried (every one, or each EVERY-th), and after which of them the next run ended
otherwise. The second one runs pairs of commands at once in copies of the workspace, and prints how
many were tried, and in which one failed or a result was lost.

A change of state is a transaction of the state database (before it begins and before its commit),
a commit to the lake, a rename, and a removed file. Training is learned once and then remembered:
it writes nothing, and the same rows give the same models. The clock stands still.
"""

import json
import os
import pickle
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations_with_replacement
from pathlib import Path
from threading import Thread
from typing import Any

import deltalake  # noqa: F401  loaded before the children part
import duckdb  # noqa: F401
import lightgbm  # noqa: F401
import pyarrow.csv  # noqa: F401
from few_families import few_families
from lead_worlds import SETTINGS as COMPANY
from lead_worlds import company_rows, quiet, write_leads
from product_world import SETTINGS as SHOP
from product_world import write_shop
from ready_duckdb import ready_duckdb
from sqlalchemy import select

import redumbrella.workflows.ingest as ingesting
import redumbrella.workflows.recorded as recording
import redumbrella.workflows.train as training
from redumbrella.lake.lake import Lake
from redumbrella.state.customers import customers, newest_valuation, valuations
from redumbrella.state.database import State
from redumbrella.state.forecasts import product_forecasts
from redumbrella.state.lists import list_in_use
from redumbrella.state.models import models
from redumbrella.state.runs import runs
from redumbrella.state.scores import every_score, scores
from redumbrella.state.weights import newest_weighting
from redumbrella.views.leads import LEADS
from redumbrella.views.listing import list_page
from redumbrella.views.models import current_report
from redumbrella.workflows.export import export
from redumbrella.workflows.run import run
from redumbrella.workflows.score import score
from redumbrella.workflows.set_weights import set_weights
from redumbrella.workflows.value_customers import value_customers
from redumbrella.workspace import Workspace, open_workspace

NOW = 1_770_000_000_000_000  # after everything that the workspace knows
TARGETS = ("products", "conversion")


def write_sources(folder: Path) -> None:
    """Leads, purchases and people; a target about leads, one with a model per product."""
    settings = (
        SHOP
        + COMPANY.format(extra="", success="", created='created_at = "created"').split(
            'timezone = "UTC"\n'
        )[1]
    )
    write_shop(folder, people=60, settings=settings).state.close()
    leads = company_rows(80, 12)[0]
    for number, lead in enumerate(leads):
        lead["amount"] = f"{100 + 37 * number % 90}.50"
    write_leads(folder, leads)


def stop_the_clock() -> None:
    for module in (recording, ingesting):
        module.now = lambda: NOW  # type: ignore[attr-defined]


def remember(file: Path) -> None:
    """Lets training look up what it learned the first time."""
    known: dict[Any, Any] = pickle.loads(file.read_bytes()) if file.exists() else {}

    def once(name: str) -> None:
        function = getattr(training, name)

        def looked_up(*args: Any) -> Any:
            gathered = args[1] if name == "fit" else args[2]
            key = (name, gathered.target.name, gathered.observed.closed.num_rows)
            if key not in known:
                known[key] = function(*args)
                file.write_bytes(pickle.dumps(known))
            return known[key]

        setattr(training, name, looked_up)

    once("fit")
    once("value_models")
    fit = training.fit

    def named(settings: Any, gathered: Any, version: str, report: Any) -> Any:
        learned = fit(settings, gathered, version, report)
        return replace(learned, model=replace(learned.model, version=version))

    training.fit = named  # type: ignore[assignment]


def watch(reached: Callable[[str], None]) -> None:
    """Calls `reached` before each change of state."""

    def before(owner: Any, name: str, what: str) -> None:
        function = getattr(owner, name)

        def told(*args: Any, **more: Any) -> Any:
            reached(what)
            return function(*args, **more)

        setattr(owner, name, told)

    writing = State.writing

    @contextmanager
    def told_writing(state: State) -> Iterator[Any]:
        reached("transaction")
        with writing(state) as connection:
            yield connection
            reached("commit")

    State.writing = told_writing  # type: ignore[method-assign]
    before(Lake, "_write", "lake")
    before(Path, "rename", "rename")
    before(Path, "unlink", "removal")
    before(shutil, "rmtree", "removal")


def result_of(workspace: Workspace) -> dict[str, Any]:
    """Everything that is shown, but versions of models."""

    def rows(connection: Any, table: Any) -> list[dict[str, Any]]:
        found = [dict(row) for row in connection.execute(select(table)).mappings()]
        return sorted(
            ({n: v for n, v in row.items() if n != "model_version"} for row in found), key=repr
        )

    with workspace.state.reading() as connection:
        found = {name: rows(connection, list_in_use(connection, scores, name)) for name in TARGETS}
        found["customers"] = rows(connection, list_in_use(connection, customers))
        found["forecasts"] = rows(connection, product_forecasts)
        valuation = newest_valuation(connection)
        assert valuation is not None
        found["lifetime"] = json.loads(valuation["lifetime"])
        used = select(models.c.target).where(models.c.is_current)
        found["in use"] = sorted(connection.execute(used).scalars())
        running = select(runs.c.id).where(runs.c.status == "running")
        found["running"] = connection.execute(running).all()
    folder = workspace.state.folder
    assert folder is not None
    found["files"] = sorted(path.name.split("-")[0] for path in folder.iterdir())
    found["rows of the lake"] = {
        name: workspace.lake.read(name).num_rows for name in workspace.lake.tables()
    }
    return found


def in_child(work: Callable[[], Any]) -> Any:
    """What `work` gives in a process of its own, as JSON; None where it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            answer = json.dumps(work(), default=str)
        except BaseException as problem:
            answer = json.dumps({"failed": f"{type(problem).__name__}: {problem}"})
        with os.fdopen(writing, "w") as pipe:
            pipe.write(answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return None if killed else json.loads(text)


def run_once(folder: Path, memory: Path, kill_at: int = 0) -> Any:
    """A whole run in a process of its own that is killed before a change of state; its result."""

    def work() -> Any:
        stop_the_clock()
        remember(memory)
        seen: list[str] = []

        def reached(what: str) -> None:
            seen.append(what)
            if len(seen) == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        workspace = open_workspace(folder)
        if kill_at >= 0:
            watch(reached)
        with few_families(), ready_duckdb():
            run(workspace, quiet)
            return {"result": result_of(workspace), "changes": seen}

    return in_child(work)


def commands() -> dict[str, Callable[[Workspace], Any]]:
    """What a command does, by its name; what reads says how many rows it saw."""

    def exported(workspace: Workspace) -> int:
        path = workspace.root / f"out-{os.getpid()}.csv"
        return export(workspace, LEADS, LEADS.query({}), "csv", path).rows

    return {
        "ingest": ingesting.ingest,
        "train": lambda w: training.train(w, quiet, target_name="conversion").version,
        "score": lambda w: score(w, quiet, target_name="conversion").leads,
        "run": lambda w: bool(run(w, quiet, fresh=True)),
        "weights": lambda w: set_weights(w, {"profit": 3.0}).current.version,
        "leads": lambda w: list_page(w, LEADS, LEADS.query({})).total,
        "report": lambda w: current_report(w, "conversion").facts.version,
        "export": exported,
        "customers": lambda w: value_customers(w, quiet, NOW - 10**13).customers,
    }


def tried_at_once(folder: Path, memory: Path, names: tuple[str, str]) -> list[str]:
    """What went wrong with two commands that begin at once in a workspace that was run before."""
    gate, opened = os.pipe()

    def begin(name: str) -> Callable[[], Any]:
        def work() -> Any:
            stop_the_clock()
            remember(memory)
            workspace = open_workspace(folder)
            os.close(opened)
            os.read(gate, 1)  # both begin when the parent closes its end
            return commands()[name](workspace)

        return work

    answers: list[Any] = [None, None]

    def wait(place: int) -> None:
        answers[place] = in_child(begin(names[place]))

    threads = [Thread(target=wait, args=(place,)) for place in (0, 1)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)  # both have parted
    os.close(gate)
    os.close(opened)
    for thread in threads:
        thread.join()
    wrong = [str(answer) for answer in answers if answer is None or "failed" in str(answer)]
    missing = in_child(lambda: lost(folder, names))
    return wrong + (missing if isinstance(missing, list) else [str(missing)])


def lost(folder: Path, names: tuple[str, str]) -> list[str]:
    """Results of these commands that are not in the workspace, or not as they should be."""
    workspace = open_workspace(folder)
    with workspace.state.reading() as connection:
        done = [row.verb for row in connection.execute(select(runs).where(runs.c.status == "done"))]
        trained = connection.execute(select(models.c.target)).scalars().all()
        found = list(every_score(connection, "conversion"))
        weights = newest_weighting(connection)
        valued = connection.execute(select(valuations.c.id)).all()
        busy = connection.execute(select(runs.c.id).where(runs.c.status != "done")).all()
    both = Counter(names)
    version = both["weights"]
    expected = {
        "models": (trained.count("conversion"), 1 + both["train"] + both["run"]),
        "valuations": (len(valued), 1 + both["customers"] + both["run"]),
        "weights": (0 if weights is None else weights["id"], version),
        "scored": (done.count("score"), 2 + both["score"] + 2 * both["run"]),
        "not done": (len(busy), 0),
        "leads": (len(found), 12),
        "cards": ({json.loads(row["details"])["card"]["weights_version"] for row in found},
                  {version}),
        "lists": (len(list((folder / "state.db.lists").iterdir())), 4),
    }  # fmt: skip
    return [f"{name}: {is_now}, not {should}" for name, (is_now, should) in expected.items()
            if is_now != should]  # fmt: skip


def at_once(root: Path, every: int) -> dict[str, Any]:
    """Pairs of commands, of all that there are each `every`-th."""
    memory, calm = root / "memory", root / "calm"
    calm.mkdir()
    in_child(lambda: write_sources(calm))
    first = run_once(calm, memory, -1)
    assert "failed" not in first, first
    pairs = list(combinations_with_replacement(commands(), 2))[::every]
    wrong = {}
    for number, names in enumerate(pairs):
        folder = Path(shutil.copytree(calm, root / f"pair-{number}"))
        if found := tried_at_once(folder, memory, names):
            wrong[" and ".join(names)] = found
        shutil.rmtree(folder)
    return {"pairs": len(pairs), "wrong": wrong}


def killed(root: Path, every: int) -> dict[str, Any]:
    """The workspace killed at each `every`-th change of state, and run again."""
    sources, memory = root / "sources", root / "memory"
    sources.mkdir()
    in_child(lambda: write_sources(sources))

    def copied(name: str) -> Path:
        return Path(shutil.copytree(sources, root / name))

    run_once(copied("first"), memory)
    calm = run_once(copied("calm"), memory)
    assert "failed" not in calm, calm
    otherwise, tried = {}, 0
    last = len(calm["changes"])
    for point in sorted({*range(1, last + 1, every), last}):
        folder = copied(f"killed-{point}")
        tried += 1
        if run_once(folder, memory, point) is not None:
            otherwise[point] = "was not killed"
            continue
        again = run_once(folder, memory, -1)
        wrong = [name for name, value in calm["result"].items()
                 if again.get("result", {}).get(name) != value]  # fmt: skip
        if wrong:
            otherwise[point] = str(again.get("failed", wrong))
        shutil.rmtree(folder)
    return {
        "changes": len(calm["changes"]), "kinds": Counter(calm["changes"]), "tried": tried,
        "otherwise": otherwise, "rows": {n: len(v) for n, v in calm["result"].items()},
    }  # fmt: skip


if __name__ == "__main__":
    work = {"killed": killed, "at-once": at_once}[sys.argv[1]]
    answer = work(Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    sys.stdout.write(json.dumps(answer) + "\n")
