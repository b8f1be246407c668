"""Changes that happen whole or not at all: files are staged, then one small file names every move.

1. New files are written to `_staging`, and brought to the disk.
2. `_journal.json` is written with one rename. From here on the change holds, whoever finishes it.
3. Each staged file is moved over the one it replaces; what is left of old partitions is deleted;
   `_made_of.json`, `_days.json` and at last `_state.json` are moved.
4. The journal is deleted, then `_staging`.

Cut off before 2, nothing has happened. Cut off later, the next run finds the journal and does 3
again from its beginning: a file that has been moved already is there in its size, and all else may
be done twice. So `_staging` must stay as long as there is a journal. Paths in the journal are below
the root: a root may be moved.
"""

import json
import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from io import BytesIO
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import RootError
from pipeline.store.state import DAYS, STATE, State, made_of_file, made_of_to_json, parsed_made_of
from pipeline.store.storage import Storage

JOURNAL: Final = "_journal.json"
STAGING: Final = "_staging"
#: Where small files are staged: a name that no frame is staged under.
SMALL: Final = "_small"

#: The endings of files of data; others are left where they were staged. Profiles are Arrow, to be
#: mapped (silgeom/profiles.py).
DATA: Final = (".parquet", ".arrow")

#: What a user can do when a change can be neither finished nor taken back.
_START_AGAIN: Final = (
    "put it back from a backup, or name a new --root, into which the logs are taken in again"
)


@dataclass(frozen=True)
class Move:
    """A staged file and the place that it takes, both below the root; `size` in bytes."""

    source: str
    target: str
    size: int | None  #: None: not known, in a journal of layout 0


@dataclass(frozen=True)
class Journal:
    """What a decided change still has to do, in this order; all paths below the root."""

    moves: Sequence[Move]  #: data
    folders: Sequence[str]  #: hold nothing but what was moved there
    removed: Sequence[str] = ()  #: folders and files that go
    small: Sequence[Move] = field(default_factory=list)  #: small files, the state last

    def to_json(self) -> str:
        """What `parsed_journal` reads."""
        return json.dumps(asdict(self), indent=1) + "\n"


class Change:
    """Partitions and small files that are replaced together: all of them or none.

    Attributes:
        storage: where the root lies.
        root: the root's address.
        run: the number of this change; days that it changes get it.
        state: the root's state, to be changed; it takes effect with the files.
    """

    def __init__(self, storage: Storage, root: str, state: State) -> None:
        self.storage = storage
        self.root = root
        self.state = state
        self.run = state.run + 1
        self._before = state.copy()
        self._folders: dict[str, str] = {}  # target folder -> staged folder
        self._added: dict[str, str] = {}  # target folder -> staged folder
        self._removed: set[str] = set()
        self._small: dict[str, tuple[bytes, bool]] = {}  # file -> content, private
        self._made_of: dict[str, dict[str, str | None]] = {}  # file -> partition -> fingerprint

    def address(self, name: str) -> str:
        """Where the frame that was staged under `name` lies."""
        return f"{self.root}/{STAGING}/{name}"

    def stage_table(self, name: str, table: pa.Table) -> str:
        """Write a table as the one file of a staged folder, without Spark; the folder's address."""
        buffer = BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        self.storage.write_bytes(f"{self.address(name)}/part.parquet", buffer.getvalue())
        return self.address(name)

    def put(self, dataset: str, partition: str, staged: str, *, made_of: str | None = None) -> None:
        """Let the files of data in the folder `staged` become the partition's, in place of its own.

        A staged folder that does not exist empties the partition: its folder stays, to tell that
        nothing is missing.

        Args:
            dataset: its name.
            partition: "dt=…" or "dt=…/hour=…"; "" for a dataset without.
            staged: an address in the staging folder.
            made_of: what `made_of` of the root answers from now on; see `fingerprint`.
        """
        self._folders[_joined(dataset, partition)] = staged
        if partition:
            self.note_made_of(dataset, partition, made_of)

    def put_days(
        self,
        dataset: str,
        staged: str,
        days: Iterable[str],
        *,
        made_of: Mapping[str, str] | None = None,
    ) -> None:
        """`put` for the folders dt=… of one staged frame; a day without a folder is emptied.

        Args:
            dataset: its name.
            staged: the frame's address, split by `dt`.
            days: which days are put.
            made_of: by day.
        """
        for day in days:
            self.put(dataset, f"dt={day}", f"{staged}/dt={day}", made_of=(made_of or {}).get(day))

    def add(self, dataset: str, partition: str, staged: str) -> None:
        """Let the files of data in the folder `staged` join those of the partition.

        Args:
            dataset: its name.
            partition: "dt=…".
            staged: an address in the staging folder; it need not exist. Its files keep their names;
                a file of the partition that has one of them is replaced.
        """
        self._added[_joined(dataset, partition)] = staged

    def remove_file(self, address: str) -> None:
        """Let one file of a partition go."""
        self._removed.add(address.removeprefix(f"{self.root}/"))

    def remove(self, dataset: str, partition: str) -> None:
        """Let the folder of a partition go, with all that is in it."""
        self._removed.add(_joined(dataset, partition))
        self.note_made_of(dataset, partition, None)

    def note_made_of(self, dataset: str, partition: str, made_of: str | None) -> None:
        """Tell what a partition was made of without putting it; None: that is forgotten."""
        file, name = made_of_file(dataset, partition)
        self._made_of.setdefault(file, {})[name] = made_of

    def write(self, name: str, data: bytes, *, private: bool = False) -> None:
        """Replace a small file of the root (a key …) together with all else.

        Args:
            name: below the root.
            data: the whole content.
            private: readable by its owner alone.
        """
        self._small[name] = (data, private)

    def partitions(self) -> Counter[str]:
        """How many partitions are put or removed, by dataset."""
        removed = {each for each in self._removed if not each.endswith(DATA)}
        changed = {*self._folders, *self._added, *removed}
        return Counter(folder.partition("/")[0] for folder in changed)

    def commit(self) -> None:
        """Let it all take effect: from the journal on it will happen, whoever finishes it."""
        changed = self._folders or self._added or self._removed
        if not (changed or self._small or self._made_of) and (self.state == self._before):
            return
        self.state.run = self.run
        moves = self._data_moves()
        small = [self._staged_small(name, *each) for name, each in self._small_files().items()]
        sources = [self._below_root(move.source) for move in moves]
        self.storage.sync([*sources, *sorted({posixpath.dirname(each) for each in sources})])
        journal = Journal(moves, sorted(self._folders), sorted(self._removed), small)
        self.storage.write_text(self._below_root(JOURNAL), journal.to_json())
        finish(self.storage, self.root)

    def _below_root(self, path: str) -> str:
        return f"{self.root}/{path}"

    def _data_moves(self) -> list[Move]:
        moves = []
        for target, staged in sorted(self._folders.items()):
            found = self.storage.files(staged) or []
            files = [each for each in found if each.address.endswith(DATA)]
            moves += [
                Move(
                    each.address.removeprefix(f"{self.root}/"),
                    f"{target}/part-{number:05d}{posixpath.splitext(each.address)[1]}",
                    each.size,
                )
                for number, each in enumerate(files)
            ]
        for target, staged in sorted(self._added.items()):
            moves += [
                Move(
                    each.address.removeprefix(f"{self.root}/"),
                    f"{target}/{posixpath.basename(each.address)}",
                    each.size,
                )
                for each in self.storage.files(staged) or []
                if each.address.endswith(DATA)
            ]
        return moves

    def _small_files(self) -> dict[str, tuple[bytes, bool]]:
        """Name -> content, private; the state comes last."""
        files = dict(self._small)
        for name, changed in sorted(self._made_of.items()):
            known = parsed_made_of(self.storage.read_bytes(self._below_root(name)))
            wanted = {key: each for key, each in (known | changed).items() if each is not None}
            if wanted != known:
                files[name] = (made_of_to_json(wanted).encode(), False)
        if replace(self.state, run=0) != replace(self._before, run=0) or self.run == 1:
            files[DAYS] = (self.state.days_to_json().encode(), False)
        files[STATE] = (self.state.to_json().encode(), False)
        return files

    def _staged_small(self, name: str, data: bytes, private: bool) -> Move:
        source = f"{STAGING}/{SMALL}/{name}"
        self.storage.write_bytes(self._below_root(source), data, private=private)
        return Move(source, name, len(data))


def finish(storage: Storage, root: str) -> bool:
    """Finish the change that the journal of a root tells of; whether there was one.

    Raises:
        RootError: it cannot be finished: the journal is damaged, or staged files have gone.
    """
    data = storage.read_bytes(f"{root}/{JOURNAL}")
    if data is None:
        return False
    journal = _parsed(storage, root, data)
    for move in journal.moves:
        _make(storage, root, move)
    filled = {posixpath.dirname(move.target) for move in journal.moves}
    kept = {f"{root}/{move.target}" for move in journal.moves}
    for folder in journal.folders:
        for file in storage.files(f"{root}/{folder}") or []:
            if file.address not in kept:
                storage.delete(file.address)
        if folder not in filled:
            storage.make_folder(f"{root}/{folder}")
    for folder in journal.removed:
        storage.delete(f"{root}/{folder}")
    for move in journal.small:
        _make(storage, root, move)
    targets = [move.target for move in [*journal.moves, *journal.small]]
    storage.sync(f"{root}/{each}".rstrip("/") for each in _folders_above(targets))
    storage.delete(f"{root}/{JOURNAL}")
    storage.delete(f"{root}/{STAGING}")
    return True


def _make(storage: Storage, root: str, move: Move) -> None:
    target = f"{root}/{move.target}"
    try:
        storage.replace(f"{root}/{move.source}", target)
    except FileNotFoundError as error:
        found = {file.address: file.size for file in storage.files(target) or []}
        if target not in found or move.size not in (None, found[target]):
            raise RootError(
                f"a change to {root} was cut off and cannot be finished, since "
                f"{move.source} is gone: {_START_AGAIN}"
            ) from error


def _parsed(storage: Storage, root: str, data: bytes) -> Journal:
    try:
        values = json.loads(data)
        if "state" in values:
            return _of_layout_0(storage, root, values)
        return Journal(
            moves=[Move(**each) for each in values["moves"]],
            folders=[str(each) for each in values["folders"]],
            removed=[str(each) for each in values["removed"]],
            small=[Move(**each) for each in values["small"]],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise RootError(
            f"a change to {root} was cut off and cannot be finished, since {JOURNAL} in it is "
            f"damaged: {_START_AGAIN}"
        ) from error


def _of_layout_0(storage: Storage, root: str, values: Mapping[str, Any]) -> Journal:
    """A journal with whole addresses and the text of the state, without sizes."""
    staging = f"{root}/{STAGING}"
    if not storage.exists(staging):
        raise RootError(
            f"a change to {root} was cut off and cannot be finished, since {STAGING} is gone: "
            f"{_START_AGAIN}"
        )
    moves = [(str(source), str(target)) for source, target in values["moves"]]
    # Where the root lay then.
    there = moves[0][0].partition(f"/{STAGING}/")[0] if moves else root
    state = f"{STAGING}/{SMALL}/{STATE}"
    storage.write_text(f"{root}/{state}", str(values["state"]))
    return Journal(
        moves=[
            Move(source.removeprefix(f"{there}/"), target.removeprefix(f"{there}/"), None)
            for source, target in moves
        ],
        folders=[str(folder).removeprefix(f"{there}/") for folder in values["folders"]],
        small=[Move(state, STATE, None)],
    )


def _folders_above(paths: Iterable[str]) -> list[str]:
    """All folders above files, "" at last: those below before those above."""
    found = {""}
    for path in paths:
        above = posixpath.dirname(path)
        while above not in found:
            found.add(above)
            above = posixpath.dirname(above)
    return sorted(found, reverse=True)


def _joined(dataset: str, partition: str) -> str:
    return f"{dataset}/{partition}".rstrip("/")
