"""Exposures by name between two sides: what total, active and factor risk limits share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.factor_model import FactorModel
from portopt.domain.problem import Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import EVERY, listed, mapping, number
from portopt.terms.shared.members import unknown_name

Sides: TypeAlias = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """lower <= A w - offset <= upper, one row a name.  A: (r, n); the others (r,)."""

    names: tuple[str, ...]
    A: Matrix
    offset: Vector
    lower: Vector
    upper: Vector


def checked_sides(field: str, value: Any, *, two_sided: bool, example: str) -> dict[str, Sides]:
    """Sides by name. A number is a cap, or with `two_sided` the most in either direction. Raises InvalidValue."""
    given = mapping(field, value, example=example)
    if not given:
        raise InvalidValue(field, {}, "names no exposure", fix=f"write {field}: {example}, or leave it out")
    return {name: _sides(f"{field}.{name}", item, two_sided=two_sided) for name, item in given.items()}


def opened(sides: Mapping[str, Sides], by: float) -> dict[str, Sides]:
    """Every cap raised and every floor lowered by `by`."""
    return {n: (None if low is None else low - by, None if high is None else high + by) for n, (low, high) in sides.items()}


def bound_names(field: str, sides: Mapping[str, Sides], known: Iterable[str], noun: str) -> dict[str, Sides]:
    """Sides of every name bound, "*" spelled out. Raises InvalidValue for a name nobody knows."""
    known = tuple(known)
    for name, pair in sides.items():
        if name != EVERY and name not in known:
            raise unknown_name(field, name, _plain(pair), known, noun)
    return {name: sides.get(name, sides.get(EVERY, (None, None))) for name in known if name in sides or EVERY in sides}


def exposure_rows(field: str, sides: Mapping[str, Sides], p: Problem, center: Vector | None) -> Rows:
    """e'w, less e'center, for every name bound. Raises MissingInput where nothing has exposures."""
    if not p.exposures:
        raise MissingInput(
            "no exposures are known to limit: the assets have no attributes, and there is no factor model",
            field=field,
            fixes=[
                "give the assets attributes, such as beta or duration",
                'ask for a factor model (estimation.factors = {"method": "time_series", "source": "sample"})',
            ],
        )
    bound = bound_names(field, sides, p.exposures, "exposure")
    _require_described(field, bound, p)
    A = np.array([p.exposures[name] for name in bound]).reshape(len(bound), p.n)
    return rows_of(bound, A, center)


def _require_described(field: str, names: Iterable[str], p: Problem) -> None:
    """Raises MissingInput for an attribute that some assets lack: none of it would be an invention. Cash has none."""
    factors = () if p.moments.factor_model is None else p.moments.factor_model.names
    assets = [asset for asset, cash in zip(p.universe.assets, p.universe.is_cash, strict=True) if not cash]
    for name in names:
        lacking = [asset.id for asset in assets if name not in asset.attributes]
        if name in factors or not lacking or len(lacking) == len(assets):
            continue
        more = f" and {len(lacking) - 10} more" if len(lacking) > 10 else ""
        raise MissingInput(
            f"{name} is limited, and has no value for {', '.join(lacking[:10])}{more}",
            field=f"{field}.{name}",
            measured={"without": lacking[:20], "assets": len(assets)},
            fixes=[f"give every asset the attribute {name} (0 where it has none)", f"leave {name} out of the limits"],
        )


def rows_of(bound: Mapping[str, Sides], A: Matrix, center: Vector | None) -> Rows:
    return Rows(
        names=tuple(bound),
        A=A,
        offset=np.zeros(len(A)) if center is None else A @ center,
        lower=np.array([-INF if low is None else low for low, _ in bound.values()]),
        upper=np.array([INF if high is None else high for _, high in bound.values()]),
    )


def write_rows(program: Program, rows: Rows, limit: str) -> None:
    if rows.names:
        sides = rows.lower + rows.offset, rows.upper + rows.offset
        program.add_rows(rows.A, program.weights, *sides, limit=limit, members=rows.names)


def read_rows(w: Vector, rows: Rows, limit: str, unit: str) -> Readings:
    return Readings(limit, rows.names, rows.A @ w - rows.offset, rows.lower, rows.upper, unit)


def model_of(p: Problem, field: str) -> FactorModel:
    """The problem's factor model. Raises MissingInput where there is none."""
    if p.moments.factor_model is None:
        raise MissingInput(
            "this limit speaks of a factor model, and there is none",
            field=field,
            fixes=[
                'ask for one: estimation.factors = {"method": "time_series", "source": "sample"} or {"method": "statistical"}',
                f"take the limit away ({field} = null)",
            ],
        )
    return p.moments.factor_model


def between(sides: Sides, show: Any = "{:g}".format) -> str:
    """ "at most 1.1", "between 0.8 and 1.2", "within ±0.1" """
    low, high = sides
    if low is None:
        return f"at most {show(high)}"
    if high is None:
        return f"at least {show(low)}"
    return f"within ±{show(high)}" if low == -high and high > 0.0 else f"between {show(low)} and {show(high)}"


def describe_sides(sides: Mapping[str, Sides], noun: str, show: Any = "{:g}".format) -> str:
    named = [f"{name} {between(pair, show)}" for name, pair in sides.items() if name != EVERY]
    if EVERY in sides:
        named.append(f"{'every other' if named else 'every'} {noun} {between(sides[EVERY], show)}")
    return listed(named)


def _sides(field: str, value: Any, *, two_sided: bool) -> Sides:
    if not isinstance(value, list | tuple):
        if two_sided:
            most = number(field, value, low=0.0, example="0.1")
            return -most, most
        return None, number(field, value, example="1.1")
    if len(value) != 2:
        raise InvalidValue(field, list(value), "two numbers are needed, floor and cap", fix=f"write {field} as [0.8, 1.2]")
    low, high = (None if side is None else number(field, side, example="[0.8, 1.2]") for side in value)
    if low is None and high is None:
        raise InvalidValue(field, list(value), "both sides are open", fix="leave it out")
    if low is not None and high is not None and low > high:
        raise InvalidValue(field, list(value), "the floor is above the cap", fix=f"write {field} as [{high:g}, {low:g}]")
    return low, high


def _plain(sides: Sides) -> Any:
    return sides[1] if sides[0] is None else list(sides)
