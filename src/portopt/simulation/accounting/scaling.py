"""Buys that cash does not reach are all scaled by one number: the order of the columns says nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from portopt.domain.backtest import Execution, Units
from portopt.simulation.accounting.charges import Traded, charges

PARTS = 1_000_000


def affordable(buys: Traded, cash: int, execution: Execution) -> Units:
    """(m,) the whole units of each buy that `cash` cents pay for, costs included: the same millionths k of each, cut to whole.

        k = the largest with Σ (value + costs of units × k / 1,000,000) <= cash

    Without cash nothing is bought, not even what is worth less than half a cent. What is cut off costs no more, so cash is
    never below zero; and each is within one unit of the same share of its order.
    """
    wanted = buys.units
    if cash <= 0:
        return np.zeros(len(wanted), dtype=np.int64)

    def outlay(k: int) -> int:
        charged = charges(replace(buys, share=buys.share * Fraction(k, PARTS)), execution)
        return int(charged.values.sum()) + int(charged.costs.sum())

    whole = outlay(PARTS)
    if whole <= cash:
        return wanted
    k = _largest(outlay, whole, cash)
    return np.array([int(units) * k // PARTS for units in wanted], dtype=np.int64)


def _largest(outlay: Callable[[int], int], whole: int, cash: int) -> int:
    """The largest k below PARTS with outlay(k) <= cash, 0 where there is none; outlay grows with k.

    Guessed along the chord, which is nearly the curve, and halved where it is not.
    """
    low, high, spent, above = 0, PARTS, 0, whole
    for attempt in range(2 * PARTS.bit_length()):
        if high - low <= 1:
            break
        chord = low + (high - low) * (cash - spent) // max(above - spent, 1)
        guess = chord if attempt % 3 else chord + 1  # from both sides of the root
        k = min(max(guess if attempt < 6 else (low + high) // 2, low + 1), high - 1)
        found = outlay(k)
        if found <= cash:
            low, spent = k, found
        else:
            high, above = k, found
    return low
