"""One `portopt` command in a process of its own, its CPU seconds by stage: whole_job_process.py FILE.json rebalance …

The command is the user's; only its spinner is replaced, by one that keeps a clock. What is outside the steps (imports, reading
the holdings, printing the answer) is `begin` and `end`. Memory is the most that this process ever had resident.
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
    from portopt import cli
    from portopt.commands import progress

    progress.Spinner = Clock  # type: ignore[misc, assignment]  # the one thing here that is not the user's command
    code = cli.run(words)
    total = cpu_seconds()
    STAGES["end"] = total - sum(STAGES.values())
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    Path(path).write_text(json.dumps({"code": code, "total": total, "stages": STAGES, "resident_mb": most / 1024}))
    return code


if __name__ == "__main__":
    sys.exit(main())
