"""Names and places of files."""

import os
import unicodedata
from pathlib import Path

from tests.corpus.case import Case, Content, Expected, line, log, passed_over, taken
from tests.corpus.table import AnyCase


def named(name: str, what: str, file: str) -> Case:
    return Case(f"name-{name}", what, {file: log("날씨")}, {file: taken("날씨")})


def link_to(target: str) -> Content:
    """A symbolic link; beside the landing folder lies nothing of the corpus."""
    return lambda path: path.symlink_to(target)


def linked_folder(path: Path) -> None:
    outside = path.parents[2] / f"outside {path.name}"
    outside.mkdir()
    (outside / "log.tsv").write_text(log("날씨"), "utf-8")
    path.symlink_to(outside)


CASES: list[AnyCase] = [
    named("spaces", "spaces", "my log of today.tsv"),
    named("hangul", "Hangul", "검색 로그.tsv"),
    named("nfd", "Hangul decomposed", unicodedata.normalize("NFD", "검색.tsv")),
    named("emoji", "an emoji", "🍕.tsv"),
    named("percent", "a percent sign", "100%.tsv"),
    named("percent-code", "%20 as text", "a%20b.tsv"),
    named("plus", "a plus sign", "a+b.tsv"),
    named("hash", "a hash", "a#b.tsv"),
    named("query", "a question mark", "a?b.tsv"),
    named("star", "a star", "*.tsv"),
    named("brackets", "brackets", "[a-z].tsv"),
    named("braces", "braces", "{a,b}.tsv"),
    named("backslash", "a backslash", "a\\b.tsv"),
    named("quotes", "quotes", "a'b\"c.tsv"),
    named("dollar", "what a shell would run", "$(touch x);`id`&.tsv"),
    named("equals", "an equals sign", "a=b.tsv"),
    named("dash", "a dash at its beginning", "-rf.tsv"),
    named("space-first", "a space at its beginning", " a.tsv"),
    named("space-last", "a space at its end", "a.tsv "),
    named("dots", "three dots inside", "a...b.tsv"),
    named("digits", "digits alone", "20260302"),
    named("no-suffix", "no suffix", "log"),
    named("capitals", "a suffix in capitals", "LOG.TSV"),
    named("other-suffix", "a suffix of something else", "log.png"),
    named("255", "255 bytes", "a" * 251 + ".tsv"),
    named("tab", "a tab", "a\tb.tsv"),
    named("line-break", "a line break", "a\nb.tsv"),
    named("escape", "an escape code of a terminal", "a\x1b[31mb.tsv"),
    named("at", "an at sign", "a@b.tsv"),
    named("colon", "a colon", "09:00.tsv"),
    named("folder-colon", "a folder with a colon", "a:b/log.tsv"),
    named("no-utf8", "a name in CP949, which is no UTF-8", os.fsdecode("로그.tsv".encode("cp949"))),
    named("folder-no-utf8", "a folder whose name is no UTF-8", os.fsdecode(b"\xff\xfe/log.tsv")),
    named("rtl", "Arabic and a mark of direction", "\u202eسجل.tsv"),
    named("partition", "folders as Hive names them", "dt=2026-03-02/hour=09/log.tsv"),
    named("deep", "thirty folders deep", "d/" * 30 + "log.tsv"),
    named("folder-odd", "a folder with brackets, spaces and Hangul", "[1] 로그 {x}/log.tsv"),
    Case(
        "name-equal",
        "equal names in two folders",
        {"a/log.tsv": log("날씨"), "b/log.tsv": log("환율")},
        {"a/log.tsv": taken("날씨"), "b/log.tsv": taken("환율")},
    ),
    Case(
        "name-case",
        "names that differ in case alone",
        {"log.tsv": log("날씨"), "LOG.tsv": log("환율")},
        {"log.tsv": taken("날씨"), "LOG.tsv": taken("환율")},
    ),
    Case(
        "name-link",
        "a symbolic link to a file",
        {"real.txt": log("날씨"), "x.tsv": link_to("real.txt")},
        {"real.txt": taken("날씨"), "x.tsv": Expected("same_content")},
    ),
    Case(
        "name-hidden",
        "a name that begins with a point",
        {"log.tsv": log("날씨"), ".hidden.tsv": log("환율")},
        {"log.tsv": taken("날씨"), ".hidden.tsv": passed_over("begins with . or _")},
    ),
    Case(
        "name-underscore",
        "a name that begins with an underscore",
        {"log.tsv": log("날씨"), "_underscore.tsv": log("환율")},
        {"log.tsv": taken("날씨"), "_underscore.tsv": passed_over("begins with . or _")},
    ),
    Case(
        "name-copying",
        "a file that is still being put",
        {"log.tsv": log("날씨"), "big.tsv._COPYING_": log("환율")},
        {"log.tsv": taken("날씨"), "big.tsv._COPYING_": passed_over("still being put")},
    ),
    Case(
        "name-hidden-folder",
        "a folder that begins with a point",
        {"log.tsv": log("날씨"), ".cache/old.tsv": log("환율")},
        {"log.tsv": taken("날씨"), ".cache": passed_over("begins with . or _")},
    ),
    Case(
        "name-linked-folder",
        "a symbolic link to a folder",
        {"log.tsv": log("날씨"), "linked-folder": linked_folder},
        {"log.tsv": taken("날씨"), "linked-folder": passed_over("link to a folder")},
    ),
    Case(
        "name-broken-link",
        "a symbolic link to nothing",
        {"log.tsv": log("날씨"), "broken.tsv": link_to("nowhere")},
        {"log.tsv": taken("날씨"), "broken.tsv": passed_over("link to nothing")},
    ),
    Case(
        "name-link-loop",
        "a symbolic link to itself",
        {"log.tsv": log("날씨"), "loop.tsv": link_to("loop.tsv")},
        {"log.tsv": taken("날씨"), "loop.tsv": passed_over("")},
    ),
    Case(
        "name-fifo",
        "a named pipe, which would wait for ever",
        {"log.tsv": log("날씨"), "pipe.tsv": lambda path: os.mkfifo(path)},
        {"log.tsv": taken("날씨"), "pipe.tsv": passed_over("no plain file")},
    ),
    Case(
        "name-empty-folder",
        "an empty folder",
        {"log.tsv": log("날씨"), "empty/x": lambda _: None},
        {"log.tsv": taken("날씨")},
    ),
    Case(
        "name-one-file",
        "--landing of many small files",
        {f"f{n:03}.tsv": line("날씨") for n in range(60)},
        {f"f{n:03}.tsv": taken("날씨") for n in range(2)},
    ),
]
