"""What a question is asked of, the same for each of them, with the installation that reads its prices.

returns, or beliefs        portopt.risk(returns, limits={"max_weight": 0.2})
a history of prices        portopt.risk(prices=prices, limits={"max_weight": 0.2})
a book and a policy        portopt.risk(holdings={"AAPL": 100, "CASH": 5_000}, prices=prices, policy="min_risk")
a request, or a file of it portopt.risk(portopt.ask(returns)), portopt.risk("request.json")
an earlier answer          portopt.risk(proposal), portopt.risk(allocation), portopt.risk(frontier)
a stored run               portopt.risk("reb-20221228-7e37ebd61420da7ada44")
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from portopt.domain.errors import InvalidValue, UnknownField
from portopt.domain.request import AnyRequest, OptimizationRequest, RebalanceRequest
from portopt.doors.notebook.asking import asked_weights
from portopt.doors.notebook.books import BY_NAME, asked_of_book, runtime_at, wishes_of, with_words
from portopt.doors.notebook.displays import Allocation, Findings, Proposal
from portopt.doors.notebook.question import Question
from portopt.intake.wanted import Wanted
from portopt.runs.asked_again import PACK, is_run, request_of
from portopt.runtime import AT_HAND

# What is said over a policy, of a book's own files and of a stored run; what is said of a book, and of weights alone.
OVER_A_POLICY = (*BY_NAME, "limits", "sets", "fractional", *Wanted.__annotations__)
OF_FILES = ("holdings", "lots", "prices", "universe", "benchmark", "as_of", "provider", "portfolio_id", "request")
OF_A_BOOK = (*OF_FILES, "policy", *OVER_A_POLICY)
OF_WEIGHTS = tuple(signature(asked_weights).parameters)
OVER_A_RUN = ("policy", *OVER_A_POLICY)


def ask(
    asked: Any = None, objective: str | Mapping[str, Any] | None = None, *, home: Path | None = None, **said: Any
) -> AnyRequest:
    """A question, for `optimize`, `frontier`, `pareto`, `risk` and all the others; each of them takes the same itself.

    Args:
        asked: returns: periodic simple ones, one column an asset: a Polars or pandas frame, or {asset: sequence}. Or a request
            or its file, an earlier answer, or a stored run's id: then the other words stand over its policy.
        objective: a name ("max_sharpe", "min_risk", "hrp", "1/n", …) or {"kind": …, options}; else a policy's own.
        limits, costs: {catalog name: value}, as a policy spells them; long-only and fully invested unless said otherwise.
        prices: a history, as a frame (long or wide), a file or a folder. With holdings None is the bundled sample.
        universe: {asset: {"sector": …, "asset_class": …, "quality_score": …, "attributes": {"beta": …}}}; with holdings also a
            file. benchmark: weights by asset; with holdings also a file. as_of: prices up to this day.

        Without holdings:
        expected_returns: annual, by asset. covariance: (n, n) annual, in the order of the assets (a frame's or dict's).
        risk_free_rate: annual. current_weights: by asset. estimation: an EstimationChoice. relax_order: what may give way.
        views: what is believed beside the data: "MSFT - XOM == 2% @ 60%", several of them, or
            {"method": "black_litterman", "views": […]}; with an inequality they are entropy pooling's.
        bounds, weight_bounds: (0, 0.2), pairs by asset or in their order, as other libraries take them; they are limits.
        portfolio_value, average_daily_value, prices by asset: money, for liquidity, impact and lots. assets: as universe.

        Of a book:
        holdings: {"AAPL": 100, …, "CASH": 2500.0}, a CSV, Parquet or XLSX file, or `sample`. lots: as for `rebalance`.
        policy: an id, a Policy, or a policy as data. sets: {dotted path: value} over it, {"limits.max_weight": 0.12}.
        provider: where prices come from, by name, in the place of prices. portfolio_id: whose book it is.
        deposit, withdraw, by, rebalance, buy_only, sell_only, do_not_buy, do_not_sell, keep, max_trades, names, no_worse:
            money in and out, and what may be traded (intake/wanted.py). confirm_shares, split, actions: of shares that may be
            from before a split.
        home: where answers are kept; None is the usual place.
    """
    return with_prices_kept(posed(asked, objective, home=home, **said)).request


def posed(asked: Any = None, objective: Any = None, *, home: Path | None = None, **said: Any) -> Question:
    """asked: returns, a request or its file, an earlier answer, or a stored run's id. said: the words of `ask`.

    Raises UnknownField for a word that nobody knows here, InvalidValue for one that would have no effect.
    """
    words = {name: value for name, value in {"objective": objective, **said}.items() if value is not None}
    _require_known(words)
    earlier = _earlier(asked, home)
    if earlier is not None:
        return _over(earlier, words)
    if "holdings" in words:
        return _of_book(asked, words, home)
    return _of_weights(asked, words, home)


def _require_known(words: Iterable[str]) -> None:
    known = {*OF_A_BOOK, *OF_WEIGHTS}
    for name in words:
        if name not in known:
            raise UnknownField(name, known)


def _earlier(asked: Any, home: Path | None) -> Question | None:
    """What was asked before, in whatever form it is at hand; None for what is asked anew."""
    if isinstance(asked, Question):
        return asked
    if isinstance(asked, Allocation | Findings) and asked.question is not None:
        return asked.question
    if isinstance(asked, OptimizationRequest | RebalanceRequest):
        return Question(asked, None if isinstance(asked, OptimizationRequest) and home is None else runtime_at(home))
    if isinstance(asked, Proposal):
        return _of_run(asked.run_id, asked.home if home is None else home)
    if isinstance(asked, str | Path):
        return _of_run(str(asked), home) if is_run(str(asked)) else _of_file(str(asked), home)
    return None


def _of_run(run_id: str, home: Path | None) -> Question:
    runtime = runtime_at(home)
    return Question(request_of(run_id, runtime), runtime)


def _of_file(name: str, home: Path | None) -> Question:
    from portopt.dialects.strategy import read_request
    from portopt.doors.commands.documents import read_document

    if not name.endswith(".json"):
        why = "is neither a request file (.json) nor a stored run's id (reb-…)"
        raise InvalidValue("asked", name, why, fix="prices and holdings are named: prices=…, holdings=…")
    return Question(read_request(read_document(name, "request")), None if home is None else runtime_at(home))


def _over(earlier: Question, words: Mapping[str, Any]) -> Question:
    """The same question, with other words over a book's policy."""
    if not words:
        return earlier
    request = earlier.request
    allowed = OVER_A_RUN if isinstance(request, RebalanceRequest) else ()
    for name in words:
        if name not in allowed:
            why = "is said by what is asked already"
            raise InvalidValue(
                name, _shown(words[name]), why, fix=f"leave it out; allowed here: {', '.join(allowed) or 'none'}"
            )
    runtime = earlier.runtime or runtime_at(None)
    assert isinstance(request, RebalanceRequest)  # noqa: S101 - for the type alone
    return Question(with_words(request, words.get("policy"), wishes_of(words), runtime), runtime)


def _of_book(asked: Any, words: dict[str, Any], home: Path | None) -> Question:
    if asked is not None:
        raise InvalidValue(
            "returns", type(asked).__name__, "do not go with holdings", fix="give prices=…, or leave holdings out"
        )
    _refuse_others(words, OF_A_BOOK, "has no part in a question about holdings and a policy")
    return Question(*asked_of_book(words, home))


def _of_weights(asked: Any, words: dict[str, Any], home: Path | None) -> Question:
    _refuse_others(words, OF_WEIGHTS, "goes with holdings=…, which are not given")
    if asked is not None and "returns" in words:
        raise InvalidValue("returns", type(asked).__name__, "are given twice", fix="give them once")
    given = words if asked is None else {**words, "returns": asked}
    return Question(asked_weights(**given), None if home is None else runtime_at(home))


def _refuse_others(words: Mapping[str, Any], allowed: Iterable[str], why: str) -> None:
    for name, value in words.items():
        if name not in allowed:
            raise InvalidValue(name, _shown(value), why, fix=f"leave {name} out")


def _shown(value: Any) -> Any:
    """As an error repeats it: words and numbers as they are, anything larger by its kind."""
    return value if isinstance(value, str | int | float) else type(value).__name__


def with_prices_kept(question: Question) -> Question:
    """The same on a pricing pack that is kept, where its prices are at hand alone: a request is complete without them."""
    from portopt.questions.posed import prices_of

    request, runtime = question.request, question.runtime
    if not isinstance(request, RebalanceRequest) or runtime is None or request.provider != AT_HAND:
        return question
    snapshot = prices_of(request, runtime)
    assert snapshot is not None  # noqa: S101 - for the type alone
    runtime.packs.put(snapshot)
    return Question(dataclasses.replace(request, provider=f"{PACK}{snapshot.pricing_pack_id}"), runtime)
