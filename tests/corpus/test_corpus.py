"""Every case of the corpus, each as a test of its own."""

import ast
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from pipeline.carriers.session import Session
from tests.corpus.case import Case, CommandCase, Refused, TestedElsewhere
from tests.corpus.runs import Outcome, became, groups, outcome
from tests.corpus.table import PAGE, PROJECT, all_cases, page
from tests.jobs import IDLE, command, status_of

CASES = all_cases()
LANDED = [case for case in CASES if isinstance(case, Case)]
COMMANDS = [case for case in CASES if isinstance(case, CommandCase)]
ELSEWHERE = [case for case in CASES if isinstance(case, TestedElsewhere)]


@pytest.fixture(scope="module")
def outcome_of(
    request: pytest.FixtureRequest, session: Session, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Case], Outcome]:
    """What the landing folder of a case became; run when the first of its cases asks.

    Only the cases that were chosen (`-k`) lie there.
    """
    params = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    chosen = [case for case in LANDED if any(case is each.get("case") for each in params)]
    by_name = {case.name: key for key, cases in groups(chosen).items() for case in cases}

    @cache
    def of_group(key: str) -> Outcome:
        return outcome(session, tmp_path_factory.mktemp("corpus"), groups(chosen)[key])

    return lambda case: of_group(by_name[case.name])


@pytest.mark.parametrize("case", LANDED, ids=lambda case: case.name)
def test_files(case: Case, outcome_of: Callable[[Case], Outcome]) -> None:
    found = outcome_of(case)

    if isinstance(case.expected, Refused):
        assert case.expected.word in found.error
        assert "\n" not in found.error
        return
    assert found.error == ""
    for name, expected in case.expected.items():
        wanted = replace(
            expected,
            queries=None if expected.queries is None else sorted(expected.queries),
            times=None if expected.times is None else sorted(expected.times),
        )
        assert became(found, case, name) == wanted, name


@pytest.mark.parametrize("case", COMMANDS, ids=lambda case: case.name)
def test_command_lines(
    case: CommandCase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case.prepare(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    given = [each.replace("{tmp}", str(tmp_path)) for each in case.arguments]
    places = {"--landing": tmp_path / "landing", "--root": tmp_path / "root"}
    for option, place in places.items():
        if option not in given:
            given += [option, str(place)]

    status = status_of(case.job, *given, session=IDLE)
    said = capsys.readouterr()

    assert status == case.status, said.err
    word = case.word.replace("{tmp}", str(tmp_path))
    assert word in (said.err if status else said.out)
    if status:
        sentence = said.err[said.err.index(command(case.job).parser().prog) :].splitlines()[-1]
        assert word in sentence
        assert "Traceback" not in said.err
        assert sorted(tmp_path.rglob("*")) == before, "something was written"


@pytest.mark.parametrize("case", ELSEWHERE, ids=lambda case: case.name)
def test_tests_that_stand_elsewhere_exist(case: TestedElsewhere) -> None:
    path, _, name = case.test.partition("::")
    tree = ast.parse((PROJECT / path).read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_names_are_used_once() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


def test_the_table_in_the_documentation_is_in_step() -> None:
    assert PAGE.read_text("utf-8") == page(PAGE.read_text("utf-8")), "run python -m tests.corpus"
