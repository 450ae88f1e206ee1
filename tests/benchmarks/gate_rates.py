"""How often the gate promotes luck, and how often skill: python tests/benchmarks/gate_rates.py [--searches 1000] [--only TEXT].

A search is a table of ten years of daily excess returns of a number of variants; the gate judges the best of them. `promoted`:
share of the searches in which it is; `skilled`: in which what was promoted has a true Sharpe ratio above zero. Beside them
two standard errors of the count. `--searches` of the rows without skill, a third of it of the others, tenfold of a single one.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from portopt.judgement import best_of_many
from portopt.judgement.gate import judge

# The draws of a history of the same length are the same every time: they are drawn once for all searches.
best_of_many.drawn = lru_cache(maxsize=12)(best_of_many.drawn)
DAYS = 2520
YEAR = 252.0


@dataclass(frozen=True)
class Row:
    """skilled: how many of the variants have the true annual Sharpe ratio `sharpe`. degrees: of a Student t, 0 for a normal.
    through_time: correlation of a day with the one before."""

    name: str
    correlation: float = 0.0
    variants: int = 200
    skilled: int = 0
    sharpe: float = 1.0
    degrees: int = 0
    through_time: float = 0.0

    def search(self, rng: np.random.Generator) -> np.ndarray:
        common, own = self._drawn(rng, 1), self._drawn(rng, self.variants)
        R = 0.01 * (math.sqrt(self.correlation) * common + math.sqrt(1.0 - self.correlation) * own)
        R[:, : self.skilled] += 0.01 * self.sharpe / math.sqrt(YEAR)
        return R

    def _drawn(self, rng: np.random.Generator, columns: int) -> np.ndarray:
        if self.degrees:
            e = rng.standard_t(self.degrees, (DAYS, columns)) * math.sqrt((self.degrees - 2.0) / self.degrees)
        else:
            e = rng.standard_normal((DAYS, columns))
        if self.through_time:
            for t in range(1, DAYS):
                e[t] = self.through_time * e[t - 1] + math.sqrt(1.0 - self.through_time**2) * e[t]
        return e


ROWS = (
    *(Row(f"200 without skill, correlated {c:g}", c) for c in (0.0, 0.5, 0.9, 0.99)),
    Row("200 without skill, correlated 0.5, Student t of 4", 0.5, degrees=4),
    Row("200 without skill, correlated 0.5, 0.2 through time", 0.5, through_time=0.2),
    *(Row(f"200 with 1.0 each, correlated {c:g}", c, skilled=200) for c in (0.5, 0.9)),
    *(Row(f"one with 1.0 among 199 without, correlated {c:g}", c, skilled=1) for c in (0.0, 0.5, 0.9, 0.99)),
    Row("one with 1.0 among 9 without", variants=10, skilled=1),
    Row("one with 1.5 among 199 without", skilled=1, sharpe=1.5),
    Row("a single one with 1.0", variants=1, skilled=1),
    Row("a single one without", variants=1),
)


def rates(row: Row, searches: int, told: Callable[[str], None]) -> None:
    rng = np.random.default_rng([20261130, ROWS.index(row)])
    began, promoted, right = time.process_time(), 0, 0
    for _ in range(searches):
        verdict = judge(row.search(rng))
        promoted += verdict.promoted
        right += verdict.promoted and verdict.chosen is not None and verdict.chosen < row.skilled
    share = promoted / searches
    error = 2.0 * math.sqrt(max(share * (1.0 - share), 1.0 / searches) / searches)
    seconds = time.process_time() - began
    told(f"{row.name:<56}{searches:>7,}{share:>10.1%} ± {error:.1%}{right / searches:>10.1%}{seconds:>8.0f} s")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--searches", type=int, default=1_000)
    options.add_argument("--only", default="", help="rows with this in their name")
    given = options.parse_args()
    print(f"{'search':<56}{'count':>7}{'promoted':>10}{'':>7}{'skilled':>10}{'CPU':>9}")
    for row in (row for row in ROWS if given.only in row.name):
        count = 10 * given.searches if row.variants == 1 else given.searches // (3 if row.skilled else 1)
        rates(row, count, lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
