"""The same weights on the same prices, by other libraries' accounting: the annual return, and how far it is from ours.

    python tests/benchmarks/second_engines.py --peers PYTHON [--days 1260] [--assets 20]

skfolio and vectorbt where this interpreter has them; bt and cvxportfolio (whose licence is the GPL) where PYTHON has them: see
honest_of_cvxportfolio.py for how that environment is made. Weights drawn by a seed are bought on given days, in fractions of a
share, at the price of the day, without costs and with 10 bp of what is traded. It agrees where the annual returns differ by
less than a basis point. Exit code 1 where without costs one does not.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from portopt.simulation.honest import made

EVERY, BPS, YEAR = 21, 10.0, 252.0
CAPITAL = 100_000_000.0

COMMON = """
import sys, logging, warnings, numpy as np, pandas as pd
warnings.simplefilter("ignore")
given = np.load(sys.argv[1])
P, W, rows, bps, capital = given["P"], given["W"], given["rows"], float(given["bps"]), float(given["capital"])
days = pd.bdate_range("2000-01-03", periods=len(P))
names = [f"A{i:03d}" for i in range(P.shape[1])]
frame = pd.DataFrame(P, index=days, columns=names)
targets = pd.DataFrame(W, index=days[rows], columns=names)
"""
PROGRAMS = {
    "bt": """
import bt
algos = [bt.algos.RunOnDate(*targets.index), bt.algos.WeighTarget(targets), bt.algos.Rebalance()]
test = bt.Backtest(bt.Strategy("given", algos), frame, initial_capital=capital, integer_positions=False, progress_bar=False,
                   commissions=lambda q, p: abs(q) * p * bps / 1e4)
bt.run(test)
equity = test.strategy.values.reindex(days).to_numpy()
""",
    "cvxportfolio": """
import cvxportfolio as cvx
index = frame.index.tz_localize("UTC")
frame.index, targets.index = index, index[rows]
returns = (frame.shift(-1) / frame - 1.0).iloc[:-1]
data = cvx.UserProvidedMarketData(returns=returns, prices=frame.iloc[:-1], cash_key="cash", min_history=pd.Timedelta(0))
costs = [cvx.StocksTransactionCost(a=bps / 1e4, pershare_cost=None, b=None)] if bps else []
simulator = cvx.MarketSimulator(market_data=data, costs=costs, round_trades=False)
found = simulator.backtest(cvx.FixedWeights(targets.assign(cash=1.0 - targets.sum(axis=1))), start_time=index[0],
                           end_time=index[-2], initial_value=capital)
equity = np.full(len(P), np.nan)
equity[: len(found.v)] = found.v.to_numpy()
""",
    "vectorbt": """
import vectorbt as vbt
asked = dict(size_type="targetpercent", fees=bps / 1e4, init_cash=capital, cash_sharing=True, group_by=True, call_seq="auto")
run = vbt.Portfolio.from_orders(frame, size=targets.reindex(frame.index), freq="1D", **asked)
equity = run.value().to_numpy()
""",
    "skfolio": """
from skfolio import Portfolio
X, equity, w = P[1:] / P[:-1] - 1.0, np.full(len(P), capital), np.zeros(P.shape[1])
if bps:
    raise SystemExit("its portfolio charges costs on the weights of every observation, not on trades")
at = dict(zip(rows.tolist(), W))
for t in range(len(X)):
    w = at.get(t, w)
    r = float(np.asarray(Portfolio(X=X[t:t + 1], weights=w).returns)[0])
    equity[t + 1] = equity[t] * (1.0 + r)
    w = w * (1.0 + X[t]) / (1.0 + r)
""",
}


def question(days: int, assets: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(T, n) prices; (D, n) weights, which sum to one; their rows."""
    P = made.drawn(days, assets, 20261130)
    rows = np.arange(0, days - 2, EVERY)
    return P, np.random.default_rng(7).dirichlet(np.ones(assets), len(rows)), rows


def ours(P: np.ndarray, W: np.ndarray, rows: np.ndarray, bps: float) -> np.ndarray:
    ids = tuple(f"A{i:03d}" for i in range(P.shape[1]))
    at = {int(row): dict(zip(ids, w.tolist(), strict=True)) for row, w in zip(rows, W, strict=True)}
    h = made.history(P, ids=ids)
    request = {"capital": int(CAPITAL), "fractional": True, "delay": 0, "commission_bps": bps, "rebalance": [f"every {EVERY}"]}
    found = made.walk(h, lambda known, held: at[known.day], policy=made.policy(least=0), start=h.dates[0].item(), **request)
    assert [one.day for one in found.run.decisions] == list(at), [one.day for one in found.run.decisions][:4]
    return found.run.equity / 100.0


def theirs(name: str, python: str, P: np.ndarray, W: np.ndarray, rows: np.ndarray, bps: float) -> np.ndarray | str:
    """(T,) value by day, or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "given.npz", Path(folder) / "answer.npy"
        np.savez(given, P=P, W=W, rows=rows, bps=bps, capital=CAPITAL)
        program = COMMON + PROGRAMS[name] + "\nnp.save(sys.argv[2], equity)\n"
        done = subprocess.run([python, "-c", program, str(given), str(answer)], capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["no answer"])[-1][:90]
        return np.asarray(np.load(answer))


def annual(equity: np.ndarray) -> float:
    """From the capital to the last value that is known: what the first purchase costs is among it."""
    known = equity[np.isfinite(equity)]
    return float((known[-1] / CAPITAL) ** (YEAR / (len(known) - 1)) - 1.0)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--peers", help="a Python interpreter that has bt and cvxportfolio")
    options.add_argument("--days", type=int, default=1_260)
    options.add_argument("--assets", type=int, default=20)
    given = options.parse_args()
    P, W, rows = question(given.days, given.assets)
    wrong = 0
    print(f"{given.assets} assets, {given.days} days, weights drawn every {EVERY} days")
    for bps in (0.0, BPS):
        mine = ours(P, W, rows, bps)
        print(f"{bps:g} bp: ours {annual(mine):.6%} a year")
        for name in PROGRAMS:
            python = sys.executable if find_spec(name) else given.peers
            found = theirs(name, python, P, W, rows, bps) if python else "not installed, and no --peers"
            if isinstance(found, str):
                print(f"  {name:<14}{found}")
                continue
            n = int(np.isfinite(found).sum())
            apart = 1e4 * (annual(found) - annual(mine[:n]))
            daily = np.abs(np.diff(found[:n]) / found[: n - 1] - np.diff(mine[:n]) / mine[: n - 1]).max()
            print(
                f"  {name:<14}{apart:+.4f} bp a year, a day at most {daily:.1e}  {'agrees' if abs(apart) < 1.0 else 'differs'}"
            )
            wrong += bps == 0.0 and abs(apart) >= 1.0
    return int(wrong > 0)


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main())
