"""S1's enumerations: which objective means something with which method, and what is available in this version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portopt.dialects.reading import number, one_of, shown
from portopt.domain.errors import InvalidValue

OBJECTIVES = ("MAX_SHARPE", "MIN_VOLATILITY", "MAX_RETURN", "RISK_PARITY", "MULTI_OBJECTIVE")
METHODS = ("MEAN_VARIANCE", "BLACK_LITTERMAN", "RISK_PARITY", "HIERARCHICAL_RISK_PARITY", "ROBUST_OPTIMIZATION")

# Black-Litterman is an estimator of returns and robust optimization a cautious objective, so both take the objectives
# of mean-variance; the two risk parities are methods with an objective of their own.
_OF_MOMENTS = ("MAX_SHARPE", "MIN_VOLATILITY", "MAX_RETURN", "MULTI_OBJECTIVE")
MEANINGFUL: Mapping[str, tuple[str, ...]] = {
    "MEAN_VARIANCE": _OF_MOMENTS,
    "BLACK_LITTERMAN": _OF_MOMENTS,
    "RISK_PARITY": ("RISK_PARITY",),
    "HIERARCHICAL_RISK_PARITY": ("RISK_PARITY",),
    "ROBUST_OPTIMIZATION": _OF_MOMENTS,
}
AVAILABLE: Mapping[str, tuple[str, ...]] = {"MEAN_VARIANCE": ("MAX_SHARPE", "MIN_VOLATILITY", "MAX_RETURN")}

# RiskParameters that belong to a method which is not available yet.
NOT_YET: Mapping[str, str] = {
    "views": "BLACK_LITTERMAN",
    "risk_budgets": "RISK_PARITY",
    "uncertainty": "ROBUST_OPTIMIZATION",
    "objective_weights": "MULTI_OBJECTIVE",
}


def read_objective(objective: Any, method: Any, risk: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """S1's pair as an objective of our catalog, and notes on what has no effect.

    MAX_SHARPE and MIN_VOLATILITY are max_sharpe and min_risk. MAX_RETURN is max_return, and with a `risk_aversion`
    the mean-variance utility  mu'w - gamma/2 w'Sigma w. Raises InvalidValue for a pair that means nothing or is not
    available, naming what is.
    """
    wanted, how = one_of(objective, "objective", OBJECTIVES), one_of(method, "method", METHODS)
    if wanted not in MEANINGFUL[how]:
        allowed = [m for m in METHODS if wanted in MEANINGFUL[m]]
        pairs = f"{how} goes with {', '.join(MEANINGFUL[how])}; {wanted} goes with {', '.join(allowed)}"
        raise InvalidValue("objective", wanted, f"has no meaning with method {how}: {pairs}", fix=_available())
    if wanted not in AVAILABLE.get(how, ()):
        field, value = ("method", how) if how not in AVAILABLE else ("objective", wanted)
        raise InvalidValue(field, value, "is known but not available in this version", fix=_available())
    for name, owner in NOT_YET.items():
        if risk.get(name):
            why = f"belongs to {owner}, which is not available in this version"
            raise InvalidValue(f"risk_parameters.{name}", shown(risk[name]), why, fix=f"leave {name!r} out; {_available()}")
    return _ours(wanted, risk)


def _ours(wanted: str, risk: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    notes = []
    if risk.get("confidence_level") is not None:
        number(risk["confidence_level"], "risk_parameters.confidence_level", low=0.5, high=1.0)
        notes.append("risk_parameters.confidence_level has no effect: mean-variance measures risk by volatility")
    aversion = risk.get("risk_aversion")
    if aversion is not None:
        aversion = number(aversion, "risk_parameters.risk_aversion", low=0.0, high=1e9)
    if wanted == "MAX_RETURN":
        return ({"kind": "utility", "risk_aversion": aversion} if aversion else {"kind": "max_return"}), tuple(notes)
    if aversion is not None:
        notes.append(f"risk_parameters.risk_aversion has no effect on {wanted}; with MAX_RETURN it prices variance")
    return {"kind": {"MAX_SHARPE": "max_sharpe", "MIN_VOLATILITY": "min_risk"}[wanted]}, tuple(notes)


def write_objective(objective: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """S1's objective, and the risk parameters that go with it. Raises InvalidValue for one S1 has no word for."""
    kind = objective.get("kind")
    aversion = objective.get("risk_aversion")
    if kind == "utility":
        return "MAX_RETURN", {"risk_aversion": aversion}
    words = {"max_sharpe": "MAX_SHARPE", "min_risk": "MIN_VOLATILITY", "max_return": "MAX_RETURN"}
    if kind not in words or aversion is not None:
        raise InvalidValue("objective", shown(dict(objective)), "has no word in S1", fix=f"use one of: {', '.join(words)}")
    return words[kind], {}


def _available() -> str:
    return "available now: " + "; ".join(f"{method} with {', '.join(goals)}" for method, goals in AVAILABLE.items())
