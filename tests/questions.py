"""Questions of every kind through the public face, each with its answer as bytes: for whoever asks twice and compares.

Question k is the same on every machine and in every process: it is drawn from the number k alone.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import portopt
from portopt.domain.canonical import canonical_json
from portopt.domain.errors import PortoptError

REPOSITORY = Path(__file__).parents[1]
SAMPLE = REPOSITORY / "config" / "sample"
SECTORS = ("Energy", "Technology", "Health Care")
REPORTED = {"seconds", "timings"}  # how long it took, which is told and never part of a stored document


@dataclass(frozen=True)
class Question:
    """One question and how to ask it. `ask` gives what is answered, as data; a refusal is an answer too."""

    number: int
    kind: str
    ask: Callable[[], Any]

    def answer(self) -> bytes:
        """The bytes of the answer, or of the refusal's problem object."""
        try:
            said = self.ask()
        except PortoptError as refusal:
            said = {"refused": refusal.problem()}
        return canonical_json(_without_times(said))


def question(number: int) -> Question:
    """Question `number`: its kind goes through all of them in turn, its figures are drawn."""
    kind = list(KINDS)[number % len(KINDS)]
    return Question(number, kind, lambda: KINDS[kind](np.random.default_rng([number, 8])))


def _without_times(said: Any) -> Any:
    if isinstance(said, dict):
        return {key: _without_times(value) for key, value in said.items() if key not in REPORTED}
    return [_without_times(value) for value in said] if isinstance(said, list) else said


def _market(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Beliefs about n assets of three factors, with a book and a benchmark."""
    names = [f"A{i:02d}" for i in range(n)]
    F = np.column_stack([rng.uniform(0.1, 0.2, n), rng.normal(0.0, 0.08, (n, 2))])
    return {
        "expected_returns": dict(zip(names, rng.uniform(0.02, 0.12, n).tolist(), strict=True)),
        "covariance": F @ F.T + np.diag(rng.uniform(0.01, 0.06, n)),
        "assets": {a: {"sector": SECTORS[i % 3], "quality_score": float(rng.integers(3, 10))} for i, a in enumerate(names)},
        "current_weights": dict(zip(names, rng.dirichlet(np.ones(n)).tolist(), strict=True)),
        "benchmark": dict(zip(names, rng.dirichlet(np.full(n, 3.0)).tolist(), strict=True)),
        "risk_free_rate": 0.01,
    }


def _returns(rng: np.random.Generator, n: int, periods: int) -> dict[str, Any]:
    market = rng.standard_t(4, periods) * 0.01
    return {f"A{i:02d}": (rng.uniform(0.5, 1.5) * market + rng.normal(3e-4, 0.01, periods)).tolist() for i in range(n)}


def _said(allocation: portopt.Allocation) -> Any:
    raw = allocation.answer.validated.solution.raw
    return {
        "weights": {name: float(w).hex() for name, w in allocation.weights.items()},
        "certificate": allocation.certificate,
        "prices": allocation.answer.prices,
        "solver": None if raw is None else [raw.solver, raw.message, raw.iterations],
    }


def _weights(objective: Any, limits: Callable[[np.random.Generator], dict[str, Any]], n: int = 12, **more: Any) -> Any:
    def ask(rng: np.random.Generator) -> Any:
        market = _market(rng, n + int(rng.integers(0, 8)))
        return _said(portopt.optimize(None, objective, limits=limits(rng), **market, **more))

    return ask


def _of_returns(objective: Any, n: int = 8, periods: int = 260, **limits: Any) -> Any:
    return lambda rng: _said(portopt.optimize(_returns(rng, n, periods), objective, limits=limits))


def _frontier(rng: np.random.Generator) -> Any:
    return portopt.frontier(portopt.ask(limits={"max_weight": 0.3}, **_market(rng, 10)), points=6)


def _sensitivity(rng: np.random.Generator) -> Any:
    asked = portopt.ask(None, "max_sharpe", limits={"max_weight": 0.3}, **_market(rng, 8))
    return portopt.sensitivity(asked)


def _rebalance(rng: np.random.Generator, **trading: Any) -> Any:
    """The sample book under a shipped policy, a little changed; asked for again by replay where the run is stored."""
    policies = json.loads((REPOSITORY / "config" / "policies.json").read_text())["policies"]
    policy = policies[int(rng.integers(0, len(policies)))]
    policy["trading"] = {**policy.get("trading", {}), **trading}
    limits = {"max_turnover": round(float(rng.uniform(0.18, 0.4)), 3)}
    with tempfile.TemporaryDirectory() as home:
        proposal = portopt.rebalance(
            SAMPLE / "holdings.csv",
            None,
            policy,
            universe=SAMPLE / "universe.csv",
            benchmark=SAMPLE / "benchmark.csv",
            limits=limits,
            home=Path(home),
        )
        return {"document": proposal.document, "replayed": _replayed(proposal.run_id, Path(home))}


def _replayed(run_id: str, home: Path) -> bool:
    from portopt.runs import history
    from portopt.runtime import open_runtime
    from portopt.settings import Settings

    again = history.replay(run_id, open_runtime(Settings(home=home)))
    return bool(again["same"])


def _u(low: float, high: float) -> Callable[[np.random.Generator], float]:
    return lambda rng: round(float(rng.uniform(low, high)), 3)


KINDS: dict[str, Callable[[np.random.Generator], Any]] = {
    "max Sharpe, sectors": _weights("max_sharpe", lambda r: {"max_weight": _u(0.2, 0.4)(r), "sector_limits": _u(0.4, 0.6)(r)}),
    "a linear program": _weights("max_return", lambda r: {"max_weight": _u(0.1, 0.3)(r), "max_turnover": _u(0.1, 0.9)(r)}),
    "max positions": _weights("min_risk", lambda r: {"max_positions": int(r.integers(3, 7)), "max_weight": 0.5}),
    "tracking error, turnover": _weights(
        {"kind": "utility", "risk_aversion": 4.0}, lambda r: {"max_tracking_error": _u(0.02, 0.06)(r), "max_turnover": 0.6}
    ),
    "limits that conflict": _weights("min_risk", lambda r: {"max_weight": 0.05, "max_turnover": _u(0.01, 0.1)(r)}),
    "CVaR": _of_returns({"kind": "min_risk", "measure": "cvar"}, max_weight=0.3),
    "zero or at least": _weights("max_sharpe", lambda r: {"min_position": _u(0.05, 0.15)(r), "max_weight": 0.4}),
    "counts that conflict": _weights("min_risk", lambda r: {"max_positions": 2, "max_weight": _u(0.1, 0.4)(r)}),
    "risk budgets": _of_returns({"kind": "risk_parity"}),
    "max trades": _weights("min_tracking_error", lambda r: {"max_trades": int(r.integers(2, 6)), "max_weight": 0.5}, n=8),
    "a frontier": _frontier,
    "a hierarchy": _of_returns({"kind": "hierarchical", "variant": "hrp"}),
    "mean absolute deviation": _of_returns({"kind": "min_risk", "measure": "mad"}, max_weight=0.4),
    "costs": _weights("max_sharpe", lambda r: {"max_weight": _u(0.2, 0.4)(r)}, costs={"linear_impact": {"bps": 15}}),
    "a policy in whole shares": _rebalance,
    "max drawdown at risk": _of_returns({"kind": "min_risk", "measure": "cdar"}, periods=120, max_weight=0.5),
    "a volatility limit": _weights("max_return", lambda r: {"max_volatility": _u(0.16, 0.22)(r), "max_weight": 0.3}),
    "sensitivities": _sensitivity,
    "min positions": _weights("max_return", lambda r: {"min_positions": {"count": 6, "least": _u(0.02, 0.1)(r)}}),
    "a policy in fractions": lambda rng: _rebalance(rng, fractional=True),
}
