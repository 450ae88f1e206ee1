"""What opening a limit by one natural unit, or going over to another problem, changes in the form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import DataError
from portopt.domain.explanation import ShadowPrice
from portopt.domain.problem import Problem
from portopt.domain.program import Cone, StandardForm
from portopt.domain.solution import RawAnswer
from portopt.optimization.polish.whole_numbers import whole_number_limits
from portopt.optimization.prices.neighbourhood import Change
from portopt.optimization.scaling.presolve import Scaled


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """One unit of a limit, or of one member of it: which rows, bounds and cones of the form open with it.

    side: "upper" or "lower" alone, or "" for both.
    """

    limit: str
    member: str
    side: str
    unit: str
    rows: Indices
    bounds: Indices
    cones: Indices

    def covers(self, price: ShadowPrice) -> bool:
        """Whether that price is one of those that this opening lowers."""
        return price.limit == self.limit and (self.side == "" or price.member == self.member)

    def is_of(self, price: ShadowPrice) -> bool:
        """Whether it opens what that price is told for: a limit has one side a member that presses."""
        return self.side != "" and self.covers(price)

    def change(self, form: StandardForm, raw: RawAnswer) -> Change:
        none = Change.none(form)
        up, down = self.side != "lower", self.side != "upper"
        none.row_upper[self.rows] += form.row_relax[self.rows] * up
        none.row_lower[self.rows] -= form.row_relax[self.rows] * down
        lower, upper = form.box()
        for i in self.bounds:
            j = form.bound_columns[i]
            none.upper[j] += form.bound_relax[i] * (up and form.bound_upper[i] == upper[j])
            none.lower[j] -= form.bound_relax[i] * (down and form.bound_lower[i] == lower[j])
        for k in self.cones:
            relax = form.cones[k].relax
            if relax is not None and raw.x is not None and raw.duals is not None:
                none.cones[k] = relax[0]
                none.gradient[:] += _tilt(form.cones[k], form.cones[k].B @ raw.x + form.cones[k].b, relax, raw.duals.cones[k])
        return none

    def opened(self, form: StandardForm, step: float) -> StandardForm:
        """The form with this limit opened by `step` units."""
        up, down = self.side != "lower", self.side != "upper"
        parts = {name: getattr(form, name).copy() for name in ("row_lower", "row_upper", "bound_lower", "bound_upper")}
        for kind, at in (("row", self.rows), ("bound", self.bounds)):
            relax = getattr(form, f"{kind}_relax")[at] * step
            parts[f"{kind}_upper"][at] += relax * up
            parts[f"{kind}_lower"][at] -= relax * down
        cones = list(form.cones)
        for k in self.cones:
            relax = cones[k].relax
            if relax is not None:
                cones[k] = replace(cones[k], b=cones[k].b + step * relax)
        return replace(form, **parts, cones=tuple(cones))

    def is_fixed(self, program: Scaled) -> bool:
        """Whether it opens a column that two of its sides fix: no side of it presses more than the other."""
        form = program.form
        there = np.zeros(form.n_columns, dtype=bool)
        there[program.columns] = True
        return bool((~there[form.bound_columns[self.bounds]]).any())

    def other_bound(self, form: StandardForm, raw: RawAnswer) -> float:
        """How far it can be opened until another limit's bound on one of its held columns is the tighter one."""
        if raw.duals is None or len(self.bounds) == 0:
            return np.inf
        others = np.ones(len(form.bound_columns), dtype=bool)
        others[self.bounds] = False
        nearest = np.inf
        for i in self.bounds[raw.duals.bounds[self.bounds] != 0.0]:
            beside = others & (form.bound_columns == form.bound_columns[i])
            upper = raw.duals.bounds[i] > 0.0
            room = form.bound_upper[beside] - form.bound_upper[i] if upper else form.bound_lower[i] - form.bound_lower[beside]
            nearest = min(nearest, float(room.min(initial=np.inf)) / float(form.bound_relax[i]))
        return nearest


def openings(problem: Problem, form: StandardForm, raw: RawAnswer) -> Iterator[Opening]:
    """Every member that presses, by itself; then every limit of which more than one does, as a whole."""
    if raw.duals is None:
        return
    none = np.zeros(0, dtype=np.intp)
    steps = whole_number_limits(problem) if form.integer.any() else ()  # what opens in steps has no price at the margin
    for limit in problem.limits:
        if limit.structural or limit.kind in steps:
            continue
        singles: dict[tuple[str, str], list[list[int]]] = {}
        owned: list[list[int]] = [[], [], []]
        for kind, (groups, duals, relax) in enumerate(
            (
                (form.row_groups, raw.duals.rows, form.row_relax),
                (form.bound_groups, raw.duals.bounds, form.bound_relax),
            )
        ):
            for group in (g for g in groups if g.limit == limit.kind):
                members = range(group.start, group.stop)
                owned[kind] += [i for i in members if relax[i] != 0.0]
                for i in members:
                    if duals[i] != 0.0 and relax[i] != 0.0:
                        name = "" if group.members is None else group.members[i - group.start]
                        key = (name, "upper" if duals[i] > 0.0 else "lower")
                        singles.setdefault(key, [[], [], []])[kind].append(i)
        for k, cone in enumerate(form.cones):
            if cone.limit == limit.kind and cone.relax is not None:
                owned[2].append(k)
                if float(np.abs(raw.duals.cones[k]).max(initial=0.0)) > 0.0:
                    singles.setdefault((cone.member or "", "upper"), [[], [], []])[2].append(k)
        parts = [(*key, at) for key, at in singles.items()]
        if len(singles) > 1:
            parts.append(("", "", owned))
        for member, side, at in parts:
            rows, bounds, cones = (np.array(part, dtype=np.intp) if part else none for part in at)
            yield Opening(limit.kind, member, side, limit.unit, rows, bounds, cones)


def difference(form: StandardForm, other: StandardForm, raw: RawAnswer, gamma: float) -> Change:
    """What going from `form` to `other` changes at the answer. gamma: of a ratio's utility program, else one.

    Raises DataError where the two do not have the same rows, columns and cones.
    """
    if (form.n_columns, form.A.shape, len(form.cones)) != (other.n_columns, other.A.shape, len(other.cones)):
        raise DataError("the two problems do not have the same terms", field="problem")
    x, duals = raw.x, raw.duals
    if x is None or duals is None:
        raise DataError("an answer without multipliers has no derivative", field="solution")
    A = other.A - form.A
    gradient = gamma * (other.P_times(x) - form.P_times(x)) + other.q - form.q + A.T @ duals.rows
    room = np.zeros(len(form.cones))
    for k, (a, b) in enumerate(zip(form.cones, other.cones, strict=True)):
        gradient -= (b.B - a.B).T @ duals.cones[k]
        s, ds = a.B @ x + a.b, (b.B @ x + b.b) - (a.B @ x + a.b)
        gradient += _tilt(a, s, ds, duals.cones[k])
        norm = float(np.linalg.norm(s[1:]))
        room[k] = ds[0] - (float(s[1:] @ ds[1:]) / norm if norm > 0.0 else 0.0)
    (low_a, high_a), (low_b, high_b) = form.box(), other.box()
    return Change(
        gradient=np.asarray(gradient),
        row_lower=_less(other.row_lower, form.row_lower),
        row_upper=_less(other.row_upper, form.row_upper),
        activity=np.asarray(A @ x),
        lower=_less(low_b, low_a),
        upper=_less(high_b, high_a),
        cones=room,
        ratio=float((other.q - form.q) @ x) + other.constant - form.constant,
    )


def _tilt(cone: Cone, s: Vector, ds: Vector, z: Vector) -> Vector:
    """(N,) what a shift ds of a cone's point does to its pull, (z0 / s0) (B1's1 - B0's0), at a fixed multiplier."""
    if s[0] <= 0.0 or z[0] <= 0.0:
        return np.zeros(cone.B.shape[1])
    signed = ds * (float(z[0]) / float(s[0]))
    signed[0] *= -1.0
    return np.asarray(cone.B.T @ signed)


def _less(a: Vector, b: Vector) -> Vector:
    """a - b, zero where both are endless."""
    both = np.isfinite(a) & np.isfinite(b)
    return np.asarray(np.where(both, np.where(both, a, 0.0) - np.where(both, b, 0.0), 0.0))
