"""A ratio through its utility programs, at risk aversions ever nearer to the right one: what is asked at each, and what for.

At 1/gamma = t the program is  1/2 variance - t excess  (rates.py). The ways differ in who answers and in what ends them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

from portopt.domain.arrays import Vector
from portopt.domain.program import INF, StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization.ladder import climb, is_empty
from portopt.optimization.polish.polish import has_polish
from portopt.optimization.ratio.rates import Asked, by_secant, search_rates
from portopt.optimization.ratio.utility import (
    excess_and_variance,
    has_no_risk,
    scale_of,
    sharpened,
    sharpened_near,
    utility_form,
)
from portopt.optimization.scaling.presolve import crossing, restored, scaled

FIRST_GAMMA = 4.0
SECANTS = 5
SETTLING = 20
SETTLED = 1e-9  # of the variance; solvers do not always come so far
NEARLY_SETTLED = 1e-6
SAME = 1e-6
NEAR = 0.2  # how far the polish may have to move the risk aversion
# For many columns a further interior solve costs less than the rounds of a polish from afar: 1 s against 8 at 1,000 assets.
MANY, NEARER = 600, 0.95


def by_utility(form: StandardForm, solver: str | None, began: float) -> RawAnswer | None:
    """The short way: utility programs near the right risk aversion, until the polish can take it from there.

    Our own interior point brings t along by itself, and the first answer is near. None where the way does not lead there: the
    homogenized program then says what is wrong.
    """
    if crossing(form):
        return None
    if not has_polish(form):
        return settled(form, 1.0 / FIRST_GAMMA, solver, began)
    way = _Interior(form, solver, began)
    search_rates(way.ask, 1.0 / FIRST_GAMMA, by_secant, SECANTS)
    return way.answer


def over_scenarios(form: StandardForm, began: float) -> RawAnswer | None:
    """The same over scenarios, few of which decide a utility's optimum: it is exact, and so is the ratio's next to it."""
    if crossing(form) or not has_polish(form):
        return None
    way = _Scenarios(form, began)
    search_rates(way.ask, 1.0 / FIRST_GAMMA, by_secant, SECANTS)
    return way.answer


def settled(form: StandardForm, t: float, solver: str | None, began: float) -> RawAnswer | None:
    """The same for what has no polish (power cones): secant steps until the utility program is the ratio's own."""
    way = _Settling(form, solver, began)
    search_rates(way.ask, t, by_secant, SETTLING)
    return way.answer if way.off <= NEARLY_SETTLED else None


@dataclass(slots=True)
class _Interior:
    """Interior points, then the polish of the ratio itself. fine: whether they are asked for more digits."""

    form: StandardForm
    solver: str | None
    began: float
    answer: RawAnswer | None = None
    asked: int = 0
    last: float = INF
    fine: bool = False

    def ask(self, t: float) -> Asked | None:
        form = self.form
        if self._wants_no_more(t):
            return None
        program = scaled(utility_form(form, 1.0 / t))
        if len(program.columns) == 0:
            return None
        scale = scale_of(form, program, 1.0 / t)
        answer = climb(program, solver=self.solver, scale=scale, fine=self.fine)
        if answer.status is SolveStatus.INFEASIBLE:
            self.answer = restored(program, answer, perf_counter() - self.began)
            return None
        if answer.status is not SolveStatus.OPTIMAL or answer.x is None:
            return None
        found = _asked(form, t * answer.theta, restored(program, answer, 0.0))
        if found is None:
            return None
        self.asked, self.last = self.asked + 1, found.rate
        near = NEAR if len(program.columns) < MANY or self.asked == SECANTS else NEARER
        if _is_near(found, near):
            self.answer = sharpened(form, program, answer, scale, self.began)
        return found if self.answer is None else None

    def _wants_no_more(self, t: float) -> bool:
        """Whether t was asked already: the same question has the same answer, until it is asked for more digits."""
        same = abs(t - self.last) <= SAME * t
        done, self.fine = same and self.fine, same or self.fine
        return done


@dataclass(slots=True)
class _Scenarios:
    """Scenario programs, each from the answer before, then the polish of the ratio itself."""

    form: StandardForm
    began: float
    answer: RawAnswer | None = None
    x: Vector | None = None

    def ask(self, t: float) -> Asked | None:
        from portopt.optimization.scenarios.solve import solve_hinges

        form = self.form
        raw = solve_hinges(utility_form(form, 1.0 / t), near=self.x)
        if raw is None and self.x is None and not form.cones and is_empty(scaled(form)):
            self.answer = RawAnswer(SolveStatus.INFEASIBLE, None, None, "highs", 0, perf_counter() - self.began)
            return None
        if raw is None or raw.status is not SolveStatus.OPTIMAL:
            return None
        self.x = raw.x
        found = _asked(form, t, raw)
        if found is not None and _is_near(found, NEAR):
            self.answer = sharpened_near(form, raw, 1.0 / t, self.began)
        return found if self.answer is None else None


@dataclass(slots=True)
class _Settling:
    """Exact utility programs. answer: the one nearest to the ratio's own, off by that much of its variance."""

    form: StandardForm
    solver: str | None
    began: float
    answer: RawAnswer | None = None
    off: float = INF

    def ask(self, t: float) -> Asked | None:
        from portopt.optimization.curved.exponentials import exponential_sums, solve_entropic

        utility = utility_form(self.form, 1.0 / t)
        sums = exponential_sums(utility) if self.solver is None else None
        raw = None if sums is None else solve_entropic(utility, sums)
        raw = without_ratio(utility, self.solver) if raw is None else raw
        found = _asked(self.form, t, raw) if raw.status is SolveStatus.OPTIMAL else None
        if found is None:
            return None
        if abs(found.mismatch) < self.off * found.risk:
            self.off, self.answer = abs(found.mismatch) / found.risk, replace(raw, seconds=perf_counter() - self.began)
        return found if self.off > SETTLED else None


def without_ratio(form: StandardForm, solver: str | None = None) -> RawAnswer:
    """Down the ladder, with the last digits where there are powers. Most ratios have no curves, and no time to load them."""
    from portopt.optimization.curved.powers import solve_powers

    return solve_powers(form, solver=solver)


def _is_near(found: Asked, near: float) -> bool:
    """Whether the polish can move the risk aversion from here."""
    return near < found.risk / (found.rate * found.excess) < 1.0 / near


def _asked(form: StandardForm, t: float, raw: RawAnswer) -> Asked | None:
    """What an answer at t says; None where it has no excess return or no risk, and so nothing to go on with."""
    excess, variance = excess_and_variance(form, raw)
    return None if excess <= 0.0 or has_no_risk(form, variance) else Asked(t, excess, variance)
