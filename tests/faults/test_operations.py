"""Whole operations with a fault at their calls: nothing lost, nothing different, no reader failed.

`make test` tries a spread of kills and calls, `make fault-test` all of them, and says how many
there were.
"""

import os
from pathlib import Path

import pytest

from pipeline.carriers.session import Session, in_process
from tests.faults.injection import FULL, INTERRUPT, LASTS, PASSES
from tests.faults.operations import SUBJECTS
from tests.faults.trial import Trial, quiet, spread, undisturbed

#: Of each operation in `make test`: calls that fail, in each mode; kills, at most. After each of
#: those that let others run in between a dozen jobs are run.
FEW, KILLS = 3, 8
FEW_WITH_OTHERS, KILLS_WITH_OTHERS = 1, 4
IS_EXHAUSTIVE = os.environ.get("SILGEOM_FAULTS") == "all"
MODES = (PASSES, LASTS, FULL, INTERRUPT)

pytestmark = pytest.mark.usefixtures("no_power_cuts")


@pytest.fixture(scope="module")
def session() -> Session:
    """One worker: calls have the same numbers each time, and no photograph is of two moments."""
    return in_process(workers=1)


@pytest.fixture(scope="module")
def trials() -> dict[str, Trial]:
    """Those that were prepared so far."""
    return {}


@pytest.fixture(scope="module", params=SUBJECTS)
def trial(
    request: pytest.FixtureRequest,
    session: Session,
    trials: dict[str, Trial],
    tmp_path_factory: pytest.TempPathFactory,
) -> Trial:
    def prepared(name: str) -> Trial:
        if name not in trials:
            after = SUBJECTS[name].after
            before = prepared(after) if after else None
            tmp = tmp_path_factory.mktemp("faults")
            some = KILLS_WITH_OTHERS if SUBJECTS[name].other else KILLS
            trials[name] = undisturbed(session, name, tmp, before, None if IS_EXHAUSTIVE else some)
        return trials[name]

    with quiet():
        return prepared(request.param)


def test_a_kill_before_any_change_of_a_file_is_mended_by_running_again(trial: Trial) -> None:
    photographs = len(trial.photographs)
    with quiet():
        found = [each for number in range(photographs) for each in trial.kill(number)]

    told(trial, f"{photographs} kills")
    assert found == []


@pytest.mark.parametrize("mode", MODES)
def test_an_error_or_ctrl_c_at_a_call_of_storage_is_mended_by_running_again(
    trial: Trial, mode: str
) -> None:
    calls = len(trial.calls)
    chosen = list(range(calls))
    if not IS_EXHAUSTIVE:
        # As many of each mode, at other calls each.
        few = FEW_WITH_OTHERS if trial.subject.other else FEW
        shift = MODES.index(mode) * calls // len(MODES)
        chosen = [(number + shift) % calls for number in spread(few, calls)]
    with quiet():
        found = [each for number in chosen for each in trial.fault(number, mode)]

    statuses = {each: n for each, n in trial.statuses.items() if each.startswith(f"{mode}: ")}
    told(trial, f"{calls} calls, {len(chosen)} faults: {dict(sorted(statuses.items()))}")
    assert found == []


def told(trial: Trial, text: str) -> None:
    """A line of the report of `make fault-test`."""
    report = os.environ.get("SILGEOM_FAULTS_REPORT")
    if report:
        with Path(report).open("a", encoding="utf-8") as file:
            file.write(f"{trial.name}: {text}; {len(trial.known)} states\n")
