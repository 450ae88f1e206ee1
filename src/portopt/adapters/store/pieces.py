"""Finished pieces of long work on disk: one file each, by the run and the piece's name, whole or not at all.

    pieces/RUN/PIECE.part       the SHA-256 of what follows, a line, then the piece

A run's id is its content's, so what is kept under it is the piece of that question on that pricing pack, whoever worked it out.
What is damaged counts as not there: it is worked out again. Nothing pickled is kept.

A run's folder is as old as what was last put into it, or as the last one who took the run up. It is put aside before it is
removed (`.idle-`), so that whoever takes the run up at that moment finds all of its pieces or none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from portopt.domain.disk import storage_error
from portopt.domain.errors import InvalidValue

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
ASIDE = ".idle-"
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

    def taken_up(self, run_id: str) -> None:
        """Somebody works on the run from now on: what is there of it is in use."""
        with contextlib.suppress(OSError):  # none yet; another's, who touches it as they put
            os.utime(self._path(run_id, "x").parent)

    def idle(self, seconds: float, now: float | None = None) -> Sequence[str]:
        """Runs of which nothing was kept, and which nobody took up, for so long. now: seconds since 1970; None for the clock's.

        A folder that is put aside, and whose remover was killed, is one of them, under the run's id.
        """
        before = (time.time() if now is None else now) - seconds
        try:
            with os.scandir(self.directory) as entries:
                there = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:  # none yet, or not ours to look at: nothing that a sweep could remove
            return ()
        found = {path.name.removeprefix(ASIDE) for path in there if _touched(path) < before}
        return sorted(name for name in found if NAME.fullmatch(name))

    def forget_idle(self, run_id: str, seconds: float, now: float | None = None) -> bool:
        """Remove what is left of the run, unless somebody took it up meanwhile; whether anything was removed."""
        path, before = self._path(run_id, "x").parent, (time.time() if now is None else now) - seconds
        aside = path.with_name(ASIDE + run_id)
        if not aside.is_dir():
            try:
                path.rename(aside)
            except OSError:  # it is gone, or not ours to remove
                return False
        if _touched(aside) >= before:
            _give_back(aside, path)
            return False
        shutil.rmtree(aside, ignore_errors=True)
        return True

    def _path(self, run_id: str, piece: str) -> Path:
        for field, name in (("run", run_id), ("piece", piece)):
            if not NAME.fullmatch(name):
                raise InvalidValue(field, name, "is no name of a file here")
        return self.directory / run_id / f"{piece}.part"


def _give_back(aside: Path, path: Path) -> None:
    """What was put aside stands where it stood, beside what was put there meanwhile."""
    with contextlib.suppress(OSError):  # another who was at the same gives it back
        path.mkdir(exist_ok=True)
        for piece in aside.iterdir():
            piece.replace(path / piece.name)
        aside.rmdir()


def _touched(path: Path) -> float:
    """When something was last put into the folder, or it was taken up; now where it is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()
