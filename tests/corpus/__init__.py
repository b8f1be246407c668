"""The corpus: everything hostile that a landing folder, a root or a command line was given.

A case is data, in one of the modules `cases_*.py`, whose list `CASES` is found by its name:

    line_case("nul-in-query", "a NUL byte inside a query", query="날\\0씨", becomes="날씨"),
    Case("two-names", "one content under two names",
         {"a.tsv": log("날씨"), "b.tsv": log("날씨")},
         {"a.tsv": taken("날씨"), "b.tsv": same_content()}),

- `line_case`: one odd line between two ordinary ones.
- `Case`: files of a folder of its own below the landing folder, and what becomes of each. Content
  is bytes, text (written as UTF-8) or a function that is given the path. Give a list of
  dictionaries instead of one and each is a later run: new content, `None` to remove a file; the
  clock goes on by a day between runs.
- `options`: of the run (`Landing`: format, charset, zone, day). Cases without options share one
  landing folder, one root and its few runs, which makes them fast; each is judged by the rows that
  `ledger`, `searches` and `rejects` have of its own files. Those with equal options share too.
- `alone="a reason"`: the case has a landing folder of its own, since it concerns all of it.
- `Refused`: what becomes of a run that is to stop with one sentence.
- `CommandCase`: a command line, run without Spark, its exit status and a word of its sentence.
- `TestedElsewhere`: a case whose test stands in another file; that it exists is checked.

Every case is one pytest test (`pytest tests/corpus -k nul-in-query` runs it alone) and one row of
the table in docs/robustness.md, which `python -m tests.corpus` writes anew.
"""
