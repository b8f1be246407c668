"""What runs in Spark's workers travels whole: they know nothing of this project."""

import subprocess
import sys
from pathlib import Path

import pytest
from pyspark import cloudpickle

from pipeline import counts, parsing, sessions
from pipeline.erased import NOBODY, Erased
from pipeline.user_ids import UserKeys

FUNCTIONS = {
    "withheld and hashed": lambda: parsing._withheld_and_hashed(UserKeys.new(), NOBODY),
    "withheld of erased people": lambda: parsing._withheld_and_hashed(
        UserKeys.new(), Erased({"mark": 0})
    ),
    "hourly counts": lambda: counts._hourly_counts_of_people,
    "daily counts": lambda: counts._daily_counts_of_queries,
    "pairs": lambda: sessions._pairs_of_batches(gap_seconds=60, max_queries=9),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_worker_that_has_only_libraries_can_load_it(name: str, tmp_path: Path) -> None:
    file = tmp_path / "function"
    file.write_bytes(cloudpickle.dumps(FUNCTIONS[name]()))  # type: ignore[no-untyped-call]

    # -I: neither the folder one is in, nor PYTHONPATH.
    code = f"import pickle; print(callable(pickle.load(open({str(file)!r}, 'rb'))))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "True\n", done.stderr
