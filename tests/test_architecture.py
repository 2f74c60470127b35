"""The rules of the house, checked on the source itself."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import redumbrella
from redumbrella.views.catalogue import SUMMARIES

ROOT = Path(redumbrella.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py"))
# From the ground up: a room imports only rooms that stand before it here.
ROOMS = (
    *("masking", "visible", "errors", "logs", "progress", "columns", "clock", "figures", "ranks"),
    "outcomes",
    # A leaf that only the command line knows: the product never asks it anything.
    "simulation",
    "settings",
    "access",
    "lake",
    "state",
    "reports",
    "workspace",
    "sources",
    "destinations",
    "features",
    "training",
    "models",
    "customers",
    "evaluation",
    "recommenders",
    "scores",
    "decisions",
    "learning",
    "views",
    "workflows",
    "server",
    "cli",
    # What people import: the front door and the estimators stand outside the house.
    *("python_api", "sklearn", "__main__"),
)
# The order of rooms within a room; modules of the room itself stand where their name does.
INSIDE = {
    "features": ("matrix", "kernel", "names", "profiles", "records", "history", "facts"),
    "models": (
        *("base", "parallel", "calibration"),
        *("trees", "linear", "families", "blend", "registry", "uncertainty", "worth", "products"),
        "compilation",
    ),
    "recommenders": (
        *("interactions", "neighbours", "lists", "content", "segments", "parts"),
        *("probability", "exploration", "proposals", "ranker", "chooser", "compilation"),
    ),
    "sources": ("guessing",),
    "server": (
        "head_requests",
        "methods",
        "request_log",
        "security_headers",
        "callers",
        "parameters",
        "api",
        "rights",
        "request_limits",
        "web",
        "errors",
        "gate",
        "listening",
        "connections",
    ),
}
LEVEL = {room: level for level, room in enumerate(ROOMS)}
READS_THE_CLOCK = {"workflows", "server", "cli", "python_api", "__main__"}
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}


class _Trees(dict[Path, ast.Module]):
    """The syntax trees of files, each parsed once, when it is asked for."""

    def __missing__(self, path: Path) -> ast.Module:
        self[path] = ast.parse(path.read_text(encoding="utf-8"))
        return self[path]


TREES = _Trees()


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of the syntax tree of a file."""
    return tuple(ast.walk(TREES[path]))


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Full names of all imported modules, wherever the import stands."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield node.module
            if node.module == "redumbrella":
                yield from (f"redumbrella.{alias.name}" for alias in node.names)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _of_each(files: list[Path], check: Callable[[Path], None]) -> Callable[[], None]:
    """One test that asks the same of many files and names all that do not hold it.

    One test for each file would be half of all tests that there are.
    """

    def test() -> None:
        wrong = {}
        for path in files:
            try:
                check(path)
            except AssertionError as problem:
                wrong[named(path)] = str(problem)
        assert wrong == {}

    test.__name__, test.__doc__ = check.__name__, check.__doc__
    return test


def every_file(check: Callable[[Path], None]) -> Callable[[], None]:
    """For all files."""
    return _of_each(FILES, check)


def inside(check: Callable[[Path], None]) -> Callable[[], None]:
    """For all files but the front door."""
    own = [path for path in FILES if path.parent != ROOT or path.name != "__init__.py"]
    return _of_each(own, check)


def test_every_room_is_in_the_list() -> None:
    assert {room_of(path) for path in FILES} - {"__init__"} <= set(LEVEL)


@inside
def test_a_room_imports_only_rooms_above_it(path: Path) -> None:
    room = room_of(path)
    for module in imports(path):
        if not module.startswith("redumbrella."):
            continue
        other = module.split(".")[1]
        assert other in LEVEL, f"unknown room {other}"
        assert LEVEL[other] < LEVEL[room] or other == room, f"{room} imports {module}"


@inside
def test_inside_a_room_imports_go_one_way_too(path: Path) -> None:
    room = room_of(path)
    order = INSIDE.get(room, ())
    own = path.relative_to(ROOT).parts[1].removesuffix(".py") if room in order else ""
    for module in imports(path):
        parts = module.split(".")
        if len(parts) < 3 or parts[1] != room or parts[2] == own:
            continue
        if parts[2] in order and own in order:
            assert order.index(parts[2]) < order.index(own), f"{own} imports {module}"


def test_no_module_imports_itself_by_way_of_others() -> None:
    """0 cycles among modules, imports within functions counted too."""
    named = {
        ".".join(("redumbrella", *p.relative_to(ROOT).with_suffix("").parts)): p for p in FILES
    }
    edges = {
        name: {module for module in imports(path) if module in named and module != name}
        for name, path in named.items()
    }
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name not in done:
            for other in sorted(edges[name]):
                visit(other, (*way, name))
            done.add(name)

    for name in sorted(edges):
        visit(name, ())


@every_file
def test_nobody_imports_the_package_root(path: Path) -> None:
    assert "redumbrella" not in imports(path)


@inside
def test_the_clock_is_read_only_in_workflows_and_skins(path: Path) -> None:
    if room_of(path) in READS_THE_CLOCK or path.name == "clock.py":
        return
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and node.module == "redumbrella.clock":
            assert "now" not in [alias.name for alias in node.names]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            pair = f"{node.value.id}.{node.attr}"
            assert pair not in {"clock.now", "datetime.now", "datetime.utcnow", "date.today",
                                "datetime.today", "time.time"}  # fmt: skip


@every_file
def test_names_say_what_is_inside(path: Path) -> None:
    for part in path.relative_to(ROOT).parts:
        words = set(re.split(r"[_.]", part))
        assert not words & FORBIDDEN_NAMES


@every_file
def test_modules_are_not_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Public functions and classes of a module, and the public methods of those classes."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_"):
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                known = isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
                if known and not inner.name.startswith("_"):  # type: ignore[union-attr]
                    yield inner  # type: ignore[misc]


@every_file
def test_everything_public_is_explained(path: Path) -> None:
    assert ast.get_docstring(TREES[path]), "the module has no docstring"
    silent = [node.name for node in public(TREES[path]) if not ast.get_docstring(node)]
    assert silent == []


@every_file
def test_pandas_and_pickle_are_never_used(path: Path) -> None:
    roots = {module.split(".")[0] for module in imports(path)}
    assert not roots & {"pandas", "pickle", "cloudpickle", "joblib", "dill", "shelve"}


@every_file
def test_inits_are_thin(path: Path) -> None:
    """Only the front door has one function, `redumbrella.open`, and imports nothing for it."""
    if path.name == "__init__.py":
        assert ast.get_docstring(TREES[path])
        functions = [node.name for node in TREES[path].body if isinstance(node, ast.FunctionDef)]
        assert functions == (["open"] if path.parent == ROOT else [])
        assert len(TREES[path].body) <= (5 if path.parent == ROOT else 1)


KERNELS = ("features/kernel/", "state/migrations/")
MOST_LINES, MOST_PARAMETERS = 60, 8
# Documents (typed dictionaries) that mirror the objects they are written from.
MIRRORS = {"reports"}
# The same word for a route of REST and a page; what every sub-room calls its entry.
SHARED = {"router", "command"}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@every_file
def test_functions_are_short_and_take_little(path: Path) -> None:
    if named(path).startswith(KERNELS):
        return
    for node in functions(TREES[path]):
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        own = [argument for argument in given if argument.arg not in {"self", "cls"}]
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        assert lines <= MOST_LINES, f"{node.name} has {lines} lines"
        assert len(own) <= MOST_PARAMETERS, f"{node.name} takes {len(own)} parameters"


def test_no_name_means_two_things_in_two_rooms() -> None:
    homes: dict[str, set[str]] = {}
    for path in FILES:
        if room_of(path) in MIRRORS:
            continue
        for node in TREES[path].body:
            kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
            if isinstance(node, kinds) and not node.name.startswith("_"):
                homes.setdefault(node.name, set()).add(room_of(path))
    twice = {name: rooms for name, rooms in homes.items() if len(rooms) > 1 and name not in SHARED}
    assert twice == {}


def test_every_module_is_reached_from_a_test_or_a_command() -> None:
    """Nobody's module is dead: imports are followed from the tests and from the commands."""
    modules = {
        ".".join(("redumbrella", *p.relative_to(ROOT).with_suffix("").parts)): p for p in FILES
    }
    tests = [ast.parse(p.read_text("utf-8")) for p in Path(__file__).parent.rglob("*.py")]
    reached: set[str] = set()
    lists = [f"redumbrella.views.{name}" for name in SUMMARIES]  # imported by name
    waiting = [*lists, *(name for name in modules if name.startswith("redumbrella.cli."))]
    for tree in tests:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
    while waiting:
        name = waiting.pop()
        if name in modules and name not in reached:
            reached.add(name)
            for module in imports(modules[name]):
                waiting.append(module)
            for node in nodes(modules[name]):
                if isinstance(node, ast.ImportFrom) and node.module:
                    waiting += [f"{node.module}.{alias.name}" for alias in node.names]
    packages = {name for name in modules if name.endswith("__init__")}
    by_alembic = {name for name in modules if ".migrations." in name}
    started = {
        "redumbrella.__main__",
        "redumbrella.recommenders.compilation",  # at set-up
        "redumbrella.models.compilation",
        "redumbrella.features.kernel.compilation",
    }
    assert set(modules) - reached - packages - by_alembic - started == set()


def test_no_function_is_there_for_tests_alone() -> None:
    words = Counter(word for path in FILES for word in re.findall(r"\w+", path.read_text("utf-8")))
    for path in FILES:
        for node in TREES[path].body:
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if not is_function or node.decorator_list or path.parent == ROOT:  # type: ignore[union-attr]
                continue
            alembic = "migrations" in path.parts
            assert words[node.name] > 1 or alembic, f"{named(path)}: nobody calls {node.name}"  # type: ignore[union-attr]


@inside
def test_only_state_writes_the_database_and_only_views_show_it(path: Path) -> None:
    room, modules = room_of(path), set(imports(path))
    if any(module.startswith("sqlalchemy") for module in modules):
        # Sources read databases of others; verbs name what a database may refuse.
        assert room in {"state", "views", "sources", "workflows"}, "SQL outside its rooms"
    if room not in {"state"}:
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy":
                names = {alias.name for alias in node.names}
                assert not names & {"insert", "update", "delete"}


def arguments(node: ast.AST) -> Iterator[tuple[str | None, ast.expr]]:
    """Named values of a call or of a dictionary."""
    if isinstance(node, ast.Call):
        yield from ((keyword.arg, keyword.value) for keyword in node.keywords)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            yield (str(key.value) if isinstance(key, ast.Constant) else None), value


@inside
def test_lightgbm_has_one_number_of_threads(path: Path) -> None:
    """It is a number of the whole process: two of them at once make it write beyond its memory."""
    for node in nodes(path):
        for name, value in arguments(node):
            if name == "num_threads":
                assert isinstance(value, ast.Name)
                assert value.id == "THREADS"
