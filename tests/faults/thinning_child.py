"""A process that thins figures, and kills itself at a point: before or after a statement that writes, or a rename of files.

python thinning_child.py NOW AT        of the installation at PORTOPT_HOME; AT 0 never
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from itertools import count
from pathlib import Path

from sqlalchemy import event

from portopt.runs.watch.thinning import thin
from portopt.runtime import open_runtime

WRITES = ("WITH", "UPDATE", "DELETE", "INSERT")


def main() -> None:
    now, number = datetime.fromisoformat(sys.argv[1]), int(sys.argv[2])
    runtime = open_runtime()
    points = count(1)

    def point(*_: object, **__: object) -> None:
        if next(points) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def written(connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(WRITES):
            point()

    for moment in ("before_cursor_execute", "after_cursor_execute"):
        event.listen(runtime.runs.database.engine, moment, written)  # type: ignore[attr-defined]
    rename = Path.rename

    def around(self: Path, target: Path) -> Path:
        point()
        found = rename(self, target)
        point()
        return found

    Path.rename = around  # type: ignore[method-assign]
    thin(runtime, now)
    print(next(points) - 1, flush=True)


if __name__ == "__main__":
    main()
