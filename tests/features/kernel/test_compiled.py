"""Where compiled code is kept: never a reason to stop, never a folder of somebody else."""

import os
from pathlib import Path

import numba
import pytest
from numba.core.caching import UserProvidedCacheLocator

from redumbrella.features.kernel import compiled


@pytest.fixture
def homeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither the sources nor a home may be written; the temporary folder may."""
    package, temporary = tmp_path / "package", tmp_path / "temporary"
    temporary.mkdir()
    (package / "trees" / "__pycache__").mkdir(parents=True)
    (package / "trees" / "__pycache__" / "scorer.f-1.nbi").write_bytes(b"index")
    (package / "trees" / "__pycache__" / "scorer.pyc").write_bytes(b"python")
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(compiled, "_PACKAGE", package)
    monkeypatch.setattr(compiled.tempfile, "gettempdir", lambda: str(temporary))
    may_write = compiled._may_write
    monkeypatch.setattr(
        compiled, "_may_write", lambda folder: temporary in folder.parents and may_write(folder)
    )
    return temporary / f"redumbrella-{os.getuid()}"


def test_without_a_home_code_is_kept_in_the_temporary_folder(
    homeless: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`run` and `score` once stopped for a service user: no locator available."""
    assert compiled._find_place()
    assert str(homeless) == numba.config.CACHE_DIR
    assert homeless.stat().st_mode & 0o777 == 0o700
    assert str(homeless) in capsys.readouterr().err
    # What set-up compiled is taken over, under the name by which numba looks for it.
    source = str(tmp_path / "package" / "trees" / "scorer.py")
    place = homeless / UserProvidedCacheLocator.get_suitable_cache_subpath(source)
    assert [path.name for path in place.iterdir()] == ["scorer.f-1.nbi"]
    assert compiled._find_place()
    assert capsys.readouterr().err == ""  # said once


@pytest.mark.parametrize("kind", ["open", "link", "file"])
def test_a_folder_that_others_may_have_filled_is_not_used(
    homeless: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Code in it is run."""
    if kind == "open":
        homeless.mkdir()
        homeless.chmod(0o777)
    elif kind == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        homeless.symlink_to(tmp_path / "elsewhere")
    else:
        homeless.write_bytes(b"")
    assert not compiled._find_place()
    assert not numba.config.CACHE_DIR
    assert "NUMBA_CACHE_DIR" in capsys.readouterr().err


def test_without_any_place_functions_are_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_CAN_KEEP", False)

    @compiled.njit(nogil=True, cache=True)
    def twice(number: int) -> int:
        return 2 * number

    assert twice(21) == 42


def test_a_place_that_was_named_is_left_alone(
    homeless: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "temporary" / "named"
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(named))
    assert compiled._find_place()
    assert str(named) == numba.config.CACHE_DIR
    assert not homeless.exists()
