from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.store.ledger import (
    DAMAGED,
    SAME_CONTENT,
    SET_ASIDE,
    TAKEN_IN,
    FoundFile,
    LedgerEntry,
    Plan,
    Wishes,
    next_look,
    plan,
    set_aside,
)
from tests.factories import at

NOON = at("2026-03-02T12:00:00")


def file(name: str, *, content: str = "a", minute: int = 0) -> FoundFile:
    return FoundFile(name, len(content), NOON + timedelta(minutes=minute), content)


def entry(
    found: FoundFile,
    status: str = TAKEN_IN,
    detail: str | None = None,
    **more: Any,  # noqa: ANN401
) -> LedgerEntry:
    return LedgerEntry(
        found.source, status, detail, found.size, found.modified_at, found.checksum, **more
    )


def planned(
    *found: FoundFile,
    ledger: Mapping[str, LedgerEntry] | None = None,
    missing: Collection[str] = (),
    now: datetime = NOON,
    **wishes: Any,  # noqa: ANN401
) -> Plan:
    contents = {each.source: each.checksum for each in found}
    bare = [replace(each, checksum=None) for each in found]
    return plan(
        bare,
        ledger or {},
        checksum=lambda name: contents[name],
        now=now,
        wishes=Wishes(**wishes),
        missing=missing,
    )


def names(result: Plan) -> list[str]:
    return [each.source for each in result.read]


def names_again(result: Plan) -> list[str]:
    return [each.source for each, _ in result.again]


def test_a_new_file_is_read_and_a_known_one_is_not() -> None:
    old, new = file("old", content="x"), file("new", content="y")

    result = planned(old, new, ledger={"old": entry(old)})

    assert (names(result), result.replaced, result.entries) == (["new"], set(), {})


def test_the_same_bytes_put_again_are_nothing_new_but_their_time_is_noted() -> None:
    before, after = file("a"), file("a", minute=5)

    result = planned(after, ledger={"a": entry(before)})

    assert (names(result), result.replaced) == ([], set())
    assert result.entries["a"].modified_at == after.modified_at


def test_a_file_put_again_with_other_content_replaces_its_rows() -> None:
    result = planned(file("a", content="new", minute=1), ledger={"a": entry(file("a"))})

    assert (names(result), result.replaced) == (["a"], {"a"})


def test_the_same_content_under_two_names_is_read_once() -> None:
    result = planned(file("b"), file("a"))

    assert names(result) == ["a"]
    assert (result.entries["b"].status, result.entries["b"].detail) == (SAME_CONTENT, "a")


def test_a_copy_takes_over_when_the_file_that_was_read_changes() -> None:
    ledger = {"a": entry(file("a")), "b": entry(file("b"), SAME_CONTENT, "a")}

    result = planned(file("a", content="other", minute=1), file("b"), ledger=ledger)

    assert (names(result), result.replaced) == (["a"], set())
    assert (result.entries["b"].status, result.entries["b"].rows_name) == (TAKEN_IN, "a")
    assert result.read[0].rows_name != "a"


def test_a_file_that_becomes_a_copy_of_another_gives_its_rows_up() -> None:
    ledger = {"a": entry(file("a")), "b": entry(file("b", content="b"))}

    result = planned(file("a"), file("b", content="a", minute=1), ledger=ledger)

    assert (names(result), result.replaced) == ([], {"b"})
    assert result.entries["b"].status == SAME_CONTENT


def test_a_file_that_was_set_aside_is_tried_again_only_when_asked_or_changed() -> None:
    aside = {"a": entry(file("a"), SET_ASIDE, "it is no log")}

    assert planned(file("a"), ledger=aside).is_empty()
    assert names(planned(file("a"), ledger=aside, retry=True)) == ["a"]
    assert names(planned(file("a"), ledger=aside, said=("{}", None, None))) == ["a"]
    assert names(planned(file("a", content="b", minute=1), ledger=aside)) == ["a"]


def test_a_file_that_no_format_fitted_is_tried_once_in_each_way_that_is_said() -> None:
    tried = set_aside(file("a"), "it is no log", said=("{}", "CP949", None))

    assert planned(file("a"), ledger={"a": tried}, said=("{}", "CP949", None)).is_empty()
    assert planned(file("a"), ledger={"a": tried}).is_empty()
    for said in (("{}", None, None), ('{"header": "none"}', "CP949", None)):
        assert names(planned(file("a"), ledger={"a": tried}, said=said)) == ["a"]


def test_a_damaged_file_is_not_tried_again_because_another_format_is_named() -> None:
    aside = {"a": entry(file("a"), SET_ASIDE, f"{DAMAGED} (EOFError)")}

    assert planned(file("a"), ledger=aside, said=("{}", None, None)).is_empty()
    assert names(planned(file("a"), ledger=aside, retry=True)) == ["a"]


def test_a_file_that_is_gone_keeps_its_rows_and_is_told() -> None:
    result = planned(ledger={"a": entry(file("a"))}, missing=["a"])

    assert (result.is_empty(), result.gone) == (True, ["a"])


def test_rows_of_files_that_are_gone_go_when_that_is_asked_for() -> None:
    ledger = {
        "a": entry(file("a")),
        "b": entry(file("b", content="b")),
        "elsewhere": entry(file("elsewhere", content="c")),
    }

    result = planned(file("b", content="b"), ledger=ledger, missing=["a"], forget_missing=True)

    assert (result.forgotten, result.replaced, result.dropped) == (["a"], {"a"}, {"a"})
    assert (result.gone, names(result)) == ([], [])


def test_a_file_without_rows_that_is_gone_is_not_heard_of_again() -> None:
    ledger = {"a": entry(file("a"), SET_ASIDE, "it is no log")}

    result = planned(ledger=ledger, missing=["a"])

    assert (result.dropped, result.gone, result.replaced) == ({"a"}, [], set())


def test_a_renamed_file_is_not_read_and_its_rows_keep_their_name() -> None:
    old = entry(file("a"), accepted=7, lines=7)

    result = planned(file("b", minute=9), ledger={"a": old}, missing=["a"], forget_missing=True)

    assert (names(result), result.replaced, result.forgotten) == ([], set(), [])
    assert (result.renamed, result.dropped) == ({"b": "a"}, {"a"})
    moved = result.entries["b"]
    assert (moved.source, moved.rows_name, moved.accepted) == ("b", "a", 7)
    assert (moved.status, moved.modified_at) == (TAKEN_IN, NOON + timedelta(minutes=9))


def test_a_copy_takes_over_when_the_file_that_was_read_is_deleted() -> None:
    ledger = {"a": entry(file("a"), accepted=7), "b": entry(file("b"), SAME_CONTENT, "a")}

    result = planned(file("b"), ledger=ledger, missing=["a"])

    assert (names(result), result.gone, result.dropped) == ([], [], {"a"})
    assert (result.entries["b"].status, result.entries["b"].rows_name) == (TAKEN_IN, "a")


def test_rotated_logs_are_moved_names_and_only_the_fresh_one_is_read() -> None:
    ledger = {
        "log": entry(file("log", content="tuesday"), accepted=2),
        "log.1": entry(file("log.1", content="monday"), accepted=1),
    }

    # log -> log.1 -> log.2, and a new log.
    result = planned(
        file("log", content="wednesday", minute=3),
        file("log.1", content="tuesday", minute=2),
        file("log.2", content="monday", minute=1),
        ledger=ledger,
    )

    assert (names(result), result.replaced) == (["log"], set())
    assert result.renamed == {"log.1": "log", "log.2": "log.1"}
    rows = {source: each.rows_name for source, each in result.entries.items()}
    assert rows == {"log.1": "log", "log.2": "log.1"}
    # The rows of the new one must not be taken for those that have its name already.
    assert result.read[0].rows_name not in ("log", "log.1")


def test_two_files_that_change_names_are_both_renamed() -> None:
    ledger = {"a": entry(file("a", content="1")), "b": entry(file("b", content="2"))}

    result = planned(
        file("a", content="2", minute=1), file("b", content="1", minute=1), ledger=ledger
    )

    assert (names(result), result.replaced, result.dropped) == ([], set(), set())
    assert result.renamed == {"a": "b", "b": "a"}


def test_a_file_named_to_be_read_again_is_and_its_copy_stays_a_copy() -> None:
    ledger = {"b": entry(file("b")), "a": entry(file("a"), SAME_CONTENT, "b")}

    result = planned(file("a"), file("b"), ledger=ledger, reread=frozenset({"b"}))

    assert (names(result), result.replaced, result.entries) == (["b"], {"b"}, {})


def test_files_with_duplicates_are_read_again_as_before_when_rows_go() -> None:
    ledger = {
        "a": entry(file("a", content="1")),
        "b": entry(file("b", content="2"), duplicates=3, declaration="as b"),
        "c": entry(file("c", content="3")),
        "gone": entry(file("gone", content="4"), duplicates=3),
    }
    changed = [file("a", content="new", minute=1), file("b", content="2"), file("c", content="3")]

    result = planned(*changed, ledger=ledger, missing=["gone"])

    assert (names(result), names_again(result)) == (["a"], ["b"])
    assert result.again[0][1].declaration == "as b"
    assert result.replaced == {"a", "b"}


def test_a_file_with_lines_of_the_future_is_read_again_when_they_fall_due() -> None:
    due = NOON + timedelta(minutes=30)
    ledger = {
        "a": entry(file("a", content="1"), look_again_at=due),
        "b": entry(file("b", content="2"), duplicates=3),
    }
    files = [file("a", content="1"), file("b", content="2")]

    assert planned(*files, ledger=ledger, now=due - timedelta(seconds=1)).is_empty()
    result = planned(*files, ledger=ledger, now=due)
    # The rows that go come back: what they hid stays hidden, b need not be read.
    assert (names_again(result), result.replaced) == (["a"], {"a"})


def test_lines_that_fall_due_one_by_one_are_looked_at_once_an_hour() -> None:
    due = NOON + timedelta(minutes=1)
    before = entry(file("a"), look_again_at=NOON)

    assert next_look(None, before, NOON) is None
    assert next_look(due, None, NOON) == due
    assert next_look(due, before, NOON) == NOON + timedelta(hours=1)
    later = NOON + timedelta(days=300)
    assert next_look(later, before, NOON) == later


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), FileNotFoundError(2, "Gone")])
def test_a_file_out_of_reach_is_named_keeps_what_is_known_and_the_others_go_on(
    error: OSError,
) -> None:
    def checksum(name: str) -> str:
        if name.startswith("away"):
            raise error
        return name

    ledger = {
        "away": entry(file("away", content="old")),
        "copy": entry(file("copy", content="old"), SAME_CONTENT, "away"),
    }
    found = [
        file("away", content="new", minute=1),
        file("away too"),
        replace(file("copy", content="old"), checksum=None),
        file("fine"),
    ]

    result = plan(found, ledger, checksum=checksum, now=NOON)

    assert names(result) == ["fine"]
    assert (result.replaced, result.entries, result.dropped) == (set(), {}, set())
    assert result.unreachable == {"away": error.strerror, "away too": error.strerror}


def test_a_file_that_cannot_be_read_after_all_keeps_its_rows_and_is_nobodys_original() -> None:
    ledger = {"a": entry(file("a", content="old"))}
    result = planned(file("a", content="new", minute=1), file("b", content="new"), ledger=ledger)
    assert (names(result), result.replaced) == (["a"], {"a"})

    result.leave_out("a", "a node is away")

    assert (names(result), result.replaced, result.entries) == ([], set(), {})
    assert result.unreachable == {"a": "a node is away"}


def test_storage_without_checksums_goes_by_size_and_time() -> None:
    a, b = file("a"), file("b")

    result = plan([a, b], {}, checksum=lambda _: None, now=NOON)

    assert names(result) == ["a", "b"]
