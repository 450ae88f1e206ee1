"""Ours against the peers in one run: python tests/benchmarks/run.py --sizes 20 100 --engines portopt PIQP --json FILE.

One core, BLAS threads pinned before NumPy is imported; medians after a warm-up; every engine solves the same problems from
one seeded market, and each answer's worst violation and gap to the best feasible answer stand beside its time.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

SIZES = (20, 100, 500, 1_000, 3_000, 10_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="numbers of assets")
    parser.add_argument("--quick", action="store_true", help="20 and 100 assets, few runs")
    parser.add_argument("--cap", type=float, default=15.0, help="seconds beyond which a cell is skipped")
    parser.add_argument("--budget", type=float, default=0.6, help="seconds of repeated runs a cell")
    parser.add_argument("--engines", nargs="+", default=[""], help="only engines whose name holds one of these")
    parser.add_argument("--no-processes", action="store_true", help="leave out the rows that start processes")
    parser.add_argument("--json", type=Path, help="write every number to this file too")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.budget = [n for n in options.sizes if n <= 100], 0.15
    _one_core()
    from table import report

    report(options)


def _one_core() -> None:
    """Before anything imports NumPy: its BLAS reads these once."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


if __name__ == "__main__":
    main()
