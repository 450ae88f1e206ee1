"""What the engine takes nobody's word for: an iteration that stops short, a guess of what binds, a claim of infeasibility."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization import assemble, solve, solve_convex
from portopt.optimization import ladder as rungs
from portopt.optimization.polish import polish
from portopt.optimization.polish.active_set import ActiveSet
from portopt.optimization.polish.polish import polished
from portopt.optimization.ratio.utility import scale_of, utility_form
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer, lowered, scaled
from portopt.optimization.solvers import clarabel

N = 20
UTILITY = {"kind": "utility", "risk_aversion": 3.0}
# At the optimum no sector is full and the benchmark is nearer than it need be: what is free is known.
LOOSE = {"budget": True, "long_only": True, "max_weight": 0.2, "sector_limits": 0.6, "max_tracking_error": 0.1}


def answered(market: Callable[..., Any], **given: Any) -> tuple[StandardForm, RawAnswer, Scaled, SolverAnswer]:
    """A form, its exact answer, and both as the polish is given them."""
    form = assemble(market(41, N, **({"objective": UTILITY, "limits": LOOSE} | given)))
    exact, program = solve(form), scaled(form)
    assert exact.polished
    return form, exact, program, lowered(program, exact)


# --- the polish ------------------------------------------------------------------------------------------------------


def test_a_polish_whose_newton_stops_short_of_stationarity_is_no_answer(market, monkeypatch):
    _, _, program, _ = answered(market, limits={"budget": True, "long_only": True})
    interior = clarabel.solve(program)
    assert polished(program, interior) is not None
    monkeypatch.setattr(polish, "newton", lambda state: True)
    assert polished(program, interior) is None


def test_a_polish_that_ends_outside_the_limits_by_more_than_rounding_is_no_answer(market, monkeypatch):
    """By 1e-11 of the whole: what is stationary is still so, and the budget is missed."""
    _, _, program, exact = answered(market)

    def spending(state: ActiveSet) -> bool:
        state.x[~(state.low | state.high)] += 1e-12
        return True

    monkeypatch.setattr(polish, "newton", lambda state: True)
    assert polished(program, exact) is not None
    monkeypatch.setattr(polish, "newton", spending)
    assert polished(program, exact) is None


def test_a_ratio_whose_risk_aversion_is_off_by_more_than_rounding_is_no_answer(market, monkeypatch):
    form, raw, _, _ = answered(market, objective="max_sharpe", risk_free_rate=0.02)
    gamma = -(float(form.q @ raw.x) + form.constant) / float(raw.x @ form.P_times(raw.x))
    program = scaled(utility_form(form, gamma))
    exact = lowered(program, raw)
    monkeypatch.setattr(polish, "newton", lambda state: True)
    assert polished(program, exact, scale_of(form, program, gamma)) is not None
    assert polished(program, replace(exact, theta=1.0 + 1e-11), scale_of(form, program, gamma)) is None


def test_a_multiplier_that_rounding_left_on_the_wrong_side_is_none(market, monkeypatch):
    _, _, program, exact = answered(market)
    room = program.row_lower < program.row_upper

    def rounding(state: ActiveSet) -> bool:
        state.side[room] = 1
        state.y[room] = -1e-13 * state.size()
        return True

    monkeypatch.setattr(polish, "newton", rounding)
    found = polished(program, exact)
    assert found is not None
    assert found.y is not None
    assert room.sum() == 3  # the sectors
    assert (found.y[room] == 0.0).all()


def held(exact: SolverAnswer, multiplier: float) -> SolverAnswer:
    """An asset that is neither at nothing nor at its cap, said to be held there."""
    assert exact.x is not None
    assert exact.t is not None
    t = exact.t.copy()
    t[int(np.flatnonzero((exact.x > 0.02) & (exact.x < 0.18))[0])] = multiplier
    return replace(exact, t=t)


def full(program: Scaled, exact: SolverAnswer) -> SolverAnswer:
    """The sector with the least room, said to be full."""
    assert exact.y is not None
    y, room = exact.y.copy(), program.row_upper - program.A @ exact.x
    y[int(np.where(program.row_lower < program.row_upper, room, np.inf).argmin())] = 10.0
    return replace(exact, y=y)


def far(exact: SolverAnswer) -> SolverAnswer:
    """A tracking error with room, said to be at its limit."""
    (z,) = exact.z
    return replace(exact, z=(np.where(np.arange(len(z)) == 0, 10.0, z),))


FORGED: dict[str, Callable[[Scaled, SolverAnswer], SolverAnswer]] = {
    "held at nothing": lambda program, exact: held(exact, -10.0),
    "held at its cap": lambda program, exact: held(exact, 10.0),
    "a full sector": full,
    "a tracking error": lambda program, exact: far(exact),
}


@pytest.mark.parametrize("what", FORGED)
def test_what_is_believed_to_bind_and_pushes_the_wrong_way_is_let_go(market, what):
    _, _, program, exact = answered(market)
    forged = FORGED[what](program, exact)
    assert ActiveSet.guessed(program, forged).key() != ActiveSet.guessed(program, exact).key()
    found = polished(program, forged)
    assert found is not None
    assert found.x == pytest.approx(exact.x, abs=1e-13)


# --- the ladder ------------------------------------------------------------------------------------------------------


def claiming(status: SolveStatus, liars: tuple[str, ...], honest: Callable[..., SolverAnswer]) -> Callable[..., SolverAnswer]:
    def call(name: str, *given: Any) -> SolverAnswer:
        return SolverAnswer(status, name, iterations=7) if name in liars else honest(name, *given)

    return call


def test_a_claim_of_infeasibility_about_a_program_that_has_points_is_not_believed(market, monkeypatch):
    form, exact, program, _ = answered(market, limits={"budget": True, "long_only": True})
    first, second, *_ = rungs.ladder(program)
    monkeypatch.setattr(rungs, "_call", claiming(SolveStatus.INFEASIBLE, (first,), rungs._call))
    raw = solve_convex(form)
    assert raw.status is SolveStatus.OPTIMAL
    assert raw.solver == second
    assert raw.x == pytest.approx(exact.x, abs=1e-12)


@pytest.mark.parametrize("cone", [False, True])
def test_where_every_solver_claims_it_the_engine_says_that_it_failed(market, monkeypatch, cone):
    form, _, program, _ = answered(market, limits=LOOSE if cone else {"budget": True, "long_only": True})
    monkeypatch.setattr(rungs, "_call", claiming(SolveStatus.INFEASIBLE, rungs.ladder(program), rungs._call))
    raw = solve_convex(form)
    assert raw.status is SolveStatus.FAILED
    assert raw.x is None


@pytest.mark.parametrize("limits", [{"max_weight": 0.03}, {"max_volatility": 0.01}], ids=["flat", "curved"])
@pytest.mark.parametrize("claim", [SolveStatus.INFEASIBLE, SolveStatus.UNBOUNDED, SolveStatus.FAILED], ids=str)
def test_whatever_is_claimed_about_a_program_without_points_it_is_found_to_have_none(market, monkeypatch, claim, limits):
    form = assemble(
        market(41, N, objective=UTILITY, limits={"budget": True, "long_only": True, "fully_invested": True} | limits)
    )
    monkeypatch.setattr(rungs, "_call", claiming(claim, rungs.ladder(scaled(form)), rungs._call))
    assert solve_convex(form).status is SolveStatus.INFEASIBLE
