"""R10: what was answered is worked out again to the same bytes, on a machine that is busy too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import small_book
from faults.promises.kept import Kept
from submitted import opened

from portopt.runs.history import replay

BUSY = "import time\nend = time.monotonic() + 600\nwhile time.monotonic() < end: sum(range(10_000))"


@contextmanager
def busy_machine(processes: int) -> Iterator[None]:
    """So many processes that compute without a pause; they end by themselves too."""
    children = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(processes)]
    try:
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()


def is_replayed(home: Path, *, times: int, processes: int = 6) -> Kept:
    """Each run on a quiet machine first, then again beside the others."""
    kept = Kept("R10 a run is replayed on a busy machine")
    runtime = opened(home)
    runs = [small_book.rebalance(runtime, 5000 + k) for k in range(times)]
    with busy_machine(processes):
        for run in runs:
            kept.tried += 1
            kept.require(bool(replay(run.run_id, runtime)["same"]), f"{run.run_id} comes out otherwise")
    runtime.runs.close()
    return kept
