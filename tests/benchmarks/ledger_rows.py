"""The ledger alone, order lines a second: python tests/benchmarks/ledger_rows.py --peers PYTHON [--days 2000 --assets 500].

Given orders in whole shares at given prices, with and without a commission, to the cash and the equity of every day: ours at
once (fast), ours day by day (exact), vectorbt and bt where the interpreter PYTHON has them (they are not of the product, and
need another environment). CPU seconds of the best of three runs, one core, after one that compiles.

A row counts only where the ledgers agree: cash of every day, to the cent without costs, and with them to half a cent a fill,
because the peers keep money in floats and round no fee. Exit code 1 when ours do not agree with each other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: its BLAS reads it once
os.environ["NUMBA_NUM_THREADS"] = "1"  # of a peer, which is started from here

import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from portopt.domain.backtest import Execution, Order
from portopt.simulation.accounting import Quotes, begin_day, equity, fill, opened
from portopt.simulation.accounting.fast import Lines, whole_history

CAPITAL = 10**13  # cents: enough for every buy, so that nobody cuts one
EXACT_LINES, BT_LINES = 20_000, 5_000  # what ours day by day and bt are asked for
Ledger = tuple[np.ndarray, np.ndarray]  # cash, equity of each day, in cents

VECTORBT = """
import sys, time, numpy as np, pandas as pd, vectorbt as vbt
given = np.load(sys.argv[1])
prices, units, bps, capital = given["prices"], given["units"], float(given["bps"]), float(given["capital"])
close = pd.DataFrame(prices)
size = pd.DataFrame(np.where(units == 0, np.nan, units.astype(float)))
best = float("inf")
for _ in range(4):
    began = time.process_time()
    pf = vbt.Portfolio.from_orders(close, size=size, size_type="amount", fees=bps / 1e4, init_cash=capital / 100,
                                   cash_sharing=True, group_by=True, freq="1D")
    cash, value = np.asarray(pf.cash()), np.asarray(pf.value())
    best = min(best, time.process_time() - began)
np.savez(sys.argv[2], cash=cash.ravel() * 100, equity=value.ravel() * 100, seconds=best)
"""

BT = """
import sys, time, numpy as np, pandas as pd, bt
given = np.load(sys.argv[1])
prices, units, bps, capital = given["prices"], given["units"], float(given["bps"]), float(given["capital"])
days = pd.bdate_range("2000-01-03", periods=len(prices))
names = [f"A{i}" for i in range(prices.shape[1])]
frame = pd.DataFrame(prices, index=days, columns=names)
rows = {day: k for k, day in enumerate(days)}
class Given(bt.Algo):
    def __call__(self, target):
        k = rows.get(target.now)
        if k is not None:
            for i in np.flatnonzero(units[k]):
                target.children[names[i]].transact(float(units[k, i]), update=True)
        return True
strategy = bt.Strategy("given", [Given()], children=[bt.Security(name) for name in names])
test = bt.Backtest(strategy, frame, initial_capital=capital / 100, commissions=lambda q, p: abs(q) * p * bps / 1e4,
                   integer_positions=True, progress_bar=False)
began = time.process_time()
bt.run(test)
seconds = time.process_time() - began
cash, equity = test.strategy.data["cash"].reindex(days), test.strategy.data["value"].reindex(days)
np.savez(sys.argv[2], cash=cash.to_numpy() * 100, equity=equity.to_numpy() * 100, seconds=seconds)
"""


def made(days: int, assets: int, seed: int = 20261130) -> tuple[np.ndarray, np.ndarray]:
    """(T, n) prices to the cent, and units of a book that is traded in every asset every day."""
    rng = np.random.default_rng(seed)
    prices = np.round(50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, (days, assets)), axis=0)), 2)
    units = rng.integers(-50, 51, (days, assets))
    units[0] = 10_000  # long throughout: what borrowing costs is not what is measured
    return prices, units


def at_once(prices: np.ndarray, units: np.ndarray, bps: float) -> Ledger:
    days, assets = np.nonzero(units)
    lines = Lines(days, assets, units[days, assets])
    found = whole_history(lines, _dates(len(prices)), prices, CAPITAL, Execution(commission_bps=bps))
    return found.cash, found.equity


def day_by_day(prices: np.ndarray, units: np.ndarray, bps: float) -> Ledger:
    execution, ids = Execution(delay=0, commission_bps=bps), tuple(f"A{i}" for i in range(prices.shape[1]))
    account, ends = opened(prices.shape[1], CAPITAL), []
    for t, day in enumerate(_dates(len(prices))):
        quotes = Quotes(t, day, ids, prices[t])
        account, _ = begin_day(account, quotes, (), execution, days=1)
        orders = [Order(f"{t}-{i}", t, i, int(units[t, i])) for i in np.flatnonzero(units[t]).tolist()]
        account, _, _ = fill(account, orders, quotes, execution)
        ends.append((account.cash, equity(account)))
    return np.array([cash for cash, _ in ends]), np.array([value for _, value in ends])


def _dates(days: int) -> list[date]:
    return [date(2000, 1, 3) + timedelta(k) for k in range(days)]


def timed(ledger: Callable[[np.ndarray, np.ndarray, float], Ledger], *given: object, runs: int = 3) -> tuple[Ledger, float]:
    best, found = float("inf"), None
    for _ in range(runs):
        began = time.process_time()
        found = ledger(*given)  # type: ignore[arg-type]
        best = min(best, time.process_time() - began)
    assert found is not None
    return found, best


def asked(python: str, program: str, prices: np.ndarray, units: np.ndarray, bps: float) -> tuple[Ledger, float] | str:
    """A peer's ledger and seconds, or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "given.npz", Path(folder) / "answer.npz"
        np.savez(given, prices=prices, units=units, bps=bps, capital=CAPITAL)
        done = subprocess.run([python, "-c", program, str(given), str(answer)], capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["no answer"])[-1][:90]
        found = np.load(answer)
        return (found["cash"], found["equity"]), float(found["seconds"])


def apart(ours: Ledger, theirs: Ledger) -> float:
    """The largest difference of a day's cash or equity, in cents."""
    return float(max(np.abs(a - b).max() for a, b in zip(ours, theirs, strict=True)))


def rows(options: argparse.Namespace) -> list[dict[str, object]]:
    prices, units = made(options.days, options.assets)
    few, least = EXACT_LINES // options.assets, max(BT_LINES // options.assets, 2)
    found = []
    for bps in (0.0, 5.0):
        whole, seconds = timed(at_once, prices, units, bps)
        found.append(_row("portopt, at once", bps, units, seconds, 0.0, 0.0))
        exact, seconds = timed(day_by_day, prices[:few], units[:few], bps)
        found.append(
            _row("portopt, day by day", bps, units[:few], seconds, apart((whole[0][:few], whole[1][:few]), exact), 0.0)
        )
        for name, program, days in (("vectorbt", VECTORBT, options.days), ("bt", BT, least)):
            answer = asked(options.peers, program, prices[:days], units[:days], bps) if options.peers else "not asked"
            if isinstance(answer, str):
                found.append({"ledger": name, "bps": bps, "says": answer})
                continue
            allowed = 0.5 * np.count_nonzero(units[:days]) if bps else 0.5
            difference = apart((whole[0][:days], whole[1][:days]), answer[0])
            found.append(_row(name, bps, units[:days], answer[1], difference, allowed))
    return found


def _row(name: str, bps: float, units: np.ndarray, seconds: float, cents: float, allowed: float) -> dict[str, object]:
    lines = int(np.count_nonzero(units))
    return {"ledger": name, "bps": bps, "lines": lines, "seconds": seconds, "lines_a_second": lines / seconds,
            "cents_apart": cents, "agrees": cents <= allowed}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=2_000)
    parser.add_argument("--assets", type=int, default=500)
    parser.add_argument("--peers", help="a Python interpreter that has vectorbt and bt")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = rows(options)
    print(f"{'ledger':<22}{'commission':>11}{'lines':>11}{'CPU s':>9}{'lines/s':>12}{'cents apart':>13}  counts")
    for row in found:
        if "says" in row:
            print(f"{row['ledger']:<22}{row['bps']:>8g} bp  {row['says']}")
            continue
        print(f"{row['ledger']:<22}{row['bps']:>8g} bp{row['lines']:>11,}{row['seconds']:>9.3f}{row['lines_a_second']:>12,.0f}"
              f"{row['cents_apart']:>13.4g}  {'yes' if row['agrees'] else 'no: the ledgers differ'}")  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))
    return 0 if all(row.get("agrees", True) for row in found if str(row["ledger"]).startswith("portopt")) else 1


if __name__ == "__main__":
    sys.exit(main())
