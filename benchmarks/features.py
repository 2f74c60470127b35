"""The feature kernel against DuckDB, getML, featuretools and tsfresh on one synthetic log.

    python benchmarks/features.py --size M --peers duckdb,getml,featuretools,tsfresh
        --peer-python PATH_OF_A_PYTHON_THAT_HAS_THE_PEERS

In: a size and peers. Out: a table on the screen. Sides take turns in one run, to and fro, so that a
busy machine is busy for all, and each turn is a process of its own, so that decay is new to all.
On a virtual machine pages that a process has just freed come back up to ten times as fast as
others, so just before each turn another process takes and frees more than any side uses: whoever
came after DuckDB, which frees gigabytes, would be ahead otherwise. Times are
given as median and best, beside the seconds of processor time. Every side that computes what we
compute is compared value by value. A peer that is not installed is named, with the command to
install it.

The peers getML, featuretools and tsfresh are too slow for a whole log, so they get as many rows as
end within minutes, and what is compared is cells (rows x columns) per second.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import event_log

INSTALL = {
    "getml": "getml==1.5.1",
    "featuretools": "featuretools==1.31.0 'pandas<3' 'setuptools<81'",
    "tsfresh": "tsfresh==0.21.2 'pandas<3'",
}
WINDOW_DAYS = (1, 3, 7, 14, 30, 60, 90, 180, 365)
AGGREGATIONS = ("COUNT", "SUM", "FIRST", "LAST", "MIN", "MAX", "COUNT_DISTINCT", "AVG")
PEER_ROWS = {"getml": 2_000, "featuretools": 60, "tsfresh": 200}
SIDES = ("ours", "floor", "duckdb")
FREED_PER_EVENT = 200  # bytes; our side uses about 130
PEER_SIZE = {"getml": "S", "featuretools": "XS", "tsfresh": "XS"}


class Ours:
    """Our side, step by step, with the seconds of each step."""

    def __init__(self, folder: Path, size: str) -> None:
        self.folder, self.size = folder, size
        self.seconds: dict[str, tuple[float, float]] = {}
        self.log: Any = None

    def run(self, buffer: Any = None) -> Any:
        """From the Parquet files to the matrix."""
        import pyarrow as pa

        from redumbrella.features.kernel.blocks import Block, features, rows
        from redumbrella.features.kernel.person_index import PersonIndex
        from redumbrella.features.kernel.streams import Stream, log_from_table
        from redumbrella.features.kernel.windows import FeatureSet

        self.seconds, self.log = {}, None
        lap = stopwatch(self.seconds)
        events, asked = read_both(self.folder, self.size)
        lap("read")
        people = PersonIndex.of(asked["person_id"])
        person = people.index_of(asked["person_id"])
        as_of = asked["as_of"].cast("int64").to_numpy()
        self.stream = Stream("events", tuple(event_log.kind_names()), has_duration=True)
        self.log = log_from_table(events, self.stream, people)
        del events
        pa.default_memory_pool().release_unused()
        lap("group")
        matrix = features([Block(self.log, FeatureSet())], rows(person, as_of), buffer=buffer)
        lap("kernel")
        return matrix


def read_both(folder: Path, size: str) -> tuple[Any, Any]:
    """Events and rows as Arrow tables: the same calls for us and for the floor.

    The files are mapped, not copied, which takes a quarter of the time of the defaults away.
    """
    import pyarrow.parquet as pq

    how: dict[str, Any] = {"memory_map": True, "pre_buffer": False}
    events = pq.read_table(folder / f"events_{size}.parquet", read_dictionary=["kind"], **how)
    return events, pq.read_table(folder / f"rows_{size}.parquet", **how)


def stopwatch(seconds: dict[str, tuple[float, float]]) -> Callable[[str], None]:
    """A function that notes, under a name, the wall and processor seconds since it was last called.

    A "total" is kept besides.
    """
    last = [time.perf_counter(), time.process_time()]

    def lap(step: str) -> None:
        present = [time.perf_counter(), time.process_time()]
        wall, cpu = present[0] - last[0], present[1] - last[1]
        last[:] = present
        seconds[step] = wall, cpu
        total = seconds.get("total", (0.0, 0.0))
        seconds["total"] = total[0] + wall, total[1] + cpu

    return lap


def floor(folder: Path, size: str, cells: int) -> dict[str, tuple[float, float]]:
    """Reading both files and writing as many cells to new decay, with two threads."""
    import numpy as np

    from redumbrella.features.kernel.threads import in_chunks

    seconds: dict[str, tuple[float, float]] = {}
    lap = stopwatch(seconds)
    tables = read_both(folder, size)
    lap("read")
    del tables
    indices, data = np.empty(cells, np.int32), np.empty(cells, np.float32)

    def fill(first: int, end: int) -> None:
        indices[first:end] = 1
        data[first:end] = 1

    in_chunks(fill, cells, chunk=1_000_000)
    lap("write")
    return seconds


def duckdb_matrix(folder: Path, size: str) -> Any:
    """The same matrix by SQL alone: the fastest plan known to us, then scipy's COO to CSR."""
    import duckdb
    import numpy as np
    import scipy.sparse as sp

    from redumbrella.features.kernel.windows import FAMILY_NAMES, FeatureSet, layout

    plan = layout(FeatureSet(), event_log.N_KINDS, has_duration=True, has_value=False)
    start = {FAMILY_NAMES[family]: first for family, first, _, _ in plan.of_code}
    of_stream = plan.n_codes * plan.code_width
    any_start = {FAMILY_NAMES[family]: of_stream + first for family, first, _, _ in plan.of_stream}
    per_window = {
        "count": "c",
        "active_days": "dys",
        "duration_total": "s",
        "duration_mean": "s / c",
        "share": "sh",
        "last_seen": "24 / (24 + mn // 3600000000)",
        "first_seen": "24 / (24 + mx // 3600000000)",
    }
    per_pair = {
        "count_trend": "c / c1",
        "active_days_trend": "dys / d1",
        "duration_trend": "CASE WHEN s1 > 0 THEN s / s1 ELSE 0 END",
        "share_trend": "sh / sh1",
    }
    parts = []
    for family, value in (per_window | per_pair).items():
        some = " AND c1 IS NOT NULL" if family in per_pair else ""
        column = f"code * {plan.code_width} + {start[family]} + w"
        parts.append(f"SELECT obs, {column} AS col, {value} AS v FROM f WHERE code < 120{some}")
        if family in any_start:
            column = f"{any_start[family]} + w"
            parts.append(f"SELECT obs, {column} AS col, {value} AS v FROM f WHERE code = 120{some}")
    parts += [
        f"SELECT obs, code * {plan.code_width} + {start['seen']} + 9 AS col, 1 AS v FROM f "
        "WHERE code < 120 AND w = 9",
        f"SELECT obs, {any_start['distinct']} + w AS col, count(*) AS v FROM f "
        "WHERE code < 120 GROUP BY obs, w",
        f"SELECT obs, {any_start['spread']} + w AS col, exp(-sum(sh * ln(sh))) AS v FROM f "
        "WHERE code < 120 GROUP BY obs, w",
    ]
    edges = " ".join(f"WHEN day < {days} THEN {w}" for w, days in enumerate(WINDOW_DAYS))
    sql = f"""
    CREATE TEMP TABLE f AS
    WITH o AS (SELECT file_row_number AS obs, person_id, epoch_us(as_of) AS as_of
               FROM read_parquet('{folder}/rows_{size}.parquet', file_row_number = true)),
    j AS (SELECT obs, kind[6:]::UTINYINT AS code, as_of - epoch_us("at") AS age, duration_s AS s
          FROM '{folder}/events_{size}.parquet' JOIN o USING (person_id)
          WHERE epoch_us("at") < as_of),
    d AS (SELECT obs, code, (age // 86400000000)::SMALLINT AS day, count(*) AS c,
                 sum(s::DOUBLE) AS s, min(age) AS mn, max(age) AS mx FROM j GROUP BY ALL),
    e AS (FROM d UNION ALL
          SELECT obs, 120, day, sum(c), sum(s), min(mn), max(mx) FROM d GROUP BY ALL),
    b AS (SELECT obs, code, (CASE {edges} ELSE 9 END)::UTINYINT AS b, sum(c)::INT AS c,
                 count(*)::INT AS dys, sum(s) AS s, min(mn) AS mn, max(mx) AS mx
          FROM e GROUP BY ALL),
    w AS (SELECT obs, code, w.w::UTINYINT AS w, sum(c)::INT AS c, sum(dys)::INT AS dys,
                 sum(s) AS s, min(mn) AS mn, max(mx) AS mx
          FROM b JOIN range(10) AS w(w) ON b.b <= w.w GROUP BY ALL),
    t AS (SELECT *, c / max(c) FILTER (code = 120) OVER (PARTITION BY obs, w) AS sh FROM w)
    SELECT *, lead(c) OVER k AS c1, lead(dys) OVER k AS d1, lead(s) OVER k AS s1,
           lead(sh) OVER k AS sh1 FROM t WINDOW k AS (PARTITION BY obs, code ORDER BY w)
    """
    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET preserve_insertion_order = false")
    connection.execute(sql)
    # One query per family: a UNION ALL of them never ended in DuckDB 1.5.6 at this size.
    found = [
        connection.execute(f"SELECT obs::INT AS obs, col::INT AS col, v::FLOAT AS v FROM ({part})")
        .fetchnumpy()
        .values()
        for part in parts
    ]
    obs, col, v = (np.concatenate(columns) for columns in zip(*found, strict=True))
    del found
    rows = connection.execute(f"SELECT count(*) FROM '{folder}/rows_{size}.parquet'").fetchone()[0]
    connection.close()
    cells = (v, (obs, col))
    matrix = sp.coo_matrix(cells, shape=(rows, plan.n_columns)).tocsr()
    matrix.sort_indices()
    return matrix


def agreement(ours: Any, theirs: Any) -> str:
    """Equal sparsity and the largest relative difference of a value."""
    import numpy as np

    if not (
        np.array_equal(ours.indptr, theirs.indptr) and np.array_equal(ours.indices, theirs.indices)
    ):
        return "DIFFERENT CELLS"
    scale = np.maximum(np.abs(ours.data), np.float32(1e-9))
    return f"same cells, values within {np.max(np.abs(ours.data - theirs.data) / scale):.1e}"


def daily_work(ours: Ours, repeat: int) -> None:
    """The matrix of everybody made anew, and the screen of all columns."""
    import numpy as np

    from redumbrella.features.kernel.blocks import Block, features, rows
    from redumbrella.features.kernel.screen import screen_columns
    from redumbrella.features.kernel.windows import FeatureSet

    blocks, everyone = [Block(ours.log, FeatureSet())], np.arange(ours.log.people, dtype=np.int32)
    today = event_log.END - event_log.DAY
    outcome = np.random.default_rng(0).random(len(everyone)) < 0.05
    full, screen = [], []
    for _ in range(repeat):
        elapsed, matrix = timed(lambda: features(blocks, rows(everyone, today)))
        full.append(elapsed)
        screen.append(timed(lambda matrix=matrix: screen_columns(matrix, outcome))[0])
    print(
        f"{len(everyone):,} people: full {statistics.median(full):.2f} s; screen of "
        f"{matrix.nnz:,} cells {statistics.median(screen):.2f} s"
    )


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


# What follows runs in the peers' own Python and must not import redumbrella.


def peer_frames(folder: Path, size: str, rows: int) -> tuple[Any, Any]:
    """Events and rows (one per person) as pandas frames with plain microsecond columns."""
    import pandas as pd

    asked = pd.read_parquet(folder / f"rows_{size}.parquet").drop_duplicates("person_id")
    asked = asked.sort_values("person_id").head(rows).reset_index(drop=True)
    events = pd.read_parquet(folder / f"events_{size}.parquet")
    events = events[events.person_id.isin(asked.person_id)].reset_index(drop=True)
    events["at"] = events["at"].dt.tz_localize(None).astype("datetime64[ns]")
    asked["as_of"] = asked["as_of"].dt.tz_localize(None).astype("datetime64[ns]")
    return events, asked


def peer_getml(folder: Path, size: str, rows: int) -> dict[str, Any]:
    """FastProp over ten windows; the time counted is that of transform alone."""
    import getml
    import numpy as np

    events, asked = peer_frames(folder, size, rows)
    asked["y"] = (np.arange(len(asked)) % 2).astype(float)
    getml.engine.launch(in_memory=True)
    try:
        getml.set_project("benchmark")
        role = getml.data.roles
        frame = getml.data.DataFrame.from_pandas
        e = frame(
            events,
            "events",
            roles={
                role.join_key: ["person_id"],
                role.time_stamp: ["at"],
                role.categorical: ["kind"],
                role.numerical: ["duration_s"],
            },
        )
        o = frame(
            asked,
            "rows",
            roles={role.join_key: ["person_id"], role.time_stamp: ["as_of"], role.target: ["y"]},
        )
        model = getml.data.DataModel(population=o.to_placeholder("rows"))
        for number, days in enumerate((*WINDOW_DAYS, None)):
            decay = {} if days is None else {"memory": getml.data.time.days(days)}
            model.population.join(
                e.to_placeholder(f"e{number}"),
                on="person_id",
                time_stamps=("as_of", "at"),
                **decay,
            )
        container = getml.data.Container(train=o)
        container.add(**{f"e{number}": e for number in range(10)})
        kinds = getml.feature_learning.aggregations
        learner = getml.feature_learning.FastProp(
            loss_function=getml.feature_learning.loss_functions.CrossEntropyLoss,
            aggregation=[getattr(kinds, name) for name in AGGREGATIONS],
            num_features=20_000,
            n_most_frequent=event_log.N_KINDS,
            num_threads=2,
            sampling_factor=10.0,
        )
        pipeline = getml.pipeline.Pipeline(data_model=model, feature_learners=[learner])
        fit, _ = timed(lambda: pipeline.fit(container.train, check=False))
        seconds, matrix = timed(lambda: pipeline.transform(container.train))
        again = [timed(lambda: pipeline.transform(container.train))[0] for _ in range(2)]
        seconds = statistics.median([seconds, *again])
        events["age_days"] = (
            events.person_id.map(asked.set_index("person_id").as_of) - events["at"]
        ) / np.timedelta64(1, "D")
        month = events[(events.age_days > 0) & (events.age_days <= 30)]
        ours = asked.person_id.map(month.groupby("person_id").size()).fillna(0).to_numpy(float)
        agrees = bool((matrix == ours[:, None]).all(axis=0).any())
        return {
            "rows": matrix.shape[0],
            "columns": matrix.shape[1],
            "seconds": seconds,
            "fit seconds": fit,
            "agreement": "a column equals our count of 30 days"
            if agrees
            else "NO COLUMN EQUALS OUR COUNT OF 30 DAYS",
        }
    finally:
        getml.engine.shutdown()


def peer_featuretools(folder: Path, size: str, rows: int) -> dict[str, Any]:
    """Five primitives for each of 120 kinds in one window of 30 days, with cutoff times."""
    import warnings

    warnings.filterwarnings("ignore")
    import featuretools as ft
    import pandas as pd
    from featuretools.primitives import Count, NumUnique, Sum, TimeSinceFirst, TimeSinceLast

    events, asked = peer_frames(folder, size, rows)
    events["event"] = range(len(events))
    events["day"] = events["at"].dt.strftime("%Y%m%d")
    entities = ft.EntitySet("log")
    entities.add_dataframe(
        dataframe_name="people",
        dataframe=pd.DataFrame({"person_id": asked.person_id}),
        index="person_id",
    )
    entities.add_dataframe(
        dataframe_name="events",
        dataframe=events,
        index="event",
        time_index="at",
        logical_types={"kind": "Categorical", "day": "Categorical"},
    )
    entities.add_relationship("people", "person_id", "events", "person_id")
    entities.add_interesting_values(
        dataframe_name="events", values={"kind": event_log.kind_names()}
    )
    primitives = [Count, Sum, TimeSinceLast, TimeSinceFirst, NumUnique]
    definitions = ft.dfs(
        entityset=entities,
        target_dataframe_name="people",
        agg_primitives=primitives,
        where_primitives=primitives,
        trans_primitives=[],
        max_depth=1,
        features_only=True,
    )
    cutoffs = asked.rename(columns={"as_of": "time"})
    seconds, matrix = timed(
        lambda: ft.calculate_feature_matrix(
            definitions, entities, cutoff_time=cutoffs, training_window="30 days", n_jobs=1
        )
    )
    counts = {
        kind: matrix[f"COUNT(events WHERE kind = {kind})"].tolist()
        for kind in event_log.kind_names()[:5]
    }
    return {
        "rows": len(matrix),
        "columns": matrix.shape[1],
        "seconds": seconds,
        "people": list(matrix.index),
        "count.30d": counts,
    }


def peer_tsfresh(folder: Path, size: str, rows: int) -> dict[str, Any]:
    """Five calculators for each kind within 30 days."""
    import warnings

    warnings.filterwarnings("ignore")
    from tsfresh import extract_features

    events, asked = peer_frames(folder, size, rows)
    as_of = events.person_id.map(asked.set_index("person_id").as_of)
    age = (as_of - events["at"]).dt.total_seconds()
    month = events[(age > 0) & (age < 30 * 86_400)]
    calculators = dict.fromkeys(("length", "sum_values", "mean", "maximum", "minimum"))
    seconds, matrix = timed(
        lambda: extract_features(
            month[["person_id", "at", "kind", "duration_s"]],
            column_id="person_id",
            column_sort="at",
            column_kind="kind",
            column_value="duration_s",
            default_fc_parameters=calculators,
            n_jobs=0,
            disable_progressbar=True,
        )
    )
    counts = {
        kind: matrix[f"{kind}__length"].fillna(0).tolist()
        for kind in event_log.kind_names()[:5]
        if f"{kind}__length" in matrix
    }
    return {
        "rows": len(matrix),
        "columns": matrix.shape[1],
        "seconds": seconds,
        "people": list(matrix.index),
        "count.30d": counts,
    }


PEERS = {"getml": peer_getml, "featuretools": peer_featuretools, "tsfresh": peer_tsfresh}

# From here on in our own Python again.


def run_peer(name: str, folder: Path, python: str) -> dict[str, Any] | None:
    """A peer in its own Python; None, and a line on how to install it, if it is not there."""
    probe = subprocess.run(
        [python, "-c", f"import {name}"], capture_output=True, text=True, check=False
    )
    if probe.returncode:
        print(f"{name}: not installed for {python}. Left out. To include it: create a virtual")
        print(f"    environment, pip install {INSTALL[name]} pyarrow, pass it by --peer-python.")
        return None
    done = subprocess.run(
        [python, __file__, "--as-peer", name, "--folder", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"{name}: failed. Left out. Its last words: {done.stderr.strip().splitlines()[-1:]}")
        return None
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    result.setdefault("agreement", "")
    return result


def compare_counts(result: dict[str, Any], folder: Path, size: str) -> str:
    """Our counts of 30 days against a peer's, for the same people and instants."""
    import numpy as np

    from redumbrella.features.kernel.blocks import Block, features, rows
    from redumbrella.features.kernel.person_index import PersonIndex
    from redumbrella.features.kernel.windows import FeatureSet
    from redumbrella.features.names import column_names

    ours = Ours(folder, size)
    ours.run()
    _, asked = read_both(folder, size)
    ids = asked["person_id"].to_pylist()
    first = {person: row for row, person in reversed(list(enumerate(ids)))}
    as_of = asked["as_of"].cast("int64").to_numpy()[[first[person] for person in result["people"]]]
    people = PersonIndex.of(asked["person_id"])
    import pyarrow as pa

    person = people.index_of(pa.array(result["people"]))
    matrix = features([Block(ours.log, FeatureSet())], rows(person, as_of))
    names = column_names(ours.stream, FeatureSet())
    differ = 0
    for kind, counts in result["count.30d"].items():
        mine = matrix[:, names.index(f"events.{kind}.count.30d")].toarray().ravel()
        differ += int((mine != np.array(counts)).sum())
    cells = sum(map(len, result["count.30d"].values()))
    return f"{cells - differ} of {cells} compared counts equal ours"


def main() -> None:
    parser = argparse.ArgumentParser(description="The feature kernel against its peers.")
    parser.add_argument("--size", choices=event_log.SIZES, default="S")
    parser.add_argument("--peers", default="duckdb")
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--as-peer", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--as-side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--cells", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    folder = arguments.folder.absolute()
    if arguments.as_peer:
        name = arguments.as_peer
        print(json.dumps(PEERS[name](folder, PEER_SIZE[name], PEER_ROWS[name])))
        return
    if arguments.as_side:
        print(json.dumps(side(arguments.as_side, folder, arguments.size, arguments.cells)))
        return
    peers = [name for name in arguments.peers.split(",") if name]
    for size in {arguments.size, *(PEER_SIZE[name] for name in peers if name in PEERS), "XS"}:
        event_log.make(size, folder)
    measure(arguments.size, peers, folder, arguments.repeat, arguments.peer_python)


def free_pages(size: str) -> None:
    """Have another process take decay and free it: every side then finds the same pages."""
    n_bytes = event_log.SIZES[size][0] * FREED_PER_EVENT
    take = (
        f"import mmap; decay = mmap.mmap(-1, {n_bytes}); decay.madvise(mmap.MADV_HUGEPAGE); "
        f"memory[:: mmap.PAGESIZE] = bytes(-(-{n_bytes} // mmap.PAGESIZE))"
    )
    subprocess.run([sys.executable, "-I", "-S", "-c", take], check=True)


def side(name: str, folder: Path, size: str, cells: int) -> dict[str, Any]:
    """One turn of one side: seconds of its steps, and what the matrix looks like."""
    seconds: dict[str, tuple[float, float]] = {}
    if name == "floor":
        floor(folder, "XS", 1)  # the first use of a library loads it
        free_pages(size)
        return {"seconds": floor(folder, size, cells)}
    if name == "duckdb":
        duckdb_matrix(folder, "XS")
        free_pages(size)
        lap = stopwatch(seconds)
        matrix = duckdb_matrix(folder, size)
        lap("run")
    else:
        from redumbrella.features.kernel.compilation import warm_kernels

        lap = stopwatch(loading := {})
        warm_kernels()
        lap("load compiled code")
        Ours(folder, "XS").run()
        free_pages(size)
        ours = Ours(folder, size)
        matrix = ours.run()
        seconds = {"load compiled code": loading["total"], **ours.seconds}
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return {"seconds": seconds, "shape": matrix.shape, "cells": int(matrix.nnz), "rss": rss}


def turn(name: str, folder: Path, size: str, cells: int = 0) -> dict[str, Any]:
    """One turn of one side in a process of its own."""
    command = [sys.executable, __file__, "--as-side", name, "--size", size]
    command += ["--folder", str(folder), "--cells", str(cells)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def measure(size: str, peers: list[str], folder: Path, repeat: int, python: str) -> None:
    seconds: dict[str, list[tuple[float, float]]] = {}
    peer_results: dict[str, dict[str, Any]] = {}
    sides = [name for name in SIDES if name != "duckdb" or name in peers]
    found: dict[str, Any] = {}
    for number in range(repeat):
        # To and fro: what a side leaves of the decay helps or harms the one after it.
        for name in sides if number % 2 == 0 else sides[::-1]:
            result = turn(name, folder, size, found.get("cells", 0))
            for step, value in result["seconds"].items():
                seconds.setdefault(f"{name} {step}", []).append(tuple(value))
            if name == "ours":
                found = result
        if number == 0:
            rows, columns = found["shape"]
            print(f"{size}: {rows:,} x {columns:,}, {found['cells']:,} cells, peak RSS "
                  f"{found['rss']:.2f} GiB; load average {os.getloadavg()[0]:.1f}")  # fmt: skip
            for name in peers:
                if name in PEERS and (answer := run_peer(name, folder, python)) is not None:
                    peer_results[name] = answer
    report(found["shape"], seconds, peer_results, folder)
    if size != "L":
        ours = Ours(folder, size)
        matrix = ours.run()
        if "duckdb" in peers:
            print(f"duckdb: {agreement(matrix, duckdb_matrix(folder, size))}")
        del matrix
        daily_work(ours, repeat)
    print(f"load average at the end {os.getloadavg()[0]:.1f}")


def report(
    shape: tuple[int, int],
    seconds: dict[str, list[tuple[float, float]]],
    peers: dict[str, dict[str, Any]],
    folder: Path,
) -> None:
    wall = {step: statistics.median(w for w, _ in turns) for step, turns in seconds.items()}
    cpu = {step: statistics.median(c for _, c in turns) for step, turns in seconds.items()}
    for step, turns in seconds.items():
        best, least = (min(values) for values in zip(*turns, strict=True))
        print(f"{step:26s} wall median {wall[step]:7.2f} s, best {best:7.2f} s; "
              f"processor median {cpu[step]:7.2f} s, best {least:7.2f} s")  # fmt: skip
    rate = shape[0] * shape[1] / wall["ours kernel"]
    print(f"ours: {rate:.3g} cells/s in the kernel")
    for other in ("ours kernel", "floor total"):
        print(f"ours total: {wall['ours total'] / wall[other]:.2f} x {other}, by processor time "
              f"{cpu['ours total'] / cpu[other]:.2f}")  # fmt: skip
    if "duckdb total" in wall:
        for what, position in (("wall", 0), ("processor", 1)):
            pairs = zip(seconds["duckdb total"], seconds["ours total"], strict=True)
            ratio = statistics.median(t[position] / o[position] for t, o in pairs)
            print(f"duckdb / ours, {what}, median of pairs: {ratio:.1f}")
    for name, result in peers.items():
        peer_rate = result["rows"] * result["columns"] / result["seconds"]
        said = result["agreement"] or compare_counts(result, folder, PEER_SIZE[name])
        print(f"{name}: {result['rows']:,} x {result['columns']:,} at {peer_rate:.3g} cells/s, "
              f"ours / theirs {rate / peer_rate:,.0f} ({said})")  # fmt: skip


if __name__ == "__main__":
    main()
