"""What a backtest or a walk-forward asks, as data and back, exactly: what a job and a run keep to be worked out again.

Money is decimal texts, dates ISO, ratios of shares two whole numbers. Unknown names are refused.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from portopt.dialects.actions import read_action
from portopt.dialects.exact import read_date, read_decimal
from portopt.dialects.policies import policy_from_data
from portopt.dialects.reading import (
    flag,
    list_of,
    mapping_of,
    number,
    object_of,
    one_of,
    required,
    shown,
    text,
    whole_number,
)
from portopt.dialects.records import MAX_TEXT, json_object, record
from portopt.dialects.requests import read_universe
from portopt.domain.backtest import BacktestRequest, Execution, Membership
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue
from portopt.domain.request import Policy
from portopt.domain.walk import WalkForward

T = TypeVar("T")
FIELDS = tuple(f.name for f in dataclasses.fields(BacktestRequest))
MOST_ROWS = 1_000_000
ROUNDING = ("nearest", "search")
ROUNDED = ("whole", "fractional", *ROUNDING)  # as it is asked: the first two say what is held
# Smallest and largest value that can mean anything, by field of Execution.
EXECUTION: Mapping[str, tuple[float, float]] = {
    "delay": (0, 250), "expires": (1, 250), "participation": (1e-6, 1.0), "commission_bps": (0.0, 1e4),
    "commission_per_share": (0.0, 1e6), "minimum_fee": (0.0, 1e9), "spread_bps": (0.0, 1e4), "impact": (0.0, 1e3),
    "linear_impact": (0.0, 1e3), "cost_cap": (0.0, 1.0), "borrow_rate": (-1.0, 10.0), "cash_rate": (-1.0, 10.0),
}  # fmt: skip


def backtest_to_data(request: BacktestRequest) -> dict[str, Any]:
    """The whole request as JSON holds it; `backtest_from_data` gives it back equal, identity and all."""
    return {**plain(request), **({"notes": list(request.notes)} if request.notes else {})}


def backtest_from_data(data: Mapping[str, Any], path: str = "") -> BacktestRequest:
    """Raises UnknownField, InvalidValue or MissingInput for anything that is not such a request."""
    doc = object_of(data, path, FIELDS)
    return BacktestRequest(
        policy=policy_from_data(required(doc, "policy", path), path="policy"),
        universe=read_universe(required(doc, "universe", path)),
        capital=read_decimal(required(doc, "capital", path), "capital"),
        rebalance=tuple(json_object(t, f"rebalance[{i}]") for i, t in enumerate(_rows(doc, "rebalance"))),
        policies=tuple(_pair(p, f"policies[{i}]", _policy) for i, p in enumerate(_rows(doc, "policies"))),
        cash_flows=tuple(_pair(p, f"cash_flows[{i}]", read_decimal) for i, p in enumerate(_rows(doc, "cash_flows"))),
        notes=tuple(text(n, f"notes[{i}]", most=MAX_TEXT) for i, n in enumerate(_rows(doc, "notes"))),
        **read_options(doc),
    )


def read_options(doc: Mapping[str, Any]) -> dict[str, Any]:
    """What a backtest is asked beside its policy, its universe and its money, by field; what is absent is left out."""
    reading: Mapping[str, Callable[[Any, str], Any]] = {
        "currency": lambda value, field: text(value, field, most=10),
        "execution": read_execution,
        "start": read_date,
        "end": read_date,
        "benchmark": _weights,
        "members": lambda value, field: _each(value, field, _membership),
        "actions": lambda value, field: _each(value, field, read_action),
        "rounding": lambda value, field: one_of(value, field, ROUNDING),
        "prove": flag,
        "seed": lambda value, field: whole_number(value, field, low=0, high=2**31 - 1),
    }
    return {name: read(doc[name], name) for name, read in reading.items() if doc.get(name) is not None}


def read_execution(value: Any, field: str = "execution") -> Execution:
    """Raises InvalidValue for what is no delay, rate or fee."""
    found = record(Execution, value, field)
    for name, (low, high) in EXECUTION.items():
        given = getattr(found, name)
        if given is not None and not low <= given <= high:
            raise InvalidValue(f"{field}.{name}", shown(given), f"must lie in [{low:g}, {high:g}]")
    return found


def rounding_of(words: str | None, *, fractional: bool, field: str = "rounding") -> tuple[str, bool]:
    """(how lots are rounded, whether fractions of a share are held) of what was asked. Raises InvalidValue for both at once."""
    if words is None:
        return "nearest", fractional
    one_of(words, field, ROUNDED)
    if fractional and words in ("whole", "search"):
        raise InvalidValue(field, words, "holds whole shares, and fractions were asked for", fix="ask for one of the two")
    return "search" if words == "search" else "nearest", fractional or words == "fractional"


def in_force(since: date | None, known: date | None, field: str) -> date:
    """The day from which a later policy decides. Raises InvalidValue for one that was known only after its first decision."""
    if since is None:
        raise InvalidValue(field, None, "does not say from when on", fix="write the day: 2020-01-02")
    if known is not None and known > since:
        why = f"became known on {known}: no decision from {since} on could have followed it"
        raise InvalidValue(field, since.isoformat(), why, fix=f"let it decide from {known} on")
    return since


def walk_to_data(walk: WalkForward) -> dict[str, Any]:
    return dict(plain(walk))


def walk_from_data(data: Mapping[str, Any], path: str = "windows") -> WalkForward:
    """Raises UnknownField, InvalidValue or MissingInput for anything that is not such windows."""
    doc = object_of(data, path, [f.name for f in dataclasses.fields(WalkForward)])
    lengths = (("train", 2), ("test", 1), ("purge", 0), ("embargo", 0), ("starts", 1))
    whole = {**{name: (low, 100_000) for name, low in lengths}, "groups": (0, 30), "tested": (1, 29)}
    sessions: dict[str, Any] = {
        name: whole_number(doc[name], f"{path}.{name}", low=low, high=high)
        for name, (low, high) in whole.items()
        if doc.get(name) is not None
    }
    expanding = doc.get("expanding") is not None and flag(doc["expanding"], f"{path}.expanding")
    vary = mapping_of(doc.get("vary") or {}, f"{path}.vary")
    if sessions.get("groups", 0) and sessions.get("tested", 2) >= sessions["groups"]:
        raise InvalidValue(f"{path}.tested", sessions.get("tested", 2), f"must be below the {sessions['groups']} groups")
    tried = {name: _choices(values, f"{path}.vary.{name}") for name, values in vary.items()}
    return WalkForward(**sessions, expanding=expanding, vary=tried)


def _choices(value: Any, field: str) -> tuple[Any, ...]:
    items = list_of(value, field, least=1, most=1_000)
    return tuple(json_object({"value": item}, field)["value"] for item in items)


def _rows(doc: Mapping[str, Any], name: str) -> Any:
    return list_of(doc.get(name) or [], name, most=MOST_ROWS)


def _each(value: Any, field: str, read: Callable[[Any, str], T]) -> tuple[T, ...]:
    return tuple(read(item, f"{field}[{i}]") for i, item in enumerate(list_of(value, field, most=MOST_ROWS)))


def _pair(value: Any, field: str, read: Callable[[Any, str], T]) -> tuple[date, T]:
    pair = list_of(value, field, least=2, most=2)
    return read_date(pair[0], f"{field}[0]"), read(pair[1], f"{field}[1]")


def _policy(value: Any, field: str) -> Policy:
    return policy_from_data(value, path=field)


def _weights(value: Any, field: str) -> dict[str, float]:
    return {
        name: number(w, f"{field}.{name}", low=-1e3, high=1e3, fraction=True) for name, w in mapping_of(value, field).items()
    }


def _membership(value: Any, field: str) -> Membership:
    doc = object_of(value, field, [f.name for f in dataclasses.fields(Membership)])
    return Membership(
        asset_id=text(required(doc, "asset_id", field), f"{field}.asset_id"),
        valid_from=read_date(required(doc, "valid_from", field), f"{field}.valid_from"),
        valid_to=_day(doc, "valid_to", field),
        known_from=_day(doc, "known_from", field),
    )


def _day(doc: Mapping[str, Any], name: str, field: str) -> date | None:
    return None if doc.get(name) is None else read_date(doc[name], f"{field}.{name}")
