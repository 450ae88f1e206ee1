"""Ours against the peers in one run: python tests/benchmarks/run.py --sizes 20 100 --engines portopt PIQP --json FILE.

The whole rebalance, from files to a stored report, alone: python tests/benchmarks/run.py --only whole-job --sizes 500.

One core, BLAS threads pinned before NumPy is imported; medians after a warm-up; every engine solves the same problems from
one seeded market, and each answer's worst violation and gap to the best feasible answer stand beside its time.

Exit code 1, after the whole table, when an answer of ours misses a limit by more than 1e-9, is worse than the best one by
more than 1e-7 of it, or is not there at all: a fast wrong answer is no result.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

SIZES = (20, 100, 500, 1_000, 3_000, 10_000)
OURS = "portopt"
VIOLATION, GAP = 1e-9, 1e-7


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="numbers of assets")
    parser.add_argument("--quick", action="store_true", help="20 and 100 assets, few runs")
    parser.add_argument("--cap", type=float, default=15.0, help="seconds beyond which a cell is skipped")
    parser.add_argument("--budget", type=float, default=0.6, help="seconds of repeated runs a cell")
    parser.add_argument("--engines", nargs="+", default=[""], help="only engines whose name holds one of these")
    parser.add_argument("--no-processes", action="store_true", help="leave out the rows that start processes")
    parser.add_argument("--only", choices=["whole-job"], help="these rows alone")
    parser.add_argument("--json", type=Path, help="write every number to this file too")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.budget = [n for n in options.sizes if n <= 100], 0.15
    _one_core()
    from table import report

    with tempfile.TemporaryDirectory() as folder:
        options.json = options.json or Path(folder) / "table.json"
        report(options)
        found = json.loads(options.json.read_text())
    complaints = [complaint for cell in found["cells"] if (complaint := wrong(cell))]
    complaints += [f"{job['job']}, {job['n']} assets: {job['note']}" for job in found["whole_job"] if job["note"]]
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


def wrong(cell: dict[str, Any]) -> str | None:
    """What is the matter with an answer of ours; None for a good one, a skipped one, and everyone else's."""
    if not cell["engine"].startswith(OURS) or cell["note"].startswith(("skipped", "not offered")):
        return None
    name = f"{cell['job']}, {cell['n']} assets, {cell['engine']} ({cell['form']})"
    if cell["violation"] is None:
        return f"{name}: no answer: {cell['note']}"
    # Written so that NaN, which is neither within a bound nor beyond it, is wrong.
    if not cell["violation"] <= VIOLATION:
        return f"{name}: a limit is missed by {cell['violation']:.1e}, more than {VIOLATION:.0e}"
    # Without any answer that keeps every limit to 1e-12 there is nothing to measure a gap against.
    if cell["gap"] is not None and not cell["gap"] <= GAP:
        return f"{name}: the objective is worse than the best by {cell['gap']:.1e} of it, more than {GAP:.0e}"
    return None


def _one_core() -> None:
    """Before anything imports NumPy: its BLAS reads these once."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


if __name__ == "__main__":
    sys.exit(main())
