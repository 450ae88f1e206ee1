"""What the page shows of the document: series, layers, spells, falls and years. It chooses and orders; it makes no figure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from portopt.reports.through_time.svg.layers import Layer
from portopt.reports.through_time.svg.lines import Line
from portopt.reports.through_time.svg.strips import Strip

Row = Mapping[str, Any]

HISTORIES = (
    ("net", "Net"),
    ("gross", "Before costs"),
    ("benchmark", "Benchmark"),
    ("equal_weight", "Equal weights"),
    ("do_nothing", "Doing nothing"),
)
CASH = "CASH"
LAYERS_SHOWN = 10
STRIPS_SHOWN = 12
FALLS_SHOWN = 5


def histories(document: Row) -> tuple[Line, ...]:
    """The values of the strategy and of what it is compared with, those that are there."""
    days = document["days"]
    return tuple(Line(key, name, days[key]) for key, name in HISTORIES if days.get(key))


def decided(document: Row) -> list[Row]:
    """The rebalances that gave weights."""
    return [row for row in document["rebalances"] if row.get("weights")]


def layers(rows: Sequence[Row], most: int = LAYERS_SHOWN) -> list[Layer]:
    """The assets held most, one layer each, what else was held together, and cash on top. rows: those with weights."""
    totals: dict[str, float] = {}
    for row in rows:
        for asset, w in row["weights"].items():
            totals[asset] = totals.get(asset, 0.0) + abs(w)
    named = sorted((a for a, total in totals.items() if a != CASH and total > 0.0), key=lambda a: (-totals[a], a))
    shown, rest = (named, []) if len(named) <= most + 1 else (named[:most], named[most:])
    found = [Layer(f"k{k}", asset, _weights(rows, [asset])) for k, asset in enumerate(shown)]
    if rest:
        found.append(Layer("rest", f"{len(rest)} others", _weights(rows, rest)))
    if any(abs(row["weights"].get(CASH, 0.0)) > 5e-5 for row in rows):
        found.append(Layer("cash", "Cash", _weights(rows, [CASH])))
    return found


def _weights(rows: Sequence[Row], assets: Sequence[str]) -> list[float]:
    return [float(sum(row["weights"].get(asset, 0.0) for asset in assets)) for row in rows]


def limit_name(bound: Row) -> str:
    """`max_weight AAPL`: the limit, and of whom where it says so."""
    return f"{bound['limit']} {bound.get('member') or ''}".strip()


def bounds(document: Row) -> list[dict[str, Any]]:
    """Limits by how often they bound: name, dates, and the dearest price with its date."""
    found: dict[str, list[tuple[str, float]]] = {}
    for row in document["rebalances"]:
        for bound in row.get("binding") or ():
            found.setdefault(limit_name(bound), []).append((row["date"], abs(bound["price"] or 0.0)))
    rows = [{"limit": name, "at": at, "count": len(at), "dearest": max(at, key=lambda b: b[1])} for name, at in found.items()]
    return sorted(rows, key=lambda r: (-r["count"], r["limit"]))


def strips(document: Row, found: Sequence[Row]) -> list[Strip]:
    """The spells of each limit: from a decision at which it bound to the next decision."""
    dates = [row["date"] for row in document["rebalances"]]
    until = dict(itertools.pairwise([*dates, document["days"]["date"][-1]]))
    out = []
    for row in found[:STRIPS_SHOWN]:
        top = row["dearest"][1] or 1.0
        spells = tuple((day, until[day], price / top) for day, price in row["at"])
        out.append(Strip(row["limit"], spells, f"{row['count']} of {len(dates)}"))
    return out


def falls(document: Row) -> list[dict[str, Any]]:
    """The deepest drawdowns: peak, trough, depth, and when each was made good (None: it is open)."""
    days, under = document["days"]["date"], [abs(v) for v in document["days"]["drawdown"]]
    found, start = [], None
    for t, depth in enumerate([*under, 0.0]):
        if depth > 0.0 and start is None:
            start = t
        elif depth == 0.0 and start is not None:
            trough = max(range(start, t), key=under.__getitem__)
            back = days[t] if t < len(days) else None
            found.append({"peak": days[max(start - 1, 0)], "trough": days[trough], "recovered": back, "at": trough})
            start = None
    return sorted(found, key=lambda f: -under[f["at"]])[:FALLS_SHOWN]


def years(document: Row) -> list[tuple[int, dict[int, Row]]]:
    """Months by year."""
    found: dict[int, dict[int, Row]] = {}
    for row in document["monthly"]:
        found.setdefault(row["year"], {})[row["month"]] = row
    return sorted(found.items())


def first_and_rest(rows: Sequence[Any], shown: int, most: int) -> tuple[dict[str, Sequence[Any]], int]:
    """Rows that stand on the page and those that are folded there; and how many are in the files alone."""
    if len(rows) <= shown + shown // 3:
        return {"shown": rows, "folded": ()}, 0
    return {"shown": rows[:shown], "folded": rows[shown:most]}, max(len(rows) - most, 0)
