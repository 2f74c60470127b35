"""Our scorer and contributions against LightGBM's own, and against woodelf, on the same forests.

    python benchmarks/scorer.py [--data DIR] [--folder FOLDER] [--peer-python PYTHON] [--whole]
        [--record FILE]

In: nothing, or the folder with the real tables. Out: tables on the screen and, with --record, a
page of results. Sides take turns in one run, so that a busy machine is busy for all; times are
medians of CPU time per lead, because others may use the machine. Every result is compared with
LightGBM's. `--whole` also explains 119,000 leads once by each side, in processes of their own, and
takes some minutes. woodelf runs in its own Python (`pip install woodelf-explainer lightgbm`).

The history is what our feature kernel makes of `event_log.py` (size M, 40,000 rows, the 500 columns
that say most about a drawn outcome). The profile is simulated: 20 numbers with gaps, a quarter of
them whole, and 10 categories of 2 to 31 levels.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # must stand before LightGBM is imported

import numpy as np
import scipy.sparse as sp

TURNS = 5
ROWS = 40_000
EXPLAINED = 1_000  # by LightGBM in each turn; ours explains all, and 5,000 as a run does
LEVELS = (2, 3, 4, 5, 7, 8, 12, 12, 20, 31)
WOODELF = "woodelf-explainer==0.4.8"


@dataclass(frozen=True)
class Case:
    """A forest and leads: dense, CSR, or a dense block with a CSR block beside it."""

    name: str
    booster: Any
    leads: tuple[Any, ...]

    @property
    def whole(self) -> Any:
        """The leads as one matrix, as LightGBM takes them."""
        if len(self.leads) == 1:
            return self.leads[0]
        profile, history = self.leads
        return sp.hstack([sp.csr_matrix(np.where(profile == 0, 0, profile)), history], format="csr")


# ---- data and forests -------------------------------------------------------------------------


def history_of(folder: Path) -> tuple[sp.csr_matrix, Any]:
    """float32 CSR (40,000, 500) of window variables, and outcomes that depend on some of them."""
    kept = folder / "history_500.npz"
    if not kept.exists():
        _make_history(folder, kept)
    history = sp.load_npz(kept)
    return history, np.load(folder / "history_outcome.npy")


def _make_history(folder: Path, kept: Path) -> None:
    import event_log
    import pyarrow.parquet as pq

    from redumbrella.features.kernel.blocks import Block, features, rows
    from redumbrella.features.kernel.person_index import PersonIndex
    from redumbrella.features.kernel.screen import screen_columns
    from redumbrella.features.kernel.streams import Stream, log_from_table
    from redumbrella.features.kernel.windows import FeatureSet

    event_log.make("M", folder)
    events = pq.read_table(folder / "events_M.parquet", read_dictionary=["kind"])
    asked = pq.read_table(folder / "rows_M.parquet").slice(0, ROWS)
    people = PersonIndex.of(asked["person_id"])
    stream = Stream("events", tuple(event_log.kind_names()), has_duration=True)
    log = log_from_table(events, stream, people)
    as_of = asked["as_of"].cast("int64").to_numpy()
    matrix = features([Block(log, FeatureSet())], rows(people.index_of(asked["person_id"]), as_of))
    random = np.random.default_rng(0)
    support = np.bincount(matrix.indices, minlength=matrix.shape[1])
    chosen = matrix[:, random.choice(np.flatnonzero(support > ROWS / 50), 40, replace=False)]
    scale = 1 / np.sqrt(np.asarray(chosen.power(2).mean(axis=0)).ravel())
    score = chosen @ (scale * random.normal(size=40))
    outcome = random.random(ROWS) < 1 / (1 + np.exp(3 - score / score.std()))
    order = screen_columns(matrix, outcome, top=500).order
    history = matrix[:, np.sort(order)].tocsr()
    history.sort_indices()
    np.save(folder / "history_outcome.npy", outcome.astype(float))
    sp.save_npz(kept, history, compressed=False)


def profile_of(rows: int) -> tuple[Any, Any]:
    """float64 (rows, 30), and outcomes that depend on it."""
    random = np.random.default_rng(1)
    numbers = random.normal(size=(rows, 20))
    numbers[:, 5:10] = np.round(3 * numbers[:, 5:10])
    numbers[random.random(numbers.shape) < 0.05] = np.nan
    codes = random.integers(0, LEVELS, (rows, len(LEVELS)))
    effects = random.normal(size=(len(LEVELS), max(LEVELS)))
    known = np.nan_to_num(numbers)
    score = known @ random.normal(size=20) + known[:, 0] * known[:, 1] - 4
    score += effects[np.arange(len(LEVELS)), codes].sum(axis=1)
    outcome = random.random(rows) < 1 / (1 + np.exp(-0.4 * score))
    return np.column_stack([numbers, codes.astype(float)]), outcome.astype(float)


def bank_of(data: Path) -> tuple[Any, Any, list[int]]:
    """The bank's 45,211 calls as numbers and codes, with the columns that are codes."""
    from tables import bank_full

    fields, won = bank_full(data)
    texts = [place for place, name in enumerate(fields) if fields[name].dtype != float]
    columns = [
        fields[name].astype("category").cat.codes if place in texts else fields[name]
        for place, name in enumerate(fields)
    ]
    return np.column_stack(columns).astype(float), won, texts


def grow(X: Any, outcome: Any, leaves: int, trees: int, categories: list[int]) -> Any:
    """A forest with the settings of `models.boosted`."""
    from redumbrella.models.families.boosted import PARAMETERS
    from redumbrella.models.trees.lightgbm import lightgbm

    parameters = PARAMETERS | {"num_leaves": leaves, "learning_rate": 0.05}
    data = lightgbm().Dataset(X, outcome, categorical_feature=categories, params=parameters)
    return lightgbm().train(parameters, data, trees)


def cases(folder: Path, data: Path | None) -> list[Case]:
    """All forests with their leads."""
    history, outcome = history_of(folder)
    profile, won = profile_of(119_000)
    codes = list(range(20, 30))
    found = [Case("history, 100 x 31", grow(history, outcome, 31, 100, []), (history,))]
    beside = Case("", None, (profile[:ROWS], history)).whole
    both = won[:ROWS] + outcome > 0
    mixed = grow(beside, both.astype(float), 31, 100, codes)
    found.append(Case("profile and history, 100 x 31", mixed, (profile[:ROWS], history)))
    for leaves, trees in ((15, 200), (31, 150), (31, 400)):
        booster = grow(profile, won, leaves, trees, codes)
        found.append(Case(f"profile, {trees} x {leaves}", booster, (profile,)))
    numbers = profile[:, :20]
    booster = grow(numbers, won, 31, 150, [])
    found.append(Case("numbers, 150 x 31", booster, (numbers,)))
    if data:
        calls, subscribed, texts = bank_of(data)
        booster = grow(calls, subscribed, 31, 150, texts)
        found.append(Case("bank calls, 150 x 31", booster, (calls,)))
    return found


# ---- turns ------------------------------------------------------------------------------------


def in_turns(sides: Mapping[str, tuple[Callable[[], Any], int]], turns: int) -> dict[str, Any]:
    """Microseconds of CPU and of wall time per lead of each side: medians over the turns."""
    cpu: dict[str, list[float]] = {name: [] for name in sides}
    wall: dict[str, list[float]] = {name: [] for name in sides}
    for work, _ in sides.values():
        work()  # once without a watch
    for _ in range(turns):
        for name, (work, rows) in sides.items():
            started, busy = time.perf_counter(), time.process_time()
            work()
            cpu[name].append(1e6 * (time.process_time() - busy) / rows)
            wall[name].append(1e6 * (time.perf_counter() - started) / rows)
    return {name: (statistics.median(cpu[name]), statistics.median(wall[name])) for name in sides}


def scoring(case: Case) -> list[str]:
    """LightGBM and ours on one thread and on two."""
    from redumbrella.models.trees.forest import parse_forest
    from redumbrella.models.trees.scorer import Scorer

    leads = tuple(block[:ROWS] for block in case.leads)
    whole = Case(case.name, case.booster, leads).whole
    busy = time.process_time()
    scorer = Scorer(parse_forest(case.booster))
    made = time.process_time() - busy
    theirs = case.booster.predict(whole, raw_score=True, num_threads=1)
    equal = theirs.tobytes() == scorer.raw(*leads).tobytes()
    lines = []
    for threads in (1, 2):

        def lightgbm(X: Any = whole, n: int = threads) -> Any:
            return case.booster.predict(X, raw_score=True, num_threads=n)

        sides = {
            "LightGBM": (lightgbm, ROWS),
            "ours": (lambda n=threads: scorer.raw(*leads, threads=n), ROWS),
        }
        if sp.issparse(whole):
            dense = whole.toarray()
            sides["LightGBM, dense"] = (lambda f=lightgbm, X=dense: f(X), ROWS)
        if len(leads) > 1:
            beside = Case(case.name, case.booster, leads)
            sides["LightGBM, with hstack"] = (lambda f=lightgbm, c=beside: f(c.whole), ROWS)
        times = in_turns(sides, TURNS)
        ours = times["ours"]
        for name, (cpu, wall) in times.items():
            lines.append(
                f"| {case.name} | {threads} | {name} | {cpu:.2f} | {wall:.2f} | "
                f"{1e6 / wall:,.0f} | {cpu / ours[0]:.1f} | {wall / ours[1]:.1f} |"
            )
    same = "equal in every bit" if equal else "DIFFERENT"
    lines.append(f"| {case.name} | | {same}; made ready in {made:.2f} s | | | | | |")
    return lines


def explaining(case: Case, peer: str | None, folder: Path) -> list[str]:
    """pred_contrib, ours, and woodelf, on one thread."""
    from redumbrella.models.trees.forest import parse_forest
    from redumbrella.models.trees.tree_shap import Explainer

    busy = time.process_time()
    explainer = Explainer(parse_forest(case.booster))
    made = time.process_time() - busy
    few = tuple(block[:EXPLAINED] for block in case.leads)
    exact = Case("", None, few).whole
    exact = exact.toarray() if sp.issparse(exact) else exact
    theirs = case.booster.predict(exact.astype(float), pred_contrib=True, num_threads=1)
    apart = float(np.abs(explainer.contributions(*few) - theirs[:, :-1]).max())
    given = Case("", None, few).whole
    some, many = (tuple(block[:n] for block in case.leads) for n in (5_000, ROWS))

    def ours(leads: tuple[Any, ...]) -> Callable[[], Any]:
        return lambda: explainer.contributions(*leads, threads=1)

    times = in_turns(
        {
            "LightGBM": (
                lambda: case.booster.predict(given, pred_contrib=True, num_threads=1),
                EXPLAINED,
            ),
            "ours, 5,000 leads": (ours(some), 5_000),
            f"ours, {ROWS:,} leads": (ours(many), ROWS),
        },
        3,
    )
    first = times["LightGBM"][0]
    lines = [
        f"| {case.name} | {name} | {cpu:.1f} | {first / cpu:.1f} | "
        f"{f'{apart:.0e}' if name.startswith('ours') else ''} |"
        for name, (cpu, _) in times.items()
    ]
    if peer and explainer.forest.is_category.any():
        lines.append(f"| {case.name} | woodelf takes no splits on categories | | | |")
    elif peer:
        for rows in (5_000, ROWS):
            cpu, far = woodelf(case, rows, theirs, peer, folder)
            lines.append(
                f"| {case.name} | woodelf, {rows:,} leads | {cpu:.1f} | {first / cpu:.1f} | "
                f"{far:.0e} |"
            )
    lines.append(f"| {case.name} | ours is made ready in {made:.2f} s | | | |")
    return lines


# ---- woodelf, in its own Python, which has no redumbrella -------------------------------------


def woodelf(case: Case, rows: int, theirs: Any, peer: str, folder: Path) -> tuple[float, float]:
    """Microseconds of CPU per lead, median of three, and the largest difference to LightGBM."""
    whole = Case("", None, tuple(block[:rows] for block in case.leads)).whole
    dense = whole.toarray() if sp.issparse(whole) else whole
    np.save(folder / "woodelf.npy", dense.astype(np.float64))
    np.save(folder / "woodelf_theirs.npy", theirs[:, :-1])
    case.booster.save_model(folder / "woodelf.txt")
    call = [peer, __file__, "--woodelf", str(folder)]
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(call, capture_output=True, text=True, check=False, env=alone)
    if done.returncode:
        sys.exit(f"woodelf failed; install {WOODELF} and lightgbm:\n{done.stderr[-2000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return said["cpu"], said["apart"]


def woodelf_here(folder: Path) -> None:
    import lightgbm
    import pandas as pd
    import woodelf as library

    booster = lightgbm.Booster(model_file=str(folder / "woodelf.txt"))
    X, theirs = np.load(folder / "woodelf.npy"), np.load(folder / "woodelf_theirs.npy")
    frame = pd.DataFrame(X, columns=booster.feature_name())
    explainer = library.WoodelfExplainer(booster)
    cpu = []
    for _ in range(4):  # the first one also loads the forest, and is not counted
        busy = time.process_time()
        values = np.asarray(explainer.shap_values(frame, verbose=False)).reshape(len(X), -1)
        cpu.append(1e6 * (time.process_time() - busy) / len(X))
    apart = np.abs(values[: len(theirs), : X.shape[1]] - theirs).max()
    print(json.dumps({"cpu": statistics.median(cpu[1:]), "apart": float(apart)}))


# ---- 119,000 leads as a run explains them -----------------------------------------------------


def whole_run(folder: Path) -> list[str]:
    """Each side explains 119,000 leads by two forests, 5,000 at a time, in a process of its own."""
    from redumbrella.models.families.boosted import Boosted

    profile, won = profile_of(119_000)
    codes = list(range(20, 30))
    forests = [grow(profile, won, 15, 200, codes), grow(profile, won, 31, 150, codes)]
    facts = Boosted(rounds=150, forests=forests).to_parts().facts
    (folder / "forests.json").write_text(json.dumps(facts), encoding="utf-8")
    lines = []
    for side in ("LightGBM", "ours"):
        call = [sys.executable, __file__, "--explain-all", side, "--folder", str(folder)]
        said = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
        lines.append(
            f"| {side} | {said['cpu']:.1f} | {said['wall']:.1f} | {said['before']:.0f} | "
            f"{said['peak']:.0f} | {said['sum']:.9f} |"
        )
        print(lines[-1], flush=True)
    return lines


def explain_all(side: str, folder: Path) -> None:
    from redumbrella.features.matrix import Design, Feature
    from redumbrella.models.base import Parts
    from redumbrella.models.families import boosted

    if side == "LightGBM":
        boosted.MANY_TO_EXPLAIN = 10**9
    profile, _ = profile_of(119_000)
    features = tuple(Feature(f"f{n}", f"f{n}", "number") for n in range(profile.shape[1]))
    facts = json.loads((folder / "forests.json").read_text(encoding="utf-8"))
    family = boosted.Boosted.from_parts(Parts(facts, {}), features)
    before = peak_memory()
    started, busy, total = time.perf_counter(), time.process_time(), 0.0
    for first in range(0, len(profile), 5_000):
        part = family.contributions(Design(features, profile[first : first + 5_000]))
        total += float(np.abs(part.values).sum())
    said = {
        "cpu": time.process_time() - busy,
        "wall": time.perf_counter() - started,
        "before": before,
        "peak": peak_memory(),
        "sum": total / profile.size,
    }
    print(json.dumps(said))


def peak_memory() -> float:
    """MiB that this process had in decay at most; getrusage would also count its parent's."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


# ---- the words --------------------------------------------------------------------------------

HEAD = """\
# Scoring and explaining forests: recorded run

Written by `benchmarks/scorer.py`. Sides took turns in one run; microseconds per lead are medians.
CPU time counts all threads. The machine was shared and busy, so read the ratios. "Ratio" is that
side's time over ours.
"""
SCORING = """
## Raw scores, 40,000 leads

| forest | threads | side | CPU µs | wall µs | leads/s | CPU ratio | wall ratio |
|---|---:|---|---:|---:|---:|---:|---:|"""
EXPLAINING = """
## Contributions, one thread

LightGBM's `pred_contrib` explained 1,000 leads a turn. "Apart" is the largest difference of a value
to LightGBM's on float64 input. woodelf ran right after the turns, in a process of its own; what it
does once per forest is not counted.

| forest | side | CPU µs | times as fast as LightGBM | apart |
|---|---|---:|---:|---:|"""
WHOLE = """
## 119,000 leads x 30 columns, explained 5,000 at a time by forests of 200 x 15 and 150 x 31

One run each, on two threads, with all that is done once (import, preparation). Mean |value| shows
that both say the same.

| side | CPU s | wall s | MiB before | MiB at most | mean abs. value |
|---|---:|---:|---:|---:|---:|"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with the real tables")
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--peer-python", help="a Python that has woodelf and lightgbm")
    parser.add_argument("--whole", action="store_true", help="also 119,000 leads by each side")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the page of results")
    parser.add_argument("--explain-all", choices=("LightGBM", "ours"), help=argparse.SUPPRESS)
    parser.add_argument("--woodelf", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.woodelf:
        woodelf_here(options.woodelf)
        return
    if options.explain_all:
        explain_all(options.explain_all, options.folder)
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    from redumbrella.models.compilation import warm_models

    warm_models()
    cores = len(os.sched_getaffinity(0))
    packages = ", ".join(f"{p} {version(p)}" for p in ("lightgbm", "numba", "numpy", "scipy"))
    load = os.getloadavg()[0]
    facts = f"\n{cores} cores, load {load:.0f}; Python {sys.version.split()[0]}, {packages}"
    facts += f", {WOODELF.replace('==', ' ')}." if options.peer_python else "."
    lines = [HEAD + facts]
    print(lines[0])
    found = cases(options.folder, options.data)
    for head, work in (
        (SCORING, scoring),
        (EXPLAINING, lambda case: explaining(case, options.peer_python, options.folder)),
    ):
        lines.append(head)
        print(head)
        for case in found:
            told = work(case)
            print("\n".join(told), flush=True)
            lines += told
    if options.whole:
        print(WHOLE)
        lines += [WHOLE, *whole_run(options.folder)]
    if options.record:
        options.record.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
