"""Any limit as a wish: missed at a price, or the first to give way.

    {"max_turnover": {"value": 0.10, "soft": true, "penalty": 2.0}}     a priced opening, reported as a shortfall
    {"max_turnover": {"value": 0.10, "priority": 1}}                    hard, and gives way when not all limits can hold
    {"max_tracking_error": {"limit": 0.02, "soft": true}}               the older spelling of two limits, read as the first

Priorities are a lexicographic relaxation: the lowest number gives way first, alone if that is enough, then the next joins it
(`priorities` makes the order that diagnosis.relax_in_order follows). `soft` without a penalty costs what soft_prices.py says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program, StandardForm
from portopt.terms.shared.checks import flag, number, options
from portopt.terms.shared.soft_prices import default_price
from portopt.terms.shared.through import Through

WORDS = ("soft", "penalty", "priority")
OLDER = ("max_tracking_error", "max_risk")  # whose own options soft and penalty were before every limit could be a wish
OLDER_WORDS = ("soft", "penalty")
OPENED_BY_STEPS = ("score",)  # units that open asset by asset: there is no slope to price


@dataclass(frozen=True, slots=True)
class Soft(Through):
    """`limit`, opened by e >= 0 in its own unit, at `penalty` units of the objective for each unit of e.

    penalty: None is a price of the objective's own size, see soft_prices.py.

    What it measures is read against the limit as it was asked for. e is the worst violation: the auditor prices that, the
    program pays e, and both are one number.
    """

    limit: Limit
    penalty: float | None = None

    soft: ClassVar[bool] = True

    def __post_init__(self) -> None:
        field = f"limits.{self.limit.kind}"
        if self.penalty is not None:
            object.__setattr__(
                self, "penalty", number(f"{field}.penalty", self.penalty, low=0.0, high=1e6, example="10.0", counts="plain")
            )
        if self.limit.structural:
            raise InvalidValue(f"{field}.soft", True, "makes a portfolio and cannot be missed", fix="leave soft out")
        if self.limit.unit in OPENED_BY_STEPS:
            why = "opens asset by asset, so there is no price for a part of it"
            raise InvalidValue(f"{field}.soft", True, why, fix=f"give {self.limit.kind} a priority instead")

    def express(self, program: Program, p: Problem) -> None:
        said = program.overheard(lambda heard: self.limit.express(heard, p))
        excess = program.add_columns(1, lower=0.0)
        program.add_linear(excess, self.price(p))
        _repeat_rows(program, said, excess)
        _repeat_bounds(program, said, excess)
        every = np.arange(said.n_columns)
        for cone in said.cones:
            blocks = [(0, cone.B, every)]
            if cone.limit and cone.relax is not None and cone.relax.any():
                blocks.append((0, sp.csr_array(cone.relax[:, None]), excess))
            program.add_cone(
                cone.kind, blocks, cone.b, limit=cone.limit, member=cone.member, relax=cone.relax, alpha=cone.alpha
            )

    def read(self, w: Vector, p: Problem) -> Readings:
        return self.limit.read(w, p)

    def priced(self, w: Vector, p: Problem) -> float:
        """price * the worst violation, in the limit's own unit."""
        return self.price(p) * self.limit.read(w, p).worst()

    def price(self, p: Problem) -> float:
        """The penalty given, or the default one: in the objective's unit for each unit of e."""
        return default_price(p, self.unit, by_scenarios=self.reads_scenarios) if self.penalty is None else self.penalty

    def relaxed(self, by: float) -> Soft:
        return Soft(self.limit.relaxed(by), self.penalty)

    def describe(self) -> str:
        return f"{self.limit.describe()} where it can be kept"


def _repeat_rows(program: Program, said: StandardForm, excess: Indices) -> None:
    """The rows that were overheard, those of the limit opened by the excess."""
    every = np.arange(said.n_columns)
    wide = np.concatenate([every, excess])
    for group in said.row_groups:
        rows = slice(group.start, group.stop)
        A, lower, upper, relax = said.A[rows], said.row_lower[rows], said.row_upper[rows], said.row_relax[rows]
        if not group.limit or not relax.any():
            program.add_rows(A, every, lower, upper, limit=group.limit, members=group.members, relax=relax)
            continue
        opening = sp.csr_array(relax[:, None])
        for sign, sides in ((-1.0, (np.full(len(upper), -INF), upper)), (1.0, (lower, np.full(len(lower), INF)))):
            if np.isfinite(sides[0] if sign > 0 else sides[1]).any():
                block = sp.hstack([A, sign * opening])
                program.add_rows(block, wide, *sides, limit=group.limit, members=group.members, relax=relax)


def _repeat_bounds(program: Program, said: StandardForm, excess: Indices) -> None:
    """The bounds that were overheard; those of the limit become rows that the excess opens."""
    for group in said.bound_groups:
        span = slice(group.start, group.stop)
        columns, lower, upper = said.bound_columns[span], said.bound_lower[span], said.bound_upper[span]
        relax = said.bound_relax[span]
        if not group.limit:
            program.add_bounds(columns, lower, upper, limit="", relax=relax)
            continue
        k = len(columns)
        opening = sp.csr_array(relax[:, None])
        wide = np.concatenate([columns, excess])
        for sign, sides in ((-1.0, (np.full(k, -INF), upper)), (1.0, (lower, np.full(k, INF)))):
            if np.isfinite(sides[0] if sign > 0 else sides[1]).any():
                block = sp.hstack([sp.eye_array(k), sign * opening])
                program.add_rows(block, wide, *sides, limit=group.limit, members=group.members, relax=relax)


def as_wish(kind: str, value: Any) -> Any:
    """The older spelling of two limits, {"limit": 0.02, "soft": true}, as {"value": …}; any other value as it is."""
    if kind not in OLDER or not isinstance(value, Mapping) or "value" in value or not any(w in value for w in OLDER_WORDS):
        return value
    rest = {name: item for name, item in value.items() if name not in OLDER_WORDS}
    soft = value.get("soft") is not None and flag(f"limits.{kind}.soft", value["soft"])
    return {"value": rest, "soft": True, "penalty": value.get("penalty")} if soft else rest


def is_wish(value: Any) -> bool:
    """Whether a limit is written {"value": …} with soft, penalty or priority beside it."""
    return isinstance(value, Mapping) and "value" in value and any(word in value for word in WORDS)


def bare(value: Any) -> Any:
    """What a wish asks for, without how much it is wanted; any other value as it is."""
    return value["value"] if is_wish(value) else value


def softened(kind: str, value: Mapping[str, Any], limit: Limit) -> Limit:
    """The limit of a wish: priced where it says soft (and no priority alone says otherwise), hard with a priority.

    Raises UnknownField, InvalidValue for words that mean nothing.
    """
    field = f"limits.{kind}"
    given = options(field, value, ("value", *WORDS), example='{"value": 0.1, "soft": true, "penalty": 10.0}')
    soft = given.get("soft") is not None and flag(f"{field}.soft", given["soft"])
    penalty, priority = given.get("penalty"), given.get("priority")
    if priority is not None:
        _priority(kind, priority)
    if penalty is not None and not soft:
        raise InvalidValue(f"{field}.penalty", penalty, "only a soft limit has a price", fix=f"write {field}.soft: true")
    if not soft or (priority is not None and penalty is None):
        return limit  # it gives way in its turn, and is not priced
    return Soft(limit, penalty)


def priorities(limits: Mapping[str, Any]) -> tuple[str, ...]:
    """The limits of a request that give way, the first to give way first: by their `priority`, lowest number first.

    limits: {catalog name: value}, as a policy spells them. Raises InvalidValue for a priority that is no whole number.
    """
    given = {kind: _priority(kind, value["priority"]) for kind, value in limits.items() if _has_priority(value)}
    return tuple(sorted(given, key=lambda kind: (given[kind], list(limits).index(kind))))


def _has_priority(value: Any) -> bool:
    return is_wish(value) and value.get("priority") is not None


def _priority(kind: str, value: Any) -> int:
    priority = number(f"limits.{kind}.priority", value, low=0.0, high=1e6, example="1", counts="plain")
    if priority != int(priority):
        raise InvalidValue(f"limits.{kind}.priority", value, "a whole number is needed", fix=f"write {int(priority)}")
    return int(priority)
