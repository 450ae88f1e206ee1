"""Maximum Sharpe ratio, exactly: the homogenized program of Charnes, Cooper and Schaible.

    maximize e(x) / sqrt(x'Px),  e(x) = -(q'x + constant)      over rows, bounds and cones

With y = kappa x, kappa >= 0 and e scaled to one this is convex:

    minimize 1/2 y'Py   subject to  -(q'y + constant kappa) = 1,  every row, bound and cone times kappa

The answer x = y / kappa is also the optimum of the utility program  gamma/2 x'Px + q'x  at gamma = e(x) / x'Px, which is
where its multipliers are stated.  Sources: Charnes and Cooper (1962), Schaible (1974).
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np
import scipy.sparse as sp

from portopt.domain.errors import RequestError
from portopt.domain.program import Group, Quadratic, StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization.convex import finished, solve_convex
from portopt.optimization.curved.exponentials import exponential_sums, solve_entropic
from portopt.optimization.curved.powers import solve_powers
from portopt.optimization.ladder import climb, is_empty
from portopt.optimization.polish.polish import has_polish, polished
from portopt.optimization.ratio.homogenized import homogenized, utility_duals
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer, crossing, lowered, restored, scaled
from portopt.optimization.scaling.ratio_gamma import RatioScale

INF = float("inf")
FIRST_GAMMA = 4.0
SECANTS = 5
SETTLING = 20
SETTLED = 1e-9  # of the variance; solvers do not always come so far
NEARLY_SETTLED = 1e-6
SAME = 1e-6
NEAR = 0.2  # how far the polish may have to move the risk aversion
# For many columns a further interior solve costs less than the rounds of a polish from afar: 1 s against 8 at 1,000 assets.
MANY, NEARER = 600, 0.95
RISKLESS = 1e-14  # of the largest variance
UNPOLISHED_RISKLESS = 1e-9
SUSPICIOUS = 1e-5
LEVERAGE = 1e-6  # one over the largest weight that is still an answer


class NoExcessReturn(RequestError):
    """No portfolio within the limits earns more than the risk-free rate, so no Sharpe ratio is positive."""

    code = "no_positive_excess_return"

    def __init__(self, best_excess: float) -> None:
        super().__init__(
            f"no portfolio within these limits is expected to earn more than the risk-free rate: the best one is "
            f"{-best_excess:.4%} a year short of it, and below zero a larger risk would look better",
            field="objective",
            value="max_sharpe",
            measured={"best_excess_return": best_excess},
            fixes=["use the objective min_risk", f"lower risk_free_rate by more than {max(-best_excess, 0.0):.6f}"],
        )


class RisklessExcess(RequestError):
    """A portfolio without risk earns more than the risk-free rate: the Sharpe ratio has no maximum."""

    code = "riskless_excess_return"

    def __init__(self, excess: float) -> None:
        super().__init__(
            f"a portfolio without any risk (cash, for one) is expected to earn {excess:.4%} a year more than the "
            "risk-free rate, so the Sharpe ratio has no maximum",
            field="risk_free_rate",
            measured={"riskless_excess_return": excess},
            fixes=["set risk_free_rate to the return of cash", "use the objective utility, min_risk or max_return"],
        )


def solve_ratio(form: StandardForm, *, solver: str | None = None) -> RawAnswer:
    """Solve a form whose `ratio` is set. Raises NoExcessReturn or RisklessExcess where there is no maximum."""
    began = perf_counter()
    found = _over_scenarios(form, began) if form.hinges and solver is None else None
    return found or _by_utility(form, solver, began) or _by_homogenizing(form, solver, began)


def solve_ratio_beside(form: StandardForm, neighbour: RawAnswer | None) -> RawAnswer:
    """The best ratio of a form close to one already answered: its polish starts there, and is solved afresh if it strays."""
    near = None
    if neighbour is not None and neighbour.polished and has_polish(form) and not crossing(form):
        near = ratio_near(form, neighbour)
    return near or solve_ratio(form)


def ratio_near(form: StandardForm, neighbour: RawAnswer) -> RawAnswer | None:
    """The exact best ratio from a point close to it, with multipliers; None where the polish does not come to it."""
    began = perf_counter()
    excess, variance = _excess_and_variance(form, neighbour)
    if excess <= 0.0 or variance <= RISKLESS * largest_variance(form):
        return None
    exact = _sharpened_near(form, neighbour, excess / variance, began)
    return exact if exact is not None and _excess_and_variance(form, exact)[0] > 0.0 else None


def _by_utility(form: StandardForm, solver: str | None, began: float) -> RawAnswer | None:
    """The short way: utility programs at risk aversions near the right one, until the polish can take it from there.

    At 1/gamma = t let g(t) = variance - t excess. It is zero at the best ratio and piecewise linear where no cone binds,
    so a secant step finds it; our own interior point brings t along by itself, and the first answer is near.
    None where the way does not lead there: the homogenized program then says what is wrong.
    """
    t, before, fine = 1.0 / FIRST_GAMMA, None, False
    if crossing(form):
        return None
    if not has_polish(form):
        return _settled(form, t, solver, began)
    for secant in range(SECANTS):
        program = scaled(utility_form(form, 1.0 / t))
        if len(program.columns) == 0:
            return None
        scale = scale_of(form, program, 1.0 / t)
        answer = climb(program, solver=solver, scale=scale, fine=fine)
        if answer.status is SolveStatus.INFEASIBLE:
            return restored(program, answer, perf_counter() - began)
        if answer.status is not SolveStatus.OPTIMAL or answer.x is None:
            return None
        excess, variance = _excess_and_variance(form, restored(program, answer, 0.0))
        if excess <= 0.0 or variance <= RISKLESS * largest_variance(form):
            return None
        t *= answer.theta
        near = NEAR if len(program.columns) < MANY or secant == SECANTS - 1 else NEARER
        if near < variance / (t * excess) < 1.0 / near:
            exact = _sharpened(form, program, answer, scale, began)
            if exact is not None:
                return exact
        before, t = (t, variance - t * excess), _closer(t, excess, variance, before)
        if abs(t - before[0]) <= SAME * t:  # the same question has the same answer, until it is asked for more digits
            if fine:
                return None
            fine = True
    return None


def _over_scenarios(form: StandardForm, began: float) -> RawAnswer | None:
    """The same over scenarios, few of which decide a utility's optimum: it is exact, and so is the ratio's next to it."""
    from portopt.optimization.scenarios.solve import solve_hinges

    t, before, x = 1.0 / FIRST_GAMMA, None, None
    if crossing(form) or not has_polish(form):
        return None
    for _ in range(SECANTS):
        raw = solve_hinges(utility_form(form, 1.0 / t), near=x)
        if raw is None and x is None and not form.cones and is_empty(scaled(form)):
            return RawAnswer(SolveStatus.INFEASIBLE, None, None, "highs", 0, perf_counter() - began)
        if raw is None or raw.status is not SolveStatus.OPTIMAL:
            return None
        excess, variance = _excess_and_variance(form, raw)
        if excess <= 0.0 or variance <= RISKLESS * largest_variance(form):
            return None
        exact = _sharpened_near(form, raw, 1.0 / t, began) if NEAR < variance / (t * excess) < 1.0 / NEAR else None
        if exact is not None:
            return exact
        before, t, x = (t, variance - t * excess), _closer(t, excess, variance, before), raw.x
    return None


def _settled(form: StandardForm, t: float, solver: str | None, began: float) -> RawAnswer | None:
    """The same for what has no polish (power cones): secant steps until the utility program is the ratio's own."""
    before: tuple[float, float] | None = None
    best: tuple[float, RawAnswer] | None = None
    for _ in range(SETTLING):
        utility = utility_form(form, 1.0 / t)
        sums = exponential_sums(utility) if solver is None else None
        raw = None if sums is None else solve_entropic(utility, sums)
        raw = solve_powers(utility, solver=solver) if raw is None else raw
        excess, variance = _excess_and_variance(form, raw)
        if raw.status is not SolveStatus.OPTIMAL or excess <= 0.0 or variance <= RISKLESS * largest_variance(form):
            break
        mismatch = variance - t * excess
        if best is None or abs(mismatch) < best[0] * variance:
            best = (abs(mismatch) / variance, replace(raw, seconds=perf_counter() - began))
        if best[0] <= SETTLED:
            break
        before, t = (t, mismatch), _closer(t, excess, variance, before)
    return best[1] if best is not None and best[0] <= NEARLY_SETTLED else None


def _closer(t: float, excess: float, variance: float, before: tuple[float, float] | None) -> float:
    """The next 1/gamma: by the secant through (t, variance - t excess) and the point before; else variance over excess."""
    mismatch, after = variance - t * excess, variance / excess
    if before is not None and before[1] != mismatch:
        secant = t - mismatch * (t - before[0]) / (mismatch - before[1])
        after = secant if 0.1 * t < secant < 10.0 * t else after
    return after


def _by_homogenizing(form: StandardForm, solver: str | None, began: float) -> RawAnswer:
    """The sure way: one convex program whose answer, or lack of one, is the ratio's."""
    largest = largest_variance(form)
    lifted = homogenized(form, max(float(np.abs(form.q[: form.n_weights]).max(initial=0.0)), 1e-12), largest)
    raw = solve_convex(lifted.form, solver=solver, polish=False)
    if raw.status is not SolveStatus.OPTIMAL:
        best, excess = _most_excess(form)
        if best.status in (SolveStatus.INFEASIBLE, SolveStatus.WORK_LIMIT):
            return best
        if excess is not None:  # there is one, if a small one: asked again in its own size
            lifted = homogenized(form, excess, largest)
            raw = solve_convex(lifted.form, solver=solver, polish=False)
    if raw.status is not SolveStatus.OPTIMAL or raw.x is None or raw.duals is None:
        status = SolveStatus.FAILED if raw.status is SolveStatus.INFEASIBLE else raw.status
        return replace(raw, status=status, x=None, duals=None, message=raw.message or "the ratio could not be maximized")
    kappa = float(raw.x[-1])
    if kappa <= LEVERAGE * float(np.abs(raw.x).max()):
        return RawAnswer(
            SolveStatus.UNBOUNDED, None, None, raw.solver, raw.iterations, raw.seconds, message="the ratio grows with leverage"
        )
    interior = replace(raw, x=raw.x[:-1] / kappa)
    excess, variance = _excess_and_variance(form, interior)
    if variance <= SUSPICIOUS * largest and _without_risk(form, 0.5 * excess):
        raise RisklessExcess(excess)
    interior = replace(interior, duals=utility_duals(form, lifted, raw.duals))
    exact = _sharpened_near(form, interior, excess / variance, began) or _settled(form, variance / excess, solver, began)
    return exact or finished(scaled(form), interior, None, began)


def _without_risk(form: StandardForm, excess: float) -> bool:
    """Whether that much excess return can be had at no variance at all: asked of the polished least variance."""
    m = form.A.shape[0]
    least = replace(
        form,
        ratio=False,
        q=np.zeros(form.n_columns),
        A=sp.csr_array(sp.vstack([form.A, sp.csr_array(-form.q[None, :])])),
        row_lower=np.append(form.row_lower, excess + form.constant),
        row_upper=np.append(form.row_upper, INF),
        row_relax=np.append(form.row_relax, 0.0),
        row_groups=(*form.row_groups, Group(m, m + 1, "")),
    )
    raw = solve_powers(least)
    if raw.status is not SolveStatus.OPTIMAL or raw.x is None:
        return False
    riskless = RISKLESS if raw.polished else UNPOLISHED_RISKLESS
    return float(raw.x @ form.P_times(raw.x)) <= riskless * largest_variance(form)


def _excess_and_variance(form: StandardForm, raw: RawAnswer) -> tuple[float, float]:
    if raw.x is None:
        return -INF, 0.0
    return -(float(form.q @ raw.x) + form.constant), float(raw.x @ form.P_times(raw.x))


def scale_of(form: StandardForm, program: Scaled, gamma: float) -> RatioScale:
    """The ratio that this utility program at `gamma` is of."""
    size, fixed = program.objective_scale, program.x_fixed
    return RatioScale(
        gamma,
        linear=form.q[program.columns] * program.column_scale * size,
        variance0=size * gamma * float(fixed @ form.P_times(fixed)),
        excess0=-size * (float(form.q @ fixed) + form.constant),
    )


def _sharpened_near(form: StandardForm, near: RawAnswer, gamma: float, began: float) -> RawAnswer | None:
    """The same from an answer to the form, or to one close to it."""
    program = scaled(utility_form(form, gamma))
    if len(program.columns) == 0:
        return None
    return _sharpened(form, program, lowered(program, near), scale_of(form, program, gamma), began)


def _sharpened(form: StandardForm, program: Scaled, near: SolverAnswer, scale: RatioScale, began: float) -> RawAnswer | None:
    """The polish of a ratio's utility program, with its risk aversion one of the unknowns."""
    exact = polished(program, near, scale)
    if exact is None or exact.y is None or exact.t is None:
        return None
    theta = scale.theta
    there = replace(program, form=utility_form(form, scale.gamma / theta))
    exact = replace(exact, y=exact.y / theta, t=exact.t / theta, z=tuple(z / theta for z in exact.z))
    found = finished(there, restored(there, exact, 0.0), exact, began)
    return found if _excess_and_variance(form, found)[1] > RISKLESS * largest_variance(form) else None


def largest_variance(form: StandardForm) -> float:
    """The largest diagonal entry of P: what a variance of zero is small against."""
    return max((float(np.max(b.M if b.M.ndim == 1 else np.diagonal(b.M), initial=0.0)) for b in form.quadratics), default=0.0)


def utility_form(form: StandardForm, gamma: float) -> StandardForm:
    """gamma/2 x'Px + q'x + constant over the same set."""
    return replace(form, ratio=False, quadratics=tuple(Quadratic(b.columns, gamma * b.M) for b in form.quadratics))


def _most_excess(form: StandardForm) -> tuple[RawAnswer, float | None]:
    """The linear program's answer and its numerator, None where there is no largest. Raises NoExcessReturn."""
    best = solve_powers(replace(form, ratio=False, quadratics=()))
    if best.status is not SolveStatus.OPTIMAL or best.x is None:
        return best, None
    excess = -(float(form.q @ best.x) + form.constant)
    if excess <= 1e-12:
        raise NoExcessReturn(excess)
    return best, excess
