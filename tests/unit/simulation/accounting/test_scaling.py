"""Buys that cash does not reach: one number for all of them, the largest that fits, whatever the order of the columns."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portopt.domain.backtest import Execution
from portopt.simulation.accounting.charges import Traded, charges
from portopt.simulation.accounting.scaling import PARTS, affordable

COSTS = st.builds(
    Execution, commission_bps=st.sampled_from([0.0, 15.0, 3.3]), minimum_fee=st.sampled_from([0.0, 1.0]),
    commission_per_share=st.sampled_from([0.0, 0.01]),
    spread_bps=st.sampled_from([0.0, 20.0]), impact=st.sampled_from([0.0, 0.9]),
)  # fmt: skip
BUYS = st.lists(st.tuples(st.integers(1, 50_000), st.integers(1, 90_000)), min_size=1, max_size=6)


def traded(buys: list[tuple[int, int]], share: Fraction = Fraction(1)) -> Traded:
    units, ticks = (np.array(column) for column in zip(*buys, strict=True))
    return Traded(units, ticks / 100, share, np.full(len(units), 1e5), np.full(len(units), 0.02))


def outlay(buys: Traded, execution: Execution) -> int:
    charged = charges(buys, execution)
    return int((charged.values + charged.costs).sum())


@settings(max_examples=150, deadline=None)
@given(BUYS, COSTS, st.floats(0.001, 0.999))
def test_the_largest_number_at_which_all_fit_is_found_and_cash_never_ends_below_zero(buys, execution, share):
    whole = outlay(traded(buys), execution)
    cash = int(whole * share)
    assume(cash > 0)
    got = affordable(traded(buys), cash, execution)

    def at(k: int) -> int:
        return outlay(traded(buys, Fraction(k, PARTS)), execution)

    low, high = 0, PARTS
    while high - low > 1:  # by halving, whatever the curve
        low, high = ((low + high) // 2, high) if at((low + high) // 2) <= cash else (low, (low + high) // 2)
    assert got.tolist() == [units * low // PARTS for units, _ in buys]
    kept = [(int(units), ticks) for units, (_, ticks) in zip(got, buys, strict=True) if units]
    assert not kept or outlay(traded(kept), execution) <= cash


@settings(max_examples=60, deadline=None)
@given(BUYS, COSTS, st.floats(0.1, 0.9), st.randoms())
def test_the_order_of_the_columns_says_nothing(buys, execution, share, random):
    cash = max(int(outlay(traded(buys), execution) * share), 1)
    order = list(range(len(buys)))
    random.shuffle(order)
    straight, mixed = affordable(traded(buys), cash, execution), affordable(traded([buys[i] for i in order]), cash, execution)
    assert [int(straight[i]) for i in order] == mixed.tolist()


def test_without_cash_nothing_is_bought_and_with_enough_everything():
    buys, free = traded([(5, 100), (7, 200)]), Execution()
    assert [affordable(buys, cash, free).tolist() for cash in (0, -5, 1_900)] == [[0, 0], [0, 0], [5, 7]]
