"""Can these limits hold together? Asked often, so answered from what is known wherever that is enough.

A set of limits is called impossible only when a lower bound on the total opening it needs, computed here from the
solver's multipliers by the arithmetic of optimality.py, is above MARGIN: a proof, not a solver's word. The limits whose
multipliers carry that proof are its core. A portfolio found on the way answers for every set of limits it satisfies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from portopt.audit.optimality import gap_bound, gradient
from portopt.diagnosis.effort import Budget
from portopt.diagnosis.elastic import ElasticForm, elastic, relaxable
from portopt.diagnosis.limits_of_columns import speaking, through_definitions
from portopt.diagnosis.nearest_point import Distance, is_distance
from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Cone, StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization import solve, solve_quickly

MARGIN = 1e-9
HOLDS = 1e-9
CARRIES = 1e-7  # of the largest multiplier: below it a limit is tried without


@dataclass(slots=True)
class Feasibility:
    """Sets of limits are bit masks over `names`. uncertain: a solve failed, so that one answer rests on nothing.

    exactly: every question is solved as an answer is; yes or no needs no polish, which would cost more than the question.
    """

    problem: Problem
    form: StandardForm
    budget: Budget
    names: tuple[str, ...] = ()
    always_gone: frozenset[str] = frozenset()
    impossible: list[int] = field(default_factory=list)
    satisfied: list[int] = field(default_factory=list)
    solves: int = 0
    uncertain: bool = False
    exactly: bool = False

    def __post_init__(self) -> None:
        self.names = relaxable(self.problem)
        self.always_gone = frozenset(limit.kind for limit in self.problem.limits if limit.soft)
        for w in self._cheap_portfolios():
            self.remember(w)

    @property
    def everything(self) -> int:
        return (1 << len(self.names)) - 1

    def mask(self, names: Iterable[str]) -> int:
        return sum(1 << self.names.index(name) for name in names)

    def named(self, mask: int) -> tuple[str, ...]:
        return tuple(name for k, name in enumerate(self.names) if mask >> k & 1)

    def core(self, mask: int) -> int | None:
        """None when some portfolio satisfies `mask` (and all that is structural); otherwise limits that already cannot.

        Raises OutOfWork.
        """
        for known in self.impossible:
            if known & mask == known:
                return known
        if self._is_satisfied(mask):
            return None
        by_distance = self._core_by_distance(mask)
        if by_distance is not None or self._is_satisfied(mask):
            return by_distance
        asked = self.opened(mask)
        if asked.form.integer.any():
            return self._core_by_search(mask)
        raw = self.ask(asked.form)
        if raw.status is SolveStatus.INFEASIBLE:
            self.impossible.append(0)
            return 0
        if raw.status is not SolveStatus.OPTIMAL or raw.x is None:
            self.uncertain = True
            return None
        self.remember(raw.x[: self.problem.n])
        found = self._proven_core(asked, raw, mask)
        if found is None:
            self.satisfied.append(mask)
        else:
            self.impossible.append(found)
        return found

    def _core_by_search(self, mask: int) -> int | None:
        """Where limits count: a search for any portfolio within them, with none opened; its no is a proof, of all of them."""
        inside = set(self.named(mask))
        gone = self.always_gone | (set(self.names) - inside)
        raw = self.ask(elastic(self.form, {}, inside, ignored=gone).form)
        if raw.status is SolveStatus.INFEASIBLE:
            self.impossible.append(mask)
            return mask
        if raw.status is not SolveStatus.OPTIMAL or raw.x is None:
            self.uncertain = True
            return None
        self.remember(raw.x[: self.problem.n])
        self.satisfied.append(mask)
        return None

    def _is_satisfied(self, mask: int) -> bool:
        return any(mask & known == mask for known in self.satisfied)

    def _core_by_distance(self, mask: int) -> int | None:
        """The core where one ball (a tracking error, a volatility) and the linear limits of `mask` cannot meet.

        None leaves the question open, unless a portfolio that satisfies `mask` was found on the way.
        """
        inside = set(self.named(mask))
        balls = [cone for cone in self.form.cones if cone.limit in inside]
        if not balls or self.form.integer.any() or not all(is_distance(cone) for cone in balls):
            return None
        curved = (self.conic() & inside) - {cone.limit for cone in balls}
        linear = mask & ~self.mask({cone.limit for cone in balls} | curved)
        found = self.core(linear)
        if found is not None:
            return found
        kept = set(self.named(linear))
        for cone in balls:
            found = self._core_of_ball(cone, kept)
            if found is not None or self._is_satisfied(mask):
                return found
        if len(balls) == 1 and not curved:
            self.satisfied.append(mask)
        return None

    def _core_of_ball(self, cone: Cone, kept: set[str]) -> int | None:
        question, form, raw = self.nearest(cone, kept)
        radius = float(cone.b[0]) + MARGIN
        if raw.status is not SolveStatus.OPTIMAL or question.at_least(form, raw) <= radius:
            return None
        carrying = question.carrying(form, raw) & kept
        fewer = form.without(lambda name: name in kept - carrying)
        core = {cone.limit, *(carrying if question.at_least(fewer, raw) > radius else kept)}
        self.impossible.append(self.mask(core))
        return self.mask(core)

    def nearest(self, cone: Cone, kept: set[str]) -> tuple[Distance, StandardForm, RawAnswer]:
        """The portfolio nearest to the centre of a ball under the linear limits `kept`, remembered. Raises OutOfWork."""
        gone = (set(self.names) | self.always_gone) - kept
        question = Distance(cone, self.form.without(lambda name: name in gone))
        form = question.form()
        raw = self.ask(form)
        if raw.x is not None:
            self.remember(raw.x[: self.problem.n])
        return question, form, raw

    def ball(self, name: str) -> Cone | None:
        """The cone of a limit that is one ball and nothing else; None for any other."""
        cones = [cone for cone in self.form.cones if cone.limit == name]
        return cones[0] if len(cones) == 1 and is_distance(cones[0]) else None

    def conic(self) -> set[str]:
        """The limits that are not linear: those with cones, and those whose rows speak of what a cone defines."""
        return ({cone.limit for cone in self.form.cones} | through_definitions(self.form)) & set(self.names)

    def curved(self) -> set[str]:
        """The limits whose sets have corners or curves by the hundred: those of `conic`, and those over scenarios."""
        tails = np.concatenate([np.zeros(0, dtype=np.intp), *(hinge.columns for hinge in self.form.hinges)])
        return self.conic() | (speaking(self.form, tails) & set(self.names))

    def opened(self, mask: int, price: float = 1.0) -> ElasticForm:
        """Every limit in `mask` elastic at one price, the rest gone."""
        inside = self.named(mask)
        gone = self.always_gone | (set(self.names) - set(inside))
        return elastic(self.form, dict.fromkeys(inside, price), frozenset(), ignored=gone)

    def ask(self, form: StandardForm, *, exactly: bool = False) -> RawAnswer:
        """One solve, this one exactly or as all of them, if the budget allows it. Raises OutOfWork."""
        self.budget.spend(form)
        self.solves += 1
        return solve(form) if exactly or self.exactly else solve_quickly(form)

    def remember(self, w: Vector) -> None:
        """Note which limits w satisfies; a portfolio that breaks a structural limit says nothing.

        w: (n,) weights.
        """
        mask = 0
        for limit in self.problem.limits:
            if limit.soft:
                continue
            holds = limit.read(w, self.problem).worst() <= HOLDS
            if limit.structural and not holds:
                return
            if holds and not limit.structural:
                mask |= 1 << self.names.index(limit.kind)
        self.satisfied.append(mask)

    def _proven_core(self, asked: ElasticForm, raw: RawAnswer, mask: int) -> int | None:
        form, x = asked.form, raw.x
        if x is None:
            return None
        total = form.objective(x)
        if raw.duals is None or form.integer.any():  # integer columns have no multipliers: the solver's optimum must do
            return mask if total > 10.0 * MARGIN else None
        g, y, z = gradient(form, x), raw.duals.rows, raw.duals.cones
        if total - gap_bound(form, x, g, y, z)[0] <= MARGIN:
            return None
        carrying = self._carrying(form, y, z)
        dropped = set(self.names) - set(self.named(carrying))
        y = y.copy()
        for group in form.row_groups:
            if group.limit in dropped:
                y[group.start : group.stop] = 0.0
        z = tuple(np.zeros_like(zk) if cone.limit in dropped else zk for cone, zk in zip(form.cones, z, strict=True))
        return carrying & mask if total - gap_bound(form, x, g, y, z)[0] > MARGIN else mask

    def _carrying(self, form: StandardForm, y: Vector, z: tuple[Vector, ...]) -> int:
        size = dict.fromkeys(self.names, 0.0)
        for group in form.row_groups:
            if group.limit in size:
                size[group.limit] = max(size[group.limit], float(np.abs(y[group.start : group.stop]).max(initial=0.0)))
        for cone, zk in zip(form.cones, z, strict=True):
            if cone.limit in size:
                size[cone.limit] = max(size[cone.limit], float(np.abs(zk).max(initial=0.0)))
        least = CARRIES * max([*size.values(), 0.0])
        return self.mask([name for name, largest in size.items() if largest > least])

    def _cheap_portfolios(self) -> list[Vector]:
        """Portfolios worth knowing about before the first solve: the book as it is, the benchmark, all cash, equal weights."""
        n, cash = self.problem.n, self.problem.universe.cash_position
        found = [w for w in (self.problem.w_prev, self.problem.benchmark) if w is not None]
        invested = ~self.problem.universe.is_cash
        found.append(invested / max(int(invested.sum()), 1))
        if cash is not None:
            found.append(np.eye(n)[cash])
        return found
