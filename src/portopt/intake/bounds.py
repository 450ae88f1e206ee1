"""Weight bounds as other libraries take them, (0, 0.2), as the limits they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.domain.universe import CASH
from portopt.intake.labelled import by_asset, is_labelled
from portopt.terms.shared.checks import EVERY, number

EXAMPLE = '(0, 0.2), {"AAPL": (0, 0.2)}, or a list of pairs in the order of the assets'


def limits_of_bounds(bounds: Any, ids: Sequence[str], field: str) -> dict[str, Any]:
    """{"max_weight": …, "min_weight": …} of a pair for every asset, of pairs by asset, or of a list of pairs in order.

    A floor below zero allows short sales. None leaves a side open; CASH, where it is named, is bound by limits.cash.
    Raises InvalidValue for what is none of these, naming the pair.
    """
    pairs = _pairs(bounds, ids, field)
    cash = pairs.pop(CASH, None)
    floors = {name: low for name, (low, _) in pairs.items() if low is not None}
    caps = {name: high for name, (_, high) in pairs.items() if high is not None}
    shorts = any(low < 0.0 for low in floors.values()) or any(low is None for low, _ in pairs.values())
    if shorts and EVERY not in pairs:  # who is not named may not be sold short because another may
        floors = {name: 0.0 for name in ids if name not in pairs and name != CASH} | floors
    limits: dict[str, Any] = {"long_only": False} if shorts else {}
    if shorts or any(floors.values()):
        limits["min_weight"] = floors
    if caps:
        limits["max_weight"] = caps
    if cash is not None:
        limits["cash"] = {side: value for side, value in zip(("min", "max"), cash, strict=True) if value is not None}
    return {name: value for name, value in limits.items() if value != {}}


def _pairs(bounds: Any, ids: Sequence[str], field: str) -> dict[str, tuple[float | None, float | None]]:
    if isinstance(bounds, Mapping) or is_labelled(bounds):
        given = by_asset(bounds, field) or {}
        strangers = [name for name in given if name not in ids and name != EVERY]
        if strangers or not given:
            what = f"name {strangers[0]!r}, which is none of the assets" if strangers else "name no asset"
            raise InvalidValue(field, strangers or {}, what, fix=f"write {EXAMPLE}")
        return {name: _pair(pair, f"{field}.{name}") for name, pair in given.items()}
    if not isinstance(bounds, Sequence) or isinstance(bounds, str):
        raise InvalidValue(field, bounds, "are no bounds", fix=f"write {EXAMPLE}")
    if len(bounds) == 2 and not any(isinstance(side, Sequence) and not isinstance(side, str) for side in bounds):
        return {EVERY: _pair(bounds, field)}
    if len(bounds) != len(ids):
        raise InvalidValue(
            field, len(bounds), f"are pairs for {len(bounds)} assets, and there are {len(ids)}", fix=f"write {EXAMPLE}"
        )
    return {name: _pair(pair, f"{field}[{i}]") for i, (name, pair) in enumerate(zip(ids, bounds, strict=True))}


def _pair(pair: Any, field: str) -> tuple[float | None, float | None]:
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise InvalidValue(field, pair, "is no pair of the least and the most", fix="write (0, 0.2)")
    low, high = (None if side is None else number(field, side, example="(0, 0.2)") for side in pair)
    if low is not None and high is not None and low > high:
        raise InvalidValue(field, list(pair), "has its least above its most", fix=f"write ({high:g}, {low:g})")
    return low, high
