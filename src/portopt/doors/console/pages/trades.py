"""The table of a proposal's trades: found, grouped, in an order, each with the limits that stopped it and their prices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Row = Mapping[str, Any]

FIND, GROUP, ORDER, SHOW = "find", "group", "order", "show"
GROUPS: Final = ("sector", "asset_class", "side", "none")
ORDERS: Final = ("change", "name", "value", "cost", "weight")
KEYS: Final[Mapping[str, Callable[[Row], Any]]] = {
    "change": lambda row: -abs(row["weight_change"]),
    "name": lambda row: row["asset_id"],
    "value": lambda row: -float(row["value"] or 0),
    "cost": lambda row: -float(row["cost"] or 0),
    "weight": lambda row: -row["weight_after"],
}


@dataclass(frozen=True, slots=True)
class Group:
    """total: the group as the document adds it up, where it does."""

    name: str
    rows: Sequence[Row]
    total: Row | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """most: the largest weight there is, before or after; what bars are drawn against."""

    groups: Sequence[Group]
    shown: int
    of: int
    group: str
    order: str
    find: str
    only_trades: bool
    most: float


def grouped(document: Row, *, group: str, order: str, find: str, only_trades: bool) -> Table:
    """of: how many there are before anything was looked for."""
    lines = [row for row in document["proposal"] if row["side"] or not only_trades]
    found = sorted((row for row in lines if _has(row, find)), key=lambda row: (KEYS[order](row), row["asset_id"]))
    prices = document["limit_prices"]
    rows = [{**row, "stopped": [priced(name, row, prices) for name in row["limits"]]} for row in found]
    most = max((row[name] for row in document["proposal"] for name in ("weight_before", "weight_after")), default=1) or 1
    return Table(_groups(document, rows, group), len(rows), len(lines), group, order, find, only_trades, most)


def _has(row: Row, find: str) -> bool:
    wanted = find.strip().casefold()
    return not wanted or any(wanted in str(row[name] or "").casefold() for name in ("asset_id", "name", "sector", "why"))


def _groups(document: Row, rows: Sequence[Row], group: str) -> list[Group]:
    if group == "none":
        return [Group("", rows)] if rows else []
    totals = {total["name"]: total for total in document["groups"].get(group, ())}
    named: dict[str, list[Row]] = {}
    for row in rows:
        named.setdefault(row[group] or "", []).append(row)
    order = [*(name for name in totals if name in named), *(name for name in named if name not in totals)]
    return [Group(name, named[name], totals.get(name)) for name in order]


def priced(limit: str, row: Row, prices: Iterable[Row]) -> Row:
    """The limit by name, with the price that it has for this asset, or for the group that the asset is in."""
    whose = (row["asset_id"], row["sector"], row["asset_class"], "")
    found = [price for price in prices if price["limit"] == limit and price["member"] in whose]
    return {"limit": limit, "price": min(found, key=lambda price: whose.index(price["member"]), default=None)}
