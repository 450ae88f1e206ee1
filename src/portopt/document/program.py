"""The program that was solved, with its answer and every multiplier, as data: what a stranger needs to check an optimum.

Sparse, and without anything twice: a quadratic or a cone that is the covariance's says so, and holds its numbers nowhere else.
Rows of scenarios that carry no multiplier are left out, and counted; rows too wide for a document are told by what they pull
together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.canonical import digest, plain
from portopt.domain.covariance import Covariance
from portopt.domain.problem import Limit, Problem
from portopt.domain.program import Cone, Quadratic, StandardForm
from portopt.domain.solution import Duals, RawAnswer

MOST_NUMBERS = 60_000  # of the rows, beyond which those that are wide are told by their pull
WIDE_ROW = 64  # entries
SAME_ROOT = 1e-10  # of the largest variance: R'R against the covariance


def terms_as_solved(problem: Problem) -> list[dict[str, Any]]:
    """Every limit with the numbers that held, after whatever followed the market or gave way."""
    return [_limit(limit, problem) for limit in problem.limits]


def _limit(limit: Limit, problem: Problem) -> dict[str, Any]:
    price = getattr(limit, "price", None)  # of a wish
    priced = {} if price is None else {"price": float(price(problem))}
    sides = {side: plain(getattr(limit, side, {})) for side in ("below", "above")}  # of one that need not be mended
    opened = {"missed_before": sides} if any(sides.values()) else {}
    return {"kind": limit.kind, "soft": limit.soft, **priced, **opened, **plain(limit.asked)}


def beside(problem: Problem) -> dict[str, Any]:
    """What limits read that stands nowhere else: exposures, factors, what funds are made of, probabilities of scenarios."""
    model = problem.moments.factor_model
    reads_factors = any(limit.reads_factors for limit in problem.limits)
    found: dict[str, Any] = {}
    if reads_factors:
        found["exposures"] = plain(problem.exposures)
    if reads_factors and model is not None:
        found["factor_model"] = {"names": list(model.names), **{k: plain(getattr(model, k)) for k in ("B", "Omega", "D")}}
    made = {asset.id: plain(asset.composition) for asset in problem.universe.assets if asset.composition}
    if made:
        found["compositions"] = made
    if problem.moments.probabilities is not None:
        found["probabilities"] = plain(problem.moments.probabilities)
    return found


def program(problem: Problem, form: StandardForm, raw: RawAnswer | None) -> dict[str, Any] | None:
    """The form, x beyond the weights and the multipliers; None of an answer without multipliers."""
    if raw is None or raw.x is None or raw.duals is None or len(raw.duals.rows) != len(form.row_lower):
        return None
    covariance = problem.moments.covariance
    kept, pull, count = _kept_rows(form, raw.duals)
    linear = np.flatnonzero(form.q)
    return {
        "columns": form.n_columns,
        "weights": form.n_weights,
        "ratio": form.ratio,
        "constant": form.constant,
        "helpers": plain(raw.x[form.n_weights :]),
        "linear": {"columns": plain(linear), "values": plain(form.q[linear])},
        "quadratic": [_quadratic(block, form, covariance) for block in form.quadratics],
        "rows": _rows(form, raw.duals.rows, kept),
        "row_limits": _row_limits(form, kept),
        "bounds": _bounds(form, raw.duals.bounds),
        "bound_limits": [[g.start, g.stop, g.limit] for g in form.bound_groups if g.stop > g.start],
        "cones": [_cone(cone, z, form, problem) for cone, z in zip(form.cones, raw.duals.cones, strict=True)],
        "integers": plain(np.flatnonzero(form.integer)),
        "on_a_face": raw.duals.face is not None,
        "left_out": {"rows": count, "pull": plain(pull)},
    }


def _kept_rows(form: StandardForm, duals: Duals) -> tuple[Indices, Vector | None, int]:
    """(rows that are told, what the others pull together (N,) or None, how many others there are)."""
    entries = np.diff(form.A.indptr)
    told = np.ones(len(entries), dtype=bool)
    for hinge in form.hinges:
        told[hinge.start : hinge.stop] = duals.rows[hinge.start : hinge.stop] != 0.0
    if int(entries[told].sum()) <= MOST_NUMBERS:
        return np.flatnonzero(told), None, int((~told).sum())
    told &= entries <= WIDE_ROW
    others = np.where(told, 0.0, duals.rows)
    return np.flatnonzero(told), np.asarray(form.A.T @ others), int((~told).sum())


def _rows(form: StandardForm, multipliers: Vector, kept: Indices) -> dict[str, Any]:
    A = form.A[kept]
    return {
        "starts": plain(A.indptr),
        "columns": plain(A.indices),
        "values": plain(A.data),
        "lower": plain(form.row_lower[kept]),
        "upper": plain(form.row_upper[kept]),
        "opens": plain(form.row_relax[kept]),
        "multipliers": plain(multipliers[kept]),
    }


def _row_limits(form: StandardForm, kept: Indices) -> list[list[Any]]:
    """[first, past the last, limit, members] of the rows that are told."""
    found = []
    for g in form.row_groups:
        start, stop = np.searchsorted(kept, (g.start, g.stop))
        if stop > start:
            members = None if g.members is None else [g.members[k - g.start] for k in kept[start:stop]]
            found.append([int(start), int(stop), g.limit, members])
    return found


def _bounds(form: StandardForm, multipliers: Vector) -> dict[str, Any]:
    return {
        "columns": plain(form.bound_columns),
        "lower": plain(form.bound_lower),
        "upper": plain(form.bound_upper),
        "opens": plain(form.bound_relax),
        "multipliers": plain(multipliers),
    }


def _quadratic(block: Quadratic, form: StandardForm, covariance: Covariance) -> dict[str, Any]:
    """As what it is: the covariance's own, a diagonal, or a matrix."""
    if block.shared.ndim == 1:
        return {"form": "diagonal", "columns": plain(block.columns), "values": plain(block.M)}
    own = covariance.Sigma
    if own is not None and len(block.columns) == form.n_weights == len(own):
        times = block.times * _ratio(block.shared, own)
        if np.isfinite(times):
            return {"form": "covariance", "times": float(times)}
    return {"form": "matrix", "columns": plain(block.columns), "values": plain(block.M)}


def _ratio(M: Any, own: Any) -> float:
    """t where M = t Sigma to the last digits; NaN where it is not."""
    if M is own or np.array_equal(M, own):
        return 1.0
    at = int(np.diagonal(own).argmax())
    times = float(M[at, at] / own[at, at]) if own[at, at] > 0.0 else float("nan")
    return times if np.allclose(M, times * own, rtol=1e-14, atol=0.0) else float("nan")


def _cone(cone: Cone, z: Vector, form: StandardForm, problem: Problem) -> dict[str, Any]:
    """A cone with its multiplier; one whose root is the covariance's as sqrt((w - c)'Sigma(w - c)) <= bound + excess."""
    told = {"kind": cone.kind, "limit": cone.limit, "member": cone.member, "alpha": cone.alpha}
    told["opens"] = None if cone.relax is None else float(cone.relax @ z)
    norm = _of_covariance(cone, form, problem)
    if norm is not None:
        return {**told, "form": "covariance", **norm, "multiplier": float(z[0])}
    B = sp.csr_array(cone.B)
    entries = {"starts": plain(B.indptr), "columns": plain(B.indices), "values": plain(B.data)}
    return {**told, "form": "rows", **entries, "constants": plain(cone.b), "multipliers": plain(z)}


def _of_covariance(cone: Cone, form: StandardForm, problem: Problem) -> dict[str, Any] | None:
    """The centre, the bound and the columns added to it, where the cone is sqrt((w - c)'Sigma(w - c)); else None."""
    own, n = problem.moments.covariance.Sigma, form.n_weights
    if cone.kind != "second_order" or own is None or cone.B.nnz < n or np.any(cone.B[1:].indices >= n):
        return None
    first, last = int(cone.B.indptr[1]), int(cone.B.indptr[-1])
    B = cone.B
    R = sp.csr_array((B.data[first:last], B.indices[first:last], B.indptr[1:] - first), shape=(B.shape[0] - 1, n))
    tail, covariance = cone.b[1:], problem.moments.covariance
    # Looked at once for one root of one covariance: the portfolios of a night share both.
    if not covariance.once(f"root {digest(R.data, R.indices, R.indptr)}", lambda: _is_root(R, own)):
        return None
    centres = {None: np.zeros(n), "benchmark": problem.benchmark, "w_prev": problem.w_prev}
    there = [name for name, c in centres.items() if c is not None and np.allclose(R @ c, -tail, rtol=0.0, atol=SAME_ROOT)]
    if not there:
        return None
    excess = {"columns": plain(B.indices[:first]), "values": plain(B.data[:first])}
    return {"bound": float(cone.b[0]), "centre": there[0], "excess": excess}


def _is_root(R: sp.csr_array, own: Matrix) -> bool:
    """Whether R'R is the covariance."""
    dense, largest = R.toarray(), float(np.diagonal(own).max(initial=0.0))
    return bool(np.allclose(dense.T @ dense, own, rtol=0.0, atol=SAME_ROOT * largest))
