"""Finished pieces of long work on disk: one file each, by the run and the piece's name, whole or not at all.

    pieces/RUN/PIECE.part       the SHA-256 of what follows, a line, then the piece

A run's id is its content's, so what is kept under it is the piece of that question on that pricing pack, whoever worked it out.
What is damaged counts as not there: it is worked out again. Nothing pickled is kept.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from pathlib import Path

from portopt.domain.disk import storage_error
from portopt.domain.errors import InvalidValue

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SEAL = 65  # bytes: the digest in hexadecimal, and the end of its line


class FilePieceStore:
    """ports.PieceStore on a folder that every process that works on a run shares."""

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)

    def put(self, run_id: str, piece: str, content: bytes) -> None:
        """Keep it; one that is there already stays as it is."""
        path = self._path(run_id, piece)
        if self.has(run_id, piece):
            return
        making = path.with_name(f".making-{os.getpid()}-{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with making.open("xb") as file:
                file.write(f"{hashlib.sha256(content).hexdigest()}\n".encode() + content)
                file.flush()
                os.fsync(file.fileno())
            making.replace(path)
        except OSError as error:
            raise storage_error(f"a piece of {run_id} could not be kept in {path.parent}", path, error, field="home") from error
        finally:
            making.unlink(missing_ok=True)

    def get(self, run_id: str, piece: str) -> bytes | None:
        """As it was kept; None where it is not, or is damaged."""
        path = self._path(run_id, piece)
        try:
            found = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_error(f"a piece of {run_id} cannot be read", path, error, field="home") from error
        seal, content = found[:SEAL], found[SEAL:]
        return content if seal == f"{hashlib.sha256(content).hexdigest()}\n".encode() else None

    def has(self, run_id: str, piece: str) -> bool:
        """Whether it is there, sound."""
        return self.get(run_id, piece) is not None

    def forget(self, run_id: str) -> None:
        """The run is ended, and needs its pieces no more. Who cannot remove them leaves them."""
        shutil.rmtree(self._path(run_id, "x").parent, ignore_errors=True)

    def _path(self, run_id: str, piece: str) -> Path:
        for field, name in (("run", run_id), ("piece", piece)):
            if not NAME.fullmatch(name):
                raise InvalidValue(field, name, "is no name of a file here")
        return self.directory / run_id / f"{piece}.part"
