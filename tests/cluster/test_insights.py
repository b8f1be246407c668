"""Insights on YARN have the rows that one process on this machine makes of the same log."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from pipeline.carriers.session import in_process
from pipeline.commands import (
    analytics,
    categories,
    keyword_tool,
    keywords,
    patterns,
    profiles,
    segments,
)
from tests.cluster.conftest import (
    AT,
    PROJECT,
    Cluster,
    Reader,
    hdfs_client,
    in_order,
    timed,
)

RULES = "docs/examples/categories.toml"
SEGMENTS = ("--segments", "3")  # to find out how many there are takes longer
#: The jobs in this order, and what they are asked for; profiles take no hour.
JOBS: dict[ModuleType, tuple[str, ...]] = {
    keywords: AT,
    categories: (*AT, "--rules", RULES),
    analytics: AT,
    keyword_tool: AT,
    patterns: AT,
    profiles: (),
    segments: (*AT, *SEGMENTS),
}
#: The datasets of these that jobs/all.py makes in one session here. It does where somebody asked
#: for them before: where their folders are.
ASKED_FOR = ("query_analytics", "keyword_tool", "patterns", "profiles")

RESULTS = (
    *("keywords", "trending_words", "categories"),
    *("query_analytics", "keyword_analytics", "reformulations", "search_quality"),
    *("keyword_tool", "patterns", "keyword_patterns", "changes", "segments", "segment_terms"),
)
#: What some of them are made of, by day or by person.
COUNTS = (
    *("query_keywords", "daily_keywords", "hourly_keywords", "daily_addresses"),
    *("topics", "daily_interests", "interests", "members"),
)


@dataclass(frozen=True)
class Run:
    """What a job said, and the applications that YARN knew before and after it."""

    said: str
    before: int
    after: int


def submitted(cluster: Cluster, *words: str) -> Run:
    before = len(cluster.applications())
    with timed(f"{words[0]} on YARN"):
        said = cluster.submit(*words)
    return Run(said, before, len(cluster.applications()))


@pytest.fixture(scope="module")
def runs(on_cluster: Cluster) -> dict[str, Run]:
    """All insights made on the root that has the three boards, and made again: by a name."""
    cluster = on_cluster
    folders = [f"/search/{name}" for name in ASKED_FOR]
    cluster.client("hdfs", "dfs", "-mkdir", "-p", *folders)
    found = {
        "keywords": submitted(cluster, "jobs/keywords.py", *AT),
        "categories": submitted(cluster, "jobs/categories.py", *AT, "--rules", RULES),
        "all": submitted(cluster, "jobs/all.py", *AT),
        "all again": submitted(cluster, "jobs/all.py", *AT),
        "segments": submitted(cluster, "jobs/segments.py", *AT, *SEGMENTS),
        "segments again": submitted(cluster, "jobs/segments.py", *AT, *SEGMENTS),
    }
    return found


@pytest.fixture(scope="module")
def insights_here(local_root: Path) -> Path:
    """The same by this process, without Spark."""
    places = ("--landing", str(PROJECT / "sample_data" / "logs"), "--root", str(local_root))
    with timed("all insights in this process"):
        for job, words in JOBS.items():
            arguments: argparse.Namespace = job.parser().parse_args([*places, *words])
            job.run(in_process(), arguments)
    return local_root


@pytest.mark.parametrize("dataset", [*RESULTS, *COUNTS])
@pytest.mark.usefixtures("runs")
def test_a_dataset_has_the_rows_of_one_process(
    insights_here: Path, hdfs: Reader, dataset: str
) -> None:
    there, here = hdfs(f"/search/{dataset}"), pd.read_parquet(insights_here / dataset)
    assert len(there) > 0
    assert_frame_equal(in_order(there), in_order(here), rtol=1e-12)


@pytest.mark.usefixtures("runs")
def test_profiles_are_the_same_files(insights_here: Path) -> None:
    client = hdfs_client()
    listed = client.list_status("/search/profiles", recursive=True)
    files = [Path(each.path) for each in listed if not each.isdir]
    there = {path.relative_to("/search"): client.read(str(path)).read() for path in files}
    here = [path for path in (insights_here / "profiles").rglob("*") if path.is_file()]
    assert there == {path.relative_to(insights_here): path.read_bytes() for path in here}
    assert sum(path.suffix == ".arrow" for path in here) > 0


def test_kiwi_takes_words_apart_in_executors(runs: dict[str, Run]) -> None:
    assert "words analysed" in runs["keywords"].said
    assert "Without" not in runs["keywords"].said  # it is said where there is no Kiwi
    assert runs["keywords"].after == runs["keywords"].before + 1


@pytest.mark.parametrize("again", ["all again", "segments again"])
def test_nothing_new_makes_nothing_and_asks_nothing_of_yarn(
    runs: dict[str, Run], again: str
) -> None:
    results = [each for each in runs[again].said.splitlines() if each.startswith("Result")]
    assert [each for each in results if "up to date" not in each] == []
    assert len(results) >= (1 if again == "segments again" else 3 + len(RESULTS) - 2)
    assert runs[again].after == runs[again].before
