"""The rows of `portopt honest` put to cvxportfolio, apart because its licence is the GPL.

    python -m venv peers && peers/bin/pip install . bt==1.4.1 cvxportfolio==1.5.1
    peers/bin/python tests/benchmarks/honest_of_cvxportfolio.py [--row 12]

By its defaults, on markets that are made here; nothing is downloaded. A row that has no question in its words is left out.
"""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Callable
from typing import Any

import cvxportfolio as cvx
import numpy as np
import pandas as pd

from portopt.simulation.honest import made
from portopt.simulation.honest.outcome import Outcome, all_of, judged

FEES = 0.0015
LIST = (10.0, 25.0, 40.0, 80.0, 125.0)
CAPITAL = 1_000_000.0
SLACK = 1e-4  # of its solver: a hundredth of the limit
NO_WAIT = pd.Timedelta(0)


def market(prices: Any, ids: str = made.IDS, hour: int = 0) -> Any:
    """Its data of (T, n) prices: returns from a price to the next one."""
    P = np.asarray(prices, dtype=np.float64)
    index = pd.DatetimeIndex(made.days(len(P)), tz="UTC") + pd.Timedelta(hours=hour)
    frame = pd.DataFrame(P, index=index, columns=list(ids[: P.shape[1]]))
    returns = (frame.shift(-1) / frame - 1.0).iloc[:-1]
    return cvx.UserProvidedMarketData(returns=returns, prices=frame.iloc[:-1], cash_key="cash", min_history=NO_WAIT)


def simulated(data: Any, policy: Any, bps: float = 0.0, **asked: Any) -> Any:
    costs = [cvx.StocksTransactionCost(a=bps, pershare_cost=None, b=None)] if bps else []
    simulator = cvx.MarketSimulator(market_data=data, costs=costs, round_trades=asked.pop("round_trades", True))
    begin, end = asked.pop("start", data.returns.index[0]), asked.pop("end", data.returns.index[-1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return simulator.backtest(policy, start_time=begin, end_time=end, initial_value=CAPITAL, **asked)


def fixed(**weights: float) -> Any:
    return cvx.FixedWeights(pd.Series({**weights, "cash": 1.0 - sum(weights.values())}))


class Seen(cvx.policies.Hold):
    """Holds, and remembers until when the returns reach that it is shown."""

    def __init__(self) -> None:
        self.reach: list[tuple[Any, Any]] = []

    def values_in_time(self, t: Any, past_returns: Any, current_weights: Any, **more: Any) -> Any:
        self.reach.append((t, past_returns.index[-1] if len(past_returns) else None))
        return current_weights


def signal_and_fill() -> Outcome:
    data, policy = market(made.drawn(30, 2, 1)), Seen()
    simulated(data, policy)
    late = sum(reach is not None and reach >= t for t, reach in policy.reach)
    said = "shown returns reach to the price that is traded at, and no further"
    return judged(late == 0 and len(policy.reach) > 20, f"{said}, on {len(policy.reach) - late} of {len(policy.reach)} days")


def optimizing(limit: float | None = None) -> Any:
    limits = [cvx.LongOnly(), cvx.LeverageLimit(1.0)] + ([] if limit is None else [cvx.TurnoverLimit(limit)])
    goal = cvx.ReturnsForecast() - 5.0 * cvx.FullCovariance()
    return cvx.SinglePeriodOptimization(goal, limits, include_cash_return=False)


def cut_data_decides_the_same() -> Outcome:
    P = made.drawn(160, 5, 4)
    start = market(P).returns.index[100]
    whole = simulated(market(P), optimizing(), start=start).u
    same = []
    for t in (115, 130, 150):
        cut = simulated(market(P[:t]), optimizing(), start=start).u
        rows = cut.index[:-1]
        same.append(np.array_equal(cut.loc[rows].to_numpy(), whole.loc[rows].to_numpy()))
    return judged(all(same), f"cut at 3 days, {sum(same)} of them trade the same until then, to the bit")


def turnover_from_what_is_held() -> Outcome:
    limit, data = 0.01, market(made.drawn(321, 5, 3))
    found = simulated(data, optimizing(limit), start=data.returns.index[120], round_trades=False).turnover
    broken = int((found > limit + SLACK).sum())
    said = f"TurnoverLimit of {limit:.0%} is broken at {broken} of {len(found)} dates"
    return judged(broken == 0, f"{said}; the most is {found.max():.4%}, by its solver's accuracy")


def full_targets_and_fees() -> Outcome:
    cash, held = [], []
    for ids in ("ABCDE", "EDCBA"):
        prices = dict(zip("ABCDE", LIST, strict=True))
        data = market(np.tile([prices[a] for a in ids], (5, 1)), ids)
        found = simulated(data, fixed(**dict.fromkeys(ids, 0.2)), FEES)
        cash.append(float(found.h["cash"].iloc[-1]))
        held.append({a: round(float(found.h[a].iloc[-1]) / prices[a], 6) for a in "ABCDE"})
    off = max(abs(held[0][a] - CAPITAL / 5.0 / p) for a, p in zip("ABCDE", LIST, strict=True))
    conditions = [
        ("cash is not below zero", min(cash) >= 0.0),
        ("each is within one unit of a fifth", off <= 1.0 + FEES * CAPITAL / 5.0 / min(LIST)),
        ("the order of the columns does not matter", held[0] == held[1]),
    ]
    return all_of(conditions, f"cash after 5 x 20 % at 15 bp: {cash[0]:,.2f}, with the columns turned round {cash[1]:,.2f}")


def pure_sale_is_never_refused() -> Outcome:
    data = market(np.full((6, 1), 10.0))
    weights = pd.DataFrame({"A": [1.0, 0.5], "cash": [0.0, 0.5]}, index=data.returns.index[[0, 2]])
    found = simulated(data, cvx.FixedWeights(weights), FEES)
    sold = -float(found.u["A"].iloc[2])
    return judged(abs(sold - CAPITAL / 2.0) < 0.01 * CAPITAL, f"from a full book {sold:,.0f} of {CAPITAL / 2:,.0f} is sold")


def delisted_keeps_its_value() -> Outcome:
    P = np.full((9, 2), 10.0)
    P[5:, 1] = np.nan
    found = simulated(market(P), fixed(A=0.5, B=0.5))
    end, gone = float(found.v.iloc[-1]), found.h["B"].iloc[-1]
    conditions = [("no value is lost", abs(end - CAPITAL) < 0.01), ("the position is gone", bool(gone != gone or gone == 0.0))]
    return all_of(
        conditions, f"half the book in an asset whose returns end: value {end:,.0f} of {CAPITAL:,.0f}, without a charge"
    )


def earlier_rows_stay() -> Outcome:
    P = made.drawn(120, 3, 8)
    weights = fixed(A=0.5, B=0.3, C=0.2)
    short, whole = (simulated(market(P[:t]), weights).v.iloc[:58] for t in (61, 120))
    return judged(short.equals(whole), "the first 58 days, run to day 60 and to day 120")


def fees_are_charged_once() -> Outcome:
    found = simulated(market(made.drawn(200, 4, 6)), fixed(A=0.25, B=0.25, C=0.25, D=0.25), FEES)
    again = float(found.u.iloc[:, :-1].abs().sum().sum() * FEES)
    ledger = float(sum(np.nansum(part) for part in found.costs.values()))
    return judged(abs(ledger - again) < 0.01, f"costs by its own account {ledger:,.2f}, from its trades {again:,.2f}")


def holding_the_benchmark() -> Outcome:
    data = market(made.drawn(100, 2, 2))
    found = simulated(data, fixed(A=1.0, B=0.0), round_trades=False)
    P = made.drawn(100, 2, 2)
    mine = found.returns.to_numpy()
    apart = float(np.abs(mine - (P[1:, 0] / P[:-1, 0] - 1.0)[: len(mine)]).max())
    return judged(apart < 1e-12, f"one asset held in full: its returns are {apart:.0e} from the asset's")


def no_trade_is_a_warning() -> Outcome:
    data = market(made.drawn(40, 2, 5), hour=16)
    midnight = data.returns.index[10].normalize()
    trades = pd.DataFrame({"A": [1.0], "B": [0.0], "cash": [-1.0]}, index=[midnight])
    words: list[str] = []
    listening = logging.Handler(logging.WARNING)
    listening.emit = lambda record: words.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("cvxportfolio").addHandler(listening)
    traded = bool(simulated(data, cvx.policies.FixedTrades(trades)).u.abs().to_numpy().max() > 0.0)
    found = f"a trade asked for at midnight, prices of 16:00: {'traded' if traded else 'no trade'}, {len(words)} warnings"
    return judged(traded or bool(words), found)


QUESTIONS: dict[int, Callable[[], Outcome]] = {
    1: signal_and_fill,
    2: cut_data_decides_the_same,
    12: turnover_from_what_is_held,
    15: full_targets_and_fees,
    16: pure_sale_is_never_refused,
    23: delisted_keeps_its_value,
    24: earlier_rows_stay,
    25: fees_are_charged_once,
    29: holding_the_benchmark,
    32: no_trade_is_a_warning,
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--row", type=int, action="append", choices=sorted(QUESTIONS))
    for number in options.parse_args().row or QUESTIONS:
        try:
            found = QUESTIONS[number]()
        except Exception as error:
            found = Outcome("fail", f"{type(error).__name__}: {error}")
        print(f"{number:>2}  {found.word:<5} {found.found}", flush=True)


if __name__ == "__main__":
    main()
