"""Events as lines of a file: the sink that needs no broker."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from portopt.adapters.events.cloudevents import attributes
from portopt.domain.canonical import canonical_json
from portopt.domain.disk import storage_error
from portopt.domain.errors import DataError, EventRefused
from portopt.domain.run import Event

_BLOCK = 1 << 20


class LocalLog:
    """Implements ports.EventSink. One line an event: a CloudEvents object whose `data` is exactly the event's body.

    Several processes may write at once (a lock on the file), a line is on disk before `deliver` returns, and an event
    that is in the file already is not written again. A line cut short by a kill is completed where only its end was
    lost, and taken back otherwise: its event was never acknowledged and comes again. A line in the middle that is no event
    (somebody edited the file, a disk lost a block) is left as it is and counted: events go on behind it.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._ids: set[str] = set()
        self._read_to = 0  # everything before this offset is in _ids
        self._lines = 0
        self._damaged: list[bytes] = []
        self._inode: int | None = None

    def deliver(self, event: Event, *, shard: int = 0, number: int | None = None) -> None:
        """Raises OutsideError or RequestError when the file cannot be written, DataError when it is not a log of events.

        A repeat is known by its id; shard and number say nothing here.
        """
        self._write(event, attributes(event))

    def replay(self, event: Event) -> None:
        """An event that the file lost, marked as a replay; one that is there is not written again."""
        self._write(event, attributes(event, replay=True))

    def highest(self, shard: int) -> int:
        """Nothing is known by number."""
        return 0

    def _write(self, event: Event, envelope: Mapping[str, str]) -> None:
        line = _line(event, envelope)
        try:
            with self._locked() as file:
                self._catch_up(file)
                if event.event_id in self._ids:
                    return
                self._append(file, line)
                self._ids.add(event.event_id)
                self._read_to += len(line)
                self._lines += 1
        except OSError as error:
            raise storage_error(f"the event log {self.path} cannot be written", self.path, error, field="event_log") from error

    def damaged_lines(self) -> list[int]:
        """Numbers of the lines that are no events; none of a log that nobody has begun."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_error(f"the event log {self.path} cannot be read", self.path, error, field="event_log") from error
        return [number for number, line in enumerate(lines[:-1], start=1) if _id_of(line) is None]

    def _append(self, file: int, line: bytes) -> None:
        """The whole line, or none of it: of a disk that is full the part that found room is taken back."""
        end = os.fstat(file).st_size
        try:
            _write_all(file, line)
            os.fsync(file)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(file, end)
            raise

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
            self._ids, self._read_to, self._lines, self._damaged, self._inode = set(), 0, 0, [], stat.st_ino
            if stat.st_size == 0:
                _sync_folder(self.path.parent)
        rest = b""
        while block := os.pread(file, _BLOCK, self._read_to + len(rest)):
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                self._learn(line)
        self._require_log()
        if rest:
            self._repair(file, rest)

    def _learn(self, line: bytes) -> None:
        event_id = _id_of(line)
        self._read_to += len(line) + 1
        self._lines += 1
        if event_id is None:
            self._damaged.append(line)
        else:
            self._ids.add(event_id)

    def _require_log(self) -> None:
        """A file whose every line is something else is somebody else's."""
        if not self._ids and self._damaged:
            self._inode = None  # looked at from the beginning next time
            raise DataError(
                f"line 1 of {self.path} is not an event",
                field="event_log",
                value=self._damaged[0][:80].decode(errors="replace"),
                fixes=["move the file away; a new one is begun with the next event"],
            )

    def _repair(self, file: int, rest: bytes) -> None:
        if _id_of(rest) is None:
            os.ftruncate(file, self._read_to)
        else:
            _write_all(file, b"\n")
            self._learn(rest)
        os.fsync(file)


def _line(event: Event, envelope: Mapping[str, str]) -> bytes:
    try:
        return canonical_json({**envelope, "data": event.body}) + b"\n"
    except (TypeError, ValueError) as error:
        raise EventRefused(f"event {event.event_id} cannot be written as JSON: {error}", field="event") from error


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
