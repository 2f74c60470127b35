"""Odd spreadsheets: how many are read right, how many differences are said, and which are silent.

    python benchmarks/odd_tables.py [--tables N] [--first SEED] [--processes N] [--show N]

In: tables that are made from a seed, each column in one of the spellings of tests/odd_spellings.py,
in files of all kinds. Every third one is read with what `umbrella init` proposes, the others with
the right settings. Out: for each kind of difference between the lake and the truth the number of
tables where nothing was said of it and where it was said, with examples of silent ones.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.odd_comparison import Difference, counts, differences, prepare
from tests.odd_tables import table_of


prepared: Path | None = None  # a folder with a new state database, in each process


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tables", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--show", type=int, default=3, help="examples of each silent kind")
    parser.add_argument("--record", type=Path, help="all differences, a line of JSON for each table")
    chosen = parser.parse_args()
    begun = time.monotonic()
    seeds = range(chosen.first, chosen.first + chosen.tables)
    found: dict[int, Sequence[Difference]] = {}
    folder = prepare(Path(tempfile.mkdtemp(prefix="odd-")))
    record = chosen.record.open("w", encoding="utf-8") if chosen.record else None
    with get_context("spawn").Pool(chosen.processes, start, (folder,)) as pool:
        for seed, many in pool.imap_unordered(compare, seeds, chunksize=4):
            found[seed] = many
            if record:
                said = [(one.kind, one.column, one.cells, one.example, one.said) for one in many]
                record.write(json.dumps([seed, said]) + "\n")
                record.flush()
    shutil.rmtree(folder, ignore_errors=True)
    report(found, chosen.show)
    print(f"{time.monotonic() - begun:.0f} s")


def start(folder: Path) -> None:
    """What each process needs once."""
    global prepared
    prepared = folder


def compare(seed: int) -> tuple[int, list[Difference]]:
    """The differences of one table, which is read in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="odd-"))
    try:
        return seed, differences(table_of(seed), folder, by_init=seed % 3 == 0, prepared=prepared)
    except Exception as problem:
        return seed, [Difference(f"crash {type(problem).__name__}", "", 1, repr(problem), ())]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def report(found: dict[int, Sequence[Difference]], show: int) -> None:
    right = sum(not many for many in found.values())
    silent = sum(any(one.is_silent for one in many) for many in found.values())
    print(f"{len(found):,} tables: {right:,} right, {len(found) - right - silent:,} with every ")
    print(f"difference said, {silent:,} with a silent difference")
    print(f"{'kind':<44}{'silent':>8}{'said':>8}")
    for kind, (quiet, said) in counts(found).items():
        print(f"{kind:<44}{quiet:>8,}{said:>8,}")
        examples = [
            (seed, one) for seed, many in sorted(found.items()) for one in many
            if one.kind == kind and one.is_silent
        ]  # fmt: skip
        for seed, one in examples[:show]:
            print(f"    {seed}: {one.column}, {one.cells} cells, {one.example[:150]}")


if __name__ == "__main__":
    main()
