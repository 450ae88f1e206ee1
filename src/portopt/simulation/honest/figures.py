"""Rows 29, 30 and 32: benchmark, figures, and a backtest in which nothing happened."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from portopt.judgement.drawdowns import drawdowns
from portopt.judgement.figures import figures
from portopt.simulation.comparators import drifting
from portopt.simulation.honest import made
from portopt.simulation.honest.outcome import Outcome, all_of, judged

SAME = 1e-6  # what is cut for lack of cash is cut in millionths of a share


def holding_the_benchmark_is_no_activity() -> Outcome:
    h = made.history(made.drawn(120, 4, 5))
    weights = {"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1}
    asked = {"benchmark": weights, "fractional": True, "rebalance": [{"drift": 0.9}], "delay": 0}
    walk = made.walk(h, lambda known, held: weights, **asked)
    bought = walk.s.ready
    held_against = drifting(walk.s.request, h, bought)
    if held_against is None:
        return Outcome("fail", "there is no benchmark")
    b, e = held_against.index[bought:], walk.run.equity[bought - walk.run.first :].astype(float)
    active = np.diff(e) / e[:-1] - np.diff(b) / b[:-1]
    return judged(float(np.abs(active).max()) < SAME, f"active return at most {np.abs(active).max():.1e} on {len(active)} days")


def figures_do_not_depend_on_a_benchmark() -> Outcome:
    P = made.drawn(300, 2, 14)
    alone, beside = figures(P[:, 0], made.days(300)), figures(P[:, 0], made.days(300), benchmark=P[:, 1])
    plain, against = ({k: v for k, v in asdict(f).items() if k != "active"} for f in (alone, beside))
    changed = [name for name in plain if plain[name] != against[name]]
    under = np.array([100.0, 110.0, 90.0, 95.0, 109.0])
    fall = drawdowns(under, made.days(5))[0]
    recovered = drawdowns(np.append(under, 110.0), made.days(6))[0]
    return all_of(
        [
            ("every figure equal", not changed and beside.active is not None),
            ("open under water", fall.is_open and fall.recovered is None),
            ("recovered at the peak", not recovered.is_open),
        ],
        f"{len(plain)} figures, {len(changed)} changed by a benchmark; a fall of {fall.depth:.1%}, not made good, is open",
    )


def no_trade_is_a_warning() -> Outcome:
    run = made.walk(made.history(made.drawn(40, 2, 1)), made.fixed()).run
    told = [w for w in run.warnings if w.startswith("No trade was made")]
    return all_of([("warned", bool(told)), ("no fill", not run.fills)], told[0] if told else "no warning")
