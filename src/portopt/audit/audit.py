"""The second opinion: everything claimed about an answer, recomputed from the problem.

Shares no code with what made the answer: limits are read by their own auditor's voice, the objective by `value`, and the
optimality conditions of the program by the arithmetic in optimality.py.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from portopt.audit.cone_faces import face_conditions
from portopt.audit.constructions import construction_claims
from portopt.audit.integers import first_bound, gap_reasons, held, integer_claims, not_whole
from portopt.audit.optimality import Conditions, conditions, is_convex, primal_residual
from portopt.audit.scale import objective_scale, size_of_parts
from portopt.domain.arrays import Vector
from portopt.domain.certificate import Certificate, Tolerances, ValidatedSolution
from portopt.domain.problem import Problem, Readings
from portopt.domain.program import StandardForm
from portopt.domain.solution import Duals, RawAnswer, Solution
from portopt.domain.words import amount

NOT_CLAIMED = float("nan")
ROUNDING = 1e-15  # an objective of nothing (no turnover, no shortfall) has no scale of its own


def audit(problem: Problem, form: StandardForm, solution: Solution, tolerances: Tolerances = Tolerances()) -> Certificate:
    """A certificate of what was found, certified or refused; never raises for a bad answer.

    gap is in the objective's unit, for a ratio in annual return at the answer's own risk; relative_gap is over
    optimality.objective_scale.
    Integer columns: whole to 1e-9; stationarity, dual infeasibility and complementarity are of the convex program left when
    they are held; `mip_gap`, `gap` and `relative_gap` are what the search says (see integers.py for what is proven).
    """
    unusable = _unusable(problem, form, solution)
    raw, weights = solution.raw, solution.weights
    if unusable or raw is None or raw.x is None or weights is None:
        return _refused_unread(problem, tolerances, unusable)
    w = np.asarray(weights, dtype=float)
    x = raw.x.copy()
    x[: problem.n] = w
    readings = tuple(limit.read(w, problem) for limit in problem.limits)
    worst, worst_limit = _worst(problem, readings)
    Px = form.P_times(x)
    scale = objective_scale(form, x, Px)
    whole = form.integer.any()
    found, relative, why_not = (_integer_optimality if whole else _optimality)(form, x, raw, scale, tolerances, Px)
    claims, unfounded = construction_claims(problem, form, w)
    reasons = (
        *_identity_reasons(problem, solution),
        *_feasibility_reasons(problem, form, x, readings, tolerances),
        *_voices_reasons(problem, form, x, scale, tolerances, Px),
        *why_not,
        *unfounded,
    )
    return Certificate(
        problem_identity=problem.identity(),
        verdict="refused" if reasons else "certified",
        reasons=reasons,
        readings=readings,
        worst_violation=worst,
        worst_limit=worst_limit,
        stationarity=found.stationarity,
        dual_infeasibility=found.dual_infeasibility,
        complementarity=found.complementarity,
        objective=float(problem.objective.value(w, problem)),
        gap=found.gap,
        relative_gap=relative,
        weight_sum=math.fsum(w.tolist()),
        exact_zeros=int((w == 0.0).sum()),
        mip_gap=raw.mip_gap if form.integer.any() else None,
        shortfalls=tuple((limit.kind, r.worst()) for limit, r in zip(problem.limits, readings, strict=True) if limit.soft),
        tolerances=tolerances,
        gap_proven=found.proven,
        claims=(*claims, *(integer_claims(relative, first_bound(form, x, raw.relaxed, scale)) if whole else ())),
    )


def certify(
    problem: Problem, form: StandardForm, solution: Solution, tolerances: Tolerances = Tolerances()
) -> ValidatedSolution:
    """The answer with its certificate. Raises CertificateRefused, with the reasons, when the audit would not sign."""
    return ValidatedSolution(solution, audit(problem, form, solution, tolerances))


def _unusable(problem: Problem, form: StandardForm, solution: Solution) -> tuple[str, ...]:
    """Why there is nothing to audit, if so."""
    raw, w = solution.raw, solution.weights
    if not solution.is_optimal or w is None or raw is None or raw.x is None:
        return (f"there is no answer to audit: the solve ended {solution.status.value}",)
    if form.n_weights != problem.n or w.shape != (problem.n,) or raw.x.shape != (form.n_columns,):
        return (f"{w.shape[0]} weights and {raw.x.shape[0]} columns for {problem.n} assets and {form.n_columns} columns",)
    if not (np.isfinite(w).all() and np.isfinite(raw.x).all()):
        return ("the answer holds a value that is not a number",)
    return ()


def _refused_unread(problem: Problem, tolerances: Tolerances, reasons: tuple[str, ...]) -> Certificate:
    return Certificate(
        problem_identity=problem.identity(),
        verdict="refused",
        reasons=reasons,
        readings=(),
        worst_violation=NOT_CLAIMED,
        worst_limit="",
        stationarity=NOT_CLAIMED,
        dual_infeasibility=NOT_CLAIMED,
        complementarity=NOT_CLAIMED,
        objective=NOT_CLAIMED,
        gap=NOT_CLAIMED,
        relative_gap=NOT_CLAIMED,
        weight_sum=NOT_CLAIMED,
        exact_zeros=0,
        tolerances=tolerances,
        gap_proven=False,
    )


def _worst(problem: Problem, readings: tuple[Readings, ...]) -> tuple[float, str]:
    """The largest violation over the hard limits and whose it is; (0.0, "") when none is violated."""
    hard = [(r.worst(), limit.kind) for limit, r in zip(problem.limits, readings, strict=True) if not limit.soft]
    worst, kind = max(hard, default=(0.0, ""))
    return (worst, kind) if worst > 0.0 else (0.0, "")


def _identity_reasons(problem: Problem, solution: Solution) -> list[str]:
    same = solution.problem_identity == problem.identity()
    return [] if same else ["the answer belongs to another problem"]


def _feasibility_reasons(
    problem: Problem, form: StandardForm, x: Vector, readings: tuple[Readings, ...], tolerances: Tolerances
) -> list[str]:
    reasons = []
    for limit, reading in zip(problem.limits, readings, strict=True):
        if limit.soft or reading.worst() <= tolerances.feasibility:
            continue
        i = int(reading.slack().argmin())
        member = f" for {reading.members[i]}" if reading.members[i] else ""
        reasons.append(
            f"{limit.kind}{member} is missed by {reading.worst():.2e}: measured {amount(reading.measured[i], reading.unit)}, "
            f"allowed {amount(reading.lower[i], reading.unit)} to {amount(reading.upper[i], reading.unit)}"
        )
    residual = primal_residual(form, x)
    if not residual <= tolerances.feasibility:
        reasons.append(f"the program's own rows and cones are missed by {residual:.2e}, over {tolerances.feasibility:.0e}")
    return reasons


def _voices_reasons(
    problem: Problem, form: StandardForm, x: Vector, scale: float, tolerances: Tolerances, Px: Vector
) -> list[str]:
    """The program minimizes `value`, or `-value` where more is better; both voices must give one number."""
    minimized, value = form.objective(x, Px), float(problem.objective.value(x[: problem.n], problem))
    spoken = -value if problem.objective.sense == "maximize" else value
    size = max(abs(minimized), abs(spoken)) if form.ratio else max(size_of_parts(form, x, Px), scale)
    if abs(minimized - spoken) <= max(tolerances.voices * size, ROUNDING):
        return []
    return [f"the program's objective {minimized:.12g} is not what the problem says of these weights, {spoken:.12g}"]


def _optimality(
    form: StandardForm, x: Vector, raw: RawAnswer, scale: float, tolerances: Tolerances, Px: Vector
) -> tuple[Conditions, float, list[str]]:
    """(the residuals, the relative gap, reasons to refuse). Px: (N,) P x, which much is measured by."""
    nothing = Conditions(NOT_CLAIMED, NOT_CLAIMED, NOT_CLAIMED, NOT_CLAIMED, proven=False)
    if raw.duals is None:
        return nothing, NOT_CLAIMED, ["no multipliers: optimality cannot be certified"]
    if not _fits(form, raw.duals):
        return nothing, NOT_CLAIMED, ["the multipliers do not belong to this program"]
    if form.ratio and -(float(form.q @ x) + form.constant) <= 0:
        return nothing, NOT_CLAIMED, ["the excess return is not positive: a ratio to maximize means nothing here"]
    if not is_convex(form):
        return nothing, NOT_CLAIMED, ["the covariance has a negative eigenvalue: no first-order condition certifies an optimum"]
    found = (conditions if raw.duals.face is None else face_conditions)(form, x, raw.duals, scale, Px)
    relative = found.gap / scale if scale > 0 else found.gap
    checks = (
        ("stationarity", found.stationarity, tolerances.stationarity),
        ("dual infeasibility", found.dual_infeasibility, tolerances.stationarity),
        ("complementarity", found.complementarity, tolerances.stationarity),
    )
    reasons = [f"{name} is {value:.1e}, over {allowed:.0e}" for name, value, allowed in checks if not value <= allowed]
    if not relative <= tolerances.relative_gap:
        reasons.append(
            f"another portfolio could be better by up to {relative:.1e} of the objective, over {tolerances.relative_gap:.0e}"
        )
    return found, relative, reasons


def _integer_optimality(
    form: StandardForm, x: Vector, raw: RawAnswer, scale: float, tolerances: Tolerances, Px: Vector
) -> tuple[Conditions, float, list[str]]:
    """The convex remainder's residuals, the gap the search left, reasons to refuse."""
    reasons = not_whole(form, x)
    gap, why_not = gap_reasons(raw, first_bound(form, x, raw.relaxed, scale), tolerances)
    reasons += why_not
    left, left_raw = form, raw
    if raw.duals is not None and _fits(form, raw.duals):
        left, duals = held(form, x, raw.duals)
        left_raw = replace(raw, duals=duals)
    found, _, of_remainder = _optimality(left, x, left_raw, scale, tolerances, Px)
    return replace(found, gap=gap * scale, proven=False), gap, [*reasons, *of_remainder]


def _fits(form: StandardForm, duals: Duals) -> bool:
    """Shapes and finiteness of the multipliers."""
    expected = [len(form.row_lower), len(form.bound_lower), *(len(cone.b) for cone in form.cones)]
    parts = (duals.rows, duals.bounds, *duals.cones)
    fits = [part.shape for part in parts] == [(d,) for d in expected] and all(np.isfinite(part).all() for part in parts)
    if duals.face is None:
        return fits
    return fits and all(cone.kind == "second_order" for cone in form.cones) and _fits(form, duals.face)
