"""A model's folder: written whole with a list of its files, checked before anything is parsed.

In: what writes files into a folder. Out: the folder under its final name, and in it, written last,
`manifest.json` with the length and the SHA-256 of every file. When it is read, every file has to be
exactly as it was written, since a parser that meets damaged numbers stops the process or, worse,
gives other scores.

Promises: a folder appears complete or not at all; the bytes that are parsed are those that were
checked; whatever is wrong is one ModelError that says what to do.
"""

import hashlib
import io
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import orjson
from numpy.typing import NDArray

from redumbrella.errors import ModelError, said_by

FORMAT = 4  # raised when what is stored would be read as another model
MANIFEST = "manifest.json"
WRITING, REMOVING = "writing", "removing"  # ends of the names of folders that are not there yet
VERSION = re.compile(r"\d{8}-\d{6}-\d{4}")
_CHECK = "check"


@dataclass(frozen=True)
class ModelFiles:
    """The files of one model as they were written. `files`: their bytes by name."""

    folder: Path
    files: Mapping[str, bytes]

    @contextmanager
    def parsing(self) -> Iterator[None]:
        """Makes one ModelError of whatever a parser of the files raises inside."""
        try:
            yield
        except (ValueError, EOFError, LookupError, TypeError, AttributeError, BadZipFile) as fault:
            raise ModelError(
                f"The model in {self.folder} cannot be read ({fault!r}). Train again: umbrella "
                "train.",
                reason="model_unreadable",
            ) from None

    def __contains__(self, name: str) -> bool:
        """Whether the model has such a file."""
        return name in self.files

    def document(self, name: str) -> dict[str, Any]:
        """A JSON file."""
        found = orjson.loads(self.files[name])
        assert isinstance(found, dict)
        return found

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """The arrays of an .npz file."""
        with np.load(io.BytesIO(self.files[name]), allow_pickle=False) as stored:
            return {array: stored[array] for array in stored.files}


def write_model_folder(folder: Path, write: Callable[[Path], None]) -> None:
    """Lets `write` fill a folder beside the final place, lists its files, and renames it.

    Raises ModelError where the disk does not take it; nothing half-written is left then.
    """
    temporary = folder.with_name(f".{folder.name}.{WRITING}")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        write(temporary)
        _write_manifest(temporary, folder.name)
        temporary.rename(folder)
    except OSError as problem:
        raise _not_written(folder.parent, problem) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def require_place(models: Path) -> None:
    """Makes the folder of all models and removes what killed commands left behind in it.

    Asked before a training that may take an hour; the lock says that nobody else is training.
    Raises ModelError where models cannot be written.
    """
    try:
        models.mkdir(parents=True, exist_ok=True)
        for end in (WRITING, REMOVING):
            for left in models.glob(f".*.{end}"):
                shutil.rmtree(left, ignore_errors=True)
        probe = models / f".probe.{WRITING}"
        probe.mkdir()
        probe.rmdir()
    except OSError as problem:
        raise _not_written(models, problem) from None


def read_model_files(folder: Path) -> ModelFiles:
    """All files of a model, each exactly as it was written.

    Raises ModelError for one that is missing, changed, cut off or added, for a folder that may not
    be read, and for a model of another version of Red Umbrella.
    """
    try:
        if not folder.is_dir():
            raise _damaged(folder, "its folder is not there")
        found = {file.name for file in folder.iterdir() if not file.name.startswith(".")}
        listed = _manifest(folder, found)
        for name in sorted(found - set(listed) - {MANIFEST}):
            raise _damaged(folder, f"{name} does not belong to it")
        return ModelFiles(
            folder, {name: _checked(folder, name, listed[name]) for name in sorted(listed)}
        )
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as problem:
        raise _damaged(folder, f"{Path(str(problem.filename)).name} is not there") from None
    except OSError as problem:
        raise ModelError(
            f"The model in {folder} cannot be read: {said_by(problem)}. Check the rights of the "
            "folder and of its files, then run the command again.",
            reason="model_unreadable",
        ) from None


def remove_model(folder: Path) -> None:
    """Removes a model; a kill in between leaves a folder that the next training removes."""
    gone = folder.with_name(f".{folder.name}.{REMOVING}")
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _write_manifest(folder: Path, version: str) -> None:
    files = {}
    for file in sorted(folder.iterdir()):
        content = file.read_bytes()
        files[file.name] = {
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    manifest = {"format": FORMAT, "version": version, "files": files}
    (folder / MANIFEST).write_bytes(_sealed(manifest))


def _sealed(manifest: Mapping[str, Any]) -> bytes:
    """The manifest as bytes, with its own checksum: it is only ever read as it was written."""
    own = hashlib.sha256(orjson.dumps(manifest)).hexdigest()
    return orjson.dumps({**manifest, _CHECK: own}, option=orjson.OPT_INDENT_2)


def _manifest(folder: Path, found: set[str]) -> Mapping[str, Mapping[str, Any]]:
    """Length and checksum of each file, by name."""
    if MANIFEST not in found:
        raise _damaged(
            folder, f"{MANIFEST} is not there, which earlier versions of Red Umbrella did not write"
        )
    content = (folder / MANIFEST).read_bytes()
    try:
        manifest = orjson.loads(content)
        whole = _sealed({name: part for name, part in manifest.items() if name != _CHECK})
    except (ValueError, AttributeError, TypeError):
        raise _damaged(folder, f"{MANIFEST} is not as it was written") from None
    if whole != content:
        raise _damaged(folder, f"{MANIFEST} is not as it was written")
    if manifest["format"] != FORMAT:
        raise ModelError(
            f"The model in {folder} was written by another version of Red Umbrella (format "
            f"{manifest['format']}, this one reads {FORMAT}). Train again: umbrella train.",
            reason="model_unreadable",
        )
    if manifest["version"] != folder.name:
        raise _damaged(folder, f"the model {manifest['version']} lies in its folder")
    listed: Mapping[str, Mapping[str, Any]] = manifest["files"]
    return listed


def _checked(folder: Path, name: str, listed: Mapping[str, Any]) -> bytes:
    content = (folder / name).read_bytes()
    if len(content) < listed["bytes"]:
        raise _damaged(folder, f"{name} is cut off")
    if hashlib.sha256(content).hexdigest() != listed["sha256"]:
        raise _damaged(folder, f"{name} is not as it was written")
    return content


def _damaged(folder: Path, what: str) -> ModelError:
    message = f"The model in {folder} is damaged: {what}. Train again: umbrella train."
    return ModelError(message, reason="model_damaged")


def _not_written(models: Path, problem: OSError) -> ModelError:
    return ModelError(
        f"No model can be written into {models}: {said_by(problem)}. The earlier model and its "
        "scores stay as they are. Check the room on the disk and the rights of the folder, then "
        "run the command again.",
        reason="model_not_written",
    )
