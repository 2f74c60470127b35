"""How much of the disk a workspace takes."""

from pathlib import Path

import pytest
from sample_company import fill_workspace

from redumbrella.figures import size_words
from redumbrella.views.disk import disk_use


def test_every_file_of_a_workspace_counts_where_it_belongs(tmp_path: Path) -> None:
    workspace = fill_workspace(tmp_path / "w", 5)
    before = disk_use(workspace)
    assert before.state
    (workspace.models / "old").mkdir(parents=True)
    (workspace.models / "old" / "model").write_bytes(b"x" * 12_345)
    (workspace.snapshots.root / "scores").mkdir(parents=True)
    (workspace.snapshots.root / "scores" / "part").write_bytes(b"x" * 77)
    after = disk_use(workspace)
    assert after.models - before.models == 12_345
    assert after.snapshots - before.snapshots == 77
    assert after.lake == before.lake
    assert "models 12.3 kB" in after.words
    workspace.state.close()


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (999_600, "1.0 MB"), (123_456_789, "123 MB")],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert size_words(size) == words
