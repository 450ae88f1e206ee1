"""What a desk asks around a proposal, in CPU seconds: python tests/benchmarks/choices_rows.py --sizes 30 500 3000.

A row a question and size, warm (asked once before in the process) and with the prices already read: alternatives, an edit
of three trades, a what-if on turnover, and ready. The book is whole_job_files.py's, with an ESG score an asset, under its index
policy (tracking error, turnover, sectors, costs). One core, BLAS threads 1. The bars are those of the console: alternatives 1 s
at 500 assets and 5 s at 3,000, an edit 0.3 s and a what-if 0.25 s at 500.

Exit code 1 where a question has no answer.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from whole_job_files import INDEX, write_files

from portopt import pipeline
from portopt.dialects.policies import read_policies
from portopt.domain.request import RebalanceRequest
from portopt.doors.notebook.posing import posed
from portopt.questions.alternatives import alternatives
from portopt.questions.edit import edit
from portopt.questions.ready import ready
from portopt.questions.what_if import what_if
from portopt.runtime import Runtime

SIZES = (30, 500, 3_000)
ON = date(2024, 6, 28)
BARS = {("alternatives", 500): 1.0, ("alternatives", 3_000): 5.0, ("edit", 500): 0.3, ("what-if", 500): 0.25}


@dataclass(frozen=True)
class Desk:
    """request, on prices that a provider holds in memory."""

    request: RebalanceRequest
    market: Any
    runtime: Runtime


class Read:
    """Prices that were read once: what is measured is the question."""

    def __init__(self, market: Any, request: RebalanceRequest) -> None:
        self.source, self.adjustment = market.source, market.adjustment
        self._table = market.prices(pipeline._query(request))
        self.notes = tuple(getattr(market, "notes", ()))

    def prices(self, query: Any) -> pl.DataFrame:
        return self._table


def desk(folder: Path, n: int) -> Desk:
    files = write_files(folder, n)
    book = pl.read_csv(files.holdings)
    scores = np.round(np.random.default_rng(n).uniform(2.0, 9.0, len(book)), 2)
    scored = pl.Series("esg_score", [None if a == "CASH" else s for a, s in zip(book["asset"], scores, strict=True)])
    book.with_columns(scored).write_csv(files.holdings)
    policy = next(p for p in read_policies(json.loads(files.policies.read_text())) if p.id == INDEX)
    found = posed(holdings=str(files.holdings), prices=str(files.prices), policy=policy, home=folder / "home")
    assert isinstance(found.request, RebalanceRequest)
    assert found.runtime is not None
    return Desk(found.request, Read(found.runtime.market(found.request.provider), found.request), found.runtime)


def questions(d: Desk) -> dict[str, Callable[[], Any]]:
    held = [a for a in sorted(d.request.holdings.shares, key=lambda a: d.request.holdings.shares[a]) if a][:3]
    trades = dict.fromkeys(held, "none")
    return {
        "alternatives": lambda: alternatives(d.request, d.runtime, market=d.market),
        "edit": lambda: edit(d.request, trades, d.runtime, market=d.market),
        "what-if": lambda: what_if(d.request, {"limits.max_turnover": 0.19}, d.runtime, market=d.market),
        "ready": lambda: ready(d.request, d.runtime, ON, market=d.market),
    }


def timed(ask: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """(least CPU seconds of so many, warm; the answer)."""
    found, seconds = ask(), []
    for _ in range(repeats):
        began = time.process_time()
        found = ask()
        seconds.append(time.process_time() - began)
    return min(seconds), found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{'question':14}{'assets':>8}{'CPU s':>9}{'bar':>7}  what came")
    failed = False
    for n in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            d = desk(Path(folder), n)
            for name, ask in questions(d).items():
                try:
                    seconds, found = timed(ask, options.repeats)
                except Exception as error:
                    failed = True
                    print(f"{name:14}{n:8}{'–':>9}{'':7}  {type(error).__name__}: {error}")
                    continue
                bar = BARS.get((name, n))
                print(f"{name:14}{n:8}{seconds:9.3f}{'' if bar is None else f'{bar:g}':>7}  {said(found)}", flush=True)
    return int(failed)


def said(found: Any) -> str:
    if hasattr(found, "choices"):
        names = ", ".join(choice.name for choice in found.choices)
        return f"{len(found.choices)}: {names}; without {', '.join(one.name for one in found.not_offered) or 'none'}"
    if hasattr(found, "answer"):
        return str(found.answer)
    return f"gap {found.certificate.relative_gap:.1e}"


if __name__ == "__main__":
    sys.exit(main())
