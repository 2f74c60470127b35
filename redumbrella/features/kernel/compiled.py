"""Functions compiled by numba, whose code is kept where this user may write.

In: a function. Out: the compiled one. Numba keeps code beside the sources or in the user's cache
folder, and stops where neither may be written, as for a service user without a home; then it is
kept in a folder of that user's own below the temporary one, which is said when it is made. What
set-up compiled beside the sources is taken over into it. Promise: there is always a function; where
nothing at all can be written, it is compiled anew by every command.
"""

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import UserProvidedCacheLocator
from numba.misc.appdirs import AppDirs

_PACKAGE = Path(__file__).resolve().parents[2]


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit`, with `cache=True` where code can be kept."""
    if not _CAN_KEEP:
        options.pop("cache", None)
    decorated: Callable[[Callable[..., Any]], Any] = numba.njit(**options)
    return decorated


def _warn_of_none() -> bool:
    sys.stderr.write(
        "Compiled code cannot be kept anywhere, so every command compiles it anew: name a folder "
        "that may be written with $NUMBA_CACHE_DIR.\n"
    )
    return False


def _find_place() -> bool:
    """Whether code can be kept; sets numba's own setting where it would find no place itself."""
    given = numba.config.CACHE_DIR
    beside, home = Path(__file__).parent / "__pycache__", AppDirs("numba", False).user_cache_dir
    if (given and _may_write(Path(given))) or _may_write(beside) or _may_write(Path(home)):
        return True
    try:
        folder = Path(tempfile.gettempdir()) / f"redumbrella-{os.getuid()}"
        is_new = not folder.exists()
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return _warn_of_none()
    # Code in it is run: it must not be a folder that somebody else put there.
    found = folder.lstat()
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    if not own or not _may_write(folder):
        return _warn_of_none()
    numba.config.CACHE_DIR = str(folder)
    if is_new:
        _take_over()
        sys.stderr.write(
            f"Compiled code is kept in {folder}: neither the program's folder nor a home folder "
            "may be written. $NUMBA_CACHE_DIR names another place.\n"
        )
    return True


def _may_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _take_over() -> None:
    """Copies what was compiled beside the sources; numba takes it only for the same source."""
    for compiled in _PACKAGE.rglob("__pycache__/*.nb[ic]"):
        source = compiled.parent.parent / "any.py"
        place = Path(
            numba.config.CACHE_DIR, UserProvidedCacheLocator.get_suitable_cache_subpath(str(source))
        )
        with suppress(OSError):
            place.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(compiled, place / compiled.name)


_CAN_KEEP = _find_place()
