"""A command of ours that ends with the process that started it: `python -P -m portopt.doors.processes.command serve --json`."""

from __future__ import annotations

import sys

from portopt.doors.cli import main
from portopt.doors.processes.parts import end_with_starter

if __name__ == "__main__":
    end_with_starter()
    main(sys.argv[1:])
