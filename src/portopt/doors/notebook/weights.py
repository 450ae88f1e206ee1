"""The questions: each takes what `ask` takes (returns, prices, a book, a request, an earlier answer, a stored run)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import InvalidValue, PortoptError
from portopt.doors.notebook import looks
from portopt.doors.notebook.displays import Allocation, Batch, Document, Findings, Look, Proposal
from portopt.doors.notebook.posing import OF_A_BOOK, OF_WEIGHTS, posed
from portopt.doors.notebook.question import Question
from portopt.intake.wanted import require_untraded
from portopt.questions import weights
from portopt.runs import answers


def optimize(
    asked: Any = None, objective: Any = None, *, within: float | None = None, home: Path | None = None, **question: Any
) -> Allocation:
    """Certified weights; question: the words of `ask`. Of a book, what its policy wants before shares are whole.

    Raises:
        InfeasibleRequest with the diagnosis; RequestError and DataError for what cannot be used.
    """
    found = posed(asked, objective, home=home, **question)
    answer = weights.optimize(found.request, found.runtime, until=_until(within))
    allocation = Allocation(answer, found)
    if found.runtime is not None or not answers.nothing_is_kept_here():
        answers.keep(answers.kind_of_weights(found.request), found.request, allocation.document, found.runtime)
    return allocation


def batch(
    questions: Iterable[Any], *, processes: int = 1, within: float | None = None, home: Path | None = None, **question: Any
) -> Batch:
    """Many questions about weights in one call, sharing their work; what one of them lacks does not hold up the others.

    questions: each what `optimize` takes first, or a mapping of words of `ask`; the words beside them are said of each.
    processes: how many share the work; the answers are the same.
    """
    asked = [_member(member, home, question) for member in questions]
    requests = [q if isinstance(q, PortoptError) else q.request for q in asked]
    runtimes = [q.runtime for q in asked if isinstance(q, Question) and q.runtime is not None]
    if len({id(runtime) for runtime in runtimes}) > 1:
        return Batch(tuple(q if isinstance(q, PortoptError) else _alone(q, within) for q in asked))
    runtime = runtimes[0] if runtimes else None
    found = weights.optimize_many(requests, runtime, processes=processes, until=_until(within))
    pairs = zip(asked, found, strict=True)
    told = tuple(_told(q, a) for q, a in pairs)
    for kind in ("optimize", "weights"):
        kept = [(a.answer.request, a.document) for a in told if isinstance(a, Allocation)]
        answers.keep_all(kind, [pair for pair in kept if answers.kind_of_weights(pair[0]) == kind], runtime)
    return Batch(told)


def frontier(
    asked: Any = None,
    points: int = 20,
    *,
    min_return: float | None = None,
    max_risk: float | None = None,
    risk_measure: str = "volatility",
    confidence: float | None = None,
    horizon: int | None = None,
    options: Mapping[str, Any] | None = None,
    within: float | None = None,
    home: Path | None = None,
    **question: Any,
) -> Findings:
    """The efficient frontier; question: the words of `ask`. Draws itself in a notebook.

    risk_measure, confidence, horizon, options: what risk is; max_risk is in its unit.
    """
    from portopt.dialects.portfolio_answers import write_frontier
    from portopt.questions.frontier import frontier as drawn

    found = posed(asked, home=home, **question)
    how: dict[str, Any] = {"points": points, "min_return": min_return, "max_risk": max_risk, "risk_measure": risk_measure}
    how["options"] = _options(options, confidence=confidence, horizon=horizon)
    document = write_frontier(drawn(found.request, found.runtime, **how, until=_until(within)))
    return _kept("frontier", found, document, looks.FRONTIER, **how)


def pareto(
    asked: Any = None,
    axes: Sequence[str] = ("return", "risk", "esg"),
    points: int = 49,
    *,
    risk_measure: str = "volatility",
    confidence: float | None = None,
    within: float | None = None,
    home: Path | None = None,
    **question: Any,
) -> Findings:
    """The surface of best compromises between two or three axes, and where the current book stands among them."""
    from portopt.document.compromises import compromises_document
    from portopt.questions import compromises

    found = posed(asked, home=home, **question)
    how: dict[str, Any] = {"risk_measure": risk_measure, "options": _options(None, confidence=confidence)}
    surface = compromises.pareto(found.request, axes, points, found.runtime, **how, until=_until(within))
    return _kept("pareto", found, compromises_document(surface), looks.COMPROMISES, axes=list(axes), points=points, **how)


def lexicographic(
    asked: Any = None,
    order: Sequence[str] = ("risk", "return"),
    *,
    tolerances: Mapping[str, float] | None = None,
    risk_measure: str = "volatility",
    confidence: float | None = None,
    within: float | None = None,
    home: Path | None = None,
    **question: Any,
) -> Findings:
    """Several aims in strict order of importance. tolerances: what later axes may take of an earlier one's best."""
    from portopt.document.compromises import in_order_document
    from portopt.questions import compromises

    found = posed(asked, home=home, **question)
    how: dict[str, Any] = {"risk_measure": risk_measure, "options": _options(None, confidence=confidence)}
    given = dict(tolerances or {})
    final = compromises.lexicographic(found.request, order, given, found.runtime, **how, until=_until(within))
    return _kept("lexicographic", found, in_order_document(final), looks.IN_ORDER, order=list(order), tolerances=given, **how)


def sensitivity(asked: Any = None, *, within: float | None = None, home: Path | None = None, **question: Any) -> Findings:
    """How the optimal weights move with the question, and how far that holds."""
    from portopt.document.sensitivity import moves_document
    from portopt.questions.sensitivity import sensitivity as moved

    found = posed(asked, home=home, **question)
    return _kept("sensitivity", found, moves_document(moved(found.request, found.runtime, until=_until(within))), looks.MOVES)


def risk(
    asked: Any = None,
    *,
    risk_measure: str = "volatility",
    confidence: float | None = None,
    within: float | None = None,
    home: Path | None = None,
    **question: Any,
) -> Findings:
    """Every risk measure of the optimal, the current and the benchmark book, and one of them taken apart by source."""
    from portopt.document.risk import risk_document
    from portopt.questions.risk import risk as measured

    found = posed(asked, home=home, **question)
    how: dict[str, Any] = {"measure": risk_measure, "options": _options(None, confidence=confidence)}
    document = risk_document(measured(found.request, found.runtime, **how, until=_until(within)))
    return _kept("risk", found, document, looks.RISK, **how)


def views(asked: Any = None, *, home: Path | None = None, **question: Any) -> Findings:
    """What the views of a question did to expected returns and volatilities."""
    from portopt.document.views import beliefs_document
    from portopt.questions.views import views as applied

    require_untraded("views", question)
    found = posed(asked, home=home, **question)
    return _kept("views", found, beliefs_document(applied(found.request, found.runtime)), looks.VIEWS)


def factors(
    asked: Any = None,
    *,
    factors: Sequence[str] | None = None,
    source: str | None = None,
    home: Path | None = None,
    **question: Any,
) -> Findings:
    """What a book is exposed to, by factor.

    factors: those wanted, by name. source: of factor returns, `sample` or file:PATH; else the question's own model.
    """
    from portopt.dialects.portfolio_answers import write_factors
    from portopt.doors.commands.factors import with_source
    from portopt.questions.factors import factors as exposed

    require_untraded("factors", question)
    found = posed(asked, home=home, **question)
    request = found.request if source is None else with_source(found.request, source)
    wanted = None if factors is None else list(factors)
    document = write_factors(exposed(request, wanted, found.runtime))
    return _kept("factors", Question(request, found.runtime), document, looks.FACTORS, names=wanted)


def forecasts(
    asked: Any = None,
    *,
    covariances: Sequence[str] = ("sample", "ledoit_wolf", "ewma", "regime_ewma"),
    means: Sequence[str] = ("historical_mean", "bayes_stein"),
    window: int = 252,
    step: int = 21,
    home: Path | None = None,
    **question: Any,
) -> Findings:
    """Which estimators were right on the question's own returns, out of sample. The first covariance is the yardstick."""
    from portopt.document.forecasts import forecasts_document
    from portopt.questions.forecasts import forecasts as compared

    require_untraded("forecasts", question)
    found = posed(asked, home=home, **question)
    how: dict[str, Any] = {"covariances": list(covariances), "means": list(means), "window": window, "step": step}
    document = forecasts_document(compared(found.request, **how, runtime=found.runtime))
    return _kept("forecasts", found, document, looks.FORECASTS, **how)


def periods(asked: Any = None, *, within: float | None = None, home: Path | None = None, **question: Any) -> Findings:
    """The plan of a question whose objective is multi_period."""
    from portopt.document.periods import periods_document
    from portopt.questions.periods import periods as planned

    found = posed(asked, home=home, **question)
    plan = planned(found.request, found.runtime, until=_until(within))
    return _kept("periods", found, periods_document(plan), looks.PERIODS)


def explain(run: Proposal | str, *, home: Path | None = None) -> Findings:
    """Why each trade of a stored proposal, and what each binding limit costs. run: a Proposal, or a run's id."""
    from portopt.doors.notebook.books import runtime_at
    from portopt.runs import history

    run_id, at = (run.run_id, run.home) if isinstance(run, Proposal) else (run, None)
    if not isinstance(run_id, str):
        raise InvalidValue("run", type(run).__name__, "is neither a proposal nor a run's id", fix="give what rebalance gave")
    return Findings(history.explain(run_id, runtime_at(at if home is None else home)), looks.EXPLANATION)


def _member(member: Any, home: Path | None, beside: Mapping[str, Any]) -> Question | PortoptError:
    """One of a batch, or why it is no question."""
    try:
        if isinstance(member, Mapping) and _is_words(member):
            return posed(home=home, **{**beside, **member})
        return posed(member, home=home, **beside)
    except PortoptError as error:
        return error


def _told(question: Question | PortoptError, answer: weights.CertifiedWeights | PortoptError) -> Allocation | PortoptError:
    if isinstance(question, PortoptError):
        return question
    return answer if isinstance(answer, PortoptError) else Allocation(answer, question)


def _is_words(member: Mapping[str, Any]) -> bool:
    """Words of `ask`, and no returns by asset: those are sequences of numbers under names of assets."""
    return bool(member) and all(name in (*OF_A_BOOK, *OF_WEIGHTS) for name in member)


def _alone(question: Question, within: float | None) -> Allocation | PortoptError:
    try:
        return optimize(question, within=within)
    except PortoptError as error:
        return error


def _until(within: float | None) -> Deadline:
    return NEVER if within is None else Deadline.within(within)


def _options(given: Mapping[str, Any] | None, **named: Any) -> dict[str, Any]:
    return {**(given or {}), **{name: value for name, value in named.items() if value is not None}}


def _kept(kind: str, question: Question, document: Document, look: Look, **asked: Any) -> Findings:
    """The answer, left in the store where there is one."""
    answers.keep(kind, question.request, document, question.runtime, **asked)
    return Findings(document, look, question)
