"""Write the table of cases in docs/robustness.md anew: `python -m tests.corpus`."""

from tests.corpus.table import PAGE, page

PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
