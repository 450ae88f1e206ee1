"""Beliefs on disk: one file each, `<beliefs_id>.npz`, named by its content and never changed. Nothing pickled is read."""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from portopt.domain.arrays import sealed
from portopt.domain.beliefs import Beliefs
from portopt.domain.disk import storage_error
from portopt.domain.errors import DataError, UnknownThing

BELIEFS_ID = re.compile(r"bel-[0-9a-f]{40}")
ARRAYS = ("expected_returns", "covariance", "F", "Omega", "D", "returns")
REMEMBERED = 10_000
LABELS = "labels"  # ids and periods_per_year, as the bytes of JSON: a text in an array loses what looks like padding
SEND_AGAIN = "send the same beliefs again: the same content makes the same id"


class FileBeliefStore:
    """ports.BeliefStore on a folder. Several processes may share it: a file appears whole, by one rename, or not at all."""

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        self._sound: set[str] = set()  # seen whole by this process: who sends the same again does not pay for it to be read

    def put(self, beliefs: Beliefs) -> str:
        """Store them, writing nothing where they are sound already; what stands there damaged is replaced."""
        beliefs_id = beliefs.beliefs_id
        path = self._path(beliefs_id)
        if path.exists() and (beliefs_id in self._sound or self._is_sound(beliefs_id)):
            self._remember(beliefs_id)
            return beliefs_id
        making = self.directory / f".making-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            _write(making, _packed(beliefs))
            making.replace(path)
        except OSError as error:
            what = f"beliefs {beliefs_id} could not be stored in {self.directory}"
            raise storage_error(what, beliefs_id, error, field="beliefs") from error
        finally:
            making.unlink(missing_ok=True)
        self._remember(beliefs_id)
        return beliefs_id

    def _remember(self, beliefs_id: str) -> None:
        if len(self._sound) >= REMEMBERED:
            self._sound.clear()
        self._sound.add(beliefs_id)

    def get(self, beliefs_id: str) -> Beliefs:
        """As they were stored first. Raises UnknownThing, and DataError for a file that has changed."""
        if not BELIEFS_ID.fullmatch(beliefs_id):
            raise UnknownThing("beliefs", beliefs_id)
        try:
            content = self._path(beliefs_id).read_bytes()
        except FileNotFoundError:
            raise UnknownThing("beliefs", beliefs_id, fixes=["send them first, and name the id that comes back"]) from None
        except OSError as error:
            raise storage_error(f"beliefs {beliefs_id} cannot be read", beliefs_id, error, field="beliefs") from error
        try:
            found = _unpacked(beliefs_id, content)
            if found.beliefs_id != beliefs_id:
                raise _damaged(beliefs_id, "their content has changed since they were stored")
        except DataError:
            self._sound.discard(beliefs_id)  # whoever sends them again mends them
            raise
        return found

    def _path(self, beliefs_id: str) -> Path:
        return self.directory / f"{beliefs_id}.npz"

    def _is_sound(self, beliefs_id: str) -> bool:
        try:
            self.get(beliefs_id)
        except DataError:
            return False
        return True


def _packed(beliefs: Beliefs) -> bytes:
    labels = json.dumps({"ids": list(beliefs.ids), "periods_per_year": beliefs.periods_per_year}).encode()
    given = {name: array for name in ARRAYS if (array := getattr(beliefs, name)) is not None}
    arrays: dict[str, Any] = {LABELS: np.frombuffer(labels, dtype=np.uint8), **given}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _unpacked(beliefs_id: str, content: bytes) -> Beliefs:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: sealed(archive[name]) for name in ARRAYS if name in archive.files}
            labels = json.loads(archive[LABELS].tobytes())
        return Beliefs(ids=tuple(labels["ids"]), periods_per_year=labels["periods_per_year"], **arrays)
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile, DataError) as error:
        raise _damaged(beliefs_id, "their file cannot be read") from error


def _damaged(beliefs_id: str, why: str) -> DataError:
    return DataError(f"beliefs {beliefs_id} are damaged: {why}", field="beliefs", value=beliefs_id, fixes=[SEND_AGAIN])


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
