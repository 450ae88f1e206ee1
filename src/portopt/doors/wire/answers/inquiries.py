"""Questions about a request that brings its own beliefs: S1's document in, the answer's document out, its rows left behind.

Of a stored run, on its own prices, they are asked by its id (`of_run`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from portopt.dialects.names import in_s1_words
from portopt.dialects.portfolio_answers import write_factors, write_frontier
from portopt.dialects.reading import object_of, one_of
from portopt.dialects.strategy import read_request
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.request import AnyRequest
from portopt.doors.wire.answers.runs import run_of
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
from portopt.runs.asked_again import request_of

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

    asked.only("factors")
    wanted = names_of(asked, "factors")
    return _answered(asked, "factors", lambda r: write_factors(exposed(r, wanted, asked.runtime)), names=wanted)


def forecasts(asked: Asked) -> Answered:
    from portopt.document.forecasts import forecasts_document
    from portopt.questions.forecasts import forecasts as compared

    asked.only(*FORECASTS)
    chosen = forecasts_of(asked)
    return _answered(asked, "forecasts", lambda r: forecasts_document(compared(r, **chosen, runtime=asked.runtime)), **chosen)


def risk(asked: Asked) -> Answered:
    from portopt.document.risk import risk_document
    from portopt.questions.risk import risk as measured

    asked.only(*MEASURED)
    measure, options = measure_of(asked)
    how: dict[str, Any] = {"measure": measure, "options": options}
    return _answered(asked, "risk", lambda r: risk_document(measured(r, asked.runtime, **how, until=asked.until)), **how)


def views(asked: Asked) -> Answered:
    from portopt.document.views import beliefs_document
    from portopt.questions.views import views as applied

    asked.only()
    return _answered(asked, "views", lambda r: beliefs_document(applied(r, asked.runtime)))


def sensitivity(asked: Asked) -> Answered:
    from portopt.document.sensitivity import moves_document
    from portopt.questions.sensitivity import sensitivity as moved

    asked.only()
    return _answered(asked, "sensitivity", lambda r: moves_document(moved(r, asked.runtime, until=asked.until)))


def periods(asked: Asked) -> Answered:
    from portopt.document.periods import periods_document
    from portopt.questions.periods import periods as planned

    asked.only()
    return _answered(asked, "periods", lambda r: periods_document(planned(r, asked.runtime, until=asked.until)))


def pareto(asked: Asked) -> Answered:
    from portopt.document.compromises import compromises_document
    from portopt.questions.compromises import pareto as surface

    asked.only("axes", "points", *MEASURED)
    measure, options = measure_of(asked)
    axes, points = names_of(asked, "axes") or AXES, asked.whole("points", 49, low=2, high=2_500)
    how: dict[str, Any] = {"risk_measure": measure, "options": options}

    def ask(request: AnyRequest) -> dict[str, Any]:
        return compromises_document(surface(request, axes, points, asked.runtime, **how, until=asked.until))

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

    def ask(request: AnyRequest) -> dict[str, Any]:
        return in_order_document(in_order(request, order, tolerances, asked.runtime, **how, until=asked.until))

    return _answered(asked, "lexicographic", ask, order=order, tolerances=tolerances, **how)


def weights(asked: Asked) -> Answered:
    """Certified weights, before shares are whole; nothing is proposed by them."""
    from portopt.dialects.strategy_answers import write_response
    from portopt.questions.weights import optimize

    asked.only()
    return _answered(asked, "weights", lambda r: write_response(r, optimize(r, asked.runtime, until=asked.until)))


QUESTIONS: Mapping[str, Callable[[Asked], Answered]] = {
    "weights": weights, "frontier": frontier, "risk": risk, "factors": factors, "views": views, "sensitivity": sensitivity,
    "periods": periods, "pareto": pareto, "lexicographic": lexicographic, "forecasts": forecasts,
}  # fmt: skip
OPTIONS = (*BOUNDS, *FORECASTS, "factors", "axes", "order", "tolerances")


def of_run(asked: Asked) -> Answered:
    """The question in the path, of what a stored run was asked; its options are the body."""
    asked.only()
    question = one_of(asked.call.place["question"], "question", list(QUESTIONS))
    given = object_of(asked.data() if asked.call.body.strip() else {}, "", OPTIONS)
    said = {name: _spelled(value, name) for name, value in given.items() if value is not None}
    return QUESTIONS[question](dataclasses.replace(asked, call=dataclasses.replace(asked.call, asked=said, body=b"")))


def _spelled(value: Any, name: str) -> str:
    """An option of a body as a query has it: lists by commas, maps as AXIS=AMOUNT."""
    if isinstance(value, list):
        return ",".join(_spelled(item, name) for item in value)
    if isinstance(value, Mapping):
        return ",".join(f"{key}={_spelled(item, name)}" for key, item in value.items())
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidValue(name, value, "is neither a word nor a number")
    return str(value)


def _answered(asked: Asked, kind: str, ask: Callable[[AnyRequest], dict[str, Any]], **how: Any) -> Answered:
    """The document, once its request is read and its portfolio may be seen; kept under what was asked."""
    request = _of_the_run(asked) if "run_id" in asked.call.place else None
    with in_s1_words() if request is None else nullcontext():
        if request is None:
            request = read_request(asked.data(), kept_beliefs(asked.runtime).named)
            asked.portfolio(request.portfolio_id)
        document = ask(request)
    kind = answers.kind_of_weights(request) if kind == "weights" else kind
    return Answered(document, headers=kept_at(answers.keep(kind, request, document, asked.runtime, **how)))


def _of_the_run(asked: Asked) -> AnyRequest:
    """What the run in the path was asked, on its own prices. Raises UnknownThing, missing or foreign alike."""
    return request_of(run_of(asked, verified=True).run_id, asked.runtime)
