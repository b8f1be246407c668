from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from pipeline.ledger import SAME_CONTENT, SET_ASIDE, TAKEN_IN, FoundFile, LedgerEntry, Plan, plan
from tests.factories import at

NOON = at("2026-03-02T12:00:00")


def file(name: str, *, content: str = "a", minute: int = 0) -> FoundFile:
    return FoundFile(name, len(content), NOON + timedelta(minutes=minute), content)


def entry(found: FoundFile, status: str = TAKEN_IN, detail: str | None = None) -> LedgerEntry:
    return LedgerEntry(found.source, status, detail, found.size, found.modified_at, found.checksum)


def planned(
    *found: FoundFile, ledger: Mapping[str, LedgerEntry] | None = None, retry: bool = False
) -> Plan:
    contents = {each.source: each.checksum for each in found}
    bare = [replace(each, checksum=None) for each in found]
    return plan(bare, ledger or {}, checksum=lambda name: contents[name], retry=retry)


def names(result: Plan) -> list[str]:
    return [each.source for each in result.read]


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


def test_content_is_read_from_its_second_name_when_the_first_changes() -> None:
    ledger = {"a": entry(file("a")), "b": entry(file("b"), SAME_CONTENT, "a")}

    result = planned(file("a", content="other", minute=1), file("b"), ledger=ledger)

    assert (names(result), result.replaced) == (["a", "b"], {"a"})


def test_a_file_that_becomes_a_copy_of_another_gives_its_rows_up() -> None:
    ledger = {"a": entry(file("a")), "b": entry(file("b", content="b"))}

    result = planned(file("a"), file("b", content="a", minute=1), ledger=ledger)

    assert (names(result), result.replaced) == ([], {"b"})
    assert result.entries["b"].status == SAME_CONTENT


def test_a_file_that_was_set_aside_is_tried_again_only_when_asked_or_changed() -> None:
    aside = {"a": entry(file("a"), SET_ASIDE, "it is no log")}

    assert planned(file("a"), ledger=aside).is_empty()
    assert names(planned(file("a"), ledger=aside, retry=True)) == ["a"]
    assert names(planned(file("a", content="b", minute=1), ledger=aside)) == ["a"]


def test_a_file_that_is_gone_keeps_its_rows() -> None:
    assert planned(ledger={"a": entry(file("a"))}).is_empty()


def test_a_file_that_cannot_be_read_is_set_aside_and_the_others_go_on() -> None:
    def checksum(name: str) -> str:
        if name == "locked":
            raise PermissionError(13, "Permission denied")
        return name

    result = plan([file("locked"), file("fine")], {}, checksum=checksum)

    assert names(result) == ["fine"]
    assert result.entries["locked"].status == SET_ASIDE
    assert "Permission denied" in (result.entries["locked"].detail or "")


def test_storage_without_checksums_goes_by_size_and_time() -> None:
    a, b = file("a"), file("b")

    result = plan([a, b], {}, checksum=lambda _: None)

    assert names(result) == ["a", "b"]
