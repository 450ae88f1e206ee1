"""Which losses do not count, since the same was bought within the days around the sale.

Share for share, the first bought first: a loss meets shares of its group (the asset, and what is substantially identical) that
were bought within the days before or after, never those of its own lot; a share takes away the loss of one share, once. Losses
of before now come first. Under the average method an asset is one pool: its own shares count, and no more than are left of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from portopt.verifier.exact import ZERO, cents
from portopt.verifier.lots import Lots


@dataclass
class Bought:
    """Shares that may take away a loss, left of them so far. name: None for those of now. gone: when they were sold."""

    asset: str
    name: str | None
    on: date | None
    left: Fraction
    gone: date | None = None


@dataclass(frozen=True)
class Loss:
    asset: str
    name: str
    bought: date | None
    sold: date
    shares: Fraction
    amount: Fraction


class Matching:
    """sold: shares by position of a lot. buys: shares by asset."""

    def __init__(self, lots: Lots, sold: Mapping[int, Fraction], buys: Mapping[str, Fraction]) -> None:
        self.lots, self.pooled = lots, lots.rules.method == "average"
        every = [Bought(lot.asset, lot.name, lot.bought, lot.shares) for lot in lots.lots if lot.told]
        if not self.pooled:
            every += [Bought(c.asset, c.name, c.bought, c.shares, c.sold) for c in lots.closed if c.bought is not None]
        every += [Bought(asset, None, lots.as_of, shares) for asset, shares in buys.items()]
        self.bought = sorted(every, key=lambda one: one.on or date.max)
        self.room: dict[str, Fraction] = {}  # of a pool, what is left that can take anything away
        for k, lot in enumerate(lots.lots):
            self._add_room(lot.asset, lot.shares - sold.get(k, ZERO) if lot.told else ZERO)
        for asset, shares in buys.items():
            self._add_room(asset, shares)
        before = [Loss(c.asset, c.name, c.bought, c.sold, c.shares, c.loss) for c in lots.closed]
        self.met_before = self.meet(before)
        if not self.pooled:
            stays = {(lot.asset, lot.name): lot.shares - sold.get(k, ZERO) for k, lot in enumerate(lots.lots)}
            for one in self.bought:
                if one.name is not None and one.gone is None:
                    one.left = min(one.left, stays[one.asset, one.name])

    def _add_room(self, asset: str, shares: Fraction) -> None:
        group = self.lots.group(asset)
        self.room[group] = self.room.get(group, ZERO) + shares

    def meet(self, losses: Sequence[Loss]) -> list[Fraction]:
        """Of each, how many of its shares meet others; the earliest sale first, of one day the shares bought first."""
        met = [ZERO] * len(losses)
        for j in sorted(range(len(losses)), key=lambda j: (losses[j].sold, losses[j].bought or date.max)):
            loss = losses[j]
            for one in self.bought if loss.amount > 0 else ():
                if self.takes(one, loss.asset, loss.name) and self.is_near(one, loss.sold):
                    self._take(one, loss, j, met)
        return met

    def _take(self, one: Bought, loss: Loss, j: int, met: list[Fraction]) -> None:
        group, shares = self.lots.group(loss.asset), min(one.left, loss.shares - met[j])
        if self.pooled:
            shares = min(shares, self.room[group])
        if shares > 0:
            one.left, met[j] = one.left - shares, met[j] + shares
            self.room[group] -= shares

    def takes(self, one: Bought, asset: str, name: str) -> bool:
        own = (one.asset, one.name) == (asset, name)
        return self.lots.group(one.asset) == self.lots.group(asset) and (self.pooled or not own)

    def is_near(self, one: Bought, sold: date) -> bool:
        """Nobody knows when it was bought: it is near to what is sold now."""
        if one.gone is not None and one.gone <= sold:
            return False
        if one.on is None:
            return sold == self.lots.as_of
        rules = self.lots.rules
        return -rules.wash_before <= (one.on - sold).days <= rules.wash_after


def blocked_lots(lots: Lots) -> set[int]:
    """Lots whose loss would not count today, or not all of it."""
    if not lots.rules.wash_before:
        return set()
    found = Matching(lots, {}, {})
    near = [one for one in found.bought if one.left > 0 and found.is_near(one, lots.as_of)]
    return {k for k, lot in enumerate(lots.lots) if lot.told and any(found.takes(one, lot.asset, lot.name) for one in near)}


def blocked_groups(lots: Lots) -> set[str]:
    """Groups of which something was sold at a loss that a purchase of today would take away."""
    days = timedelta(days=lots.rules.wash_after)
    if not days:
        return set()
    met = Matching(lots, {}, {}).met_before
    pairs = zip(lots.closed, met, strict=True)
    return {lots.group(c.asset) for c, n in pairs if c.loss > 0 and n < c.shares and c.sold <= lots.as_of <= c.sold + days}


def taken_away(
    lots: Lots, sold: Mapping[int, Fraction], gains: Mapping[int, Fraction], buys: Mapping[str, Fraction]
) -> dict[int, Fraction]:
    """Of each lot's loss what does not count, positive, to the cent. gains: of what is sold of the lot, money."""
    if not lots.rules.knows_wash_sales:
        return dict.fromkeys(sold, ZERO)
    at = sorted(sold)
    losses = [Loss(*_of(lots, k), lots.as_of, sold[k], -gains[k]) for k in at]
    met = Matching(lots, sold, buys).meet(losses)
    return {k: cents(loss.amount * n / loss.shares) for k, loss, n in zip(at, losses, met, strict=True)}


def _of(lots: Lots, k: int) -> tuple[str, str, date | None]:
    return lots.lots[k].asset, lots.lots[k].name, lots.lots[k].bought
