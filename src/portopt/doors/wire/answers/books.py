"""Questions about a portfolio that the service keeps: its frontier, its factors, and which forecasts were right for it."""

from __future__ import annotations

from typing import Any

from portopt.dialects.names import in_s2_words
from portopt.dialects.portfolio_answers import write_factors, write_frontier
from portopt.dialects.reading import list_of, number, object_of, text, whole_number
from portopt.dialects.submissions import ON_DATA, infeasible_in_words_of, read_on_data
from portopt.doors.wire.answers.portfolios import known
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.options import BOUNDS, FORECASTS, bounds_of, forecasts_of, kept_at, names_of
from portopt.doors.wire.standing import request_of
from portopt.runs import answers

MOST_FACTORS = 100


def get_frontier(asked: Asked) -> Answered:
    """S2's query parameters."""
    asked.only(*BOUNDS, *ON_DATA)
    return _frontier(asked, {name: value for name, value in asked.call.asked.items() if name in ON_DATA}, bounds_of(asked))


def post_frontier(asked: Asked) -> Answered:
    """The same under constraints of the request's own."""
    asked.only()
    found = object_of(asked.data() if asked.call.body.strip() else {}, "", (*BOUNDS, *ON_DATA, "constraints"))
    return _frontier(asked, found, _bounds_in(found))


def _bounds_in(found: Any) -> dict[str, Any]:
    given = {
        name: number(found[name], name, fraction=True) for name in ("min_return", "max_risk") if found.get(name) is not None
    }
    options = {
        name: number(found[name], name, low=0.0, high=1.0, fraction=True)
        for name in ("confidence",)
        if found.get(name) is not None
    }
    if found.get("horizon") is not None:
        options["horizon"] = whole_number(found["horizon"], "horizon", low=1, high=10_000)
    points = found.get("points")
    measure = found.get("risk_measure")
    return {
        "points": 20 if points is None else whole_number(points, "points", low=2, high=1000),
        "min_return": given.get("min_return"),
        "max_risk": given.get("max_risk"),
        "risk_measure": "volatility" if measure is None else text(measure, "risk_measure"),
        "options": options,
    }


def _frontier(asked: Asked, named: Any, bounds: dict[str, Any]) -> Answered:
    from portopt.questions.frontier import frontier

    request = request_of(known(asked), read_on_data(named), asked.runtime)
    with in_s2_words(), infeasible_in_words_of(named):
        document = write_frontier(frontier(request, asked.runtime, **bounds, until=asked.until))
    kept = answers.keep("frontier", request, document, asked.runtime, **bounds)
    return Answered({**document, **_echoed(bounds), "frontier_id": kept}, headers=kept_at(kept))


def _echoed(bounds: dict[str, Any]) -> dict[str, Any]:
    """max_risk is in the measure's own unit: it comes back with what that measure was told."""
    return {"max_risk": bounds["max_risk"], "min_return": bounds["min_return"], "measure_options": bounds["options"]}


def get_factors(asked: Asked) -> Answered:
    """`factors`: names by commas, else all that the model has."""
    asked.only("factors", *ON_DATA)
    named = {name: value for name, value in asked.call.asked.items() if name in ON_DATA}
    return _factors(asked, named, names_of(asked, "factors"))


def post_factors(asked: Asked) -> Answered:
    """S2's FactorExposureRequest, with the data and the policy it is asked on."""
    asked.only()
    found = object_of(asked.data() if asked.call.body.strip() else {}, "", ("factors", *ON_DATA))
    items = None if found.get("factors") is None else list_of(found["factors"], "factors", most=MOST_FACTORS)
    wanted = None if items is None else [text(name, f"factors[{i}]") for i, name in enumerate(items)]
    return _factors(asked, found, wanted)


def _factors(asked: Asked, named: Any, wanted: list[str] | None) -> Answered:
    from portopt.questions.factors import factors

    request = request_of(known(asked), read_on_data(named), asked.runtime)
    document = write_factors(factors(request, wanted, asked.runtime))
    as_of = document["as_of"]
    document |= {"as_of": as_of and f"{as_of[:10]}T00:00:00Z"}  # midnight UTC of the day that the prices end on
    kept = answers.keep("factors", request, document, asked.runtime, names=wanted)
    return Answered({**document, "analysis_id": kept}, headers=kept_at(kept))


def get_forecasts(asked: Asked) -> Answered:
    """Estimators held to account on the prices of what the portfolio may hold."""
    from portopt.document.forecasts import forecasts_document
    from portopt.questions.forecasts import forecasts

    asked.only(*FORECASTS, *ON_DATA)
    named = {name: value for name, value in asked.call.asked.items() if name in ON_DATA}
    chosen = forecasts_of(asked)
    request = request_of(known(asked), read_on_data(named), asked.runtime)
    document = forecasts_document(forecasts(request, **chosen, runtime=asked.runtime))
    kept = answers.keep("forecasts", request, document, asked.runtime, **chosen)
    return Answered(document, headers=kept_at(kept))
