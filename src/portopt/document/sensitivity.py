"""How certified weights move, as data."""

from __future__ import annotations

import math
from typing import Any

from portopt.document.weights import by_asset
from portopt.domain.canonical import plain
from portopt.domain.found import Moves, on_data
from portopt.domain.problem import Problem
from portopt.domain.sensitivity import Derivative

MOST_NAMED = 12  # weights of a derivative that are worth naming
STILL = 1e-12


def moves_document(found: Moves) -> dict[str, Any]:
    """Derivatives by risk aversion, limits and expected returns, the weights they start from and their certificate."""
    problem, moves = found.problem, found.sensitivities
    returns = None if moves is None else moves.to_expected_returns
    aversion = None if moves is None else moves.to_risk_aversion
    by_return = None if returns is None else {a: by_asset(problem, returns[:, j]) for j, a in enumerate(problem.universe.ids)}
    return {
        "portfolio_id": problem.portfolio_id,
        "optimal_weights": by_asset(problem, found.validated.weights),
        "to_risk_aversion": None if aversion is None else _derivative(problem, aversion),
        "to_limits": [] if moves is None else [_derivative(problem, d) for d in moves.to_limits],
        "to_expected_returns": by_return,
        "shadow_prices": [plain(price) for price in found.prices],
        "degenerate": [] if moves is None else list(moves.degenerate),
        "is_unique": None if moves is None else moves.is_unique,
        "whole_numbers_stay": found.whole_numbers_stay,
        "left_out": [{**plain(left), "sentence": left.sentence} for left in found.left_out],
        "certificate": found.validated.certificate.without_readings(),
        **on_data(found.rests_on),
    }


def _derivative(problem: Problem, d: Derivative) -> dict[str, Any]:
    """The weights that move most, and null for a distance without an end."""
    moved = sorted(range(problem.n), key=lambda i: -abs(d.weights[i]))[:MOST_NAMED]
    data = {name: value for name, value in plain(d).items() if name != "weights"}
    open_ended = {name: None if math.isinf(getattr(d, name)) else getattr(d, name) for name in ("up", "down")}
    weights = {problem.universe.ids[i]: float(d.weights[i]) for i in moved if abs(d.weights[i]) > STILL}
    return {**data, **open_ended, "weights": weights}
