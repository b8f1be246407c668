"""The house: which room imports from which, who knows Spark, who touches the world.

All of it is read from the source, so that it cannot drift.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PIPELINE = ROOT / "pipeline"

#: Each room imports from itself and from the rooms before it. "": the modules that stand in
#: `pipeline` itself, which everybody may use.
ROOMS = ["", "language", "reading", "counting", "results", "carriers", "store", "runs", "commands"]
#: Rooms of pure functions: tables in, tables out.
KERNELS = ("language", "reading", "counting", "results")
#: The only file that knows Spark.
KNOWS_SPARK = "carriers/spark.py"
#: Declarations of formats come from files.
READS_DECLARATIONS = "reading/formats.py"
#: Lines of a file; a longer one has several duties.
MOST_LINES = 620
#: Patterns of one kind each, file systems side by side, and the columns of every dataset.
MAY_BE_LONGER = {"reading/privacy.py", "store/storage.py", "schemas.py"}

#: Of `silgeom/evaluate`, what measures kernels that have no twin there.
MEASURES_WHAT_RUNS = {
    *("patterns.py", "kinds_of_people.py", "privacy.py", "segment_privacy.py"),
    "segment_rivals.py",
}
#: Of the pipeline, for `silgeom/web`: modules that everybody may use, the store, and the session
#: that it is opened with.
WEB_MAY_USE = {"columns", "errors", "failures", "logs", "schemas", "store", "carriers"}

FILES = sorted(PIPELINE.rglob("*.py"))
#: What stands beside the pipeline, but for the command, which is its face.
SILGEOM = sorted(set((ROOT / "silgeom").rglob("*.py")) - {ROOT / "silgeom" / "__main__.py"})


def name_of(path: Path) -> str:
    return path.relative_to(PIPELINE).as_posix()


def room_of(path: Path) -> str:
    return name_of(path).rpartition("/")[0]


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever in the file; `from a import b` is both."""
    return {name for node in ast.walk(ast.parse(path.read_text("utf-8"))) for name in _named(node)}


def room(module: str) -> str:
    """The room of the pipeline that a module is in; "" if it is in none."""
    first, _, rest = module.partition(".")
    return rest.partition(".")[0] if first == "pipeline" else ""


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)


def test_rooms_are_those_that_are_named_here() -> None:
    assert {room_of(path) for path in FILES} == set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    later = set(ROOMS[ROOMS.index(room_of(path)) + 1 :])
    for name in imports(path):
        if name.startswith("pipeline."):
            assert name.split(".")[1] not in later, f"{name_of(path)} imports {name}"
    assert not any(name.split(".")[0] in {"jobs", "tests", "benchmarks"} for name in imports(path))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_one_file_knows_spark(path: Path) -> None:
    packages = {name.split(".")[0] for name in imports(path)}
    assert (name_of(path) == KNOWS_SPARK) == bool(packages & {"pyspark", "py4j"})


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) in KERNELS], ids=name_of)
def test_kernels_touch_neither_files_nor_clock(path: Path) -> None:
    packages = {name.split(".")[0] for name in imports(path)}
    if name_of(path) == READS_DECLARATIONS:
        packages -= {"pathlib"}
    assert not packages & {"os", "shutil", "pathlib", "socket", "subprocess", "time", "threading"}
    code = path.read_text("utf-8")
    assert not re.search(r"\bdate(?:time)?\.(?:now|today|utcnow)\(", code)
    assert not re.search(r"\.(?:iter_rows|map_elements|map_rows)\(", code)


def test_no_two_files_have_one_name() -> None:
    names = Counter(path.name for path in FILES if path.name != "__init__.py")
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_file_has_many_duties(path: Path) -> None:
    if name_of(path) not in MAY_BE_LONGER:
        assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize(
    "path", sorted((ROOT / "jobs").glob("[!_]*.py")), ids=lambda path: path.stem
)
def test_jobs_are_entry_points_alone(path: Path) -> None:
    names = {name for name in imports(path) if name.startswith("pipeline.")}
    rooms = {name.split(".")[1] for name in names}
    assert rooms == {"carriers", "commands"}
    assert len(path.read_text("utf-8").splitlines()) < 20


@pytest.mark.parametrize("path", SILGEOM, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_stands_beside_the_pipeline_needs_nothing_of_it(path: Path) -> None:
    names = imports(path)
    if path.parent.name == "evaluate":  # what makes two spellings one query stands once
        names -= {"pipeline.language", "pipeline.language.queries"}
    if path.name == "planted_types.py":  # who is of which type is known by the users of the log
        names -= {"pipeline.reading", "pipeline.reading.user_ids"}
        names = {name for name in names if not name.startswith("pipeline.reading.user_ids.")}
    if path.name in MEASURES_WHAT_RUNS and path.parent.name == "evaluate":
        names -= {name for name in names if room(name) in ("errors", "counting", "results")}
    if path.parent.name == "web":  # it reads what lies under a root
        modules = {name for name in names if name.startswith("pipeline.")}
        assert {each.split(".")[1] for each in modules} <= WEB_MAY_USE
        assert "pipeline.carriers.spark" not in names
        names -= {"pipeline", *modules}
    assert not {name.split(".")[0] for name in names} & {"pyspark", "pipeline", "jobs", "tests"}


@pytest.mark.parametrize("path", SILGEOM, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_only_the_web_needs_is_imported_there_alone(path: Path) -> None:
    packages = {name.split(".")[0] for name in imports(path)}
    if path.parent.name != "web":
        assert not packages & {"fastapi", "starlette", "uvicorn", "jinja2", "sse_starlette"}
        assert not any(name.startswith("silgeom.web") for name in imports(path))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_group_of_a_regular_expression_is_repeated_possessively(path: Path) -> None:
    """Python 3.11.0 to 3.11.4 (Debian 12 has 3.11.2) matches `(…)*+` wrongly, now and then."""
    code = path.read_text("utf-8")
    assert not re.search(r"\)(?:[*+?]|\{[0-9,{}]+\})\+", code)
