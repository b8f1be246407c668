"""Segments, on Spark: what it does stands in pipeline/commands/segments.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # spark-submit adds jobs/ alone

from pipeline.carriers.spark import spark_session
from pipeline.commands import segments
from pipeline.commands.cli import run_job

if __name__ == "__main__":
    run_job(segments.run, segments.parser(), spark_session)
