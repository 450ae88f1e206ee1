"""bt: what it decides and shows, by its defaults, in a strategy of its own algos."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from portopt.simulation.honest import made
from portopt.simulation.honest.outcome import Outcome, judged
from portopt.simulation.honest.peers.bt_asked import CAPITAL, carried_out, frame_of, once
from portopt.simulation.honest.peers.of_bt_book import BOOK


def signal_and_fill() -> Outcome:
    import bt

    frame = frame_of([[10.0], [11.0], [12.0], [20.0], [21.0], [22.0]])
    found = carried_out(
        [bt.algos.SelectWhere(frame > 15.0), bt.algos.WeighEqually(), bt.algos.Rebalance()], frame
    ).get_transactions()
    day, price = found.index[0][0], float(found["price"].iloc[0])
    return judged(day > frame.index[3], f"a signal of row 3 is filled on row {frame.index.get_loc(day)} at {price:g}")


def cut_data_decides_the_same() -> Outcome:
    import bt
    import pandas as pd

    frame = frame_of(made.drawn(200, 6, 4))
    lookback = pd.DateOffset(months=2)

    def traded(until: int) -> Any:
        algos = [bt.algos.RunMonthly(), bt.algos.SelectAll(), bt.algos.SelectMomentum(3, lookback=lookback)]
        algos += [bt.algos.WeighInvVol(lookback=lookback), bt.algos.Rebalance()]
        return carried_out(algos, frame.iloc[:until]).positions.reindex(columns=frame.columns).fillna(0.0)

    whole, cuts = traded(200), (100, 133, 171)
    same = [traded(t).iloc[: t - 1].equals(whole.iloc[: t - 1]) for t in cuts]
    return judged(all(same), f"cut at {len(cuts)} days, {sum(same)} of them trade the same until then")


def gap_is_valued_at_what_was_before() -> Outcome:

    P = np.full((8, 1), 10.0)
    P[4:6], P[6:] = np.nan, 30.0
    try:
        s = carried_out(once(), frame_of(P))
    except ValueError as refusal:
        return Outcome("cannot be asked", f"what is held needs a price every day: {refusal}")
    value = s.values.iloc[-4:-2].tolist()
    return judged(bool(np.allclose(value, CAPITAL)), f"of {CAPITAL:,.0f} in an asset without a price for two days: {value}")


def no_price_no_fill() -> Outcome:
    import bt

    P = np.full((8, 2), 10.0)
    P[0:4, 1] = np.nan
    try:
        carried_out([bt.algos.RunOnce(), bt.algos.WeighSpecified(A=0.5, B=0.5), bt.algos.Rebalance()], frame_of(P))
    except ValueError as refusal:
        return judged("B" in str(refusal), f"refused, with the asset and the day: {refusal}")
    return judged(False, "it went through")


def turnover_from_what_is_held() -> Outcome:
    import bt

    limit, frame = 0.01, frame_of(made.drawn(321, 5, 3))
    rng, targets = np.random.default_rng(1), []

    class Drawn(bt.Algo):  # type: ignore[misc]
        def __call__(self, target: Any) -> bool:
            w = rng.dirichlet(np.ones(5))
            target.temp["weights"] = dict(zip(frame.columns, w.tolist(), strict=True))
            targets.append(target.now)
            return True

    first = once()
    later = [
        bt.algos.RunAfterDays(10),
        bt.algos.RunEveryNPeriods(10),
        Drawn(),
        bt.algos.LimitDeltas(limit),
        bt.algos.Rebalance(),
    ]
    s = carried_out([bt.algos.Or([bt.AlgoStack(*first), bt.AlgoStack(*later)])], frame, integer_positions=False)
    traded = s.outlays.abs().div(s.values, axis=0).loc[targets]
    broken = int((traded.max(axis=1) > limit + 1e-6).sum())
    return judged(broken == 0, f"LimitDeltas of {limit:.0%} is broken at {broken} of {len(targets)} dates")


def earlier_rows_stay() -> Outcome:
    import bt

    frame = frame_of(made.drawn(120, 3, 8))

    def values(until: int) -> Any:
        algos = [bt.algos.RunMonthly(), bt.algos.SelectAll(), bt.algos.WeighInvVol(), bt.algos.Rebalance()]
        return carried_out(algos, frame.iloc[:until]).values.iloc[:60]

    return judged(values(61).equals(values(120)), "the first 60 days, run to day 60 and to day 120")


def holding_the_benchmark() -> Outcome:

    P = made.drawn(100, 1, 2)
    algos = once()
    s = carried_out(algos, frame_of(P), integer_positions=False)
    theirs = s.prices.pct_change().iloc[2:].to_numpy()
    apart = float(np.abs(theirs - (P[1:] / P[:-1] - 1.0)[-len(theirs) :, 0]).max())
    return judged(apart < 1e-12, f"the only asset held in full: its returns are {apart:.0e} from the asset's")


def figures_do_not_depend_on_a_benchmark() -> Outcome:
    import bt

    frame = frame_of(made.drawn(300, 2, 9))

    def test(name: str, asset: str) -> Any:
        algos = [bt.algos.RunOnce(), bt.algos.SelectThese([asset]), bt.algos.WeighEqually(), bt.algos.Rebalance()]
        return bt.Backtest(bt.Strategy(name, algos), frame, progress_bar=False)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alone, both = bt.run(test("own", "A")).stats["own"], bt.run(test("own", "A"), test("other", "B")).stats["own"]
    same = [a == b or (a != a and b != b) for a, b in zip(alone, both, strict=True)]
    return judged(all(same), f"{sum(same)} of {len(same)} figures are the same alone and beside another")


def no_trade_is_a_warning() -> Outcome:
    import bt

    frame = frame_of(made.drawn(40, 2, 5), hour=16)
    midnight = frame.index[10].normalize()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        algos = [bt.algos.RunOnDate(midnight), bt.algos.SelectAll(), bt.algos.WeighEqually(), bt.algos.Rebalance()]
        test = bt.Backtest(bt.Strategy("never", algos), frame, progress_bar=False)
        bt.run(test)
    traded, words = bool(test.strategy.positions.to_numpy().any()), [str(w.message) for w in told]
    said = [w for w in words if "trade" in w.lower() or "transaction" in w.lower()]
    found = f"a day asked for at midnight, prices of 16:00: {'traded' if traded else 'no trade'}, {len(said)} warnings"
    return judged(bool(said) or traded, found)


QUESTIONS: Mapping[int, Callable[[], Outcome]] = {
    1: signal_and_fill,
    2: cut_data_decides_the_same,
    5: gap_is_valued_at_what_was_before,
    6: no_price_no_fill,
    12: turnover_from_what_is_held,
    24: earlier_rows_stay,
    29: holding_the_benchmark,
    30: figures_do_not_depend_on_a_benchmark,
    32: no_trade_is_a_warning,
    **BOOK,
}
