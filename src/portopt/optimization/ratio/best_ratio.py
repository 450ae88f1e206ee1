"""Maximum Sharpe ratio, exactly: the homogenized program of Charnes, Cooper and Schaible.

    maximize e(x) / sqrt(x'Px),  e(x) = -(q'x + constant)      over rows, bounds and cones

With y = kappa x, kappa >= 0 and e scaled to one this is convex:

    minimize 1/2 y'Py   subject to  -(q'y + constant kappa) = 1,  every row, bound and cone times kappa

The answer x = y / kappa is also the optimum of the utility program  gamma/2 x'Px + q'x  at gamma = e(x) / x'Px, which is
where its multipliers are stated, and how it is mostly found (by_utility.py): the homogenized program is asked where that does
not lead to it, and says why.  Sources: Charnes and Cooper (1962), Schaible (1974).
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np
import scipy.sparse as sp

from portopt.domain.errors import RequestError
from portopt.domain.program import INF, Group, StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization.convex import finished, solve_convex
from portopt.optimization.polish.polish import has_polish
from portopt.optimization.ratio.by_utility import by_utility, over_scenarios, settled, without_ratio
from portopt.optimization.ratio.homogenized import homogenized, utility_duals
from portopt.optimization.ratio.utility import RISKLESS, excess_and_variance, largest_variance, ratio_near, sharpened_near
from portopt.optimization.scaling.presolve import crossing, scaled

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
    found = over_scenarios(form, began) if form.hinges and solver is None else None
    return found or by_utility(form, solver, began) or _by_homogenizing(form, solver, began)


def solve_ratio_beside(form: StandardForm, neighbour: RawAnswer | None) -> RawAnswer:
    """The best ratio of a form close to one already answered: its polish starts there, and is solved afresh if it strays."""
    near = None
    if neighbour is not None and neighbour.polished and has_polish(form) and not crossing(form):
        near = ratio_near(form, neighbour)
    return near or solve_ratio(form)


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
    excess, variance = excess_and_variance(form, interior)
    if variance <= SUSPICIOUS * largest and _without_risk(form, 0.5 * excess):
        raise RisklessExcess(excess)
    interior = replace(interior, duals=utility_duals(form, lifted, raw.duals))
    exact = sharpened_near(form, interior, excess / variance, began) or settled(form, variance / excess, solver, began)
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
    raw = without_ratio(least)
    if raw.status is not SolveStatus.OPTIMAL or raw.x is None:
        return False
    riskless = RISKLESS if raw.polished else UNPOLISHED_RISKLESS
    return float(raw.x @ form.P_times(raw.x)) <= riskless * largest_variance(form)


def _most_excess(form: StandardForm) -> tuple[RawAnswer, float | None]:
    """The linear program's answer and its numerator, None where there is no largest. Raises NoExcessReturn."""
    best = without_ratio(replace(form, ratio=False, quadratics=()))
    if best.status is not SolveStatus.OPTIMAL or best.x is None:
        return best, None
    excess = -(float(form.q @ best.x) + form.constant)
    if excess <= 1e-12:
        raise NoExcessReturn(excess)
    return best, excess
