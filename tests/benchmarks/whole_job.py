"""The whole rebalance, from a user's files to a stored and reported proposal: python tests/benchmarks/whole_job.py --sizes 500.

One row a job and size: CPU seconds of `portopt rebalance` in a process of its own, imports included, by stage, in a home whose
database is there but empty (`portopt db upgrade`). `rest` is what no step is told of, such as imports. Then the most memory it
had; the bytes of the report and of what the database holds of the run; how the shares were found, and how far they are from
the certified continuous optimum, which no whole shares can beat, in basis points of portfolio value a year.

`make bench` prints the same rows. One core, BLAS threads 1.

Exit code 1 when a job has no certified answer, or misses a goal that --strict holds it to.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whole_job_files import INDEX, JOBS, Files, write_files

HERE = Path(__file__).parent
PROCESS = HERE / "whole_job_process.py"
SIZES = (100, 500, 1_000, 3_000, 10_000)
PATIENCE = 600.0  # seconds of wall time, then the row says so
STAGES = ("begin", "fetch prices", "estimate", "optimize", "validate", "trade", "explain", "persist", "rest")
SECONDS = {500: 2.0, 1_000: 3.0, 3_000: 10.0, 10_000: 60.0}
RESIDENT_MB, REPORT_MB, STORED_MB, GAP_BPS = {3_000: 600.0}, 2.0, 3.0, 5.0


@dataclass
class Row:
    """cpu: seconds of the whole process; stages: of its parts. gap_bps: what is proven of the shares; mip_gap: what their
    search left open of it, of the objective.
    """

    job: str
    n: int
    cpu: float | None = None
    stages: dict[str, float] = field(default_factory=dict)
    resident_mb: float | None = None
    report_mb: float | None = None
    stored_mb: float | None = None
    rounding: str = ""
    gap_bps: float | None = None
    mip_gap: float | None = None
    note: str = ""

    def misses(self) -> list[str]:
        """What of the goals is not met."""
        if self.note:
            return [self.note]
        goals = (
            ("CPU seconds", self.cpu, SECONDS.get(self.n)),
            ("MB of memory", self.resident_mb, RESIDENT_MB.get(self.n)),
            ("MB of report", self.report_mb, REPORT_MB),
            ("MB stored", self.stored_mb, STORED_MB),
            ("bps of gap", self.gap_bps, GAP_BPS),
        )
        return [f"{at:.2f} {what}, goal {goal:g}" for what, at, goal in goals if goal and at is not None and at > goal]


def measured(job: str, n: int, files: Files, patience: float = PATIENCE) -> Row:
    """One row: the job on these files, in a home that nothing was kept in before."""
    with tempfile.TemporaryDirectory() as home:
        told, row = Path(home) / "told.json", Row(job, n)
        words = ["rebalance", "--holdings", str(files.holdings), "--prices", str(files.prices)]
        command = [sys.executable, str(PROCESS), str(told), *words, "--policy", f"{files.policies}#{job}"]
        environment = {**os.environ, "PORTOPT_HOME": home, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installation has its bytecode
        subprocess.run(
            [sys.executable, "-m", "portopt.doors.cli", "db", "upgrade"], env=environment, check=True, capture_output=True
        )
        empty = _bytes_of_database(Path(home))
        try:
            done = subprocess.run(command, capture_output=True, env=environment, timeout=patience, check=False)
        except subprocess.TimeoutExpired:
            row.note = f"no answer in {patience:.0f} s"
            return row
        kept = json.loads(told.read_text()) if told.exists() else {"answer": None}
        if "total" in kept:
            row.cpu, row.stages, row.resident_mb = kept["total"], kept["stages"], kept["resident_mb"]
        if done.returncode or kept["answer"] is None:
            row.note = f"exit {done.returncode}: {' '.join(done.stderr.decode().split())[:160]}"
            return row
        _read(row, kept["answer"])
        row.report_mb = sum(path.stat().st_size for path in (Path(home) / "reports").glob("*.html")) / 1e6
        row.stored_mb = (_bytes_of_database(Path(home)) - empty) / 1e6
    return row


def _bytes_of_database(home: Path) -> int:
    """With all that was written in the file itself, where it stays."""
    with contextlib.closing(sqlite3.connect(home / "portopt.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (home / "portopt.db").stat().st_size


def _read(row: Row, answer: dict[str, Any]) -> None:
    """What the answer says of itself."""
    rounding, paper = answer["rounding"], answer["certificate"]
    row.rounding, row.gap_bps, row.mip_gap = rounding["method"], _gap_bps(answer), rounding["mip_gap"]
    row.note = "" if paper["verdict"] == "certified" else f"not certified: {paper['verdict']}"


def _gap_bps(answer: dict[str, Any]) -> float:
    """A gap of a ratio is worth so much return at the risk that is run; any other objective here is a return itself."""
    risk = next(row["after"] for row in answer["figures"] if row["name"] == "volatility")
    return float(1e4 * answer["rounding"]["gap"] * (risk if answer["objective"]["unit"] == "ratio" else 1.0))


HEADER = (
    f"{'the whole job':<22}{'n':>7}{'CPU s':>8}  " + "".join(f"{stage.split()[0]:>9}" for stage in STAGES)
    + f"{'MB':>7}{'report':>8}{'stored':>8}  rounding, proven to, left open"
)  # fmt: skip


def line(row: Row) -> str:
    def shown(value: float | None, form: str) -> str:
        return "-" if value is None else format(value, form)

    return (
        f"{row.job:<22}{row.n:>7}{shown(row.cpu, '.2f'):>8}  "
        + "".join(f"{shown(row.stages.get(stage), '.2f'):>9}" for stage in STAGES)
        + f"{shown(row.resident_mb, '.0f'):>7}{shown(row.report_mb, '.2f'):>8}{shown(row.stored_mb, '.2f'):>8}  "
        + (row.note or f"{row.rounding}, {shown(row.gap_bps, '.2f')} bps, {shown(row.mip_gap, '.0e')}")
    )


def whole_job_rows(sizes: Sequence[int], jobs: Sequence[str], patience: float = PATIENCE) -> list[Row]:
    """Every job at every size, printed as it comes."""
    print(HEADER)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:  # once beside the clock, for the bytecode of what is imported on the way
        measured(INDEX, 30, write_files(Path(folder), 30), patience)
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            files = write_files(Path(folder), n)
            for job in jobs:
                rows.append(measured(job, n, files, patience))
                print(line(rows[-1]), flush=True)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="numbers of assets")
    parser.add_argument("--jobs", nargs="+", default=list(JOBS), choices=JOBS, help="policies")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds after which a row is given up")
    parser.add_argument("--strict", action="store_true", help="exit 1 where a goal is missed")
    options = parser.parse_args()
    rows = whole_job_rows(options.sizes, options.jobs, options.patience)
    missed = [f"{row.job}, {row.n} assets: {what}" for row in rows for what in (row.misses() if options.strict else [row.note])]
    for complaint in filter(lambda text: not text.endswith(": "), missed):
        print(complaint, file=sys.stderr)
    return 1 if any(not text.endswith(": ") for text in missed) else 0


if __name__ == "__main__":
    sys.exit(main())
