"""The utility program whose optimum is a ratio's: gamma/2 x'Px + q'x at gamma = e(x) / x'Px."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np

from portopt.domain.program import INF, Quadratic, StandardForm
from portopt.domain.solution import RawAnswer
from portopt.optimization.convex import finished
from portopt.optimization.polish.polish import polished
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer, lowered, restored, scaled
from portopt.optimization.scaling.ratio_gamma import RatioScale

RISKLESS = 1e-14  # of the largest variance


def utility_form(form: StandardForm, gamma: float) -> StandardForm:
    """gamma/2 x'Px + q'x + constant over the same set."""
    return replace(form, ratio=False, quadratics=tuple(Quadratic(b.columns, gamma * b.M) for b in form.quadratics))


def largest_variance(form: StandardForm) -> float:
    """The largest diagonal entry of P: what a variance of zero is small against."""
    return max((float(np.max(b.M if b.M.ndim == 1 else np.diagonal(b.M), initial=0.0)) for b in form.quadratics), default=0.0)


def has_no_risk(form: StandardForm, variance: float) -> bool:
    """Whether a variance is what rounding leaves of nothing."""
    return variance <= RISKLESS * largest_variance(form)


def excess_and_variance(form: StandardForm, raw: RawAnswer) -> tuple[float, float]:
    """(e(x), x'Px) of an answer to the form, or to one over the same columns; no excess where there is none."""
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


def ratio_near(form: StandardForm, neighbour: RawAnswer) -> RawAnswer | None:
    """The exact best ratio from a point close to it, with multipliers; None where the polish does not come to it."""
    began = perf_counter()
    excess, variance = excess_and_variance(form, neighbour)
    if excess <= 0.0 or has_no_risk(form, variance):
        return None
    exact = sharpened_near(form, neighbour, excess / variance, began)
    return exact if exact is not None and excess_and_variance(form, exact)[0] > 0.0 else None


def sharpened_near(form: StandardForm, near: RawAnswer, gamma: float, began: float) -> RawAnswer | None:
    """The same from an answer to the form, or to one close to it."""
    program = scaled(utility_form(form, gamma))
    if len(program.columns) == 0:
        return None
    return sharpened(form, program, lowered(program, near), scale_of(form, program, gamma), began)


def sharpened(form: StandardForm, program: Scaled, near: SolverAnswer, scale: RatioScale, began: float) -> RawAnswer | None:
    """The polish of a ratio's utility program, with its risk aversion one of the unknowns."""
    exact = polished(program, near, scale)
    if exact is None or exact.y is None or exact.t is None:
        return None
    theta = scale.theta
    there = replace(program, form=utility_form(form, scale.gamma / theta))
    exact = replace(exact, y=exact.y / theta, t=exact.t / theta, z=tuple(z / theta for z in exact.z))
    found = finished(there, restored(there, exact, 0.0), exact, began)
    return None if has_no_risk(form, excess_and_variance(form, found)[1]) else found
