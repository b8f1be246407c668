"""A machine with stock Spark and Hadoop's addresses alone submits as docs/cluster.md has it."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.cluster.conftest import NAME, PROJECT, Cluster, run

#: Spark without this cluster's settings, and nodes' Python without a single package.
STOCK = {"SPARK_CONF_DIR": "/tmp", "PYSPARK_PYTHON": "/usr/bin/python3"}


@pytest.mark.cluster_long
@pytest.mark.parametrize("mode", ["client", "cluster"])
def test_a_job_runs_where_nothing_is_installed(cluster: Cluster, tmp_path: Path, mode: str) -> None:
    tmp_path.chmod(0o755)
    for part in ("pipeline", "silgeom", "jobs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / part, tmp_path / part, ignore=ignored)
    text = (PROJECT / "docs" / "cluster.md").read_text()
    shutil.copy(PROJECT / "sample_data/logs/2026-03-15.tsv.gz", tmp_path)
    found = re.search(r"```\n(python3 -m zipfile.*?)\n\n(spark-submit .*?)\n```", text, re.DOTALL)
    assert found
    install = found[1].replace("pip install", f"{sys.executable} -m pip install -q")
    run(["sh", "-c", f"cd {tmp_path} && {install}"])
    job = found[2].replace("--deploy-mode cluster", f"--deploy-mode {mode}")
    job = job.replace("hdfs:///logs/search", "hdfs:///tmp/elsewhere/landing")
    job = job.replace("hdfs:///results/search", f"hdfs:///tmp/elsewhere/{mode}")
    environment = [word for pair in STOCK.items() for word in ("-e", "=".join(pair))]
    script = (
        "unset PYSPARK_ARCHIVES_PATH; export PATH=/opt/venv/bin:$PATH; cd /elsewhere;"
        "hdfs dfs -mkdir -p /tmp/elsewhere/landing &&"
        f"hdfs dfs -put -f *.gz /tmp/elsewhere/landing && {job}"
    )
    if mode == "client":
        script = f"export PYTHONPATH=/elsewhere/packages; {script}"
    mount = ["-v", f"{tmp_path}:/elsewhere:ro"]
    client = ["docker", "run", "--rm", "--network", NAME, "-u", "analyst", *environment, *mount]
    run([*client, "silgeom-cluster:1", "bash", "-c", script])
    listed = cluster.client("hdfs", "dfs", "-ls", "-R", f"/tmp/elsewhere/{mode}/trending")
    assert ".parquet" in listed
