"""Small folders of files, written and read into a workspace step by step."""

from pathlib import Path

from redumbrella.sources.result import SourceResult
from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import open_workspace

FAR = 4_000_000_000_000_000  # an instant after all others, UTC microseconds


def read(folder: Path, settings: str, **files: str) -> SourceResult:
    """Writes files and reads the workspace; what happened to its first table."""
    (folder / "umbrella.toml").write_text(settings)
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content)
    workspace = open_workspace(folder)
    try:
        return ingest(workspace).sources[0]
    finally:
        workspace.state.close()
