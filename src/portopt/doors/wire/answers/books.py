"""Questions about a portfolio that the service keeps: its frontier, its risk, its factors, which forecasts were right for it, …

A body names the data and the policy it is asked on; where a trade is part of the answer, constraints and money too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from portopt.dialects.names import in_s2_words
from portopt.dialects.portfolio_answers import write_factors, write_frontier
from portopt.dialects.reading import list_of, number, object_of, text, whole_number
from portopt.dialects.submissions import ON_DATA, TRADED, infeasible_in_words_of, read_on_data
from portopt.domain.request import RebalanceRequest
from portopt.doors.wire.answers.inquiries import AXES
from portopt.doors.wire.answers.portfolios import known
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.options import BOUNDS, FORECASTS, MEASURED, bounds_of, forecasts_of, kept_at, names_of
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
    found = _body(asked, *BOUNDS, *TRADED)
    return _frontier(asked, found, _bounds_in(found))


def _bounds_in(found: Any) -> dict[str, Any]:
    given = {
        name: number(found[name], name, fraction=True) for name in ("min_return", "max_risk") if found.get(name) is not None
    }
    measure, options = _measure_in(found)
    return {
        "points": _points_in(found, 20, most=1000),
        "min_return": given.get("min_return"),
        "max_risk": given.get("max_risk"),
        "risk_measure": measure,
        "options": options,
    }


def _measure_in(found: Any) -> tuple[str, dict[str, Any]]:
    """(risk measure, its options) of a body."""
    options: dict[str, Any] = {}
    if found.get("confidence") is not None:
        options["confidence"] = number(found["confidence"], "confidence", low=0.0, high=1.0, fraction=True)
    if found.get("horizon") is not None:
        options["horizon"] = whole_number(found["horizon"], "horizon", low=1, high=10_000)
    measure = found.get("risk_measure")
    return "volatility" if measure is None else text(measure, "risk_measure"), options


def _points_in(found: Any, usual: int, *, most: int) -> int:
    points = found.get("points")
    return usual if points is None else whole_number(points, "points", low=2, high=most)


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
    found = _body(asked, "factors")
    return _factors(asked, found, _names_in(found, "factors", most=MOST_FACTORS))


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


def risk(asked: Asked) -> Answered:
    """Every risk measure of the optimal, the current and the benchmark book, and one taken apart by source."""
    from portopt.document.risk import risk_document
    from portopt.questions.risk import risk as measured

    asked.only()
    found = _body(asked, *MEASURED, *TRADED)
    measure, options = _measure_in(found)
    how: dict[str, Any] = {"measure": measure, "options": options}

    def ask(request: RebalanceRequest) -> dict[str, Any]:
        return risk_document(measured(request, asked.runtime, **how, until=asked.until))

    return _told(asked, "risk", found, ask, **how)


def pareto(asked: Asked) -> Answered:
    """The best compromises between two or three axes, and where the book stands among them."""
    from portopt.document.compromises import compromises_document
    from portopt.questions.compromises import pareto as surface

    asked.only()
    found = _body(asked, "axes", "points", *MEASURED, *TRADED)
    measure, options = _measure_in(found)
    axes, points = _names_in(found, "axes", most=len(AXES)), _points_in(found, 49, most=2_500)
    axes = AXES if axes is None else axes
    how: dict[str, Any] = {"risk_measure": measure, "options": options}

    def ask(request: RebalanceRequest) -> dict[str, Any]:
        return compromises_document(surface(request, axes, points, asked.runtime, **how, until=asked.until))

    return _told(asked, "pareto", found, ask, axes=axes, points=points, **how)


def sensitivity(asked: Asked) -> Answered:
    """How the optimal weights move with every limit that binds, and how far that holds."""
    from portopt.document.sensitivity import moves_document
    from portopt.questions.sensitivity import sensitivity as moved

    asked.only()
    found = _body(asked, *TRADED)
    return _told(asked, "sensitivity", found, lambda r: moves_document(moved(r, asked.runtime, until=asked.until)))


def views(asked: Asked) -> Answered:
    """What the policy's views did to the beliefs; nothing is traded by them."""
    from portopt.document.views import beliefs_document
    from portopt.questions.views import views as applied

    asked.only()
    return _told(asked, "views", _body(asked), lambda r: beliefs_document(applied(r, asked.runtime)))


def _body(asked: Asked, *names: str) -> Mapping[str, Any]:
    """What is asked, which may be nothing. names: of fields, beside those that every such question has."""
    return object_of(asked.data() if asked.call.body.strip() else {}, "", (*names, *ON_DATA))


def _names_in(found: Any, name: str, *, most: int) -> list[str] | None:
    items = None if found.get(name) is None else list_of(found[name], name, most=most)
    return None if items is None else [text(item, f"{name}[{i}]") for i, item in enumerate(items)]


def _told(
    asked: Asked, kind: str, found: Mapping[str, Any], ask: Callable[[RebalanceRequest], dict[str, Any]], **how: Any
) -> Answered:
    """The document of a question about the portfolio in the path, kept under what was asked."""
    request = request_of(known(asked), read_on_data(found), asked.runtime)
    with in_s2_words(), infeasible_in_words_of(found):
        document = ask(request)
    return Answered(document, headers=kept_at(answers.keep(kind, request, document, asked.runtime, **how)))
