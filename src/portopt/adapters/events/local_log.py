"""Events as lines of a file: the sink that needs no broker."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portopt.adapters.events.cloudevents import attributes
from portopt.domain.canonical import canonical_json
from portopt.domain.errors import DataError, OutsideError
from portopt.domain.run import Event

_BLOCK = 1 << 20


class LocalLog:
    """Implements ports.EventSink. One line an event: a CloudEvents object whose `data` is exactly the event's body.

    Several processes may write at once (a lock on the file), a line is on disk before `deliver` returns, and an event
    that is in the file already is not written again. A line cut short by a kill is completed where only its end was
    lost, and taken back otherwise: its event was never acknowledged and comes again.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._ids: set[str] = set()
        self._read_to = 0  # everything before this offset is in _ids
        self._lines = 0
        self._inode: int | None = None

    def deliver(self, event: Event) -> None:
        """Raises OutsideError when the file cannot be written, DataError when it is not a log of events."""
        line = canonical_json({**attributes(event), "data": event.body}) + b"\n"
        try:
            with self._locked() as file:
                self._catch_up(file)
                if event.event_id in self._ids:
                    return
                _write_all(file, line)
                os.fsync(file)
                self._ids.add(event.event_id)
                self._read_to += len(line)
                self._lines += 1
        except OSError as error:
            raise OutsideError(
                f"the event log {self.path} cannot be written: {error.strerror}", field="event_log", value=str(self.path)
            ) from error

    def close(self) -> None:
        """Nothing is held open between deliveries."""

    @contextmanager
    def _locked(self) -> Iterator[int]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)  # which also unlocks

    def _catch_up(self, file: int) -> None:
        """Learn the ids that were added since the last look; repair a last line that has no end."""
        stat = os.fstat(file)
        if stat.st_ino != self._inode or stat.st_size < self._read_to:  # new, rotated or cut: from the beginning
            self._ids, self._read_to, self._lines, self._inode = set(), 0, 0, stat.st_ino
            if stat.st_size == 0:
                _sync_folder(self.path.parent)
        rest = b""
        while block := os.pread(file, _BLOCK, self._read_to + len(rest)):
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                self._learn(line)
        if rest:
            self._repair(file, rest)

    def _learn(self, line: bytes) -> None:
        event_id = _id_of(line)
        if event_id is None:
            raise DataError(
                f"line {self._lines + 1} of {self.path} is not an event",
                field="event_log",
                value=line[:80].decode(errors="replace"),
                fixes=["move the file away; a new one is begun with the next event"],
            )
        self._ids.add(event_id)
        self._read_to += len(line) + 1
        self._lines += 1

    def _repair(self, file: int, rest: bytes) -> None:
        if _id_of(rest) is None:
            os.ftruncate(file, self._read_to)
        else:
            _write_all(file, b"\n")
            self._learn(rest)
        os.fsync(file)


def _id_of(line: bytes) -> str | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    event_id = found.get("id") if isinstance(found, dict) else None
    return event_id if isinstance(event_id, str) else None


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _sync_folder(folder: Path) -> None:
    """A new file is on disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
