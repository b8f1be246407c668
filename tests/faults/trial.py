"""One operation, undisturbed and disturbed: what differs afterwards."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.carriers.session import Session
from pipeline.store.root import open_root
from tests.faults.injection import Calls, Killed, photographs, storage_calls
from tests.faults.operations import SUBJECTS, Place, Subject, copied, names_of_ids
from tests.faults.readers import Rows, differences, digest, reading, rows
from tests.jobs import IDLE


@dataclass
class Trial:
    """An operation from one root, again and again."""

    name: str
    subject: Subject
    place: Place  #: where it begins; never worked on
    tmp: Path
    result: Place = field(init=False)  #: what an undisturbed run made of it
    after: Rows = field(default_factory=dict)  #: the rows of that
    #: Rows once the other operation ran on a root as it was, or as the result; and this one then.
    with_other: list[tuple[Rows, Rows]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)  #: of storage, in an undisturbed run
    photographs: list[tuple[str, Path]] = field(default_factory=list)
    #: state of a root after a fault and the next opening -> whether running again mended it
    known: dict[str, list[str]] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    runs: int = 0

    def fresh(self, of: Place | None = None) -> Place:
        """A copy to work on: of where it begins, or of another place."""
        self.runs += 1
        return copied(of or self.place, self.tmp / f"{self.runs:05}")

    def fault(self, number: int, mode: str) -> list[str]:
        """Fail one call in one way, then run again: what differs from an undisturbed run."""
        place, calls = self.fresh(), Calls(number, mode)
        with reading(place.root, self.subject.removes) as reader:
            status = "done"
            with storage_calls(calls):
                try:
                    status = f"exit {self.subject.operation(place)}"
                except (Killed, KeyboardInterrupt) as end:
                    status = type(end).__name__
                except Exception as error:
                    status = f"{type(error).__name__}: {error}".partition("\n")[0]
            found = self.mended(place)
        self.statuses[f"{mode}: {status}"] += 1
        where = f"{self.name}, call {number} ({calls.made[number]}), {mode}, {status}"
        return [f"{where}: {each}" for each in [*found, *reader.failures]]

    def kill(self, number: int) -> list[str]:
        """What a kill before one change of a file leaves: what differs after running again."""
        what, copy = self.photographs[number]
        found = self.mended(Place(self.place.session, self.place.landing, copy))
        return [f"{self.name}, killed before change {number} ({what}): {each}" for each in found]

    def mended(self, place: Place) -> list[str]:
        """Open the root again, run again: what differs. Equal states are tried once."""
        key = _reopened(place.root)
        if key not in self.known:
            found = self._mended_after_another(self.fresh(place)) if self.subject.other else []
            status = self.subject.operation(place)
            found += differences(_rows(place), self.after)
            self.known[key] = [f"run again: exit {status}"] * (status != 0) + found
        return self.known[key]

    def _mended_after_another(self, place: Place) -> list[str]:
        """Run the other operation, then this one again: what is neither all nor nothing of it."""
        assert self.subject.other
        status = self.subject.other(place)
        if status:
            return [f"another job: exit {status}"]
        between = _rows(place)
        fits = [after for before, after in self.with_other if not differences(between, before)]
        if not fits:
            halves = [differences(between, before) for before, _ in self.with_other]
            return [f"another job: {each}" for each in min(halves, key=len)]
        status = self.subject.operation(place)
        left = min((differences(_rows(place), after) for after in fits), key=len)
        again = [f"exit {status}"] * (status != 0) + left
        return [f"run again after another job: {each}" for each in again]


def _rows(place: Place) -> Rows:
    """The rows of a place, with people in place of ids."""
    return rows(place.root, names_of_ids(place.root))


def _reopened(root: Path) -> str:
    """What lies there once a job has opened the root, which mends it; no step is needed."""
    if root.exists():
        with open_root(IDLE, str(root), say=lambda _: None):
            pass
    return digest(root)


def undisturbed(
    session: Session, name: str, tmp: Path, before: "Trial | None", kills: int | None = None
) -> Trial:
    """Prepare an operation and run it once without faults, photographed at each change.

    Args:
        session: what the operation works with.
        name: of the operation.
        tmp: a folder of its own.
        before: the operation that it comes after, whose landing folder it shares.
        kills: at most so many photographs; None: one of each change.
    """
    subject = SUBJECTS[name]
    if before is None:
        place = Place(session, tmp / "landing", tmp / "root")
    else:
        place = copied(before.result, tmp / "root")
    for each in subject.prepared_by:
        assert each(place) == 0, f"{name} cannot be prepared"
    subject.logs(place.landing)
    trial = Trial(name, subject, place, tmp / "trials")
    work, calls = trial.fresh(), Calls()
    with storage_calls(calls), photographs(work.root, tmp / "photographs", kills) as taken:
        assert subject.operation(work) == 0
    trial.result, trial.photographs, trial.calls = work, taken, calls.made
    trial.after = _rows(work)
    assert trial.after, f"{name}: nothing came of it"
    for begin in (place, work) if subject.other else ():
        other = trial.fresh(begin)
        assert subject.other
        assert subject.other(other) == 0
        between = _rows(other)
        assert subject.operation(other) == 0
        trial.with_other.append((between, _rows(other)))
    return trial


def spread(count: int, among: int) -> list[int]:
    """So many of the numbers 0 to among - 1, evenly; all if there are no more."""
    step = max(1, -(-among // count))
    return list(range(0, among, step))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what jobs print."""
    with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
        yield
