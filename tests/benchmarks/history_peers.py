"""Daily rebalances of 100 assets with a turnover limit and costs, by others' loops: python tests/benchmarks/history_peers.py.

    --peers PYTHON    an interpreter that has bt (see honest_of_cvxportfolio.py); vectorbt may be in this one
    --days 120 --sample 10

One table, medians of processor time, BLAS on one thread. Engines that choose weights are asked for the same portfolio of the
same day from the same weights held; their row counts where the weights are ours to 1e-5. skfolio walks by itself (WalkForward,
a day a test window, weight_drift=True, the previous weights its own) and has no limit on the turnover of a book: its row is of
the same portfolio without that limit, and counts where the weights are ours to 1e-4 all along. Engines that only keep books are
given the weights that ours chose, all days at once; their row counts where every day's value is ours to a basis point.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from backtest_rows import BPS, GAMMA, PEERS, RISK_FREE, ROWS, SECTORS, WINDOW, Quick, Row, days_of, live

SAME_WEIGHTS, SAME_BOOKS, SAME_VALUE = 1e-5, 1e-4, 1e-4
LOOP = "a loop over the days, weights alone"


@dataclass(frozen=True)
class Line:
    """seconds: of each day. apart: largest difference from ours; None where it is ours. does: what the row is of."""

    name: str
    seconds: tuple[float, ...]
    apart: float | None
    allowed: float
    does: str

    def told(self, ours: float) -> str:
        median = float(np.median(self.seconds))
        counts = self.apart is None or self.apart <= self.allowed
        word = "" if self.apart is None else f"{self.apart:.0e} apart" + ("" if counts else ": DOES NOT COUNT")
        times = f"{1e3 * median:>10.2f} ms{median / ours:>8.1f} ×{len(self.seconds):>8} days"
        return f"{self.name:<34}{times}   {word:<28}{self.does}"


@dataclass(frozen=True)
class Walked:
    """What ours did: returns (T, n), weights chosen (D, n + 1) by day, and the value of the book by day, from one."""

    R: np.ndarray
    chosen: np.ndarray
    value: np.ndarray


def weights_of_the_day(row: Row, days: int, sample: int) -> tuple[list[Line], Walked]:
    """Ours, quick and live, and the loops of others on a sample of the days."""
    seconds: dict[str, list[float]] = {name: [] for name in ("quick", "live", *PEERS)}
    apart = dict.fromkeys(("live", *PEERS), 0.0)
    walk = days_of(row, days + 1)
    asked, R, t = next(walk)
    ours, others = Quick(asked), {name: peer(row) for name, peer in PEERS.items()}
    w, chosen, value = ours.first, [ours.first], [1.0]
    for name in PEERS:
        others[name](asked)  # compiled, and warm
    for k in range(days):
        value.append(value[-1] * float(1.0 + w @ np.append(R[t], RISK_FREE / 252.0)))
        asked, R, t = walk.send(w)  # type: ignore[attr-defined]
        began = time.process_time()
        w = ours(asked, R, t)
        seconds["quick"].append(time.process_time() - began)
        chosen.append(w)
        if k % max(days // sample, 1) == 0:
            for name, engine in (("live", lambda a: live(a)[0]), *others.items()):
                began = time.process_time()
                found = engine(asked)
                seconds[name].append(time.process_time() - began)
                apart[name] = max(apart[name], float(np.abs(found - w).max()))
    lines = [Line("ours, quick path", tuple(seconds["quick"]), None, SAME_WEIGHTS, LOOP + ", and their check")]
    lines.append(Line("ours, live path", tuple(seconds["live"]), apart["live"], SAME_WEIGHTS, LOOP))
    lines += [Line(f"{name} loop", tuple(seconds[name]), apart[name], SAME_WEIGHTS, LOOP) for name in PEERS]
    return lines, Walked(R, np.array(chosen), np.array(value))


def ours_without_the_limit(row: Row, days: int) -> tuple[np.ndarray, np.ndarray]:
    """(T, n) returns, and (D, n + 1) weights of a walk whose turnover may be all of the book."""
    walk = days_of(replace(row, turnover=1.0), days + 1)
    asked, R, t = next(walk)
    ours = Quick(asked)
    chosen = [ours.first]
    for _ in range(days):
        asked, R, t = walk.send(chosen[-1])  # type: ignore[attr-defined]
        chosen.append(ours(asked, R, t))
    return R, np.array(chosen)


def skfolio_walk(row: Row, days: int) -> Line | str:
    """Its own walk: every session a fit on the year before, the weights held drifting from one to the next.

    On returns in excess of cash, which then is what the weights leave of one.
    """
    if not find_spec("skfolio"):
        return "skfolio: not installed"
    import pandas as pd
    from skfolio.model_selection import WalkForward, cross_val_predict
    from skfolio.moments import EmpiricalMu, LedoitWolf
    from skfolio.optimization import MeanRisk, ObjectiveFunction
    from skfolio.prior import EmpiricalPrior

    R, chosen = ours_without_the_limit(row, days)
    n, T = row.n, WINDOW + days
    X = pd.DataFrame(
        R[:T] - RISK_FREE / 252.0, columns=[f"A{i:03d}" for i in range(n)], index=pd.bdate_range("2000-01-03", periods=T)
    )
    model = MeanRisk(
        objective_function=ObjectiveFunction.MAXIMIZE_UTILITY, risk_aversion=GAMMA / 2.0, min_weights=0.0, max_weights=row.cap,
        budget=None, min_budget=0.0, max_budget=1.0, groups={name: [f"S{i % SECTORS}"] for i, name in enumerate(X.columns)},
        linear_constraints=[f"S{s} <= {row.sector}" for s in range(SECTORS)], transaction_costs=BPS * 1e-4 / 252.0,
        previous_weights=np.full(n, 1.0 / n), portfolio_params={"weight_drift": True},
        prior_estimator=EmpiricalPrior(mu_estimator=EmpiricalMu(), covariance_estimator=LedoitWolf()), solver="CLARABEL",
    )  # fmt: skip
    began = time.process_time()
    found = cross_val_predict(model, X, cv=WalkForward(test_size=1, train_size=WINDOW))
    spent = time.process_time() - began
    count = len(found.portfolios)
    theirs = np.array([np.asarray(p.weights) for p in found.portfolios])
    apart = float(np.abs(theirs - chosen[:count, :n]).max())
    return Line(
        "skfolio WalkForward, weight_drift", (spent / count,) * count, apart, SAME_BOOKS, "its walk; without the turnover limit"
    )


BOOKS = {
    "bt": """
import sys, time, warnings, numpy as np, pandas as pd, bt
warnings.simplefilter("ignore")
given = np.load(sys.argv[1])
frame = pd.DataFrame(given["P"], index=pd.bdate_range("2000-01-03", periods=len(given["P"])))
frame.columns = [f"A{i:03d}" for i in range(frame.shape[1])]
targets = pd.DataFrame(given["W"], index=frame.index[: len(given["W"])], columns=frame.columns)
test = bt.Backtest(bt.Strategy("given", [bt.algos.WeighTarget(targets), bt.algos.Rebalance()]), frame, initial_capital=1e8,
                   integer_positions=False, progress_bar=False)
began = time.process_time()
bt.run(test)
np.savez(sys.argv[2], value=test.strategy.values.reindex(frame.index).to_numpy() / 1e8, seconds=time.process_time() - began)
""",
    "vectorbt": """
import sys, time, warnings, numpy as np, pandas as pd, vectorbt as vbt
warnings.simplefilter("ignore")
given = np.load(sys.argv[1])
frame, size = pd.DataFrame(given["P"]), pd.DataFrame(np.nan, index=range(len(given["P"])), columns=range(given["P"].shape[1]))
size.iloc[: len(given["W"])] = given["W"]
for _ in range(2):
    began = time.process_time()
    asked = dict(size_type="targetpercent", init_cash=1e8, cash_sharing=True, group_by=True, call_seq="auto", freq="1D")
    run = vbt.Portfolio.from_orders(frame, size=size, **asked)
    value = np.asarray(run.value()).ravel() / 1e8
    seconds = time.process_time() - began
np.savez(sys.argv[2], value=value, seconds=seconds)
""",
}


def book_of(name: str, python: str | None, walked: Walked, days: int) -> Line | str:
    """The weights that ours chose, kept in another's book; cash, which earns in ours, is an asset there."""
    if python is None:
        return f"{name}: not installed, and no --peers"
    R = np.hstack([walked.R[WINDOW : WINDOW + days], np.full((days, 1), RISK_FREE / 252.0)])
    P = 100.0 * np.cumprod(np.vstack([np.ones(R.shape[1]), 1.0 + R]), axis=0)
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "given.npz", Path(folder) / "answer.npz"
        np.savez(given, P=P, W=walked.chosen[:days])
        done = subprocess.run([python, "-c", BOOKS[name], str(given), str(answer)], capture_output=True, text=True, check=False)
        if done.returncode:
            return f"{name}: " + (done.stderr.strip().splitlines() or ["no answer"])[-1][:100]
        found = np.load(answer)
    apart = float(np.abs(found["value"] / walked.value[: days + 1] - 1.0).max())
    return Line(
        f"{name}, the book alone",
        (float(found["seconds"]) / days,) * days,
        apart,
        SAME_VALUE,
        "chooses nothing; given our weights",
    )


def ours_in_the_simulator(row: Row, days: int) -> Line:
    from backtest_rows import in_the_simulator

    each = in_the_simulator(row, days)
    return Line("ours, the whole session", (each,) * days, None, SAME_WEIGHTS, "decision, whole lots, fills, ledger in cents")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--peers", help="a Python interpreter that has what this one lacks")
    options.add_argument("--days", type=int, default=120)
    options.add_argument("--sample", type=int, default=10, help="days on which live path and loops are asked")
    given = options.parse_args()
    warnings.simplefilter("ignore")
    row = ROWS[0]
    lines, walked = weights_of_the_day(row, given.days, given.sample)
    ours = float(np.median(lines[0].seconds))
    print(f"{row.name} · {given.days} days · medians of processor time")
    for line in lines:
        print(line.told(ours), flush=True)
    rest = [lambda: skfolio_walk(row, given.days), lambda: ours_in_the_simulator(row, given.days)]
    rest += [
        lambda name=name: book_of(name, sys.executable if find_spec(name) else given.peers, walked, given.days)
        for name in BOOKS
    ]
    for asked in rest:
        found = asked()
        print(found if isinstance(found, str) else found.told(ours), flush=True)


if __name__ == "__main__":
    main()
