"""The table: every engine on every job at every size, then what processes take."""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version

import direct
import libraries
from batch_jobs import batch_cells
from construction_jobs import construction_cells
from data_jobs import data_rows
from frontier_jobs import frontier_cells
from markets import Job, Market, jobs, market
from measuring import HEADER, Cell, compare, line, measure
from processes import process_rows
from request_batches import request_cells
from scenario_jobs import scenario_cells
from whole_job import whole_job_rows
from whole_job_files import JOBS as WHOLE_JOBS

JOBS = 4
SMALLEST_WHOLE_JOB = 100  # assets: what the shipped policies need for breadth
DENSE_UP_TO = 1_000  # a dense covariance of 10,000 assets is 800 MB, and the peers' time grows with its cube
PEERS = ("piqp", "clarabel", "cvxpy", "pyportfolioopt", "skfolio", "riskfolio-lib", "numpy")

# (engine, form, what prepares it). The first is what the others are compared with.
ENGINES: list[tuple[str, str, Callable[[Job, Market, bool], object]]] = [
    ("portopt", "factors", libraries.portopt),
    ("portopt+audit", "factors", partial(libraries.portopt, certified=True)),
    ("portopt", "dense", libraries.portopt),
    ("portopt+audit", "dense", partial(libraries.portopt, certified=True)),
    ("PIQP direct", "factors", direct.piqp),
    ("PIQP direct", "dense", direct.piqp),
    ("Clarabel direct", "factors", direct.clarabel),
    ("Clarabel direct", "dense", direct.clarabel),
    ("cvxpy", "factors", libraries.cvxpy),
    ("PyPortfolioOpt", "dense", libraries.pyportfolioopt),
    ("skfolio", "dense", libraries.skfolio),
]


def report(options: argparse.Namespace) -> None:
    """Print the whole table as it grows; write it as JSON where asked."""
    began = time.perf_counter()
    print(f"Python {platform.python_version()} on {platform.machine()}, one core; {_versions()}")
    cells = [] if options.only else _cells(options)
    rows = [] if options.only or options.no_processes else [*data_rows(options), *process_rows(quick=options.quick)]
    for row in rows:
        print(f"{row['what']:<66}{row['value']:>10}  {row['note']}")
    print()
    whole = [] if options.no_processes else whole_job_rows([n for n in options.sizes if n >= SMALLEST_WHOLE_JOB], WHOLE_JOBS)
    print(f"\n{time.perf_counter() - began:.0f} s in all")
    if options.json:
        record = {"versions": _versions(), "cells": [dataclasses.asdict(c) for c in cells], "processes": rows}
        record["whole_job"] = [dataclasses.asdict(row) for row in whole]
        options.json.write_text(json.dumps(record, indent=1))


def _cells(options: argparse.Namespace) -> list[Cell]:
    """Every engine on every job of the engine, printed as it comes."""
    print("x ours: time over portopt's in factor form; gap: relative, to the best answer that keeps every limit to 1e-12\n")
    print(HEADER)
    spent: dict[tuple[str, str, str], tuple[int, float]] = {}
    cells = [cell for index in range(JOBS) for n in options.sizes for cell in _block(n, index, options, spent)]
    cells += construction_cells(options)
    cells += scenario_cells(options)
    cells += frontier_cells(options)
    cells += batch_cells(options)
    cells += request_cells(options)
    return cells


def _block(n: int, index: int, options: argparse.Namespace, spent: dict[tuple[str, str, str], tuple[int, float]]) -> list[Cell]:
    """Every engine on one job at one size."""
    m = market(n)
    job = jobs(m)[index]
    if n <= DENSE_UP_TO:
        _ = m.Sigma  # made here, so that nobody pays for it on the clock
    cells = []
    for engine, form, prepare in ENGINES:
        unasked = not any(part.lower() in engine.lower() for part in options.engines)
        if unasked or (form == "dense" and n > DENSE_UP_TO):
            continue
        cell = Cell(job.name, n, engine, form)
        cells.append(cell)
        expected = _expected(spent.get((job.name, engine, form)), n, form)
        if expected > options.cap:
            cell.note = f"skipped: about {expected:.0f} s expected, the cap is {options.cap:.0f} s"
            continue
        answer = prepare(job, m, form == "factors")
        if isinstance(answer, str):
            cell.note = f"not offered: {answer}"
            continue
        measure(cell, answer, job, m, budget=options.budget)
        if cell.seconds is not None:
            spent[job.name, engine, form] = (n, cell.seconds)
    compare(cells)
    for cell in cells:
        print(line(cell))
    if n > DENSE_UP_TO:
        print(f"{'':33}  dense engines skipped: over {DENSE_UP_TO:,} assets the matrix alone outgrows the job")
    print(flush=True)
    return cells


def _expected(before: tuple[int, float] | None, n: int, form: str) -> float:
    """Seconds, from the last smaller size: a little over linear in factor form, between square and cube when dense."""
    if before is None:
        return 0.0
    smaller, seconds = before
    return seconds * (n / smaller) ** (1.5 if form == "factors" else 2.5)


def _versions() -> str:
    return ", ".join(f"{name} {version(name)}" for name in PEERS)
