"""What a person should know of the prices before the answer: what has none any more, and how a year was counted."""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from portopt.domain.calendar import TRADING_DAYS, common_days, seven_days_a_week
from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot
from portopt.domain.own_returns import own_returns
from portopt.domain.universe import CASH
from portopt.market.successors import successor

SPLIT = "split_since_holdings"
APART = 1.4  # a split of 3 for 2 is more; what an older price differs by is less


def notes_on_holdings(snapshot: MarketSnapshot, holdings: Holdings, by_name: Set[str]) -> tuple[str, ...]:
    """How holdings without a price of today are counted. by_name: assets that the policy excludes in so many words."""
    held, said = {a for a, n in holdings.shares.items() if n != 0}, []
    for asset in sorted(held - snapshot.priced() - {CASH}):
        price = holdings.stated_prices[asset]
        said.append(f"{asset} has no price in {snapshot.source}: it is kept as it is, at {price} as its own row says")
    said += _other_prices(snapshot, holdings, held)
    for finding in snapshot.findings:
        asset = str(finding.asset_id)
        if finding.kind != "no_longer_traded" or finding.treatment != "quarantined" or asset not in held:
            continue
        since = f"{asset} has had no price since {finding.date}"
        other = successor(snapshot, asset, held) if asset in snapshot.asset_ids else None
        if other is not None:
            name, day, opening = other
            since = f"{since}, and {name} begins on {day} at {opening:g} (if it is that under another name, list it so)"
        if asset in by_name:
            said.append(f"{since}: it is sold, as it is excluded by name, at that price")
        else:
            sold = f'"exclusions": ["{asset}"] among the limits sells it'
            said.append(f"{since}: it is valued at that price and not traded; {sold}")
    return tuple(said)


def _other_prices(snapshot: MarketSnapshot, holdings: Holdings, held: Set[str]) -> list[str]:
    """Assets that the holdings state another price of than the source has, by more than markets move in a while.

    What looks like a split is told by its finding already.
    """
    told = []
    split = {finding.asset_id for finding in snapshot.findings if finding.kind == SPLIT}
    for asset, price in zip(snapshot.asset_ids, snapshot.latest_prices().tolist(), strict=True):
        stated = float(holdings.stated_prices.get(asset, 0))
        if asset in held and asset not in split and stated > 0 and price > 0 and not 1.0 / APART < stated / price < APART:
            what = "another unit (pence) or currency, an old list, or another asset?"
            has = f"the holdings state a price of {stated:g} for {asset}, and {snapshot.source} has {price:g}"
            told.append(f"{has}: {what} It is counted at the second")
    return told


def notes_on_the_calendar(snapshot: MarketSnapshot) -> tuple[str, ...]:
    """That some days are not everybody's, where there are any: returns run over them."""
    common = common_days(snapshot.dates, ~np.isnan(snapshot.prices))
    if common.all():
        return ()
    few = f"{int((~common).sum())} of {len(common)} days"
    return (f"{few} are kept by some of the assets only, weekends or holidays of the others: all returns run over them",)


def notes_on_the_year(snapshot: MarketSnapshot, asked: float, counted: float) -> tuple[str, ...]:
    """How many periods make a year, where that is not what the policy asked for or not what the dates suggest."""
    if counted != asked:
        return (f"The prices come {counted:g} times a year: means and variances count that, and not {asked:g} periods a year",)
    if asked != TRADING_DAYS or not seven_days_a_week(snapshot.dates):
        return ()
    if seven_days_a_week(own_returns(snapshot.dates, snapshot.prices).dates):
        every = "estimation.periods_per_year = 365 counts every day"
        return (f"The prices come on seven days a week, and a year is counted as {asked:g} of them: {every}",)
    return ()
