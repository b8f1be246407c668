"""A file of the landing folder is read when nobody is writing it any more."""

from datetime import datetime, timedelta

from pipeline.runs.settling import Settling
from pipeline.store.storage import FileStatus

NOW = datetime.fromisoformat("2026-03-02T12:00:00+00:00")


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def file(name: str = "a.tsv", size: int = 10, modified: float = 0) -> FileStatus:
    return FileStatus(name, size, later(modified))


def test_a_file_that_was_written_a_while_ago_is_read_at_once() -> None:
    assert Settling(1).look([file(modified=-60)], NOW) == {"a.tsv"}


def test_a_file_of_this_moment_is_looked_at_again() -> None:
    settling = Settling(1)
    assert settling.look([file()], NOW) == frozenset()
    assert settling.look([file()], later(0.5)) == frozenset()
    assert settling.look([file()], later(1)) == {"a.tsv"}


def test_what_is_appended_to_is_read_when_it_stops() -> None:
    settling = Settling(1, patience=60)
    for second in range(5):
        assert settling.look([file(size=second, modified=second)], later(second)) == frozenset()
    assert settling.look([file(size=4, modified=4)], later(5)) == {"a.tsv"}


def test_what_never_stops_growing_is_read_as_it_is_from_time_to_time() -> None:
    settling = Settling(1, patience=60)
    read = []
    for second in range(150):
        ready = settling.look([file(size=second, modified=second)], later(second))
        if ready:
            read.append(second)
            settling.note_read(ready)
    assert len(read) == 2


def test_what_was_read_is_read_again_only_when_it_changes() -> None:
    settling = Settling(1)
    settling.note_read(settling.look([file(modified=-60)], NOW))
    assert settling.look([file(modified=-60)], later(5)) == frozenset()
    assert settling.look([file(size=11, modified=5)], later(5)) == frozenset()
    assert settling.look([file(size=11, modified=5)], later(7)) == {"a.tsv"}


def test_what_could_not_be_read_is_offered_again() -> None:
    settling = Settling(1)
    assert settling.look([file(modified=-60)], NOW) == {"a.tsv"}
    assert settling.look([file(modified=-60)], later(2)) == {"a.tsv"}


def test_a_clock_that_is_ahead_does_not_hold_a_file_back() -> None:
    settling = Settling(1)
    settling.look([file(modified=3600)], NOW)
    assert settling.look([file(modified=3600)], later(1)) == {"a.tsv"}


def test_nothing_is_kept_of_files_that_went() -> None:
    settling = Settling(1)
    settling.note_read(settling.look([file(modified=-60), file("b.tsv", modified=-60)], NOW))
    settling.forget([file("b.tsv")])
    assert settling.read == {"b.tsv"}
