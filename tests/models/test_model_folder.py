"""The folder of a model: whole or not at all, and checked before anything of it is parsed."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
import pytest

from redumbrella.errors import ModelError
from redumbrella.models import model_folder
from redumbrella.models.model_folder import (
    MANIFEST,
    read_model_files,
    remove_model,
    require_place,
    write_model_folder,
)

FILES = ("a.json", "a.npz", "b.json")


def fill(folder: Path) -> None:
    (folder / "a.json").write_bytes(orjson.dumps({"level": 0.63, "names": ["x", "y"]}))
    np.savez_compressed(folder / "a.npz", weights=np.arange(300.0))
    (folder / "b.json").write_bytes(b'{"repeats": 1.5}')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model_folder(tmp_path / "v1", fill)
    return tmp_path / "v1"


def reason(folder: Path) -> str:
    """Why a model is refused."""
    with pytest.raises(ModelError, match="umbrella train") as caught:
        read_model_files(folder)
    return caught.value.reason


def test_what_was_written_is_read(folder: Path) -> None:
    files = read_model_files(folder)
    assert set(files.files) == set(FILES)
    assert files.document("a.json")["level"] == 0.63
    np.testing.assert_array_equal(files.arrays("a.npz")["weights"], np.arange(300.0))
    assert "b.json" in files
    assert "c.json" not in files
    assert [path.name for path in folder.parent.iterdir()] == ["v1"]


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def cut(path: Path, chance: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content))])


def lengthen(path: Path, chance: random.Random) -> None:
    path.write_bytes(path.read_bytes() + chance.randbytes(3))


def lose(path: Path, chance: random.Random) -> None:
    path.unlink()


def swap(path: Path, chance: random.Random) -> None:
    other = path.with_name(chance.choice([name for name in FILES if name != path.name]))
    mine, others = path.read_bytes(), other.read_bytes()
    path.write_bytes(others)
    other.write_bytes(mine)


def edit(path: Path, chance: random.Random) -> None:
    """Another digit, as somebody with an editor would put it, or a byte where there is none."""
    content = bytearray(path.read_bytes())
    digits = [place for place, byte in enumerate(content) if 48 <= byte < 57]
    content[chance.choice(digits)] += 1
    path.write_bytes(content)


def fold(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("change", [flip, cut, lengthen, lose, swap, edit, fold])
def test_no_change_of_a_file_gets_through(
    folder: Path, tmp_path: Path, change: Callable[[Path, random.Random], None]
) -> None:
    """500 such changes once gave 205 tracebacks, 13 aborted processes and 84 other models."""
    for seed in range(40):
        chance = random.Random(seed)
        copy = tmp_path / "copies" / str(seed) / "v1"
        shutil.copytree(folder, copy)
        names = FILES if change is swap else (*FILES, MANIFEST)
        change(copy / chance.choice(names), chance)
        assert reason(copy) in {"model_damaged", "model_unreadable"}


def test_the_message_names_the_file_and_says_what_to_do(folder: Path) -> None:
    (folder / "a.npz").write_bytes((folder / "a.npz").read_bytes()[:9])
    with pytest.raises(ModelError) as caught:
        read_model_files(folder)
    said = f"The model in {folder} is damaged: a.npz is cut off. Train again: umbrella train."
    assert caught.value.message == said


def test_further_files_and_other_folders_are_refused(folder: Path) -> None:
    (folder / ".DS_Store").write_bytes(b"of a file manager")
    read_model_files(folder)
    (folder / "valuation.json").write_bytes(b"{}")
    assert reason(folder) == "model_damaged"
    (folder / "valuation.json").unlink()
    folder.rename(folder.with_name("v2"))
    assert reason(folder.with_name("v2")) == "model_damaged"
    assert reason(folder) == "model_damaged"  # it is not there any more
    folder.write_bytes(b"a file where the folder belongs")
    assert reason(folder) == "model_damaged"


def test_models_of_other_versions_are_to_be_trained_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_folder, "FORMAT", model_folder.FORMAT + 1)
    assert reason(folder) == "model_unreadable"
    (folder / MANIFEST).unlink()
    with pytest.raises(ModelError, match="earlier versions of Red Umbrella"):
        read_model_files(folder)


def test_what_a_parser_makes_of_it_is_one_message(tmp_path: Path) -> None:
    def odd(folder: Path) -> None:
        (folder / "a.json").write_bytes(b"[1")

    write_model_folder(tmp_path / "v1", odd)
    files = read_model_files(tmp_path / "v1")
    with pytest.raises(ModelError, match="umbrella train"), files.parsing():
        files.document("a.json")


def test_a_disk_that_is_full_leaves_nothing_half_written(tmp_path: Path) -> None:
    def full(folder: Path) -> None:
        (folder / "a.json").write_bytes(b"{")
        raise OSError(28, "No space left on device")

    with pytest.raises(ModelError, match="No space left on device") as caught:
        write_model_folder(tmp_path / "v1", full)
    assert caught.value.reason == "model_not_written"
    assert "earlier model" in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_place_is_asked_for_before_an_hour_of_work(tmp_path: Path) -> None:
    models = tmp_path / "models"
    require_place(models)
    for left in (".v1.writing", ".v2.removing"):
        (models / left).mkdir()
        (models / left / "half").write_bytes(b"x")
    require_place(models)
    assert list(models.iterdir()) == []
    models.rmdir()
    models.write_bytes(b"a file where the folder belongs")
    with pytest.raises(ModelError) as caught:
        require_place(models)
    assert caught.value.reason == "model_not_written"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_says_so(folder: Path) -> None:
    (folder / "a.json").chmod(0)
    with pytest.raises(ModelError, match="rights"):
        read_model_files(folder)


def test_a_model_is_removed_whole(folder: Path) -> None:
    remove_model(folder)
    assert list(folder.parent.iterdir()) == []
