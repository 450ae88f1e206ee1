"""Risk budgets as people write them, and as one share per asset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

import numpy as np

from portopt.domain.arrays import Mask, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.universe import CASH, Universe
from portopt.terms.shared.checks import EVERY, listed, mapping, number

FIELD = "objective.budgets"
GROUPS = ("sector", "asset_class")
EXAMPLE = '{"AAPL": 0.4, "*": 0.1} or {"sector": {"Energy": 0.3, "Health Care": 0.7}}'


def checked_budgets(value: Any) -> dict[str, Any]:
    """Budgets by asset, or by group under one of the two words for groups. Raises InvalidValue."""
    given = mapping(FIELD, value, example=EXAMPLE)
    if not given:
        raise InvalidValue(FIELD, {}, "names nothing", fix=f"write {FIELD}: {EXAMPLE}, or leave it out for equal shares")
    groups = [name for name, item in given.items() if isinstance(item, Mapping)]
    if groups and (len(given) > 1 or groups[0] not in GROUPS):
        raise InvalidValue(FIELD, sorted(given), "groups are given under one name", fix=f"use one of: {', '.join(GROUPS)}")
    if groups:
        return {groups[0]: _numbers(f"{FIELD}.{groups[0]}", mapping(f"{FIELD}.{groups[0]}", given[groups[0]], example=EXAMPLE))}
    return _numbers(FIELD, given)


def shares_of(budgets: Mapping[str, Any] | None, universe: Universe, held: Mask) -> Vector:
    """(n,) shares adding to one over the assets of `held`; a group's is split evenly among its members that are held.

    Raises InvalidValue for a budget of an asset or group of which nothing may be held, and for a name nobody knows.
    """
    if budgets is None:
        b = held.astype(float)
    elif any(isinstance(item, Mapping) for item in budgets.values()):
        word = next(iter(budgets))
        b = _of_groups(word, budgets[word], universe, held)
    else:
        b = _of_assets(budgets, universe, held)
    total = float(b.sum())
    if not total > 0.0:
        raise InvalidValue(FIELD, None, "the limits leave no asset that could carry a share of the risk", fix="open the limits")
    return np.asarray(b / total)


def _of_assets(budgets: Mapping[str, float], universe: Universe, held: Mask) -> Vector:
    unknown = [name for name in budgets if name != EVERY and name not in universe.positions]
    if unknown:
        raise InvalidValue(FIELD, unknown, "names no asset of this universe", fix=f"use the ids: {listed(universe.ids)}")
    b = np.where(held, budgets.get(EVERY, 0.0), 0.0)
    for name, share in budgets.items():
        if name == EVERY:
            continue
        if share > 0.0 and not held[universe.positions[name]]:
            why = "has a risk budget, and the limits allow no weight in it"
            raise InvalidValue(f"{FIELD}.{name}", share, why, fix=f"take {name} out of the budgets, or open the limit")
        b[universe.positions[name]] = share
    return b


def _of_groups(word: str, budgets: Mapping[str, float], universe: Universe, held: Mask) -> Vector:
    groups = universe.groups(cast(Literal["sector", "asset_class"], word))
    unknown = [name for name in budgets if name != EVERY and name not in groups]
    if unknown:
        raise InvalidValue(f"{FIELD}.{word}", unknown, f"names no {word}", fix=f"use one of: {listed(groups)}")
    b = np.zeros(len(universe))
    for name, members in groups.items():
        share = budgets.get(name, budgets.get(EVERY, 0.0))
        inside = members[held[members]]
        if share > 0.0 and not len(inside) and name in budgets:
            why = "has a risk budget, and the limits allow no weight in any of its assets"
            raise InvalidValue(f"{FIELD}.{word}.{name}", share, why, fix=f"take {name} out of the budgets, or open the limit")
        b[inside] = share / max(len(inside), 1)
    return b


def _numbers(field: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if CASH in given:
        raise InvalidValue(f"{field}.{CASH}", given[CASH], "cash carries no risk to share", fix="use target_volatility")
    numbers = {name: number(f"{field}.{name}", item, low=0.0) for name, item in given.items()}
    if not any(share > 0.0 for share in numbers.values()):
        raise InvalidValue(field, dict(given), "no budget is above zero", fix=f"write {FIELD}: {EXAMPLE}")
    return numbers
