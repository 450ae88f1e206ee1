"""Rows 1 to 7: nothing is decided, filled, valued or fitted by what comes later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.backtest import Decision, Execution
from portopt.domain.errors import DataError
from portopt.domain.factor_returns import FactorReturns
from portopt.simulation.asking import asked_on, snapshot_on
from portopt.simulation.decide import PipelineDecider
from portopt.simulation.honest import made
from portopt.simulation.honest.leaks import CLEAN, LEAKS, Scored, alarmed
from portopt.simulation.honest.outcome import Outcome, all_of, judged
from portopt.simulation.simulate import simulate
from portopt.simulation.strategies import Held

CLEAN_STRATEGIES = 50


def fill_is_later_than_decision() -> Outcome:
    h, apart = made.history(made.drawn(60, 2, 1)), {}
    for delay in (0, 1, 2, 5):
        fills = made.walk(h, made.fixed(A=1.0), delay=delay, rebalance=["every 10"]).run.fills
        at_price = all(float(f.price) == h.prices[f.decided + delay, f.asset] for f in fills)
        apart[delay] = {f.day - f.decided for f in fills} if at_price else {None}
    return all_of(
        [
            ("filled exactly `delay` sessions later, at that day's close", all(apart[d] == {d} for d in apart)),
            ("one session later unless asked otherwise", Execution().delay == 1),
        ],
        "delays 0, 1, 2 and 5 are kept by every fill; the default is 1",
    )


def cut_data_decides_the_same() -> Outcome:
    P = made.drawn(75, 3, 2)
    whole = made.history(P)
    asked = made.request(whole, rebalance=["weekly"], policy=made.policy())
    full = simulate(asked, whole, PipelineDecider(asked)).decisions
    compared, other = 0, 0
    for T in range(27, 75, 6):
        for a, b in zip(simulate(asked, made.history(P[:T]), PipelineDecider(asked)).decisions, full, strict=False):
            compared += 1
            other += not _same(a, b)
    return judged(
        compared > 0 and other == 0, f"{compared} decisions on cut histories, {other} of them other than on all of it"
    )


def _same(a: Decision, b: Decision) -> bool:
    """To the bit."""
    if a.day != b.day or a.target is None or b.target is None or a.weights is None or b.weights is None:
        return False
    return np.array_equal(a.target, b.target) and np.array_equal(a.weights, b.weights)


def planted_leaks_are_caught() -> Outcome:
    missed = [name for name, score in LEAKS.items() if not alarmed(Scored(score))]
    return judged(not missed, f"{len(LEAKS) - len(missed)} of {len(LEAKS)} caught" + (f"; not {missed}" if missed else ""))


def clean_strategies_raise_no_alarm() -> Outcome:
    false = [k for k in range(CLEAN_STRATEGIES) if alarmed(CLEAN(k))]
    return judged(
        not false, f"{len(false)} alarms for {CLEAN_STRATEGIES} strategies that know the past alone {false or ''}".strip()
    )


def gap_is_valued_at_what_was_before() -> Outcome:
    P = np.array([[1.0], [1.0], [np.nan], [np.nan], [3.0], [3.0]])
    h = made.history(P.copy())
    run = made.walk(h, made.fixed(A=1.0), capital=1000, delay=0).run
    return all_of(
        [
            ("worth 1.0 in the gap", run.equity.tolist() == [100_000] * 3 + [300_000] * 2),
            ("the source as it was", np.array_equal(h.prices, P, equal_nan=True)),
        ],
        "between 1.0 and 3.0 the position is worth 1.0, and the source is not touched",
    )


def no_price_no_fill() -> Outcome:
    P = np.full((8, 2), 10.0)
    P[2, 0] = np.nan
    run = made.walk(made.history(P), made.fixed(A=0.5, B=0.5), capital=1000, rebalance=["yearly"]).run
    return all_of(
        [
            ("B alone filled", [f.asset for f in run.fills] == [1]),
            ("A counted and listed", len(run.unfilled) == 1 and "no price" in run.unfilled[0][1]),
            ("a warning", any("not filled" in w for w in run.warnings)),
        ],
        f"listed: {run.unfilled[0][1] if run.unfilled else 'nothing'}",
    )


def what_is_fitted_past_the_day_is_refused() -> Outcome:
    h = made.history(made.drawn(60, 3, 3))
    known, held = h.known(40), Held(np.zeros(3, dtype=np.int64), 100_000_00, h.prices[40])
    later = FactorReturns(("F",), np.full((60, 1), 0.01), h.dates)
    asked = asked_on(made.request(h, policy=made.policy()), known, held)
    try:
        snapshot_on(replace(asked, factor_returns=later), known)
    except DataError as refused:
        return judged(str(h.dates[40]) in refused.detail and str(h.dates[-1]) in refused.detail, refused.detail)
    return Outcome("fail", "factor returns past the decision were taken")
