"""Triggers as data and as words.

"daily" "weekly" "monthly" "quarterly" "yearly"    the first session of each
"every 21 sessions"     {"every": 21}
"first of month"        {"session": "first", "of": "month"}
"last of month XNYS"    {"session": "last", "of": "month", "calendar": "XNYS"}
"drift 5%"              {"drift": 0.05}                        some weight that far from where it was put
"drift 25% relative"    {"drift": 0.25, "relative": true}      by that part of itself
"volatility 15%"        {"volatility": 0.15, "window": 63}     of today's book over its last sessions, annual
"tracking error 4%"     {"tracking_error": 0.04, "window": 63}
"cash flow"             {"cash_flow": true}                    money has come in or gone out
                        {"any": […]}, {"all": […]}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from portopt.domain.errors import InvalidValue, UnknownField
from portopt.simulation.triggers import TRAILING, AllOf, AnyOf, CashFlow, Drift, Every, First, Last, Risk, Trigger

PERIODS = ("week", "month", "quarter", "year")
NAMED = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year", "annually": "year"}
EXAMPLES = "monthly, every 21 sessions, last of month, drift 5%, volatility 15%, tracking error 4%, cash flow"


def parse_triggers(rebalance: Sequence[Any], *, benchmark: bool = True) -> Trigger:
    """Any of these starts a decision. benchmark: whether there is one, which a tracking error needs.

    Raises InvalidValue, UnknownField with the path of what cannot be understood.
    """
    if isinstance(rebalance, str | Mapping):
        rebalance = [rebalance]
    if not isinstance(rebalance, Sequence) or not rebalance:
        raise InvalidValue("rebalance", rebalance, "says nothing of when to rebalance", fix=f"write one of: {EXAMPLES}")
    parts = [_parsed(item, f"rebalance[{k}]", benchmark) for k, item in enumerate(rebalance)]
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


def as_data(item: Any, path: str = "rebalance") -> Mapping[str, Any]:
    """A trigger as data: what a text means, spelled out. Raises InvalidValue."""
    if isinstance(item, Mapping):
        return item
    if not isinstance(item, str):
        raise InvalidValue(path, item, "is neither words nor an object", fix=f"write one of: {EXAMPLES}")
    words = item.strip().lower()
    if words in NAMED:
        return {"session": "first", "of": NAMED[words]}
    for pattern, data in SPOKEN:
        if found := re.fullmatch(pattern, words):
            return data(*found.groups())
    raise InvalidValue(path, item, "is no trigger that is known", fix=f"write one of: {EXAMPLES}")


def _session(which: str, of: str, calendar: str | None) -> dict[str, Any]:
    return {"session": which, "of": of, **({"calendar": calendar.upper()} if calendar else {})}


NUMBER = r"(\d+(?:\.\d+)?)\s*(%?)"
SPOKEN: tuple[tuple[str, Callable[..., dict[str, Any]]], ...] = (
    (r"every (\d+)(?: sessions?| days?)?", lambda n: {"every": int(n)}),
    (r"(first|last)(?: session)? of (?:the )?(week|month|quarter|year)(?: ([a-z]+))?", _session),
    (rf"drift {NUMBER}( relative)?", lambda x, p, r: {"drift": _share(x, p), **({"relative": True} if r else {})}),
    (rf"volatility {NUMBER}", lambda x, p: {"volatility": _share(x, p)}),
    (rf"tracking[ _]error {NUMBER}", lambda x, p: {"tracking_error": _share(x, p)}),
    (r"cash[ _]flows?", lambda: {"cash_flow": True}),
)


def _share(number: str, percent: str) -> float:
    return float(number) / 100.0 if percent else float(number)


FIELDS = {
    "session": {"session", "of", "calendar"},
    "every": {"every"},
    "drift": {"drift", "relative"},
    "volatility": {"volatility", "window"},
    "tracking_error": {"tracking_error", "window"},
    "cash_flow": {"cash_flow"},
    "any": {"any"},
    "all": {"all"},
}


def _parsed(item: Any, path: str, benchmark: bool) -> Trigger:
    data = as_data(item, path)
    kind = next((name for name in FIELDS if name in data), None)
    if kind is None:
        raise UnknownField(next(iter(data), ""), FIELDS, path=path, value=dict(data))
    for name in data:
        if name not in FIELDS[kind]:
            raise UnknownField(name, FIELDS[kind], path=path, value=data[name])
    if kind in ("any", "all"):
        return _joined(kind, data[kind], f"{path}.{kind}", benchmark)
    if kind == "session":
        return _sessions(data, path)
    if kind == "every":
        return Every(_whole(data["every"], f"{path}.every"))
    if kind == "cash_flow":
        return CashFlow()
    if kind == "drift":
        return Drift(_positive(data["drift"], f"{path}.drift"), data.get("relative", False) is True)
    if kind == "tracking_error" and not benchmark:
        raise InvalidValue(f"{path}.tracking_error", data[kind], "needs a benchmark", fix="give --benchmark")
    window = _whole(data.get("window", TRAILING), f"{path}.window", least=3)
    return Risk(_positive(data[kind], f"{path}.{kind}"), window, active=kind == "tracking_error")


def _joined(kind: str, parts: Any, path: str, benchmark: bool) -> Trigger:
    if not isinstance(parts, list | tuple) or not parts:
        raise InvalidValue(path, parts, "is no list of triggers", fix=f'{{"{kind}": ["monthly", "drift 5%"]}}')
    read = tuple(_parsed(part, f"{path}[{k}]", benchmark) for k, part in enumerate(parts))
    return AnyOf(read) if kind == "any" else AllOf(read)


def _sessions(data: Mapping[str, Any], path: str) -> Trigger:
    which, of = data["session"], data.get("of", "")
    known = (*PERIODS, "day") if which == "first" else PERIODS
    if which not in ("first", "last"):
        raise InvalidValue(f"{path}.session", which, "is neither first nor last")
    if of not in known:
        raise InvalidValue(f"{path}.of", of, f"must be one of {', '.join(known)}", fix='{"session": "first", "of": "month"}')
    if which == "first":
        return First(of)
    calendar = data.get("calendar", "")
    if calendar:
        from portopt.adapters.providers.exchange_calendar import next_session

        next_session(calendar, date(2024, 1, 2))  # a name that nobody knows is refused now, not on some day of the history
    return Last(of, calendar)


def _positive(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < np.inf:
        raise InvalidValue(path, value, "must be a number above zero", fix=f"write {path.rpartition('.')[2]}: 0.05")
    if value > 1.0:
        raise InvalidValue(path, value, "fractions are meant here", fix=f"write {value / 100:g} for {value:g} %")
    return float(value)


def _whole(value: Any, path: str, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidValue(path, value, f"must be a whole number from {least} on", fix="write every: 21")
    return value
