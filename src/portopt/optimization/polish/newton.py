"""Solve the optimality conditions on a fixed active set: one linear system, refined; Newton steps where a cone binds."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.optimization.polish.active_set import ActiveSet
from portopt.optimization.polish.dependent_rows import imply, recover
from portopt.optimization.polish.kkt import Kkt, Rows

STEPS = 15
CURVED_STEPS = 25
PATIENCE = 3
EXACT = 2e-16
AT_APEX = 1e-8  # of a cone of size one: closer there is no tangent to iterate on
ROUNDED = 1e-13  # above it a Newton iteration that lost ground is given time to regain it
MANY_UNKNOWNS = 1_000  # unknowns from which on a factorization costs far more than the steps it serves
CONTRACTS = 0.05  # of the residual left by a step: the system that did this will do it again


def newton(state: ActiveSet) -> bool:
    """Move the free columns and the multipliers of `state` to the solution. False when the iteration runs away.

    Stops when the residual no longer halves: refinement of one linear system contracts at once or never, so one such step
    says that rounding is reached; Newton steps need a few before they contract, and where a limit is soft or a cone small
    they may lose ground on the way. The best point seen is kept.
    Raises kkt.TooLarge.
    """
    free = np.flatnonzero(imply(state))
    is_row = state.side != 0
    is_row[state.stuck] = False
    for rows, _, _ in state.implied:
        is_row[rows] = False
    active = np.flatnonzero(is_row)
    cones = np.flatnonzero(state.on)
    held, of_active = Rows(state.A, free, active, state.helpers, len(cones)), state.A[active]
    system, best, best_at = None, np.inf, _snapshot(state)
    curved = len(cones) > 0 or state.scale is not None
    along_x: Vector | None = None
    lost, before, size = 0, np.inf, np.ones(len(cones))
    for step in range(CURVED_STEPS if curved else STEPS):
        values, G, squares = _cones_at(state, cones)
        Px = state.program.P.times(state.x)
        r1 = -(state.gradient(Px) + state.A.T @ state.y + state.pull[cones] @ G)[free]
        r2 = np.concatenate([state.targets(active) - np.asarray(of_active @ state.x), -values])
        missed = np.append(r2[: len(active)], values / squares)
        residual = max(float(np.abs(r1).max(initial=0.0)), float(np.abs(missed).max(initial=0.0)), _ratio_residual(state, Px))
        if not np.isfinite(residual) or (len(cones) and float(squares.min()) <= AT_APEX**2):
            return False
        lost = lost + 1 if residual > 0.5 * best else 0
        if residual < best:
            best, best_at = residual, _snapshot(state)
        if best < EXACT or lost > (PATIENCE if curved and (step <= 4 or best > ROUNDED) else 0):
            break
        # The residual is the true one whatever system the step comes from: one that still contracts is kept (a chord step).
        kept = len(free) + len(active) > MANY_UNKNOWNS and residual <= CONTRACTS * before
        before = residual
        if system is None or (len(cones) and not kept):
            # A cone's row is brought to the size of the others: G (pull B'B)^-1 G' = s0^2 / pull; the system is regularized.
            size = np.sqrt(np.maximum(1.0, state.pull[cones]) / squares)
            system, along_x = _system(state, held, cones, size[:, None] * G), None
        r2[len(active) :] *= size
        dx, dy = system.solve(r1, r2)
        if state.scale is not None:
            if along_x is None:
                along_x, along_y = system.solve(-state.scale.linear[free], np.zeros(len(r2)))
            move = _ratio_step(state, free, Px, dx, along_x)
            state.scale.drift[:] = 0.0
            state.scale.drift[free] = along_x if move is None else 0.0
            move = move or 0.0
            state.scale.theta += move
            dx, dy = dx + move * along_x, dy + move * along_y
        state.x[free] += dx
        state.y[active] += dy[: len(active)]
        state.pull[cones] += size * dy[len(active) :]
    state.x, state.y, state.pull = best_at[:3]
    if state.scale is not None:
        state.scale.theta = best_at[3]
    recover(state)
    return True


def _snapshot(state: ActiveSet) -> tuple[Vector, Vector, Vector, float]:
    theta = 1.0 if state.scale is None else state.scale.theta
    return state.x.copy(), state.y.copy(), state.pull.copy(), theta


def _ratio_residual(state: ActiveSet, Px: Vector) -> float:
    if state.scale is None:
        return 0.0
    return abs(state.scale.mismatch(state.program, state.x, Px)[0])


def _ratio_step(state: ActiveSet, free: Indices, Px: Vector, dx: Vector, along: Vector) -> float | None:
    """The change of theta that makes variance = theta * excess to first order, x following as dx + change * along.

    None where theta decides nothing.
    """
    if state.scale is None:
        return None
    dx_everywhere, along_everywhere = np.zeros((2, len(state.x)))
    dx_everywhere[free], along_everywhere[free] = dx, along
    ratio = state.scale.linearized(state.program, state.x, Px, along_everywhere)
    return ratio.change(dx_everywhere) if ratio.is_decided else None


def _cones_at(state: ActiveSet, cones: Indices) -> tuple[Vector, Matrix, Vector]:
    """h (c,), its gradients (c, M) and s0^2 for the cones that bind: h over s0^2 is how far off the radius is, relatively."""
    pairs = [state.cone_gradient(int(k)) for k in cones]
    G = np.array([gradient for _, gradient in pairs]).reshape(len(cones), len(state.x))
    firsts = np.array([float(state.cone_value(int(k))[0]) for k in cones])
    return np.array([value for value, _ in pairs]), G, np.maximum(firsts, AT_APEX) ** 2


def _system(state: ActiveSet, held: Rows, cones: Indices, G: Matrix) -> Kkt:
    """The factorized system. A cone of the objective's own Sigma adds to it; another one's dense rows are kept as rows."""
    extra, own = np.zeros(len(state.x)), 1.0
    wide, weights = [], []
    for k in cones:
        cone, pull = state.maps[k], float(state.pull[k])
        extra[cone.columns] += pull * cone.diagonal - pull * np.where(cone.single_first, cone.first**2, 0.0)
        if cone.first.any() and not cone.single_first:
            wide.append(cone.back(np.eye(1, len(cone.b))[0])[None, :])
            weights.append(np.array([-pull]))
        if cone.multiple:
            own += pull * cone.multiple
        elif len(cone.wide):
            rows = np.zeros((len(cone.dense), len(extra)))
            rows[:, cone.columns[cone.wide]] = cone.rows()
            wide.append(rows)
            weights.append(np.full(len(rows), pull))
    return Kkt(
        state.program.P,
        held,
        own=own,
        extra=extra,
        wide=np.vstack(wide) if wide else np.zeros((0, len(extra))),
        weights=np.concatenate(weights) if weights else np.zeros(0),
        G=G,
    )
