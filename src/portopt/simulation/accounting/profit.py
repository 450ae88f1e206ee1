"""What each asset earned, by average cost; the sums are the change of equity, to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from portopt.domain.backtest import Cents, Fill, Happening
from portopt.simulation.accounting.account import Account, open_profit

DIVIDENDS, BORROW = ("dividend",), ("borrow",)
ELSEWHERE = (*DIVIDENDS, *BORROW)


@dataclass(frozen=True, slots=True, eq=False)
class Profits:
    """Cents, (n,) each but interest and flows.

    traded: what closing positions brought over their average cost, both after costs. actions: delistings, spin-offs, cash in
    lieu. open: what is held, over its cost. costs: what orders were charged; it is in `traded` and `open` already.

        equity = capital + flows + interest + Σ (traded + actions + dividends + borrow + open)
    """

    traded: Cents
    actions: Cents
    dividends: Cents
    borrow: Cents
    open: Cents
    costs: Cents
    interest: int
    flows: int

    @property
    def by_asset(self) -> Cents:
        return np.asarray(self.traded + self.actions + self.dividends + self.borrow + self.open)

    @property
    def total(self) -> int:
        """The change of equity that is not money put in or taken out."""
        return int(self.by_asset.sum()) + self.interest


def profits(fills: Sequence[Fill], happenings: Sequence[Happening], account: Account) -> Profits:
    """Everything since the account was opened. account: as it stands after them."""
    n = len(account.units)
    return Profits(
        traded=_summed(n, fills),
        actions=_summed(n, [h for h in happenings if h.kind not in ELSEWHERE]),
        dividends=_summed(n, [h for h in happenings if h.kind in DIVIDENDS]),
        borrow=_summed(n, [h for h in happenings if h.kind in BORROW]),
        open=open_profit(account),
        costs=_added(n, [f.asset for f in fills], [f.cost for f in fills]),
        interest=sum(h.profit for h in happenings if h.kind == "interest"),
        flows=sum(h.cents for h in happenings if h.kind == "cash_flow"),
    )


def _summed(n: int, parts: Sequence[Fill | Happening]) -> Cents:
    """(n,) the profit of what belongs to an asset."""
    own = [(part.asset, part.profit) for part in parts if part.asset is not None]
    return _added(n, [asset for asset, _ in own], [profit for _, profit in own])


def _added(n: int, assets: Sequence[int], cents: Sequence[int]) -> Cents:
    """(n,) integers: no float adds them up."""
    found = np.zeros(n, dtype=np.int64)
    if assets:
        np.add.at(found, np.array(assets), np.array(cents, dtype=np.int64))
    return found
