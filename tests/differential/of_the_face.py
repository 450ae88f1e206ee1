"""The public functions as a notebook calls them, and the command line as a person reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from of_books import prices
from of_pages_and_cases import AS_SAMPLE, on_pages
from of_the_sample import POLICIES, SAMPLE
from stored import Request

SECTORS = ("Energy", "Technology", "Health Care")
EACH = 4
OBJECTIVES: tuple[Any, ...] = (
    "max_sharpe", "min_risk", "max_return", "min_tracking_error", {"kind": "utility", "risk_aversion": 4.0},
    {"kind": "risk_parity"}, {"kind": "robust_utility", "risk_aversion": 4.0, "returns": {"set": "box", "radius": 0.01}},
)  # fmt: skip
LIMITS: tuple[dict[str, Any], ...] = (
    {"max_weight": 0.3},
    {"max_weight": 0.35, "sector_limits": 0.5, "max_turnover": 0.3},
    {"max_tracking_error": 0.04, "max_turnover": 0.6, "min_quality": 4.0},
    {"max_positions": 4, "max_weight": 0.5},
    {"long_only": False, "min_weight": -0.1, "max_weight": 0.4, "leverage_limit": 1.4},
    {"max_weight": 0.05, "max_turnover": 0.05},
    {"min_position": 0.08, "max_weight": 0.4},
)
OF_RETURNS: dict[str, Any] = {
    "cvar": {"kind": "min_risk", "measure": "cvar"},
    "evar": {"kind": "min_risk", "measure": "evar"},
    "mad": {"kind": "utility", "measure": "mad", "risk_aversion": 2.0},
    "drawdown": {"kind": "max_ratio", "measure": "cdar"},
    "herc": {"kind": "hierarchical", "variant": "herc"},
    "resampled": {"kind": "resampled", "of": {"kind": "max_sharpe"}, "draws": 10},
    "cvar budgets": {"kind": "risk_parity", "measure": "cvar"},
}
LARGE, LARGER = 60, 150


def requests() -> Iterator[Request]:
    yield from weights()
    yield from of_returns()
    yield from findings()
    yield from proposals()
    yield from for_people()


def beliefs(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Moments of n assets of three factors, with a book and a benchmark."""
    names = [f"A{i:02d}" for i in range(n)]
    F = np.column_stack([rng.uniform(0.1, 0.2, n), rng.normal(0.0, 0.08, (n, 2))])
    return {
        "returns": None,
        "expected_returns": dict(zip(names, rng.uniform(0.02, 0.12, n).round(4).tolist(), strict=True)),
        "covariance": (F @ F.T + np.diag(rng.uniform(0.01, 0.06, n))).tolist(),
        "assets": {a: {"sector": SECTORS[i % 3], "quality_score": float(rng.integers(3, 10))} for i, a in enumerate(names)},
        "current_weights": dict(zip(names, rng.dirichlet(np.ones(n)).tolist(), strict=True)),
        "benchmark": dict(zip(names, rng.dirichlet(np.full(n, 3.0)).tolist(), strict=True)),
        "risk_free_rate": 0.01,
    }


def returns(rng: np.random.Generator, n: int, periods: int) -> dict[str, Any]:
    market = rng.standard_t(4, periods) * 0.01
    draws = {f"A{i:02d}": rng.uniform(0.5, 1.5) * market + rng.normal(3e-4, 0.01, periods) for i in range(n)}
    return {name: column.round(6).tolist() for name, column in draws.items()}


def weights() -> Iterator[Request]:
    for i, limits in enumerate(LIMITS):
        for k, objective in enumerate(OBJECTIVES):
            market = beliefs(np.random.default_rng([i, k]), 8 + 2 * k)
            asked = {"objective": objective, "limits": limits, **market}
            yield Request(f"face/weights/{i + 1} under {k + 1}", call="optimize", arguments=asked)
    large = beliefs(np.random.default_rng(11), LARGE)
    for k, objective in enumerate(OBJECTIVES[:5]):
        asked = {"objective": objective, "limits": {"max_weight": 0.1, "max_turnover": 0.4}, **large}
        yield Request(f"face/sixty assets/{k + 1}", call="optimize", arguments=asked)


def of_returns() -> Iterator[Request]:
    drawn = returns(np.random.default_rng(21), 8, 160)
    for name, objective in OF_RETURNS.items():
        asked = {"returns": drawn, "objective": objective, "limits": {"max_weight": 0.4}}
        yield Request(f"face/returns/{name}", call="optimize", arguments=asked)
    for covariance in ("sample", "oas", "denoised", "gerber"):
        asked = {"returns": drawn, "objective": "min_risk", "estimation": {"covariance": covariance, "lookback": None}}
        yield Request(f"face/returns/by {covariance}", call="optimize", arguments=asked)
    larger = {name: [round(r, 4) for r in column] for name, column in returns(np.random.default_rng(22), LARGER, 130).items()}
    for k, objective in enumerate((*OBJECTIVES[:3], *OBJECTIVES[4:5], OF_RETURNS["cvar"])):
        asked = {"returns": larger, "objective": objective, "limits": {"max_weight": 0.05}}
        yield Request(f"face/returns/of many {k + 1}", call="optimize", arguments=asked)
    views = {"method": "black_litterman", "views": [{"assets": {"A01": 1}, "return": 0.2, "confidence": 0.6}]}
    yield Request("face/returns/views", call="optimize", arguments={"returns": drawn, "views": views})


def findings() -> Iterator[Request]:
    asked: Mapping[str, Any] = {**beliefs(np.random.default_rng(31), 9), "limits": {"max_weight": 0.3}}
    for k in range(EACH):
        question = {**beliefs(np.random.default_rng([k, 32]), 7 + k), "limits": LIMITS[k % 3]}
        yield Request(f"face/frontier/{k + 1}", call="frontier", asked=question, arguments={"points": 6})
        yield Request(f"face/sensitivity/{k + 1}", call="sensitivity", asked=question)
        axes = {"axes": ["return", "risk", "turnover"], "points": 16}
        yield Request(f"face/pareto/{k + 1}", call="pareto", asked=question, arguments=axes)
    plan = {"kind": "multi_period", "risk_aversion": 4.0, "periods": 3, "years": 0.25}
    yield Request("face/periods/1", call="periods", asked={**asked, "objective": plan})
    yield Request("face/periods/of no plan", call="periods", asked=asked)
    yield Request("face/pareto/no scores", call="pareto", asked=asked)
    yield Request("face/frontier/in cvar", call="frontier", asked=asked, arguments={"points": 4, "risk_measure": "cvar"})


def proposals() -> Iterator[Request]:
    """Rebalances as a notebook asks for them."""
    files = {"prices.csv": prices(5)}
    book = {"S00": 40, "S01": 25, "S02": 60, "CASH": 2500.0}
    described = {f"S{i:02d}": {"sector": SECTORS[i % 3], "quality_score": 5.0 + i} for i in range(5)}
    plain = {"id": "plain", "name": "Plain", "objective": {"kind": "min_risk"}, "limits": {"cash": {"max": 0.1}}}
    for k, limits in enumerate(({}, {"max_weight": 0.4}, {"max_turnover": 0.1}, {"max_weight": 0.1})):
        arguments = {"holdings": book, "prices": "prices.csv", "policy": plain, "universe": described, "limits": limits}
        name = f"face/proposals/{k + 1}"
        yield Request(name, files, call="rebalance", arguments={**arguments, "portfolio_id": name.replace("/", " ")})
    of_sample = {name: (SAMPLE / name).read_text() for name in ("holdings.csv", "universe.csv", "benchmark.csv")}
    places = {"holdings": "holdings.csv", "universe": "universe.csv", "benchmark": "benchmark.csv"}
    for policy in POLICIES:
        name = f"face/proposals/{policy['id']}"
        arguments = {**places, "policy": policy["id"], "portfolio_id": name.replace("/", " ")}
        yield Request(name, of_sample, call="rebalance", arguments=arguments)


def for_people() -> Iterator[Request]:
    """Answers in words, and drawings."""
    shown = {place: document for place, document in on_pages() if not isinstance(document, list)}
    shown["sample"] = json.loads(AS_SAMPLE.read_text())
    for place, document in list(shown.items())[::3]:
        drawn = ("--plot", "drawing.svg")
        commands = (
            ("optimize", "request.json"), ("risk", "request.json", *drawn), ("sensitivity", "request.json"),
        )  # fmt: skip
        yield Request(f"words/{place}/answers", {"request.json": document}, commands)
        line = ("frontier", "request.json", "--points", "5", "--plot", "drawing.svg")
        yield Request(f"words/{place}/frontier", {"request.json": document}, (line,))
    for command in ("", "rebalance", "optimize", "frontier", "pareto", "risk", "policies", "packs"):
        yield Request(f"words/help of {command or 'all'}", {}, ((*command.split(), "--help"),))
    yield Request("words/policies", {}, (("policies", "list"), ("policies", "show", "quality_focused"), ("--version",)))
    yield Request("words/factors", {}, (("factors", "--holdings", "sample", "--source", "sample", "--json"),))
    forecasts = ("forecasts", "--holdings", "sample", "--window", "504", "--step", "126")
    yield Request("words/forecasts", {}, ((*forecasts, "--json"), forecasts))
    yield Request("words/frontier of the sample", {}, (("frontier", "--holdings", "sample", "--points", "6", "--json"),))
