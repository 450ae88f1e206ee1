"""Flat dataclasses from JSON objects, strictly: names from the fields, types from the annotations, ranges from one table."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from portopt.dialects.reading import flag, list_of, mapping_of, number, object_of, one_of, required, shown, text, whole_number
from portopt.domain.errors import InvalidValue
from portopt.domain.request import MISSING_ATTRIBUTE, DataPolicy
from portopt.domain.units import Units, units_of

T = TypeVar("T")
TREATMENTS = ("refuse", "quarantine", "accept")
MAX_DEPTH, MAX_ENTRIES, MAX_TEXT = 8, 10_000, 2_000

# Smallest and largest value that can mean anything, by field name; open sides are (-inf, inf).
RANGES: Mapping[str, tuple[float, float]] = {
    "lookback": (2, 10**6),
    "min_observations": (2, 10**6),
    "periods_per_year": (1e-3, 1e7),
    "cash_return": (-1.0, 10.0),
    "risk_free_rate": (-0.5, 1.0),
    "max_gap_days": (1, 10**5),
    "stale_days": (2, 10**5),
    "source_stale_days": (0, 10**5),
    "split_ratio_tolerance": (0.0, 0.5),
    "lot_size": (1, 10**9),
    "min_trade_value": (0.0, 1e15),
    "search_effort": (0.0, 1000.0),
    "mip_relative_gap": (0.0, 1.0),
}
FRACTIONS = ("cash_return", "risk_free_rate", "split_ratio_tolerance", "mip_relative_gap")


@cache
def _hints(cls: Any) -> dict[str, Any]:
    """The types of a dataclass's fields; working them out for every asset of thousands takes longer than reading them."""
    return typing.get_type_hints(cls)


def record(cls: type[T], value: Any, field: str) -> T:
    """A flat dataclass from an object. Raises UnknownField, InvalidValue or MissingInput with the dotted path."""
    hints = _hints(cls)  # type: ignore[arg-type]  # every class can be a key
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]  # T is a dataclass at every call
    doc = object_of(value, field, [f.name for f in fields])
    for f in fields:
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            required(doc, f.name, field)
    return cls(**{name: _typed(cls, name, doc[name], hints[name], f"{field}.{name}" if field else name) for name in doc})


def _typed(cls: type, name: str, value: Any, hint: Any, field: str) -> Any:
    if isinstance(hint, types.UnionType):
        if value is None:
            return None
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    low, high = RANGES.get(name, (-math.inf, math.inf))
    if hint is bool:
        return flag(value, field)
    if hint is int:
        return whole_number(value, field, low=int(max(low, -(10**9))), high=int(min(high, 10**9)))
    if hint is float:
        return number(value, field, low=low, high=high, fraction=name in FRACTIONS)
    if hint is str:
        if cls is DataPolicy:
            return one_of(value, field, MISSING_ATTRIBUTE if name == "missing_attribute" else TREATMENTS)
        return "" if value == "" else text(value, field, most=MAX_TEXT)
    if hint is Units:
        return units_of(value, field)
    if typing.get_origin(hint) is tuple:
        return tuple(text(item, f"{field}[{i}]") for i, item in enumerate(list_of(value, field, most=100)))
    return json_object(value, field)


def json_object(value: Any, field: str) -> dict[str, Any]:
    """An object whose inside is somebody else's to interpret: plain JSON, bounded in depth and size."""
    return {name: _json(item, f"{field}.{name}", MAX_DEPTH) for name, item in _bounded(value, field).items()}


def _bounded(value: Any, field: str) -> Mapping[str, Any]:
    doc = mapping_of(value, field)
    if len(doc) > MAX_ENTRIES:
        raise InvalidValue(field, shown(value), f"has {len(doc)} entries; at most {MAX_ENTRIES} are accepted")
    return doc


def _json(value: Any, field: str, depth: int) -> Any:
    if depth == 0:
        raise InvalidValue(field, shown(value), "is nested too deeply")
    if isinstance(value, Mapping):
        return {name: _json(item, f"{field}.{name}", depth - 1) for name, item in _bounded(value, field).items()}
    if isinstance(value, list | tuple):
        items = list_of(value, field, most=MAX_ENTRIES)
        return [_json(item, f"{field}[{i}]", depth - 1) for i, item in enumerate(items)]
    if isinstance(value, str):
        return text(value, field, most=MAX_TEXT)
    if value is None or isinstance(value, bool):
        return value
    number(value, field)  # finite, and not of a foreign type
    return value
