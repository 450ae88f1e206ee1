"""One cell of the table: the median time of an answer, and how good the answer is."""

from __future__ import annotations

import gc
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
from markets import Job, Market

LONG = 4.0  # seconds; what took longer the first time is not repeated
FEASIBLE = 1e-12  # a limit missed by more buys an objective that is better by about as much


@dataclass
class Cell:
    """seconds: median over runs after a warm-up, CPU of this process (one core, one thread), which a busy machine does not
    stretch; wall: the same on the wall clock. None where there is no answer; note says why.
    """

    job: str
    n: int
    engine: str
    form: str
    seconds: float | None = None
    wall: float | None = None
    runs: int = 0
    violation: float | None = None
    objective: float | None = None
    gap: float | None = None
    ratio: float | None = None
    note: str = ""


def measure(cell: Cell, answer: Callable[[], np.ndarray], job: Job, m: Market, *, budget: float, most: int = 25) -> Cell:
    """Run once to warm up, then until `budget` seconds are spent, at least three times where three fit."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            w, *first = _timed(answer)
            times: list[list[float]] = []
            gc.collect()
            while first[1] < LONG and len(times) < most and (len(times) < 3 or sum(wall for _, wall in times) < budget):
                w, *both = _timed(answer)
                times.append(both)
    except Exception as failure:  # a peer's failure is a finding, not the end of the table
        cell.note = f"failed: {type(failure).__name__}: {str(failure).splitlines()[0][:90] if str(failure) else ''}"
        return cell
    cell.runs, times = max(len(times), 1), times or [first]
    cell.seconds, cell.wall = median(cpu for cpu, _ in times), median(wall for _, wall in times)
    cell.violation, cell.objective = job.violation(m, w), job.objective(m, w)
    if first[1] >= LONG:
        cell.note = "one cold run"
    return cell


def _timed(answer: Callable[[], np.ndarray]) -> tuple[np.ndarray, float, float]:
    """(weights, CPU seconds, wall seconds)"""
    cpu, wall = time.process_time(), time.perf_counter()
    w = answer()
    return w, time.process_time() - cpu, time.perf_counter() - wall


def compare(cells: list[Cell]) -> None:
    """Gaps against the best feasible answer, times against ours, for the cells of one job at one size."""
    usable = [c for c in cells if c.objective is not None]
    feasible = [c.objective for c in usable if c.violation is not None and c.violation <= FEASIBLE]
    ours = next((c.seconds for c in cells if c.engine == "portopt" and c.seconds is not None), None)
    for cell in usable:
        if feasible and cell.objective is not None:
            cell.gap = (cell.objective - min(feasible)) / abs(min(feasible))
        if ours and cell.seconds is not None:
            cell.ratio = cell.seconds / ours


HEADER = f"{'job':<27}{'n':>6}  {'engine':<16}{'form':<8}{'CPU ms':>10}{'x ours':>8}{'violation':>11}{'gap':>10}  note"


def line(cell: Cell) -> str:
    def shown(value: float | None, form: str) -> str:
        return "-" if value is None else format(value, form)

    ms = None if cell.seconds is None else 1e3 * cell.seconds
    return (
        f"{cell.job:<27}{cell.n:>6}  {cell.engine:<16}{cell.form:<8}{shown(ms, '.2f'):>10}{shown(cell.ratio, '.1f'):>8}"
        f"{shown(cell.violation, '.0e'):>11}{shown(cell.gap, '.0e'):>10}  {cell.note}"
    )
