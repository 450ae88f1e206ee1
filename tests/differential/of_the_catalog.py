"""Requests that go through every term of the catalogs, on the market where every limit can bind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from catalog_market import LIMITS_THAT_BIND
from catalog_market import request as on_the_market
from contracts.test_terms_two_voices import COSTS_OF, MORE_COSTS, MORE_LIMITS, MORE_OBJECTIVES, spelled
from stored import Request, command

from portopt.dialects.strategy import write_request
from portopt.estimation import COVARIANCE, EXPECTED_RETURNS
from portopt.terms.catalog import COSTS, LIMITS, OBJECTIVES
from portopt.terms.risk_measures.catalog import RISK_MEASURES

OBJECTIVES_TRIED: dict[str, dict[str, Any]] = {
    "utility": {"kind": "utility", "risk_aversion": 4.0},
    "least risk": {"kind": "min_risk"},
    "best ratio": {"kind": "max_sharpe"},
    "nearest to the benchmark": {"kind": "min_tracking_error"},
}
UNSAID = ("budget", "long_only", "frozen")  # the words of a request leave them out
COUNTED = ("max_positions", "min_positions", "max_trades", "min_position", "min_trade", "round_lots", "ucits_5_10_40")
TWO_FACTORS: dict[str, Any] = {"factor_risk_budget": {"budgets": {"F1": 0.6, "F2": 0.4}}}


def document(
    objective: Mapping[str, Any], limits: Mapping[str, Any], risk: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A request on the catalog's market in the words of the wire. risk: risk parameters beside those of the market."""
    asked = write_request(on_the_market({"kind": "min_risk"}, limits))
    said = {name: value for name, value in limits.items() if name not in UNSAID}
    parameters = {**asked["risk_parameters"], **(risk or {})}
    return {**asked, "objective": dict(objective), "method": None, "constraints": said, "risk_parameters": parameters, **more}


def requests() -> Iterator[Request]:
    yield from limits()
    yield from objectives()
    yield from costs_and_measures()
    yield from estimators()
    yield from analyses()


def limits() -> Iterator[Request]:
    for kind, bound in LIMITS_THAT_BIND.items():
        for name, objective in OBJECTIVES_TRIED.items():
            yield command(f"limits/{kind}/{name}", "optimize", "request.json", request=document(objective, bound))
    for kind in LIMITS:
        for k, value in enumerate(MORE_LIMITS.get(kind, [])):
            costs = {"costs": COSTS_OF[kind]} if kind in COSTS_OF else {}
            asked = document(OBJECTIVES_TRIED["utility"], {kind: value}, **costs)
            yield command(f"limits/{kind}/another spelling {k + 1}", "optimize", "request.json", request=asked)


def objectives() -> Iterator[Request]:
    numbers: dict[str, int] = {}
    for kind, options in spelled(OBJECTIVES, MORE_OBJECTIVES):
        numbers[kind] = numbers.get(kind, 0) + 1
        asked = document({"kind": kind, **(options or {})}, {"max_weight": 0.3})
        yield command(f"objectives/{kind}/{numbers[kind]}", "optimize", "request.json", request=asked)
    for kind, options in TWO_FACTORS.items():
        asked = document({"kind": kind, **options}, {"max_weight": 0.4})
        yield command(f"objectives/{kind}/the market's own factors", "optimize", "request.json", request=asked)


def costs_and_measures() -> Iterator[Request]:
    numbers: dict[str, int] = {}
    for kind, value in spelled(COSTS, MORE_COSTS):
        numbers[kind] = numbers.get(kind, 0) + 1
        for name in ("utility", "best ratio"):
            asked = document(OBJECTIVES_TRIED[name], {"max_weight": 0.3}, costs={kind: value})
            yield command(f"costs/{kind}/{numbers[kind]} {name}", "optimize", "request.json", request=asked)
    for measure in RISK_MEASURES:
        for kind in ("min_risk", "max_ratio"):
            asked = document({"kind": kind, "measure": measure}, {"max_weight": 0.4, "max_turnover": 0.3})
            yield command(f"risk measures/{measure}/{kind}", "optimize", "request.json", request=asked)


def estimators() -> Iterator[Request]:
    for part, names in (("expected_returns", EXPECTED_RETURNS), ("covariance", COVARIANCE)):
        for name in names:
            asked = document(OBJECTIVES_TRIED["utility"], {"max_weight": 0.3})
            asked["risk_parameters"]["estimator"] = {**asked["risk_parameters"]["estimator"], part: name}
            yield command(f"estimators/{part}/{name}", "optimize", "request.json", request=asked)


def analyses() -> Iterator[Request]:
    """What is asked about an optimum, limit by limit and objective by objective."""
    utility = OBJECTIVES_TRIED["utility"]
    for kind, bound in LIMITS_THAT_BIND.items():
        asked = document(utility, bound)
        yield command(f"frontier/{kind}", "frontier", "request.json", "--points", "5", request=asked)
        yield command(f"sensitivity/{kind}", "sensitivity", "request.json", request=asked)
        yield command(f"risk/{kind}", "risk", "request.json", request=asked)
        if kind not in COUNTED:
            yield command(f"pareto/{kind}", "pareto", "request.json", "--points", "9", request=asked)
    for kind, entry in OBJECTIVES.items():
        options = TWO_FACTORS.get(kind, dict(entry.example or {}))
        asked = document({"kind": kind, **options}, {"max_weight": 0.3})
        yield command(f"sensitivity/of {kind}", "sensitivity", "request.json", request=asked)
    for measure in RISK_MEASURES:
        asked = document(utility, {"max_weight": 0.4})
        words = ("request.json", "--risk-measure", measure)
        yield command(f"frontier/in {measure}", "frontier", *words, "--points", "4", request=asked)
        yield command(f"risk/by {measure}", "risk", *words, request=asked)
