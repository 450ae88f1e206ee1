"""Holdings of yesterday beside prices of today: what happened to a share in between, as far as anything tells it.

Witnesses: a price that the holdings state, the prices' own history, corporate actions, and what tax lots have cost. One is
enough to ask; nothing is converted here. A crash is told from a split by the closes of the list's own days: a list that states
yesterday's price agrees with yesterday's close whatever happened since, one from before a split only at its ratio.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

import numpy as np

from portopt.domain.action import Action
from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot
from portopt.domain.shares_in_doubt import InDoubt
from portopt.domain.tax import Lot
from portopt.domain.universe import CASH
from portopt.market.own_closes import Jump, Match, OwnCloses
from portopt.market.raw_jumps import raw_jumps
from portopt.market.share_ratios import as_text, in_words
from portopt.market.stated_days import ListDay, day_of_list

LOOKED_AT = 1.08  # stated prices nearer than that to the close of their day are of the same shares
AS_IT_STANDS, NEAR = 0.03, 0.015  # in logarithms; three and one and a half usual days where that is more
BY_COST = 1.4  # lots alone tell no smaller split: dividends are taken off old prices
COST_NEAR = 0.03
WHAT = {"spin_off": "spun off", "delisting": "was taken out", "split": "was split"}


@dataclass(frozen=True, slots=True)
class _Said:
    """What one witness says of an asset."""

    ratio: Fraction | None
    sentence: str
    off: float | None = None


def in_doubt(snapshot: MarketSnapshot, holdings: Holdings, actions: Sequence[Action] = ()) -> tuple[InDoubt, ...]:
    """Held assets whose shares may be from before something that their price is from after, by asset id.

    Of assets whose split was stated, and which were converted, only the stated price is looked at again.
    """
    lots = holdings.tax is not None and holdings.tax.lots
    if not (holdings.stated_prices or holdings.as_of or actions or lots):  # most books of a night: nothing tells anything
        return ()
    sheet = _Sheet.of(snapshot, holdings, actions)
    found = [doubt for asset in sheet.suspects() if (doubt := sheet.doubt(asset)) is not None]
    return tuple(doubt for doubt in found if not _is_of_the_list(doubt, found, sheet))


@dataclass(frozen=True, eq=False)
class _Sheet:
    """Holdings and prices side by side. row: of the day that the stated prices are of, where they tell it."""

    snapshot: MarketSnapshot
    holdings: Holdings
    columns: Mapping[str, int]
    jumps: Mapping[str, tuple[Jump, ...]]
    actions: Mapping[str, tuple[Action, ...]]
    lots: Mapping[str, tuple[Lot, ...]]
    listed: Mapping[str, Decimal]

    @classmethod
    def of(cls, snapshot: MarketSnapshot, holdings: Holdings, actions: Sequence[Action]) -> _Sheet:
        held = {a for a, n in holdings.shares.items() if n != 0} - {CASH}
        priced = snapshot.priced()
        columns = {a: j for j, a in enumerate(snapshot.asset_ids) if a in held and a in priced}
        listed = {a: p for a, p in holdings.stated_prices.items() if a in columns and p > 0}
        lots = holdings.tax.lots if holdings.tax is not None else ()
        return cls(
            snapshot,
            holdings,
            columns,
            raw_jumps(snapshot, columns if holdings.as_of is not None else {a: columns[a] for a in listed}),
            {a: tuple(x for x in actions if x.asset_id == a) for a in sorted({x.asset_id for x in actions} & set(columns))},
            {a: tuple(lot for lot in lots if lot.asset_id == a) for a in sorted({lot.asset_id for lot in lots} & set(columns))},
            listed,
        )

    def suspects(self) -> list[str]:
        """The few assets that need a closer look."""
        row = self.day.row
        closes = self.snapshot.latest_prices() if row is None or row < 0 else self.snapshot.prices[row]
        away = [a for a, p in self.listed.items() if not 1 / LOOKED_AT < float(p) / closes[self.columns[a]] < LOOKED_AT]
        jumped = [a for a, jumps in self.jumps.items() if jumps]
        return sorted({*away, *jumped, *self.actions, *self.lots})

    def doubt(self, asset: str) -> InDoubt | None:
        own = OwnCloses.of(self.snapshot, self.columns[asset], self.jumps.get(asset, ()))
        said = [*self._by_price(own)]
        if asset not in self.holdings.splits:
            said += [*self._by_action(own, bool(said)), *self._by_history(own, bool(said)), *self._by_cost(own, bool(said))]
        if not said:
            return None
        ratio = next((one.ratio for one in said if one.ratio is not None), None)
        last = len(own.rows) - 1
        return InDoubt(
            asset,
            ratio,
            self.holdings.shares[asset],
            float(own.closes[last]),
            own.day(last),
            tuple(one.sentence for one in said),
            self.listed.get(asset),
            next((one.off for one in said if one.off is not None), None),
        )

    @cached_property
    def day(self) -> ListDay:
        """Which day the list is of."""
        ids = sorted(self.listed)
        closes = self.snapshot.prices[:, [self.columns[a] for a in ids]]
        stated = np.array([float(self.listed[a]) for a in ids])
        return day_of_list(self.snapshot.dates, np.where(closes > 0.0, closes, np.nan), stated, self.holdings.as_of)

    def _by_price(self, own: OwnCloses) -> Iterator[_Said]:
        stated = self.listed.get(own.asset_id)
        if stated is None:
            return
        at = own.among(self.day.rows)
        # A fall may be a split, or a crash beside one: whichever of the two leaves the price at a ratio.
        for closes in (own, own.as_paid()) if own.jumps else (own,):
            match = closes.beside(float(stated), at, self.day.row) if len(at) else None
            if match is None or not _tells_a_split(match, closes, float(stated), dated=self.day.is_told):
                continue
            today = " in shares of today" if closes.jumps else ""
            where = f"{self.snapshot.source} has {match.close:.6g}{today} on {own.day(match.row)}"
            said = f"the holdings state a price of {stated}, and {where}: {as_text(match.ratio)}, within {_percent(match.off)}"
            yield _Said(match.ratio, said, match.off)
            return

    def _by_action(self, own: OwnCloses, asked: bool) -> Iterator[_Said]:
        """asked: the price is a witness already, so that a day is not needed."""
        since, newest = self.day.day, own.day(len(own.rows) - 1)
        agrees = self.holdings.as_of is None and own.asset_id in self.listed and not asked
        for action in self.actions.get(own.asset_id, ()):
            if action.kind not in WHAT or (since is None and not asked) or agrees:
                continue
            if (since is None or action.ex_date > since) and action.ex_date <= max(newest, self.snapshot.as_of):
                yield _Said(*_told_by(action, since))

    def _by_history(self, own: OwnCloses, asked: bool) -> Iterator[_Said]:
        """A fall that the prices are not adjusted for, after the day that the holdings name. asked: something else asks."""
        since = self.holdings.as_of
        for jump in own.jumps:
            at = int(np.searchsorted(own.rows, jump.row))
            later = since is not None and own.day(at) > since
            if later or (asked and since is None and jump.row > min(self.day.rows, default=jump.row)):
                after = f", and the holdings are of {since}" if later else ""
                went = f"the prices go from {own.closes[at - 1]:.6g} to {own.closes[at]:.6g} on {own.day(at)}{after}"
                yield _Said(jump.ratio, went)

    def _by_cost(self, own: OwnCloses, asked: bool) -> Iterator[_Said]:
        """Every lot with a day and a cost beside the close of its day. asked: something else asks already."""
        if not asked and own.asset_id in self.listed:  # its price is of today's shares: so are the shares
            return
        found = [one for lot in self.lots.get(own.asset_id, ()) if (one := _cost_beside(lot, own)) is not None]
        if not found or len({match.ratio for _, match in found}) > 1:
            return
        lot, match = found[0]
        if all(one.off <= max(COST_NEAR, 2 * own.deviation) for _, one in found) and match.apart > np.log(BY_COST):
            lots = f"lot {lot.lot_id}" if len(found) == 1 else f"all {len(found)} lots, as {lot.lot_id},"
            has = f"{self.snapshot.source} has {match.close:.6g} that day in shares of today"
            said = f"{lots} cost {lot.cost_per_share} a share on {lot.acquired_on}, where {has}: {as_text(match.ratio)}"
            yield _Said(match.ratio, said, match.off)


def _percent(off: float) -> str:
    return f"{max(off, 1e-4):.2%}"


def _cost_beside(lot: Lot, own: OwnCloses) -> tuple[Lot, Match] | None:
    if lot.acquired_on is None or not lot.cost_per_share or np.datetime64(lot.acquired_on, "D") < own.dates[own.rows[0]]:
        return None
    row = int(np.searchsorted(own.dates, np.datetime64(lot.acquired_on, "D"), side="right")) - 1
    return lot, own.beside(float(lot.cost_per_share), own.among(range(row, row + 1)))


def _tells_a_split(match: Match, own: OwnCloses, stated: float, *, dated: bool) -> bool:
    """Whether a stated price is a ratio's, and not one of a day of its own.

    Of a list whose day nobody knows it must be a close to the cent, or a price that the asset has never had.
    """
    if match.exact:
        return True
    usual = own.deviation
    if match.apart <= max(AS_IT_STANDS, 3 * usual) or match.at_ratio > max(NEAR, 1.5 * usual):
        return False
    return dated or bool(own.jumps) or not own.is_within(stated)


def _told_by(action: Action, since: date | None) -> tuple[Fraction | None, str]:
    ratio = Fraction(*action.ratio) if action.kind == "split" and action.ratio is not None else None
    more = f" ({in_words(ratio)})" if ratio is not None else f" {action.into}" if action.into else ""
    after = "" if since is None else f", after the holdings of {since}"
    return ratio, f"{action.asset_id} {WHAT[action.kind]}{more} on {action.ex_date}{after}"


def _is_of_the_list(doubt: InDoubt, found: Sequence[InDoubt], sheet: _Sheet) -> bool:
    """Whether most of the list is off by the same ratio and nothing else speaks for a split: other units, not splits."""
    alike = Counter(one.ratio for one in found if one.off is not None and len(one.witnesses) == 1)
    return doubt.off is not None and len(doubt.witnesses) == 1 and 1 < 2 * alike[doubt.ratio] > max(len(sheet.listed), 2)
