import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from pipeline.carriers.session import Session, in_process

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Or Spark's workers take whatever python3 is on the path.
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


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
