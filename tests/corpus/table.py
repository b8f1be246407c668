"""All cases, and the table of them in the documentation."""

import importlib
from pathlib import Path
from typing import Final

from tests.corpus.case import Case, CommandCase, TestedElsewhere

AnyCase = Case | CommandCase | TestedElsewhere

PROJECT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = PROJECT / "docs" / "robustness.md"
_BEGIN: Final = "<!-- the cases: written by `python -m tests.corpus` -->"


def modules() -> dict[str, list[AnyCase]]:
    """The cases by the first line of their module's docstring."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("cases_*.py")):
        module = importlib.import_module(f"tests.corpus.{path.stem}")
        found[str(module.__doc__).splitlines()[0]] = list(module.CASES)
    return found


def all_cases() -> list[AnyCase]:
    """Every case, in the order of the table."""
    return [case for cases in modules().values() for case in cases]


def page(before: str) -> str:
    """The page of the documentation with its table as the cases are now."""
    head, mark, _ = before.partition(_BEGIN)
    assert mark, f"{PAGE} lacks the line {_BEGIN}"
    return head + mark + "\n\n" + _tables()


def _tables() -> str:
    parts = [f"{len(all_cases())} cases.\n"]
    for title, cases in modules().items():
        rows = "".join(f"| {_cell(c.what)} | {_cell(c.happens)} | {_test(c)} |\n" for c in cases)
        heading = title.rstrip(".")
        parts.append(
            f"### {heading}\n\n| case | what happens | test |\n| --- | --- | --- |\n{rows}"
        )
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _test(case: AnyCase) -> str:
    return (
        f"`{case.test.removeprefix('tests/')}`"
        if isinstance(case, TestedElsewhere)
        else f"`{case.name}`"
    )
