"""The direction of imports, checked from the source so that it cannot drift."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: Each module imports from the rows above its own, never from its own or from those below.
LAYERS = [
    # What everybody may use.
    {"errors", "schemas", "columns", "logs"},
    # Vocabulary: Column -> Column, and small tools.
    {
        "contracts",
        "limits",
        "failures",
        "ranking",
        "text",
        "hangul",
        "privacy",
        "user_ids",
        "people",
        "windows",
        "charsets",
        "batches",
        "retries",
        "faults",
        "packing",
    },
    {
        *("ledger", "names", "formats", "lines", "state", "holder"),
        *("erased", "scrubbing", "evidence"),
    },
    # Datasets: DataFrame -> DataFrame. Of each other they know nothing.
    {"searches", "counts", "sessions", "trending", "related", "autocomplete"},
    {"detection"},
    {"parsing"},
    # What touches the world.
    {"hadoop"},
    {"session", "hdfs"},
    {"storage"},
    {"stand_ins", "tables"},
    {"journal"},
    {"rotation"},
    {"migrations"},
    {"root"},
    {"inspection"},
    {"merge"},
    {"ingest", "refresh", "publish", "runs"},
    {"summary", "retention", "erasure", "backfill", "remaking"},
    {"cli"},
]
LAYER_OF = {module: depth for depth, modules in enumerate(LAYERS) for module in modules}

#: Only these may read or write, or reach for the JVM.
IN_TOUCH_WITH_THE_WORLD = {
    "storage",
    "hadoop",
    "hdfs",
    "session",
    "holder",
    "journal",
    "rotation",
    "migrations",
    "root",
    "inspection",
    "merge",
    "ingest",
    "refresh",
    "publish",
    "runs",
    "retention",
    "erasure",
    "remaking",
    "backfill",
    "tables",
    "cli",
}

#: Rooms of kernels on tables, and what carries and calls them: each imports only from rooms above.
ROOMS = ["language", "counting", "reading", "results", "carriers", "flow"]
#: The only file in them that knows Spark.
KNOWS_SPARK = "carriers/spark.py"

PIPELINE = sorted((ROOT / "pipeline").glob("[!_]*.py"))
JOBS = sorted((ROOT / "jobs").glob("[!_]*.py"))
#: `python -m silgeom` is the command; the rest stands beside the pipeline.
SILGEOM = sorted(set((ROOT / "silgeom").rglob("*.py")) - {ROOT / "silgeom" / "__main__.py"})


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever in the file; `from a import b` is both."""
    return {name for node in ast.walk(ast.parse(path.read_text("utf-8"))) for name in _named(node)}


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)


def modules_of_ours(path: Path) -> set[str]:
    """The modules of `pipeline` that a file imports, without their package."""
    names = {name.split(".")[1] for name in imports(path) if name.startswith("pipeline.")}
    return names & set(LAYER_OF)


def test_every_module_has_its_layer() -> None:
    assert {path.stem for path in PIPELINE} == set(LAYER_OF)


@pytest.mark.parametrize("path", PIPELINE, ids=lambda path: path.stem)
def test_pipeline_modules_import_only_from_layers_above(path: Path) -> None:
    for module in modules_of_ours(path):
        assert LAYER_OF[module] < LAYER_OF[path.stem], f"{path.name} imports {module}"
    assert not any(name.split(".")[0] in {"jobs", "tests"} for name in imports(path))


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_only_the_job_that_runs_all_imports_other_jobs(path: Path) -> None:
    forbidden = {"tests"} if path.stem == "all" else {"jobs", "tests"}
    assert not any(name.split(".")[0] in forbidden for name in imports(path))
    assert len(path.read_text("utf-8").splitlines()) < 100


@pytest.mark.parametrize(
    "path",
    [path for room in ROOMS for path in sorted((ROOT / "pipeline" / room).glob("*.py"))],
    ids=lambda path: path.relative_to(ROOT / "pipeline").as_posix(),
)
def test_rooms_of_kernels_import_from_rooms_above_and_know_no_spark(path: Path) -> None:
    room = ROOMS.index(path.parent.name)
    names = imports(path)

    assert not {name.split(".")[1] for name in names if name.startswith("pipeline.")} & set(
        ROOMS[room + 1 :]
    )
    if path.relative_to(ROOT / "pipeline").as_posix() != KNOWS_SPARK:
        assert not any(name.split(".")[0] == "pyspark" for name in names)


@pytest.mark.parametrize("path", SILGEOM, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_stands_beside_spark_needs_no_spark(path: Path) -> None:
    packages = {name.split(".")[0] for name in imports(path)}

    assert not packages & {"pyspark", "pipeline", "jobs", "tests"}


@pytest.mark.parametrize(
    "path",
    [path for path in PIPELINE if path.stem not in IN_TOUCH_WITH_THE_WORLD],
    ids=lambda path: path.stem,
)
def test_transforms_do_nothing_but_transform(path: Path) -> None:
    """No action, no cache, no clock, no session, no JVM, no RDD, no row-by-row Python."""
    banned = {
        *("collect", "toPandas", "toLocalIterator", "first", "head", "show", "foreach"),
        *("cache", "persist", "checkpoint", "localCheckpoint", "write", "writeStream"),
        *("now", "today", "utcnow", "current_timestamp", "current_date"),
        *("sparkSession", "sparkContext", "getOrCreate", "rdd", "_jvm", "_jsc", "_jdf"),
        *("udf", "pandas_udf", "applyInPandas", "mapInPandas"),
    }
    used = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert not used & banned


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "pipeline").rglob("*.py")),
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_no_group_of_a_regular_expression_is_repeated_possessively(path: Path) -> None:
    """Python 3.11.0 to 3.11.4 (Debian 12 has 3.11.2) matches `(…)*+` wrongly, now and then."""
    code = "".join(
        line for line in path.read_text("utf-8").splitlines(True) if "# Java's" not in line
    )

    assert not re.search(r"\)(?:[*+?]|\{[0-9,{}]+\})\+", code)
