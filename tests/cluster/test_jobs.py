"""The same jobs on the cluster and on this machine: same rows; Hangul whole wherever it is seen."""

import os
from pathlib import Path
from urllib.request import urlopen

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from tests.cluster.conftest import (
    AT,
    SHORT_JOB,
    SHORT_LOGS,
    Cluster,
    Reader,
    Rows,
    await_until,
    in_order,
    run,
    short_rows,
    timed,
)


@pytest.mark.parametrize(
    "dataset", ["trending", "related", "autocomplete", "hourly_counts", "daily_counts"]
)
@pytest.mark.usefixtures("on_cluster")
def test_a_dataset_has_the_rows_of_local_mode(local_root: Path, hdfs: Reader, dataset: str) -> None:
    there, here = hdfs(f"/search/{dataset}"), pd.read_parquet(local_root / dataset)
    assert len(there) > 0
    assert_frame_equal(in_order(there), in_order(here), rtol=1e-12)


@pytest.mark.usefixtures("on_cluster")
def test_pandas_on_the_host_reads_a_board_in_hangul(hdfs: Reader) -> None:
    board = hdfs("/search/trending").sort_values("rank")
    assert "강마루대교 통제" in list(board["surface"])


def test_nothing_new_is_nothing_to_do(on_cluster: Cluster) -> None:
    with timed("trending with nothing to do"):
        done = on_cluster.compose("exec", "-T", "client", "spark-submit", "jobs/trending.py", *AT)
    assert "nothing new" in done.stdout
    assert "up to date" in done.stdout
    assert done.stderr == ""  # the terminal shows what the job says, and nothing of Java's


@pytest.fixture(scope="module")
def inside(cluster: Cluster) -> str:
    """The application of a job with its driver inside the cluster, all its names in Hangul."""
    cluster.client("hdfs", "dfs", "-mkdir", "-p", "/tmp/short/검색기록")
    cluster.client("hdfs", "dfs", "-put", "-f", *SHORT_LOGS, "/tmp/short/검색기록/삼월 보름.tsv.gz")
    with timed("the short job, its driver inside"):
        cluster.submit(
            "--deploy-mode", "cluster", "--name", "급상승 검색어", *SHORT_JOB,
            "--landing", "hdfs:///tmp/short/검색기록", "--root", "hdfs:///tmp/short/결과",
        )  # fmt: skip
    return str(cluster.applications("FINISHED")[0]["id"])


@pytest.mark.usefixtures("inside")
def test_with_the_driver_inside_the_cluster_the_rows_are_the_same(
    hdfs: Reader, undisturbed: tuple[Rows, Rows]
) -> None:
    assert short_rows(hdfs, "결과") == undisturbed


def test_hangul_is_whole_in_the_logs_of_a_driver_inside_the_cluster(
    cluster: Cluster, inside: str
) -> None:
    cluster.await_logs(inside)
    logs = cluster.client("yarn", "logs", "-applicationId", inside)
    assert "강마루대교 통제" in logs
    assert "hdfs:///tmp/short/검색기록" in logs
    assert "\ufffd" not in logs


def test_hangul_is_whole_in_lists_and_pages_of_applications(cluster: Cluster, inside: str) -> None:
    assert "급상승 검색어" in cluster.client("yarn", "application", "-list", "-appStates", "ALL")
    assert "급상승 검색어" in page(f"http://127.0.0.1:8088/cluster/app/{inside}")
    history = f"http://127.0.0.1:18080/api/v1/applications/{inside}/1/environment"
    await_until(lambda: opens(history), "the history server")
    assert "hdfs:///tmp/short/결과" in page(history)


def page(url: str) -> str:
    with urlopen(url, timeout=60) as answer:
        text = answer.read().decode()
    assert "\ufffd" not in text
    return str(text)


def opens(url: str) -> bool:
    try:
        page(url)
    except OSError:  # an HTTPError, or no answer in time
        return False
    return True


def test_hangul_is_whole_in_names_and_texts_in_hdfs(on_cluster: Cluster) -> None:
    on_cluster.put("날씨 ㅋㅋ\n".encode(), "/tmp/검색어.txt")
    assert on_cluster.client("hdfs", "dfs", "-cat", "/tmp/검색어.txt") == "날씨 ㅋㅋ\n"
    assert "/tmp/검색어.txt" in on_cluster.client("hdfs", "dfs", "-ls", "/tmp")


def test_map_reduce_counts_the_same_people(on_cluster: Cluster, hdfs: Reader) -> None:
    with timed("hourly count by MapReduce"):
        on_cluster.client("cluster/mapreduce/hourly-count")
    counted = map_reduce_rows(on_cluster)
    spark = spark_rows(hdfs, "/search")
    assert len(counted) == len(set(counted))
    assert set(counted) == spark


@pytest.mark.skipif("REAL_LOGS" not in os.environ, reason="REAL_LOGS names no folder of real logs")
def test_map_reduce_counts_the_same_people_in_a_log_of_sogou(
    cluster: Cluster, hdfs: Reader
) -> None:
    log = Path(os.environ["REAL_LOGS"]) / "sogou-2011.gb18030.tsv"
    place, root = "/tmp/sogou/log", "/tmp/sogou/root"
    cluster.client("hdfs", "dfs", "-mkdir", "-p", place)
    cluster.put(log.read_bytes(), f"{place}/log.tsv")
    cluster.submit("jobs/trending.py", "--landing", f"hdfs://{place}", "--root", f"hdfs://{root}")
    cluster.client("cluster/mapreduce/hourly-count", place, "mapreduce/sogou", "sogou-2011")
    counted = map_reduce_rows(cluster, "mapreduce/sogou")
    assert len(counted) > 1000
    assert set(counted) == spark_rows(hdfs, root)


def map_reduce_rows(
    cluster: Cluster, output: str = "mapreduce/hourly_counts"
) -> list[tuple[str, str, int]]:
    text = cluster.client("hdfs", "dfs", "-cat", f"{output}/part-*")
    rows = (line.split("\t") for line in text.split("\n") if line)
    return [(hour, query, int(people)) for hour, query, people in rows]


def spark_rows(hdfs: Reader, root: str) -> set[tuple[str, str, int]]:
    names = hdfs(f"{root}/daily_counts")[["query_id", "query"]].drop_duplicates()
    counts = hdfs(f"{root}/hourly_counts").merge(names, on="query_id", validate="many_to_one")
    hours = counts["hour"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return set(zip(hours, counts["query"], counts["searchers"], strict=True))


def test_a_program_on_the_host_can_put_a_log(cluster: Cluster, tmp_path: Path) -> None:
    log = tmp_path / "날씨.tsv"
    log.write_text("2026-03-01T10:00:00+09:00\tu1\t날씨\n")
    place = "http://localhost:9870/webhdfs/v1/tmp/from-host.tsv?op=CREATE&overwrite=true"
    run(["curl", "-sf", "-L", "-T", str(log), f"{place}&user.name=analyst"])
    assert "날씨" in cluster.client("hdfs", "dfs", "-cat", "/tmp/from-host.tsv")
