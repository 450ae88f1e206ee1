"""A policy's limits on assets that it names, on a day on which not all of them are there.

Who is not listed yet, or belongs to the universe no more, is no asset of the day: what names it says nothing then. A floor ends
with the membership, since who has left is to be sold; a name that the question knows nothing of is refused as ever.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.domain.request import Policy
from portopt.terms.shared.checks import EVERY

FLOOR, EXCLUSIONS = "min_weight", "exclusions"
STAYS = ("do_not_sell", "keep")  # whom they name may not be sold
LISTS = (EXCLUSIONS, "do_not_buy", *STAYS)
BY_ASSET = (FLOOR, "max_weight", "min_position")  # limits that may be a map of assets


def limits_of_day(policy: Policy, known: Collection[str], today: Collection[str], gone: Sequence[str]) -> Policy:
    """known: every asset of the question. today: those of the day, `gone` among them: still held, and to be sold."""
    absent = frozenset(known) - frozenset(today)
    limits = {kind: _present(kind, value, absent) for kind, value in policy.limits.items()}
    limits = {kind: value for kind, value in limits.items() if value is not None}
    costs = {kind: _charged(cost, absent) for kind, cost in policy.costs.items()}
    if gone:
        limits[EXCLUSIONS] = _excluded(limits.get(EXCLUSIONS), gone)
        if FLOOR in limits:
            limits[FLOOR] = _let_go(limits[FLOOR], gone)
        limits = {kind: _without(value, gone) if kind in STAYS else value for kind, value in limits.items()}
        limits = {kind: value for kind, value in limits.items() if value is not None}
    same = limits == dict(policy.limits) and costs == dict(policy.costs)
    return policy if same else replace(policy, limits=limits, costs=costs)


def said_of_leaving(policy: Policy, gone: Sequence[str]) -> tuple[str, ...]:
    """What a decision leaves out of the policy for those who have left, in sentences."""
    floors = [asset for asset in gone if _floor_of(policy.limits.get(FLOOR), asset) > 0.0]
    left = [f"{', '.join(gone)} left the universe and is to be sold"] if len(gone) == 1 else []
    left += [f"{', '.join(gone)} left the universe and are to be sold"] if len(gone) > 1 else []
    return (*left, *(f"{FLOOR} does not hold of {asset} any more" for asset in floors))


def _present(kind: str, value: Any, absent: frozenset[str]) -> Any:
    """Without those who are not there; None for a limit that then says nothing."""
    if kind in BY_ASSET and isinstance(value, Mapping):
        return {name: number for name, number in value.items() if name not in absent} or None
    return _without(value, absent) if kind in LISTS else value


def _without(value: Any, names: Collection[str]) -> Any:
    """A list of assets without these; None where nobody is left on it."""
    if isinstance(value, Mapping) and "assets" in value:
        left = _without(list(value["assets"]), names)
        return {**value, "assets": left} if left else None
    if isinstance(value, list | tuple):
        return [name for name in value if not (isinstance(name, str) and name in names)] or None
    return value


def _charged(cost: Any, absent: frozenset[str]) -> Any:
    """A cost whose rates may be by asset, without those who are not there."""
    if not isinstance(cost, Mapping):
        return cost
    return {
        name: {a: rate for a, rate in value.items() if a not in absent} if isinstance(value, Mapping) else value
        for name, value in cost.items()
    }


def _excluded(stated: Any, gone: Sequence[str]) -> Any:
    """These by name, beside those that are excluded in any case."""
    if stated is None:
        return list(gone)
    if isinstance(stated, Mapping):
        return {**stated, "assets": [*stated.get("assets", ()), *gone]}
    if isinstance(stated, list | tuple):
        return [*stated, *gone]
    raise InvalidValue("limits.exclusions", stated, "cannot be joined with assets that leave the universe")


def _let_go(floors: Any, gone: Sequence[str]) -> Any:
    """No floor above nothing under who has left."""
    freed = dict.fromkeys((asset for asset in gone if _floor_of(floors, asset) > 0.0), 0.0)
    if not freed:
        return floors
    return {**floors, **freed} if isinstance(floors, Mapping) else {EVERY: floors, **freed}


def _floor_of(floors: Any, asset: str) -> float:
    found = floors.get(asset, floors.get(EVERY, 0.0)) if isinstance(floors, Mapping) else floors
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else 0.0
