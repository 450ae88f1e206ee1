"""bt's ledger: fees, sales, splits, an asset whose prices end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from portopt.simulation.honest import made
from portopt.simulation.honest.outcome import Outcome, all_of, judged
from portopt.simulation.honest.peers.bt_asked import CAPITAL, FEES, carried_out, fees_of, frame_of, once

LIST = (10.0, 25.0, 40.0, 80.0, 125.0)
CENT = 0.01


def full_targets_and_fees() -> Outcome:

    cash, held = [], []
    for ids in ("ABCDE", "EDCBA"):
        prices = dict(zip("ABCDE", LIST, strict=True))
        frame = frame_of(np.tile([prices[a] for a in ids], (4, 1)), ids)
        algos = once()
        s = carried_out(algos, frame, commissions=fees_of)
        cash.append(float(s.data["cash"].iloc[-1]))
        held.append({a: float(s.children[a].position) for a in "ABCDE"})
    off = max(abs(held[0][a] - CAPITAL / 5.0 / p) for a, p in zip("ABCDE", LIST, strict=True))
    conditions = [
        ("cash is not below zero", min(cash) >= 0.0),
        ("each is within one unit of a fifth", off <= 1.0 + FEES * CAPITAL / 5.0 / min(LIST)),
        ("the order of the columns does not matter", held[0] == held[1]),
    ]
    return all_of(
        conditions, f"cash after buying 5 x 20 % at 15 bp: {cash[0]:,.2f} and {cash[1]:,.2f} with columns turned round"
    )


def pure_sale_is_never_refused() -> Outcome:
    import bt

    frame = frame_of(np.full((8, 1), 10.0))
    buy = [bt.algos.RunOnDate(frame.index[1]), bt.algos.WeighSpecified(A=1.0), bt.algos.Rebalance()]
    sell = [bt.algos.RunOnDate(frame.index[4]), bt.algos.WeighSpecified(A=0.5), bt.algos.Rebalance()]
    s = carried_out([bt.algos.Or([bt.AlgoStack(*buy), bt.AlgoStack(*sell)])], frame, commissions=fees_of)
    sold = -float(s.outlays["A"].iloc[-4])
    return judged(abs(sold - 0.5 * CAPITAL) < 0.01 * CAPITAL, f"from a full book {sold:,.0f} of {CAPITAL / 2:,.0f} is sold")


def reverse_split_pays_the_part_in_cash() -> Outcome:
    s = _split([2.0] * 4 + [200.0] * 4, 37.0, 0.01)
    return judged(
        float(s.children["A"].position).is_integer(),
        f"1:100 of 37 shares leaves {float(s.children['A'].position):g} shares; value {_jump(s):+.2f} on the day",
    )


def ratios_are_fractions() -> Outcome:
    s = _split([700.0] * 4 + [100.0] * 4, 100.0, 7.0)
    return judged(float(s.children["A"].position) == 700.0, f"7 for 1 of 100 shares: {float(s.children['A'].position):.10g}")


def _split(prices: Sequence[float], shares: float, ratio: float) -> Any:
    import bt
    import pandas as pd

    frame = frame_of(np.array(prices)[:, None])
    splits = pd.DataFrame({"A": [ratio]}, index=frame.index[4:5])
    nothing = pd.DataFrame({"A": [0.0]}, index=frame.index[4:5])

    class Bought(bt.Algo):  # type: ignore[misc]
        def __call__(self, target: Any) -> bool:
            if target.now == frame.index[1]:
                target.transact(shares, child="A")
            return True

    return carried_out([bt.algos.CorporateActions(nothing, splits), Bought()], frame)


def _jump(s: Any) -> float:
    return float(s.values.iloc[5] - s.values.iloc[4])


def short_mirrors_long() -> Outcome:
    ends = [float(_split([40.0] * 4 + [20.0] * 4, shares, 2.0).values.iloc[-1] - CAPITAL) for shares in (100.0, -100.0)]
    return judged(abs(sum(ends)) < CENT, f"profit through a 2 for 1 split: long {ends[0]:+.2f}, short {ends[1]:+.2f}")


def delisted_keeps_its_value() -> Outcome:
    """The last day of each asset is named to it beforehand; without that, it stops on the first day without a price."""
    import bt
    import pandas as pd

    P = np.full((8, 2), 10.0)
    P[5:, 1] = np.nan
    frame = frame_of(P)
    last = pd.DataFrame({"date": [frame.index[4]]}, index=["B"])
    algos = [bt.algos.ClosePositionsAfterDates("last"), bt.algos.RunOnce(), bt.algos.SelectAll(), bt.algos.WeighEqually()]
    try:
        s = carried_out([*algos, bt.algos.Rebalance()], frame, additional_data={"last": last})
    except ValueError as refusal:
        return judged(False, str(refusal))
    end, left = float(s.values.iloc[-1]), float(s.children["B"].position)
    return judged(
        abs(end - CAPITAL) < CENT and left == 0.0,
        f"half the book in an asset whose prices end, its last day named: value {end:,.0f} of {CAPITAL:,.0f}, {left:,.0f} left",
    )


def fees_are_charged_once() -> Outcome:
    import bt

    algos = [bt.algos.RunMonthly(), bt.algos.SelectAll(), bt.algos.WeighInvVol(), bt.algos.Rebalance()]
    s = carried_out(algos, frame_of(made.drawn(200, 4, 6)), commissions=fees_of)
    fills = s.get_transactions()
    again = float((fills["quantity"].abs() * fills["price"]).sum() * FEES)
    ledger = float(s.fees.sum())
    flows = float(CAPITAL - s.data["cash"].iloc[-1] - (fills["quantity"] * fills["price"]).sum())
    return judged(
        abs(ledger - again) < CENT and abs(flows - again) < CENT,
        f"fees by its own account {ledger:,.2f}, from its fills {again:,.2f}, from cash {flows:,.2f}",
    )


def time_increases() -> Outcome:
    import bt

    algos = [bt.algos.RunWeekly(), bt.algos.SelectAll(), bt.algos.WeighInvVol(), bt.algos.Rebalance()]
    fills = carried_out(algos, frame_of(made.drawn(200, 4, 6))).get_transactions()
    days = fills.index.get_level_values(0)
    least = min(float(part.cumsum().min()) for _, part in fills["quantity"].groupby(level=1))
    return judged(days.is_monotonic_increasing and least >= 0.0, f"{len(fills)} fills in order, least position {least:g}")


BOOK: Mapping[int, Callable[[], Outcome]] = {
    15: full_targets_and_fees,
    16: pure_sale_is_never_refused,
    17: reverse_split_pays_the_part_in_cash,
    18: ratios_are_fractions,
    19: short_mirrors_long,
    23: delisted_keeps_its_value,
    25: fees_are_charged_once,
    26: time_increases,
}
