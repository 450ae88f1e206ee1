"""The continuous optimum, from its program and its multipliers.

    minimize 1/2 x'Px + q'x + constant,   or of a ratio   (q'x + constant) / sqrt(x'Px)
    rows  lower <= Ax <= upper: y       bounds  lower <= x_j <= upper: t       cones  Bx + b in K: z in the dual cone

    stationarity     g + A'y + t - B'z = 0,     g = Px + q, of a ratio  (N / x'Px) Px + q,  N = -(q'x + constant)
    signs            y_i > 0 presses on an upper side, y_i < 0 on a lower; z in the dual cone
    complementarity  a multiplier times the distance to the side it presses on = 0

Of a convex program these say that nothing within the limits is better: by no more than the sum of the products, and the
residual times what any x may still move. Whole numbers are held where they are: that no other choice of them is better is the
word of a search. Source: Boyd and Vandenberghe (2004), 5.5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from portopt.verifier.book import Question
from portopt.verifier.ledger import Ledger, Path

ALLOWED, FEASIBLE = 1e-7, 1e-9  # of the audit: residuals relative, limits in their own unit
# Residuals, and sums of many of them, that double precision leaves; beyond them the document's own figures are allowed.
NOISE, SUMS = 1e-11, 1e-9
LEFT_BY_SEARCH = 1.0  # of the objective: a search may leave any gap that it states
REACH = 2.0  # how far a weight, or a sum of them, may still move
PROGRAM: Path = ("program",)


@dataclass
class Residuals:
    """Relative: stationarity and signs to the gradient and multipliers, products to the objective's size. gap: in its unit."""

    stationarity: float
    signs: float
    products: float
    missed: float
    gap: float
    objective: float
    scale: float


def check_optimum(ledger: Ledger, q: Question, w: np.ndarray, within: Path, paper_at: Path) -> None:
    """within: where the evidence stands; paper_at: where the certificate does. w (n,) the continuous optimum."""
    told, paper = ledger.at((*within, *PROGRAM)), ledger.at(paper_at)
    if told is None:
        return ledger.leaves(paper_at, "the continuous optimum", "the answer came without multipliers")
    if told["on_a_face"]:
        return ledger.leaves(
            (*within, *PROGRAM), "the continuous optimum",
            "where a cone touches the rest its multipliers hold on a face only; the audit's own proof of that is not repeated",
        )  # fmt: skip
    try:
        found = residuals(told, q, w)
    except LookupError as error:
        return ledger.leaves((*within, *PROGRAM), "the continuous optimum", str(error))
    for name, figure, value in (
        ("stationarity", "stationarity", found.stationarity),
        ("dual_infeasibility", "dual infeasibility", found.signs),
        ("complementarity", "complementarity", found.products),
        ("relative_gap", "relative gap", found.gap / found.scale if found.scale else found.gap),
        ("worst_violation", "violation of a row, bound or cone", found.missed),
    ):
        allowed = (
            FEASIBLE
            if name == "worst_violation"
            else LEFT_BY_SEARCH
            if name == "relative_gap" and told["integers"]
            else ALLOWED
        )
        _at_most(ledger, (*paper_at, name), figure, value, paper[name], allowed)
    _objective_told(ledger, found, paper, paper_at)
    _at_most(
        ledger,
        (*paper_at, "gap"),
        "gap",
        0.0,
        paper["gap"],
        (LEFT_BY_SEARCH if told["integers"] else ALLOWED) * max(found.scale, 1.0),
    )
    ledger.same((*paper_at, "weight_sum"), "sum of the weights", math.fsum(w.tolist()), 1e-15)
    ledger.same((*paper_at, "exact_zeros"), "weights of exactly nothing", int((w == 0.0).sum()), 0.0)
    ledger.uses((*within, *PROGRAM))
    whole = ", whole numbers held where they are" if told["integers"] else ""
    ledger.said.append(
        f"optimum: stationarity {found.stationarity:.1e}, complementarity {found.products:.1e}, "
        f"{np.count_nonzero(_multipliers(told))} multipliers{whole}"
    )
    return None


def _at_most(ledger: Ledger, path: Path, figure: str, comes_to: float, says: float, allowed: float) -> None:
    """A residual is what rounding left: it may not be above what the document says, nor that above what is allowed."""
    ledger.recomputed.add(path)
    stated = says if isinstance(says, int | float) else math.nan
    if comes_to > max(10.0 * stated, SUMS if path[-1] == "relative_gap" else NOISE) or not stated <= allowed:
        ledger.fault(path, figure, repr(says), f"{comes_to:.3e}, of {allowed:.0e} allowed")


def _objective_told(ledger: Ledger, found: Residuals, paper: Mapping[str, Any], at: Path) -> None:
    """The program minimizes the objective, or its negative where more is better."""
    says = paper["objective"]
    ledger.recomputed.add((*at, "objective"))
    if not math.isclose(abs(says), abs(found.objective), rel_tol=1e-10, abs_tol=1e-10 * max(found.scale, 1e-6)):
        ledger.fault((*at, "objective"), "the objective at the optimum", repr(says), repr(abs(found.objective)))


def residuals(told: Mapping[str, Any], q: Question, w: np.ndarray) -> Residuals:
    """Raises LookupError where the covariance is needed and the document has not the product that is."""
    x = np.concatenate([w, np.array(told["helpers"], dtype=float)])
    linear = _spread(told["linear"], len(x))
    Px, convex = _quadratic(told, q, x)
    square, rest = float(x @ Px), float(linear @ x) + told["constant"]
    g = Px + linear if not told["ratio"] else (-rest / square) * Px + linear
    objective = rest / math.sqrt(square) if told["ratio"] else 0.5 * square + rest
    pull, largest, wrong, products, missed = np.zeros(len(x)), [], [0.0], [0.0], [0.0]
    for part in (_rows(told, x), _bounds(told, x), *(_cone(cone, q, x, w) for cone in told["cones"])):
        pull += part.pull
        largest.append(float(np.abs(part.pull).max(initial=0.0)))
        wrong.append(part.wrong)
        products.append(part.products)
        missed.append(part.missed)
    if told["left_out"]["pull"] is not None:
        pull += np.array(told["left_out"]["pull"])
    free = np.ones(len(x), dtype=bool)
    free[told["integers"]] = False
    left = (g + pull)[free]
    size = max(*largest, float(np.abs(g - linear).max()), float(np.abs(linear).max()), 1e-300)
    scale = abs(rest) if told["ratio"] else max(abs(objective), 1e-4 * (0.5 * abs(square) + float(np.abs(linear) @ np.abs(x))))
    # An objective of nothing (all cash) is none to be relative to: then what pulls is.
    scale = scale if scale > 1e-6 * size else size / 100.0
    if not convex:
        wrong.append(math.inf)
    reach = np.maximum(np.abs(x[free]), 1.0) * REACH
    gap = float(np.abs(left) @ reach) + sum(products)
    return Residuals(
        float(np.abs(left).max(initial=0.0)) / size, max(wrong) / size, max(products) / max(scale, 1e-300),
        max(missed), gap, objective, scale,
    )  # fmt: skip


@dataclass
class Part:
    """What rows, bounds or a cone pull at every column (N,); the largest multiplier of a wrong sign, product and miss."""

    pull: np.ndarray
    wrong: float
    products: float
    missed: float


def _pressed(
    y: np.ndarray, at: np.ndarray, lower: np.ndarray, upper: np.ndarray, size: np.ndarray | float
) -> tuple[float, ...]:
    """(a multiplier on a side that is not there, multiplier times distance, how far a side is missed)."""
    wrong = np.abs(y[(y > 0) & np.isinf(upper) | (y < 0) & np.isinf(lower)]).max(initial=0.0)
    side = np.where(y > 0, upper, lower)
    pressing = (y != 0) & np.isfinite(side)
    product = np.abs(np.where(pressing, y * (np.where(pressing, side, 0.0) - at), 0.0)).max(initial=0.0)
    missed = (np.maximum(lower - at, at - upper) / size).max(initial=0.0)
    return float(wrong), float(product), max(float(missed), 0.0)


def _rows(told: Mapping[str, Any], x: np.ndarray) -> Part:
    rows = told["rows"]
    starts, columns, values = np.array(rows["starts"]), np.array(rows["columns"], dtype=int), np.array(rows["values"])
    row_of = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    y = np.array(rows["multipliers"])
    at = np.bincount(row_of, values * x[columns], len(y))
    size = np.maximum(1.0, np.bincount(row_of, np.abs(values * x[columns]), len(y)))
    pull = np.bincount(columns, values * y[row_of], len(x))
    return Part(pull, *_pressed(y, at, *_sides(rows), size))


def _bounds(told: Mapping[str, Any], x: np.ndarray) -> Part:
    bounds = told["bounds"]
    columns, t = np.array(bounds["columns"], dtype=int), np.array(bounds["multipliers"])
    return Part(np.bincount(columns, t, len(x)), *_pressed(t, x[columns], *_sides(bounds), 1.0))


def _sides(told: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    lower = [-math.inf if side is None else side for side in told["lower"]]
    upper = [math.inf if side is None else side for side in told["upper"]]
    return np.array(lower, dtype=float), np.array(upper, dtype=float)


def _cone(cone: Mapping[str, Any], q: Question, x: np.ndarray, w: np.ndarray) -> Part:
    if cone["form"] == "covariance":
        return _of_covariance(cone, q, x, w)
    starts, columns = np.array(cone["starts"]), np.array(cone["columns"], dtype=int)
    values, z = np.array(cone["values"]), np.array(cone["multipliers"])
    row_of = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    s = np.bincount(row_of, values * x[columns], len(z)) + np.array(cone["constants"])
    pull = -np.bincount(columns, values * z[row_of], len(x))
    return Part(pull, outside(cone, z, dual=True), abs(float(z @ s)), outside(cone, s, dual=False))


def _of_covariance(cone: Mapping[str, Any], q: Question, x: np.ndarray, w: np.ndarray) -> Part:
    """sqrt((w - c)'Sigma(w - c)) <= bound + excess: where it presses, its gradient times its multiplier."""
    centre = np.zeros(len(w)) if cone["centre"] is None else np.array(_book(cone["centre"], q))
    through, there = q.beliefs.times(w, "target_weights"), q.beliefs.times(centre, cone["centre"] or "")
    if cone["centre"] is None:
        there = np.zeros(len(w))
    if through is None or there is None:
        raise LookupError("the covariance is in the document only by its products with other books")
    v, Sv = w - centre, through - there
    sigma, z = math.sqrt(max(float(v @ Sv), 0.0)), float(cone["multiplier"])
    excess = _spread(cone["excess"], len(x))
    bound = cone["bound"] + float(excess @ x)
    pull = -z * excess
    if sigma > 0.0:
        pull[: len(w)] += z * Sv / sigma
    return Part(pull, max(-z, 0.0), abs(z * (bound - sigma)), max(sigma - bound, 0.0))


def outside(cone: Mapping[str, Any], s: np.ndarray, *, dual: bool) -> float:
    """How far s is outside the cone, or outside its dual."""
    kind, a = cone["kind"], cone["alpha"]
    if kind == "second_order":
        return max(0.0, float(np.linalg.norm(s[1:]) - s[0]))
    if kind == "power":
        u, v = (max(float(s[0]), 0.0), max(float(s[1]), 0.0))
        u, v = (u / a, v / (1.0 - a)) if dual else (u, v)
        return max(0.0, -float(s[0]), -float(s[1]), abs(float(s[2])) - float(u**a * v ** (1.0 - a)))
    r, t, v = (float(entry) for entry in s)
    if dual:
        return max(r, -t, -v, 0.0) if r >= 0.0 else max(0.0, -r * math.exp(min(t / r - 1.0, 700.0)) - v)
    return max(0.0, r, -t, -v) if t <= 0.0 else max(0.0, t * math.exp(min(r / t, 700.0)) - v)


def _quadratic(told: Mapping[str, Any], q: Question, x: np.ndarray) -> tuple[np.ndarray, bool]:
    """(P x, whether no block of P curves the wrong way)."""
    out, convex = np.zeros(len(x)), True
    for block in told["quadratic"]:
        if block["form"] == "diagonal":
            values = np.array(block["values"], dtype=float)
            out[block["columns"]] += values * x[block["columns"]]
            convex &= float(values.min(initial=0.0)) >= 0.0
            continue
        if block["form"] == "covariance":
            n = len(q.ids)
            through = q.beliefs.times(x[:n], "target_weights")
            if through is None:
                raise LookupError("the covariance is in the document only by its products with other books")
            out[:n] += block["times"] * through
            convex &= block["times"] >= 0.0
            M = q.beliefs.matrix()
        else:
            M = np.array(block["values"], dtype=float)
            out[block["columns"]] += M @ x[block["columns"]]
        convex &= M is None or _no_negative_curvature(M)
    return out, convex


def _no_negative_curvature(M: np.ndarray) -> bool:
    raised = M + max(1e-10 * float(np.abs(np.diagonal(M)).max(initial=0.0)), 1e-300) * np.eye(len(M))
    try:
        np.linalg.cholesky(raised)
    except np.linalg.LinAlgError:
        return False
    return bool(np.allclose(M, M.T, rtol=1e-12, atol=0.0))


def _spread(told: Mapping[str, Any], size: int) -> np.ndarray:
    out = np.zeros(size)
    np.add.at(out, np.array(told["columns"], dtype=int), np.array(told["values"], dtype=float))
    return out


def _book(name: str, q: Question) -> list[float]:
    weights = q.benchmark if name == "benchmark" else q.before
    return [] if weights is None else [float(w) for w in weights]


def _multipliers(told: Mapping[str, Any]) -> np.ndarray:
    cones = [z for cone in told["cones"] for z in np.atleast_1d(cone.get("multipliers", cone.get("multiplier")))]
    return np.array([*told["rows"]["multipliers"], *told["bounds"]["multipliers"], *cones])


def check_prices(ledger: Ledger, ids: tuple[str, ...], within: Path, prices_at: Path) -> None:
    """The multiplier of each priced limit: those of its rows, bounds and cones, times how far they open."""
    told, prices = ledger.at((*within, *PROGRAM)), ledger.at(prices_at)
    if told is None or not prices:
        return
    found: dict[tuple[str, str], float] = {}

    def add(limit: str, member: str | None, amount: float) -> None:
        found[limit, member or ""] = found.get((limit, member or ""), 0.0) + amount

    rows, bounds = told["rows"], told["bounds"]
    for start, stop, limit, members in told["row_limits"]:
        for k in range(start, stop):
            add(limit, members[k - start] if members else "", abs(rows["multipliers"][k]) * rows["opens"][k])
    for start, stop, limit in told["bound_limits"]:
        for k in range(start, stop):
            j = bounds["columns"][k]
            add(limit, ids[j] if j < len(ids) else "", abs(bounds["multipliers"][k]) * bounds["opens"][k])
    for cone in told["cones"]:
        add(cone["limit"], cone["member"], cone["opens"] or 0.0)
    for k, price in enumerate(prices):
        at, name = (*prices_at, k), f"{price['limit']} {price['member']}".strip()
        amount = found.get((price["limit"], price["member"]))
        if amount is None:
            ledger.leaves((*at, "multiplier"), f"the price of {name}", "it is told for several rows together")
        else:
            ledger.same((*at, "multiplier"), f"multiplier of {name}", -amount, 1e-10 * max(abs(amount), 1e-12))
        if not price["solved_again"]:
            worth = price["worth_per_unit"] * price["step"]
            ledger.same((*at, "worth"), f"worth of {name}", worth, 1e-12 * max(abs(worth), 1e-12))
    ledger.leaves(prices_at, "what a step more of room is worth", "it was solved for again; the multipliers are checked")
