"""From a tax record and prices to the lots of a book, in weights, in the order in which they are sold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.holdings import Holdings
from portopt.domain.lot_book import LotBook
from portopt.domain.tax import Lot, TaxRecord, TaxRules
from portopt.domain.universe import CASH, Universe
from portopt.taxation.holding_period import age_in_days, term_of
from portopt.taxation.wash_sales import blocked_buys, blocked_sells

UNKNOWN, LONG_AGO = "unknown", date.min


def lots_held(holdings: Holdings, universe: Universe) -> tuple[Lot, ...]:
    """Every lot of what is held long: those that are told, and one of unknown cost for shares that no lot accounts for."""
    record = holdings.tax or TaxRecord()
    found: list[Lot] = []
    for asset in universe.assets:
        held = holdings.shares.get(asset.id, Decimal(0))
        if asset.id == CASH or held <= 0:
            continue
        told = [lot for lot in record.lots_of(asset.id) if lot.shares > 0]
        rest = held - sum((lot.shares for lot in told), Decimal(0))
        found += told
        if rest > 0:
            found.append(Lot(asset.id, UNKNOWN, None, rest, None))
    return tuple(found)


def lot_book(
    holdings: Holdings,
    rules: TaxRules,
    universe: Universe,
    prices: Mapping[str, Decimal],
    w_prev: Vector,
    value: Decimal,
    as_of: date,
) -> LotBook:
    """What is held, by lots. w_prev: (n,) weights of the holdings at the prices. as_of: the day of the sale."""
    record = holdings.tax or TaxRecord()
    lots = ordered(lots_held(holdings, universe), rules, record, as_of)
    position = {asset_id: i for i, asset_id in enumerate(universe.ids)}
    asset = np.array([position[lot.asset_id] for lot in lots], dtype=np.intp)
    shares = {asset_id: holdings.shares[asset_id] for asset_id in dict.fromkeys(lot.asset_id for lot in lots)}
    weight = np.array([w_prev[i] * float(lot.shares / shares[lot.asset_id]) for i, lot in zip(asset, lots, strict=True)])
    kept = blocked_sells(record, as_of, rules)
    groups: dict[str, int] = {}
    identical = np.array([groups.setdefault(rules.group(a) if rules.has_wash_rule else a, len(groups)) for a in universe.ids])
    closed = blocked_buys(record, as_of, rules)
    no_buys = {i: closed[rules.group(a)][0] for i, a in enumerate(universe.ids) if a != CASH and rules.group(a) in closed}
    V, costs = float(value), _costs(lots, rules)
    return LotBook(
        rules=rules,
        as_of=as_of,
        value=V,
        lots=lots,
        asset=asset,
        weight=weight,
        gain=np.array([1.0 - float((c or Decimal(0)) / prices[lot.asset_id]) for c, lot in zip(costs, lots, strict=True)]),
        costs=costs,
        short=np.array([term_of(lot.acquired_on, as_of, rules) == "short" for lot in lots], dtype=bool),
        age=np.array([np.nan if lot.acquired_on is None else age_in_days(lot.acquired_on, as_of) for lot in lots]),
        unknown=np.array([lot.cost_per_share is None for lot in lots], dtype=bool),
        identical=identical,
        before_short=float(record.realized_short - record.carried_short) / V,
        before_long=float(record.realized_long - record.carried_long) / V,
        allowance=float(rules.allowance) / V,
        blocked={k: kept[key] for k, lot in enumerate(lots) if (key := (lot.asset_id, lot.lot_id)) in kept},
        no_buys=no_buys,
        later=_later_substitutes(rules, universe, no_buys),
    )


def _later_substitutes(rules: TaxRules, universe: Universe, no_buys: Mapping[int, str]) -> dict[int, str]:
    """Substitutes that are not bought since one before them may be; those that are not there, or may not be, do not count."""
    position = {asset.id: i for i, asset in enumerate(universe.assets) if asset.tradable}
    later: dict[int, str] = {}
    for asset_id, ranked in rules.substitutes.items():
        there = [name for name in ranked if name in position and position[name] not in no_buys]
        later |= {position[name]: f"{there[0]} comes before it in the place of {asset_id}" for name in there[1:]}
    return later


def ordered(lots: tuple[Lot, ...], rules: TaxRules, record: TaxRecord, as_of: date) -> tuple[Lot, ...]:
    """Each asset's lots in the order in which the method sells them; where it has none, by date. Assets stay in their order."""
    rank = {asset_id: k for k, asset_id in enumerate(dict.fromkeys(lot.asset_id for lot in lots))}

    def place(lot: Lot) -> tuple[object, ...]:
        bought = lot.acquired_on or LONG_AGO
        if rules.method == "lifo":
            key: tuple[object, ...] = (-bought.toordinal(),)
        elif rules.method == "highest_cost":
            key = (-(lot.cost_per_share if lot.cost_per_share is not None else Decimal(-1)),)
        elif rules.method == "specified":
            named = rules.specified.get(lot.asset_id, ())
            key = (named.index(lot.lot_id) if lot.lot_id in named else len(named), bought)
        else:
            key = (bought,)
        return (rank[lot.asset_id], *key, bought, lot.lot_id)

    return tuple(sorted(lots, key=place))


def _costs(lots: tuple[Lot, ...], rules: TaxRules) -> tuple[Decimal | None, ...]:
    """Of each lot a share's. By the average method every lot of an asset has the same."""
    pooled = average_costs(lots) if rules.method == "average" else {}
    return tuple(pooled.get(lot.asset_id, lot.cost_per_share) for lot in lots)


def average_costs(lots: tuple[Lot, ...]) -> dict[str, Decimal]:
    """Cost per share of each asset whose costs are all known, as one pool."""
    pools: dict[str, list[Lot]] = {}
    for lot in lots:
        pools.setdefault(lot.asset_id, []).append(lot)
    known = {a: pool for a, pool in pools.items() if all(lot.cost_per_share is not None for lot in pool)}
    return {a: sum(((lot.cost_per_share or 0) * lot.shares for lot in pool), Decimal(0)) / sum(lot.shares for lot in pool)
            for a, pool in known.items()}  # fmt: skip
