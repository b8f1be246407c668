import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.carriers.session import Session, in_process

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Or Spark's workers take whatever python3 is on the path.
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


#: Tests of these files take longer than a developer waits at every change.
SLOW_FILES = {
    *("test_corpus.py", "test_changes.py", "test_operations.py", "test_key_leaks.py"),
    *("test_setup.py", "test_hour_by_hour.py", "test_rotation.py", "test_privacy_measured.py"),
    *("test_simulate.py", "test_simulate_like.py", "test_simulate_portal.py", "test_jobs.py"),
    *("test_erase.py", "test_expire.py", "test_backfill.py", "test_evaluate_command.py"),
    *("test_intake.py", "test_privacy.py", "test_cli.py", "test_runs.py", "test_root.py"),
    *("test_sample_data.py", "test_hdfs.py", "test_carriers.py", "test_real_logs.py"),
    *("test_packing.py", "test_edges.py", "test_benchmarks.py", "test_evaluate_trending.py"),
    *("test_evaluate_log.py", "test_evaluate_autocomplete.py", "test_evaluate_related.py"),
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what `make test-fast` leaves out."""
    is_left_out = "not slow" in config.getoption("-m") and collection_path.name in SLOW_FILES
    return True if is_left_out else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-fast` leaves out."""
    for item in items:
        on_spark = {"spark", "on_spark"} & set(getattr(item, "fixturenames", ()))
        if item.path.name in SLOW_FILES or on_spark:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def session() -> Session:
    """What does the work of most tests: this process."""
    return in_process(workers=2)


@pytest.fixture
def no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in the system's memory outlasts a process: no need to wait for the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    """One small local session of Spark for the whole run; started by the first test that asks."""
    from pyspark.sql import SparkSession

    from pipeline.carriers.spark import SETTINGS, bring_packages

    builder = (
        SparkSession.builder.master("local[2]")
        .appName("tests")
        .config("spark.sql.shuffle.partitions", "2")  # the default 200 is most of a small test
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "1g")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
    )
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    found = builder.getOrCreate()
    found.sparkContext.setLogLevel("ERROR")
    bring_packages(found)
    yield found
    found.stop()


@pytest.fixture(scope="session")
def on_spark(spark: "SparkSession") -> Session:
    """What does the work of tests that want both carriers: Spark."""
    from pipeline.carriers.spark import OnSpark

    return Session(OnSpark(lambda: spark), lambda: spark)
