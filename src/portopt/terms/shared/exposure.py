"""The weight of a group of assets between two sides: what sector and asset class limits share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Problem, Readings
from portopt.domain.program import INF, Program
from portopt.domain.universe import NO_GROUP
from portopt.terms.shared.checks import EVERY, listed, mapping, number, percent
from portopt.terms.shared.members import unknown_name

Sides: TypeAlias = tuple[float | None, float | None]
Attribute: TypeAlias = Literal["sector", "asset_class"]
EXAMPLE = '0.25 or {"Energy": 0.1, "Technology": [0.05, 0.3]}'


def checked_sides(field: str, value: Any) -> dict[str, Sides]:
    """Sides by group name; one number caps every group. Raises InvalidValue."""
    if not isinstance(value, Mapping):
        return {EVERY: _sides(field, value)}
    given = mapping(field, value, example=EXAMPLE)
    if not given:
        raise InvalidValue(field, {}, "names no group", fix=f"write {field}: {EXAMPLE}, or leave it out")
    return {name: _sides(f"{field}.{name}", item) for name, item in given.items()}


def fractions_of(field: str, groups: Mapping[str, Sides]) -> Iterator[tuple[str, float, float]]:
    """(field, side, 1.0): without leverage a group is at most the whole portfolio."""
    for name, sides in groups.items():
        yield from ((field if name == EVERY else f"{field}.{name}", side, 1.0) for side in sides if side is not None)


def opened(groups: Mapping[str, Sides], by: float) -> dict[str, Sides]:
    """Every cap raised and every floor lowered by `by`."""
    return {
        name: (None if low is None else low - by, None if high is None else high + by) for name, (low, high) in groups.items()
    }


@dataclass(frozen=True, slots=True, eq=False)
class Exposures:
    """The groups a limit binds on one universe: names, positions, sides (-inf or inf where open); equally long.

    shares: of each position, how much of its weight belongs to the group: all of an asset's, of a fund's what it holds of it.
    """

    names: tuple[str, ...]
    positions: tuple[Indices, ...]
    shares: tuple[Vector, ...]
    lower: Vector
    upper: Vector


def exposures(field: str, groups: Mapping[str, Sides], attribute: Attribute, p: Problem) -> Exposures:
    """What `groups` means here. Raises InvalidValue for a group that no asset belongs to."""
    seen = p.universe.shares(attribute)
    nobodys, theirs = seen.pop(NO_GROUP, None), sides_of_no_group(groups)
    members = seen
    for name, sides in groups.items():
        if name not in (EVERY, NO_GROUP) and name not in members:
            raise unknown_name(field, name, _plain(sides), members, attribute.replace("_", " "))
    _require_one_spelling(field, groups, members, attribute)
    bound = [(name, groups[name] if name in groups else groups[EVERY]) for name in members if name in groups or EVERY in groups]
    if nobodys is not None and theirs is not None:
        members, bound = {**members, NO_GROUP: nobodys}, [*bound, (NO_GROUP, theirs)]
    return Exposures(
        names=tuple(name for name, _ in bound),
        positions=tuple(members[name][0] for name, _ in bound),
        shares=tuple(members[name][1] for name, _ in bound),
        lower=np.array([-INF if low is None else low for _, (low, _) in bound]),
        upper=np.array([INF if high is None else high for _, (_, high) in bound]),
    )


def _require_one_spelling(field: str, groups: Mapping[str, Sides], members: Mapping[str, Any], attribute: str) -> None:
    """Raises InvalidValue where a limit on 'Tech' would not hold what is called 'tech'."""
    spelled: dict[str, str] = {}
    for name in members:
        other = spelled.setdefault(" ".join(name.casefold().split()), name)
        if other != name and not groups.keys().isdisjoint((name, other)):
            what = attribute.replace("_", " ")
            why = f"{other!r} and {name!r} are one {what} spelled in two ways, and the limit names one of them"
            raise InvalidValue(field, [other, name], why, fix=f"spell the {what} of all assets as the limit does")


def sides_of_no_group(groups: Mapping[str, Sides]) -> Sides | None:
    """What binds assets of no group: what is said of them, or the smallest cap of all; None where nothing is capped.

    They may belong to any group, so that no cap but the smallest is sure to hold; no floor can count on them.
    """
    if NO_GROUP in groups:
        return groups[NO_GROUP]
    caps = [high for _, high in groups.values() if high is not None]
    return (None, min(caps)) if caps else None


def of_no_group(groups: Mapping[str, Sides], kind: str) -> str:
    """ "together they are held to at most 5.00 %, the smallest cap of sector_limits" """
    sides = sides_of_no_group(groups)
    if sides is None:
        return f"{kind} has floors only, and they count towards none"
    if NO_GROUP in groups:
        return f'{kind} holds them together to {_between(sides)}, as it says of "{NO_GROUP}"'
    return f"{kind} holds them together to {_between(sides)}, its smallest cap, as they may belong to any group"


def write_exposures(program: Program, e: Exposures, limit: str) -> None:
    """One row a group: lower <= sum of w over its members <= upper."""
    if not e.names:
        return
    columns = np.concatenate(e.positions)
    rows = np.repeat(np.arange(len(e.names)), [len(p) for p in e.positions])
    A = sp.coo_array((np.concatenate(e.shares), (rows, columns)), shape=(len(e.names), program.n_weights))
    program.add_rows(A, program.weights, e.lower, e.upper, limit=limit, members=e.names)


def read_exposures(w: Vector, e: Exposures, limit: str) -> Readings:
    """The same sums, read off w.

    w: (n,) weights.
    """
    measured = np.array([_held(w[at], share) for at, share in zip(e.positions, e.shares, strict=True)])
    return Readings(limit, e.names, measured, e.lower, e.upper)


def _held(parts: Vector, share: Vector) -> float:
    return float(parts.sum() if (share == 1.0).all() else parts @ share)


def describe_exposures(groups: Mapping[str, Sides], noun: str) -> str:
    """ "each sector at most 25.00 %" """
    named = [f"{_called(name, noun)} {_between(sides)}" for name, sides in groups.items() if name != EVERY]
    if EVERY in groups:
        named.append(f"{'every other' if named else 'each'} {noun} {_between(groups[EVERY])}")
    return listed(named)


def _called(name: str, noun: str) -> str:
    return f"what has no {noun}" if name == NO_GROUP else name


def _sides(field: str, value: Any) -> Sides:
    """(None, cap) for a number, (floor, cap) for a pair; null leaves a side open."""
    if not isinstance(value, list | tuple):
        return None, number(field, value, low=0.0, example="0.25")
    if len(value) != 2:
        raise InvalidValue(field, list(value), "two numbers are needed, floor and cap", fix=f"write {field} as [0.05, 0.3]")
    low, high = (None if side is None else number(field, side, example="[0.05, 0.3]") for side in value)
    if low is None and high is None:
        raise InvalidValue(field, list(value), "both sides are open", fix="leave it out")
    if low is not None and high is not None and low > high:
        raise InvalidValue(field, list(value), "the floor is above the cap", fix=f"write {field} as [{high:g}, {low:g}]")
    return low, high


def _between(sides: Sides) -> str:
    low, high = sides
    if low is None:
        return f"at most {percent(high or 0.0)}"
    return f"at least {percent(low)}" if high is None else f"between {percent(low)} and {percent(high)}"


def _plain(sides: Sides) -> Any:
    return sides[1] if sides[0] is None else list(sides)
