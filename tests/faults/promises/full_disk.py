"""R7: a home on a disk that is full. Refused in words, nothing half-written; with room, the same asked again is answered."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import small_book
from faults.promises.kept import Kept
from submitted import opened

from portopt.domain.errors import OutsideError, PortoptError
from portopt.domain.run import RunStatus

SIZE = 8 << 20  # bytes of the disk
STEP = 16 << 10  # by which there is more room, try by try


@contextmanager
def small_disk(folder: Path, size: int = SIZE) -> Iterator[Path | None]:
    """A file system of its own in memory; None where nobody may mount one here."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        done = False
    try:
        yield folder if done else None
    finally:
        if done:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=True)


def disk_is_full(home: Path, book: Path, *, steps: int) -> Kept:
    """home: on a small disk. Filled to the last byte, then with more and more room, until a rebalance fits."""
    kept = Kept("R7 the disk is full")
    book.mkdir(parents=True, exist_ok=True)
    opened(home / "installation").opened()
    filler = home / "filler"
    answered = 0
    for step in range(steps):
        _fill(filler, home, leave=step * STEP)
        kept.tried += 1
        answered += _asked(kept, home / "installation", 5000 + step, f"with {step * STEP >> 10} KiB of room")
        filler.unlink()
        _asked_again(kept, home / "installation", 5000 + step)
    kept.measured["answered while it was nearly full"] = answered
    return kept


def _fill(filler: Path, disk: Path, *, leave: int) -> None:
    """Every free byte but so many."""
    with filler.open("wb") as file:
        left = os.statvfs(disk)
        os.posix_fallocate(file.fileno(), 0, max(left.f_bavail * left.f_bsize - leave, 1))


def _asked(kept: Kept, home: Path, cash: int, what: str) -> bool:
    """Whether it was answered all the same; its refusal is ours, and says that there is no room."""
    runtime = opened(home)
    try:
        return small_book.rebalance(runtime, cash).status is RunStatus.COMPLETED
    except OutsideError as error:
        says = f"{error.detail} {error.fixes}"
        kept.require("No space left" in says or "full" in says or "disk I/O" in says, f"{what}, it says: {says}")
    except PortoptError as error:
        kept.broken.append(f"{what}: {type(error).__name__}: {error.detail}")
    except Exception as error:
        kept.broken.append(f"{what}: {type(error).__name__} {error}")
    finally:
        with contextlib.suppress(PortoptError):  # it may not even open
            runtime.runs.close()
    return False


def _asked_again(kept: Kept, home: Path, cash: int) -> None:
    """With room, the same is answered, whole and once; nothing lies about."""
    runtime = opened(home)
    run = small_book.rebalance(runtime, cash)
    kept.require(run.status is RunStatus.COMPLETED and run.is_whole, f"cash {cash}: {run.status} once there is room")
    kept.require(runtime.runs.outbox().waiting == 0, f"cash {cash}: events wait once there is room")
    kept.require(not runtime.runs.examine().damaged, f"cash {cash}: damaged documents")
    litter = [path.name for path in home.rglob("*") if path.name.endswith((".tmp", ".part", ".new"))]
    kept.require(not litter, f"cash {cash} left behind: {litter}")
    runtime.runs.close()
