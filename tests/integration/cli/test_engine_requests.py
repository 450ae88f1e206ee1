"""Requests as a newcomer would write them: every pair of method and objective is answered, wrong ones are told where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from portopt.doors import cli

VIEWS = [{"assets": {"A": 1}, "return": 0.1, "confidence": 0.5}]
BOX = {"returns": {"set": "box", "radius": 0.01}, "covariance": {"set": "box", "radius": 0.1}}
PAIRS: list[tuple[str, str, dict[str, Any]]] = [
    ("MEAN_VARIANCE", "MAX_SHARPE", {}),
    ("MEAN_VARIANCE", "MIN_VOLATILITY", {"risk_measure": "cvar", "confidence_level": 0.9}),
    ("MEAN_VARIANCE", "MAX_RETURN", {"risk_aversion": 4.0}),
    ("MEAN_VARIANCE", "MULTI_OBJECTIVE", {"objective_weights": {"return": 1, "risk": 4}}),
    ("BLACK_LITTERMAN", "MAX_SHARPE", {"views": {"risk_aversion": 2.5, "views": VIEWS}}),
    ("BLACK_LITTERMAN", "MIN_VOLATILITY", {"views": {"risk_aversion": 2.5, "views": VIEWS}}),
    ("BLACK_LITTERMAN", "MAX_RETURN", {"views": {"risk_aversion": 2.5, "views": VIEWS}}),
    ("BLACK_LITTERMAN", "MULTI_OBJECTIVE", {"views": {"risk_aversion": 2.5, "views": VIEWS}}),
    ("RISK_PARITY", "RISK_PARITY", {"risk_budgets": {"A": 0.4, "*": 0.2}}),
    ("HIERARCHICAL_RISK_PARITY", "RISK_PARITY", {"method_options": {"variant": "herc"}}),
    ("ROBUST_OPTIMIZATION", "MAX_SHARPE", {"uncertainty": BOX}),
    ("ROBUST_OPTIMIZATION", "MIN_VOLATILITY", {"uncertainty": {"covariance": BOX["covariance"]}}),
    ("ROBUST_OPTIMIZATION", "MAX_RETURN", {"uncertainty": BOX}),
]


def asked(method: str = "MEAN_VARIANCE", objective: str = "MAX_SHARPE", risk: dict[str, Any] | None = None) -> dict[str, Any]:
    generator = np.random.default_rng(3)
    market = generator.normal(0.008, 0.03, 60)
    returns = {a: market * b + generator.normal(0.002, 0.02, 60) for a, b in zip("ABCD", (0.6, 0.8, 1.0, 1.2), strict=True)}
    strategies = [
        {"id": a, "returns": r.tolist(), "benchmark_weight": 0.25, "attributes": {"beta": 1.0}} for a, r in returns.items()
    ]
    parameters = {"periods_per_year": 12, **(risk or {})}
    return {
        "portfolio_id": "p", "strategies": strategies, "objective": objective, "method": method,
        "risk_parameters": parameters, "constraints": {"max_weight": 0.5},
    }  # fmt: skip


def answer(document: dict[str, Any], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> tuple[int, dict[str, Any]]:
    file = tmp_path / "request.json"
    file.write_text(json.dumps(document))
    code = cli.run(["optimize", str(file), "--json"])
    found: dict[str, Any] = json.loads(capfdbinary.readouterr().out)
    return code, found


@pytest.mark.parametrize(("method", "objective", "risk"), PAIRS, ids=[f"{m}-{o}" for m, o, _ in PAIRS])
def test_every_pair_of_method_and_objective_is_answered_within_its_limits(
    method: str, objective: str, risk: dict[str, Any], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    code, found = answer(asked(method, objective, risk), tmp_path, capfdbinary)
    assert code == 0, found
    weights = np.array(list(found["optimal_weights"].values()))
    assert abs(weights.sum() - 1.0) < 1e-9
    assert weights.min() > -1e-9
    assert weights.max() < 0.5 + 1e-9


def test_an_attribute_that_one_asset_lacks_is_asked_for_by_the_assets_name(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    document = asked()
    document["strategies"][2].pop("attributes")
    document["constraints"] = {"exposure_limits": {"beta": [0.8, 1.2]}}
    code, found = answer(document, tmp_path, capfdbinary)
    assert (code, found["code"], found["measured"]["without"]) == (2, "missing_input", ["C"])


@pytest.mark.parametrize(("measure", "code"), [("mad", 0), ("cvar", 2)])
def test_a_ratio_beside_cash_that_earns_is_answered_or_said_to_have_no_maximum(
    measure: str, code: int, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    document = asked(risk={"risk_measure": measure, "risk_free_rate": 0.01})
    document["strategies"].append({"id": "CASH", "benchmark_weight": 0.0})
    got, found = answer(document, tmp_path, capfdbinary)
    assert got == code, found
    assert found.get("code", "riskless_excess_return") == "riskless_excess_return"
