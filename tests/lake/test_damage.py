"""Files of the lake that are lost, cut off or altered: said, never read, and read anew."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from redumbrella.errors import EngineError
from redumbrella.lake import lake as lakes
from redumbrella.lake import seals
from redumbrella.lake.lake import Lake

TIME = pa.timestamp("us", "UTC")
DAY = 86_400_000_000


def rows(start: int, count: int = 40) -> pa.Table:
    numbers = pa.array(range(start, start + count), pa.int64())
    return pa.table(
        {
            "lead_id": [f"L{n}" for n in range(start, start + count)],
            "size": pa.array([n / 7 for n in range(start, start + count)]),
            "_ingested_at": pa.array([0] * count, TIME),
            "_order": numbers,
            "_row_hash": numbers,
        }
    )


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    for number in range(3):
        lake.append("leads", rows(40 * number))
    lake.append("reps", rows(0))
    return lake


@pytest.fixture(autouse=True)
def _forget_checksums() -> Iterator[None]:
    yield
    seals._known.clear()


def refused(lake: Lake, table: str = "leads") -> EngineError:
    seals._known.clear()
    with pytest.raises(EngineError) as caught:
        lake.read(table)
    return caught.value


def test_a_lost_a_shortened_and_an_altered_file_are_named(lake: Lake) -> None:
    file = sorted((lake.root / "leads").glob("*.parquet"))[1]
    whole = file.read_bytes()
    for change, what in (
        (whole[: len(whole) // 2], "is cut off"),
        (whole[:99] + bytes([whole[99] ^ 4]) + whole[100:], "is not as it was written"),
        (None, "is not there"),
    ):
        file.unlink() if change is None else file.write_bytes(change)
        problem = refused(lake)
        assert problem.reason == "lake_damaged"
        assert f"The lake's table leads is damaged: {file.name} {what}." in problem.message
        assert "umbrella ingest --reread leads" in problem.message
    file.write_bytes(whole)
    assert lake.read("leads").num_rows == 120


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def cut(path: Path, chance: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content))])


def lose(path: Path, chance: random.Random) -> None:
    path.unlink()


def lengthen(path: Path, chance: random.Random) -> None:
    path.write_bytes(path.read_bytes() + chance.randbytes(4))


def edit(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.choice([place for place, byte in enumerate(content) if 48 <= byte < 57])] += 1
    path.write_bytes(content)


@pytest.mark.parametrize("change", [flip, cut, lose, lengthen, edit])
def test_no_change_of_any_file_gets_through(
    lake: Lake, tmp_path: Path, change: Callable[[Path, random.Random], None]
) -> None:
    """Bits in pages of numbers too, which Parquet itself would read as other numbers."""
    for seed in range(12):
        chance = random.Random(seed)
        copy = Lake(tmp_path / f"copy{seed}")
        shutil.copytree(lake.root, copy.root)
        files = sorted(path for path in (copy.root / "leads").rglob("*") if path.is_file())
        files += [copy.root / ".seals" / "leads.json"] * (change is not lose)
        change(chance.choice(files), chance)
        assert refused(copy).reason == "lake_damaged"
        seals._known.clear()
        assert copy.version("reps") == 0  # others are not touched


def test_a_log_without_its_end_is_not_an_older_lake(lake: Lake) -> None:
    """The newest commit was once lost without a word: leads of a day were gone."""
    newest = max((lake.root / "leads" / "_delta_log").glob("*.json"))
    newest.unlink()
    assert refused(lake).reason == "lake_damaged"
    with pytest.raises(EngineError):
        lake.version("leads")


@pytest.mark.parametrize("lost", ["leads", "leads/_delta_log"])
def test_a_table_that_is_gone_is_missed(lake: Lake, lost: str) -> None:
    shutil.rmtree(lake.root / lost)
    assert lake.tables() == ("leads", "reps")
    assert refused(lake).reason == "lake_damaged"


@pytest.mark.parametrize("place", ["leads", "leads/_delta_log", ".seals"])
def test_a_file_where_a_folder_belongs(lake: Lake, place: str) -> None:
    shutil.rmtree(lake.root / place)
    (lake.root / place).write_bytes(b"x")
    assert refused(lake).reason == "lake_damaged"
    lake.overwrite("leads", rows(0))
    assert lake.read("leads").num_rows == 40


def test_a_file_where_the_lake_belongs(tmp_path: Path) -> None:
    (tmp_path / "lake").write_bytes(b"x")
    lake = Lake(tmp_path / "lake")
    for ask in (lake.tables, lambda: lake.exists("leads"), lambda: lake.append("leads", rows(0))):
        with pytest.raises(EngineError, match="is a file") as caught:
            ask()
        assert caught.value.reason == "lake_folder"


def test_a_damaged_table_is_replaced_whole(lake: Lake) -> None:
    shutil.rmtree(lake.root / "leads" / "_delta_log")
    lake.overwrite("leads", rows(0, 7))
    assert lake.read("leads").num_rows == 7
    assert sorted(path.name for path in lake.root.iterdir()) == [".seals", "leads", "reps"]


def test_a_lake_without_seals_is_taken_over_once(lake: Lake) -> None:
    """As written by an earlier version: lengths are compared, then seals are made."""
    shutil.rmtree(lake.root / ".seals")
    before = lake.content("leads")
    file = next((lake.root / "leads").glob("*.parquet"))
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert "another length" in refused(lake).message
    file.write_bytes(whole)
    lake.settle("leads")
    assert lake.content("leads") == before
    file.write_bytes(whole[:-1] + b"!")
    assert refused(lake).reason == "lake_damaged"


def test_a_writer_that_was_killed_leaves_a_lake_that_opens(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:  # after the commit, before its seal
        patch.setattr(Lake, "_seal", killed)
        patch.setattr(Lake, "_undo", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            lake.append("leads", rows(120))
    assert lake.read("leads").num_rows == 160
    lake.settle("leads")
    lake.append("leads", rows(160))
    assert lake.read("leads").num_rows == 200


def test_a_disk_that_is_full_leaves_what_was_there(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {path for path in lake.root.rglob("*") if path.is_file()}
    content = lake.content("leads")

    def full(self: Lake, path: Path, given: object, **_: object) -> None:
        path.mkdir(exist_ok=True)
        (path / "part-half.parquet").write_bytes(b"PAR1")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "_commit", full)
        for table in ("leads", "events"):
            with pytest.raises(EngineError, match="No space left on device") as caught:
                lake.append(table, rows(120))
            assert caught.value.reason == "lake_write"
    assert {path for path in lake.root.rglob("*") if path.is_file()} == files
    assert lake.tables() == ("leads", "reps")
    assert (lake.read("leads").num_rows, lake.content("leads")) == (120, content)


def test_many_appends_stay_few_files_and_the_same_rows(lake: Lake) -> None:
    """One file changes a day: disk stays flat, and the rows count as the same ones."""
    sizes = []
    for day in range(3, 45):
        lake.append("leads", rows(40 * day))
        content = lake.content("leads")
        lake.tidy("leads", day * DAY)
        assert lake.content("leads") == content
        seals._known.clear()
        assert lake.read("leads")["_order"].to_pylist() == list(range(40 * day + 40))
        sizes.append(sum(1 for path in (lake.root / "leads").rglob("*") if path.is_file()))
    assert max(sizes) <= 5 * lakes.MOST_FILES


def test_a_reader_of_the_version_before_is_not_disturbed(lake: Lake) -> None:
    for number in range(3, 12):
        lake.append("leads", rows(40 * number))
    before = set((lake.root / "leads").glob("*.parquet"))
    lake.tidy("leads", DAY)
    assert before < set((lake.root / "leads").glob("*.parquet"))
    lake.tidy("leads", 2 * DAY - 1)
    assert before < set((lake.root / "leads").glob("*.parquet"))
    lake.tidy("leads", 2 * DAY)
    assert len(set((lake.root / "leads").glob("*.parquet"))) == 1


def test_what_killed_commands_left_is_cleared(lake: Lake) -> None:
    for name in (".leads.new", ".leads.old", ".spill"):
        (lake.root / name).mkdir()
    (lake.root / ".seals" / "leads.part").write_bytes(b"half")
    lake.clear()
    with lake.room() as folder:
        assert folder.is_dir()
    assert sorted(path.name for path in lake.root.iterdir()) == [".seals", "leads", "reps"]
    assert {path.name for path in (lake.root / ".seals").iterdir()} == {"leads.json", "reps.json"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("place", [".", "leads", "leads/_delta_log", ".seals"])
def test_a_lake_that_may_not_be_read_says_so(lake: Lake, place: str) -> None:
    (lake.root / place).chmod(0)
    try:
        problem = refused(lake)
    finally:
        (lake.root / place).chmod(0o700)
    assert problem.reason == "lake_unreadable"
    assert "rights" in problem.message
