"""One `portopt` command in a process of its own, its CPU seconds by stage: whole_job_process.py FILE.json rebalance …

The command is the user's; only its spinner is replaced, by one that keeps a clock. What is outside the steps (imports, reading
the holdings, opening the database, printing the answer) is `begin` and `rest`. Memory is the most that this process ever had
resident. After the clock stopped, the sections of the stored document that a row of the table is made of are read back.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STAGES: dict[str, float] = {}


class Clock:
    """A ports.Progress that knows what each step took."""

    def __enter__(self) -> Clock:
        STAGES["begin"] = cpu_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def count(self, done: int, of: int) -> None:
        pass

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = cpu_seconds()
        try:
            yield
        finally:
            STAGES[name] = cpu_seconds() - began


def cpu_seconds() -> float:
    """User and system, of this process and of those it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> int:
    path, *words = sys.argv[1:]
    from portopt.doors import cli
    from portopt.doors.commands import progress

    progress.Spinner = Clock  # type: ignore[misc, assignment]  # the one thing here that is not the user's command
    try:
        cli.main(words)
    except SystemExit as ended:
        code = int(ended.code or 0)
    total = cpu_seconds()
    STAGES["rest"] = total - sum(STAGES.values())
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    kept = {"total": total, "stages": STAGES, "resident_mb": most, "answer": _answer() if code == 0 else None}
    Path(path).write_text(json.dumps(kept))
    return code


def _answer() -> dict[str, object]:
    from portopt.runtime import runtime

    document = runtime().runs.get(runtime().runs.runs(limit=1)[0].run_id).document or {}
    return {name: document[name] for name in ("rounding", "certificate", "figures", "objective")}


if __name__ == "__main__":
    sys.exit(main())
