"""A synthetic log of events with the habits of a real one, for measurements.

In: a size. Out: two Parquet files, `events_SIZE.parquet` (person_id, at, kind, duration_s; in order
of time) and `rows_SIZE.parquet` (person_id, as_of). People differ in activity (lognormal), kinds in
frequency (Zipf); each person has five favourite kinds; most events come in bursts. Two years of
time; one row per person and a second one for every fifth, a third of the rows at the end of the
log, the others at any second of the last year.

    python benchmarks/event_log.py M --folder FOLDER
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

SIZES = {
    "XS": (100_000, 2_000),
    "S": (1_000_000, 20_000),
    "M": (10_000_000, 200_000),
    "L": (50_000_000, 1_000_000),
}
N_KINDS = 120
SECOND = 1_000_000
DAY = 86_400 * SECOND
START = 1_650_000_000 * SECOND
END = START + 730 * DAY


def kind_names() -> list[str]:
    return [f"kind_{number:03d}" for number in range(N_KINDS)]


def person_ids(people: int) -> NDArray[np.object_]:
    """Ids that look random but are always the same: 12 hexadecimal digits."""
    numbers = np.arange(people, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(16)
    return np.array([f"{int(number):012x}" for number in numbers], dtype=object)


def make(size: str, folder: Path, seed: int = 7) -> None:
    """Write both files of one size, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / f"rows_{size}.parquet").exists():
        return
    events, people = SIZES[size]
    random = np.random.default_rng(seed)
    ids = pa.array(person_ids(people))
    person = _who(random, events, people)
    kind = _what(random, person, people)
    at = _when(random, person, people)
    order = np.argsort(at, kind="stable")
    duration = np.round(random.lognormal(3, 1.2, events), 1).astype(np.float32)
    schema = pa.schema(
        [
            ("person_id", pa.string()),
            ("at", pa.timestamp("us", "UTC")),
            ("kind", pa.string()),
            ("duration_s", pa.float32()),
        ]
    )
    kinds = pa.array(kind_names())
    with pq.ParquetWriter(folder / f"events_{size}.parquet", schema, compression="zstd") as file:
        for first in range(0, events, SECOND):
            part = order[first : first + SECOND]
            columns = [
                ids.take(pa.array(person[part])),
                pa.array(at[part]).cast(schema.field("at").type),
                kinds.take(pa.array(kind[part])),
                pa.array(duration[part]),
            ]
            file.write_table(pa.table(columns, schema=schema))
    _write_rows(random, ids, people, folder / f"rows_{size}.parquet")


def _who(random: np.random.Generator, events: int, people: int) -> NDArray[np.int32]:
    """Each event's person, person by person, with lognormal activity."""
    activity = random.lognormal(0, 1.2, people)
    counts = np.maximum(1, activity * events / activity.sum()).astype(np.int64)
    counts[np.argmax(counts)] += events - counts.sum()
    return np.repeat(np.arange(people, dtype=np.int32), counts)


def _what(random: np.random.Generator, person: NDArray[np.int32], people: int) -> NDArray[np.int16]:
    """Kinds by Zipf's law, half of them from the person's five favourites."""
    frequency = np.cumsum(1 / np.arange(1, N_KINDS + 1) ** 1.1)
    border = (frequency / frequency[-1]).astype(np.float32)
    border[-1] = 2
    favourites = np.searchsorted(border, random.random((people, 5), np.float32)).astype(np.int16)
    kind = np.searchsorted(border, random.random(len(person), np.float32)).astype(np.int16)
    choice = random.integers(0, 10, len(person), dtype=np.int8)
    loyal = choice < 5
    kind[loyal] = favourites[person[loyal], choice[loyal]]
    return kind


def _when(random: np.random.Generator, person: NDArray[np.int32], people: int) -> NDArray[np.int64]:
    """Instants after the person's first day; 60 % of events follow another within three hours."""
    n = len(person)
    begin = random.random(people) ** 1.5 * 0.9
    at = (begin[person] + random.random(n) * (1 - begin[person])) * (END - START)
    follows = random.random(n, np.float32) < 0.6
    follows[0] = False
    follows[1:] &= person[1:] == person[:-1]
    leader = np.maximum.accumulate(np.where(follows, 0, np.arange(n)))
    delay = np.where(follows, random.random(n) * 3 * 3600 * SECOND, 0)
    return np.minimum(START + (at[leader] + delay).astype(np.int64), END - 1)


def _write_rows(random: np.random.Generator, ids: pa.Array, people: int, path: Path) -> None:
    """One row per person and a second one for every fifth, in random order."""
    second = random.choice(people, people // 5, replace=False)
    person = random.permutation(np.concatenate([np.arange(people), second]))
    as_of = END - (random.random(len(person)) * 365 * 86_400).astype(np.int64) * SECOND
    as_of[random.random(len(person)) < 1 / 3] = END
    times = pa.array(as_of).cast(pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"person_id": ids.take(pa.array(person)), "as_of": times}), path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a synthetic log of events.")
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    arguments = parser.parse_args()
    make(arguments.size, arguments.folder)
