"""The one way in: a table as a source delivered it becomes a pricing pack that says what is wrong with it.

    pricing_pack_id = "pack-" + SHA-256(asset ids, dates, prices, volumes, adjustment)[:20]

The id is the content's alone: the same prices get the same id from whichever source, on whichever machine, under
whichever data policy. What was found and how it was treated is recomputed from pack, policy and query by `recheck`.
"""

from __future__ import annotations

import dataclasses
import difflib
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Matrix, sealed
from portopt.domain.calendar import common_days
from portopt.domain.canonical import digest
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.market import MarketQuery, MarketSnapshot
from portopt.domain.own_returns import own_returns
from portopt.domain.request import DataPolicy
from portopt.domain.universe import CASH
from portopt.market.checks import check_all
from portopt.market.currencies import require_one_currency
from portopt.market.observed import Observed, Prices
from portopt.market.panel import Panel, Repeated, panel_of
from portopt.market.treatment import check_policy, refuse, treat

if TYPE_CHECKING:
    import polars as pl

# What only the delivery shows, not the pack made of it: kept by `recheck` as it was noted then.
LISTED = 10
DELIVERY_KINDS = ("duplicate", "repeated_row", "not_a_number")


def open_snapshot(
    table: pl.DataFrame, *, source: str, adjustment: str, policy: DataPolicy, query: MarketQuery
) -> MarketSnapshot:
    """Normalise, cut at `as_of`, check, treat, name.

    Args:
        table: long prices as a provider gives them (asset_id, date, close, optional volume), rows in any order.
        source: one line for people: which file, host or package.
        adjustment: "adjusted", "raw" or "unknown".
    Returns:
        Assets and dates sorted. Rows after `query.as_of` are not in it, whatever the provider sent; quarantined assets
        are, so that a holding can be valued: `quarantined` names them.
    Raises:
        DataError: no usable rows, or findings that the policy refuses (all of them listed). InvalidValue: a policy
        value that cannot mean anything.
    """
    import polars as pl

    check_policy(policy)
    if adjustment not in ("adjusted", "raw", "unknown"):
        raise InvalidValue("adjustment", adjustment, "must be one of adjusted, raw, unknown")
    asked = _asked_for(table, query)
    require_one_currency(asked, source)
    panel = panel_of(asked)
    missing = set(query.assets or ()) - set(panel.ids) - {CASH}
    known = tuple(table["asset_id"].cast(pl.String).unique().sort()) if missing else panel.ids
    return snapshot_of(panel, source=source, adjustment=adjustment, policy=policy, query=query, known=known)


def snapshot_of(
    panel: Panel, *, source: str, adjustment: str, policy: DataPolicy, query: MarketQuery, known: tuple[str, ...]
) -> MarketSnapshot:
    """A panel that holds nothing but what was asked for, checked, treated and named. known: the ids that the source has.

    Arguments and errors otherwise as for `open_snapshot`.
    """
    if query.last_dates is not None:
        panel = _newest(panel, query.last_dates)
    prices = sealed(panel.prices + 0.0)  # minus zero is zero
    volumes = None if panel.volumes is None or np.isnan(panel.volumes).all() else sealed(panel.volumes)
    snapshot = MarketSnapshot(
        pricing_pack_id=pack_id(panel.ids, panel.dates, prices, volumes, adjustment),
        as_of=_day(panel.dates[-1]),
        asset_ids=panel.ids,
        dates=panel.dates,
        prices=prices,
        volumes=volumes,
        source=source,
        adjustment=adjustment,
    )
    return _judged(snapshot, _delivered(panel), policy, query, known)


def recheck(snapshot: MarketSnapshot, policy: DataPolicy, query: MarketQuery) -> MarketSnapshot:
    """The same pack under another policy or as_of: findings and treatments computed again, prices and id untouched."""
    check_policy(policy)
    noted = [Observed(f.kind, f.asset_id, f.date, f.value, f.detail) for f in snapshot.findings if f.kind in DELIVERY_KINDS]
    return _judged(snapshot, noted, policy, query, snapshot.asset_ids)


def judge_histories(
    snapshot: MarketSnapshot, min_observations: int, lookback: int | None, policy: DataPolicy
) -> MarketSnapshot:
    """The snapshot with a short_history finding for each asset with fewer returns than an estimate needs.

    Args:
        min_observations: fewer returns than this is short. lookback: number of most recent returns that count.
    Raises:
        DataError: when the policy refuses short histories.
    """
    counts = np.isfinite(own_returns(snapshot.dates, snapshot.prices).newest(lookback).X).sum(axis=0)
    already = {f.asset_id for f in snapshot.findings if f.kind == "short_history"}
    short = [(a, int(c)) for a, c in zip(snapshot.asset_ids, counts, strict=True) if c < min_observations and a not in already]
    window = f"the last {lookback} days" if lookback else "its history"
    found = [
        Observed("short_history", a, None, float(c), f"{a} has {c} returns in {window}; {min_observations} are needed")
        for a, c in short
    ]
    return dataclasses.replace(snapshot, findings=snapshot.findings + treat(found, policy, snapshot.source))


def quarantined(snapshot: MarketSnapshot) -> frozenset[str]:
    """Assets that must not be bought, sold or estimated on these prices."""
    return frozenset(f.asset_id for f in snapshot.findings if f.treatment == "quarantined" and f.asset_id is not None)


def pack_id(
    ids: tuple[str, ...],
    dates: npt.NDArray[np.datetime64],
    prices: Matrix,
    volumes: Matrix | None,
    adjustment: str,
) -> str:
    """The name of this content: see the head of this file.

    dates: (T,). prices, volumes: (T, n).
    """
    parts = [list(ids), dates.astype("<M8[D]"), _one_spelling(prices)]
    parts.append(None if volumes is None else _one_spelling(volumes))
    return f"pack-{digest(*parts, adjustment)[:20]}"


def _one_spelling(values: Matrix) -> Matrix:
    """NaN and zero have several bit patterns; identity needs one. Prices that have one already are not copied."""
    given = np.ascontiguousarray(values, dtype="<f8")
    unknown = np.isnan(given)
    if not unknown.any() and not np.signbit(given).any():
        return given
    spelled = given + 0.0  # minus zero is zero
    spelled[unknown] = np.nan
    return np.asarray(spelled)


def _asked_for(table: pl.DataFrame, query: MarketQuery) -> pl.DataFrame:
    import polars as pl

    wanted = []
    if query.as_of is not None:
        wanted.append(pl.col("date") <= query.as_of)
    if query.start is not None:
        wanted.append(pl.col("date") >= query.start)
    if query.assets is not None:
        wanted.append(pl.col("asset_id").cast(pl.String).is_in([a for a in query.assets if a != CASH]))
    if not wanted:
        return table
    kept = table.filter(wanted)
    if kept.height == 0 and table.height > 0:
        first, last = str(table["date"].min()), str(table["date"].max())
        raise DataError(
            f"the source has no price for what was asked: it has {table.height} rows from {first} to {last}",
            field="as_of" if query.as_of is not None else "assets",
            value=query.as_of.isoformat() if query.as_of is not None else query.assets,
            measured={"first_date": first, "last_date": last, "rows": table.height},
            fixes=[_other_question(query, first, last, table["asset_id"].cast(pl.String).unique().sort().to_list())],
        )
    return kept


def _other_question(query: MarketQuery, first: str, last: str, known: list[str]) -> str:
    """What could be asked instead where nothing answers what was. known: the assets that the source has."""
    if query.as_of is not None and query.as_of.isoformat() < first:
        return f"ask for an as_of from {first} on"
    if query.start is not None and query.start.isoformat() > last:
        return f"ask for a start up to {last}"
    listed = f"{', '.join(known[:LISTED])}{', …' if len(known) > LISTED else ''}"
    return f"name the assets as the source does ({listed}), or bring prices of those asked for"


def _newest(panel: Panel, last_dates: int) -> Panel:
    if last_dates < 2:
        raise InvalidValue("last_dates", last_dates, "must be at least 2: one return needs two prices")
    common = np.flatnonzero(common_days(panel.dates, ~np.isnan(panel.prices)))
    if len(common) <= last_dates:
        return panel
    cut = int(common[-last_dates])
    return dataclasses.replace(
        panel,
        dates=panel.dates[cut:],
        prices=panel.prices[cut:],
        volumes=None if panel.volumes is None else panel.volumes[cut:],
        repeated=tuple(dataclasses.replace(r, date=r.date - cut) for r in panel.repeated if r.date >= cut),
        unusable=panel.unusable[panel.unusable[:, 0] >= cut] - np.array([cut, 0]),
        infinite=panel.infinite[panel.infinite[:, 0] >= cut] - np.array([cut, 0]),
    )


def _delivered(panel: Panel) -> list[Observed]:
    """What the rows show and the panel no longer does: repeated rows and values that are no prices."""
    found = []
    same: dict[int, list[Repeated]] = {}
    for r in panel.repeated:
        if len(set(r.values)) == 1:
            same.setdefault(r.asset, []).append(r)
            continue
        asset, day = panel.ids[r.asset], _day(panel.dates[r.date])
        said = ", ".join(f"{value:g}" for value in r.values)
        detail = f"{asset} has {len(r.values)} different prices on {day}: {said}"
        found.append(Observed("duplicate", asset, day, r.values[-1], detail))
    for j, repeats in same.items():
        asset, day, times = panel.ids[j], _day(panel.dates[min(r.date for r in repeats)]), len(repeats)
        detail = f"{asset} has the same price more than once on {times} dates, the first {day}: counted once"
        found.append(Observed("repeated_row", asset, day, float(times), detail))
    for kind, cells, words in (("not_a_number", panel.unusable, "NaN"), ("infinite_price", panel.infinite, "infinite")):
        for j in np.unique(cells[:, 1]):
            rows = cells[cells[:, 1] == j, 0]
            asset, day = panel.ids[j], _day(panel.dates[rows.min()])
            more = f" and on {_days(len(rows) - 1)} more" if len(rows) > 1 else ""
            detail = f"{asset} has the price {words} on {day}{more}: that is not a number"
            found.append(Observed(kind, asset, day, None, detail))
    return found


def _judged(
    snapshot: MarketSnapshot, noted: list[Observed], policy: DataPolicy, query: MarketQuery, known: tuple[str, ...]
) -> MarketSnapshot:
    """The snapshot with its findings. known: the ids that the source has, for whoever asked for another."""
    prices = Prices(snapshot.asset_ids, snapshot.dates, snapshot.prices, snapshot.volumes, ~np.isnan(snapshot.prices))
    found = noted + check_all(prices, policy) + _unknown(snapshot, query, known) + _old_source(snapshot, policy, query)
    findings = treat(found, policy, snapshot.source)
    judged = dataclasses.replace(snapshot, as_of=query.as_of or _day(snapshot.dates[-1]), findings=findings)
    if quarantined(judged) >= set(judged.asset_ids):
        # Going on without every asset is not going on.
        refuse([dataclasses.replace(f, treatment="refused") for f in findings if f.asset_id], snapshot.source, all_of_them=True)
    return judged


def _unknown(snapshot: MarketSnapshot, query: MarketQuery, known: tuple[str, ...]) -> list[Observed]:
    found = []
    for asset in sorted(set(query.assets or ()) - set(snapshot.asset_ids) - {CASH}):
        near = _nearest(asset, known)
        hint = f"; the nearest name there is {near[0]}" if near else ""
        found.append(Observed("unknown_asset", asset, None, None, f"{asset} has no price in {snapshot.source}{hint}"))
    return found


def _nearest(asset: str, known: tuple[str, ...]) -> list[str]:
    """The name most like it, capitals or not."""
    spelled = {name.upper(): name for name in reversed(known)}
    return [spelled[name] for name in difflib.get_close_matches(asset.upper(), spelled, n=1, cutoff=0.6)]


def _old_source(snapshot: MarketSnapshot, policy: DataPolicy, query: MarketQuery) -> list[Observed]:
    newest = _day(snapshot.dates[-1])
    if query.as_of is None or (query.as_of - newest).days <= policy.source_stale_days:
        return []
    age = (query.as_of - newest).days
    detail = f"the newest price of {snapshot.source} is of {newest}, {age} days before {query.as_of}"
    return [Observed("stale_source", None, newest, float(age), detail)]


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _day(value: np.datetime64) -> date:
    return date.fromordinal(719163 + int(value.astype("datetime64[D]").astype(int)))
