"""Questions about a request that brings its own beliefs: S1's document in, the answer's document out, its rows left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portopt.dialects.names import in_s1_words
from portopt.dialects.portfolio_answers import write_factors, write_frontier
from portopt.dialects.strategy import read_request
from portopt.domain.errors import MissingInput
from portopt.domain.request import OptimizationRequest
from portopt.doors.wire.answers.strategies import kept_beliefs
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.options import (
    BOUNDS,
    FORECASTS,
    MEASURED,
    amounts_of,
    bounds_of,
    forecasts_of,
    kept_at,
    measure_of,
    names_of,
)
from portopt.runs import answers

AXES = ["return", "risk", "esg"]


def frontier(asked: Asked) -> Answered:
    from portopt.questions.frontier import frontier as drawn

    asked.only(*BOUNDS)
    bounds = bounds_of(asked)
    return _answered(
        asked, "frontier", lambda r: write_frontier(drawn(r, asked.runtime, **bounds, until=asked.until)), **bounds
    )


def factors(asked: Asked) -> Answered:
    from portopt.questions.factors import factors as exposed

    asked.only("names")
    wanted = names_of(asked, "names")
    return _answered(asked, "factors", lambda r: write_factors(exposed(r, wanted, asked.runtime)), names=wanted)


def forecasts(asked: Asked) -> Answered:
    from portopt.document.forecasts import forecasts_document
    from portopt.questions.forecasts import forecasts as compared

    asked.only(*FORECASTS)
    chosen = forecasts_of(asked)
    return _answered(asked, "forecasts", lambda r: forecasts_document(compared(r, **chosen)), **chosen)


def risk(asked: Asked) -> Answered:
    from portopt.document.risk import risk_document
    from portopt.questions.risk import risk as measured

    asked.only(*MEASURED)
    measure, options = measure_of(asked)
    how: dict[str, Any] = {"measure": measure, "options": options}
    return _answered(asked, "risk", lambda r: risk_document(measured(r, **how, until=asked.until)), **how)


def views(asked: Asked) -> Answered:
    from portopt.document.views import beliefs_document
    from portopt.questions.views import views as applied

    asked.only()
    return _answered(asked, "views", lambda r: beliefs_document(applied(r)))


def sensitivity(asked: Asked) -> Answered:
    from portopt.document.sensitivity import moves_document
    from portopt.questions.sensitivity import sensitivity as moved

    asked.only()
    return _answered(asked, "sensitivity", lambda r: moves_document(moved(r, until=asked.until)))


def periods(asked: Asked) -> Answered:
    from portopt.document.periods import periods_document
    from portopt.questions.periods import periods as planned

    asked.only()
    return _answered(asked, "periods", lambda r: periods_document(planned(r, until=asked.until)))


def pareto(asked: Asked) -> Answered:
    from portopt.document.compromises import compromises_document
    from portopt.questions.compromises import pareto as surface

    asked.only("axes", "points", *MEASURED)
    measure, options = measure_of(asked)
    axes, points = names_of(asked, "axes") or AXES, asked.whole("points", 49, low=2, high=2_500)
    how: dict[str, Any] = {"risk_measure": measure, "options": options}

    def ask(request: OptimizationRequest) -> dict[str, Any]:
        return compromises_document(surface(request, axes, points, **how, until=asked.until))

    return _answered(asked, "pareto", ask, axes=axes, points=points, **how)


def lexicographic(asked: Asked) -> Answered:
    from portopt.document.compromises import in_order_document
    from portopt.questions.compromises import lexicographic as in_order

    asked.only("order", "tolerances", *MEASURED)
    measure, options = measure_of(asked)
    order, tolerances = names_of(asked, "order"), amounts_of(asked, "tolerances")
    if not order:
        raise MissingInput("order is needed: axes, the most important first", field="order", fixes=["order=esg,risk,return"])
    how: dict[str, Any] = {"risk_measure": measure, "options": options}

    def ask(request: OptimizationRequest) -> dict[str, Any]:
        return in_order_document(in_order(request, order, tolerances, **how, until=asked.until))

    return _answered(asked, "lexicographic", ask, order=order, tolerances=tolerances, **how)


def _answered(asked: Asked, kind: str, ask: Callable[[OptimizationRequest], dict[str, Any]], **how: Any) -> Answered:
    """The document, once its request is read and its portfolio may be seen; kept under what was asked."""
    with in_s1_words():
        request = read_request(asked.data(), kept_beliefs(asked.runtime).named)
        asked.portfolio(request.portfolio_id)
        document = ask(request)
    return Answered(document, headers=kept_at(answers.keep(kind, request, document, asked.runtime, **how)))
