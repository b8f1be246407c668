"""Profiles of people, on Spark: what it does stands in pipeline/commands/profiles.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # spark-submit adds jobs/ alone

from pipeline.carriers.spark import spark_session
from pipeline.commands import profiles
from pipeline.commands.cli import run_job

if __name__ == "__main__":
    run_job(profiles.run, profiles.parser(), spark_session)
