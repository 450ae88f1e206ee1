"""Systematic and specific volatility as cones, and how a cap on either is spelled: what the two limits share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Vector
from portopt.domain.factor_model import FactorModel
from portopt.domain.problem import Problem
from portopt.domain.program import Program, psd_root
from portopt.terms.shared.checks import flag, number, options, required

MOST_VOLATILITY = 2.0  # 200 % a year; more needs leverage, or is a percentage written as a number
EXAMPLE = '0.12 or {"limit": 0.03, "active": true}'


def checked(field: str, limit: Any, active: Any) -> tuple[float, bool]:
    return number(field, limit, low=0.0, example="0.12"), flag(f"{field}.active", active)


def parsed(field: str, value: Any) -> tuple[float, bool]:
    """A cap alone, or {"limit", "active"}. Raises as the checks do."""
    if not isinstance(value, Mapping):
        value = {"limit": value}
    given = options(field, value, ("limit", "active"), example=EXAMPLE)
    cap = required(field, given, "limit", example=EXAMPLE)
    return cap, flag(f"{field}.active", given.get("active", False))


def center_of(p: Problem, *, active: bool) -> Vector:
    """(n,) what the risk is measured from: the benchmark, or nothing."""
    return p.benchmark_weights() if active else np.zeros(p.n)


def systematic(model: FactorModel, w: Vector) -> float:
    """sqrt(w'B Omega B'w), annual.

    w: (n,) weights, or differences of weights.
    """
    y = model.exposures(w)
    return float(np.sqrt(max(float(y @ model.Omega @ y), 0.0)))


def specific(model: FactorModel, w: Vector) -> float:
    """sqrt(w'D w), annual.

    w: (n,) weights, or differences of weights.
    """
    return float(np.sqrt(float(model.D @ w**2)))


def add_systematic_cone(program: Program, p: Problem, model: FactorModel, bound: float, center: Vector, limit: str) -> None:
    """||R'B'(w - center)|| <= bound, R R' = Omega; on the covariance's own factor columns where it is the model's.

    center: (n,) weights. bound: annual volatility.
    """
    G = model.B @ psd_root(model.Omega)
    tail = -(G.T @ center)
    covariance = p.moments.covariance
    if covariance.F is model.B and covariance.Omega is model.Omega:
        y, _ = program.factor_columns(covariance)
        blocks = [(1, sp.eye_array(len(y)), y)]
    else:
        blocks = [(1, G.T, program.weights)]
    program.add_cone("second_order", blocks, np.concatenate([[bound], tail]), limit=limit, relax=_opening(len(tail)))


def add_specific_cone(program: Program, model: FactorModel, bound: float, center: Vector, limit: str) -> None:
    """||D^(1/2) (w - center)|| <= bound.

    center: (n,) weights. bound: annual volatility.
    """
    risky = np.flatnonzero(model.D > 0.0)
    root = np.sqrt(model.D[risky])
    b = np.concatenate([[bound], -root * center[risky]])
    program.add_cone("second_order", [(1, sp.diags_array(root), risky)], b, limit=limit, relax=_opening(len(risky)))


def _opening(tail: int) -> Vector:
    opening = np.zeros(1 + tail)
    opening[0] = 1.0
    return opening
