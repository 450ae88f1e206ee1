"""Portfolios and what they hold, in versions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from portopt.dialects.books import portfolio_line, read_portfolio, version_line, write_holdings, write_portfolio, write_version
from portopt.dialects.reading import text
from portopt.domain.errors import InvalidValue, UnknownPolicy, UnknownThing, unknown_portfolio
from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import Portfolio
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.bodies import body_of
from portopt.doors.wire.pages import PAGED, cursor_of, page, size_of
from portopt.doors.wire.places import place_of
from portopt.intake.standing import universe_with
from portopt.questions import policies
from portopt.runtime import PROVIDERS

HOLDINGS = (".json", ".csv", ".tsv", ".txt", ".xlsx", ".parquet")


def put(asked: Asked) -> Answered:
    """What is said of a portfolio; its holdings stay. 201 where there was none of this id."""
    asked.only()
    named = text(asked.portfolio(), "portfolio_id")
    there = _there(asked, named)
    said = read_portfolio(asked.data(), there or Portfolio(named), PROVIDERS)
    _require_policy(asked, said.policy)
    saved = asked.runtime.portfolios.save(said)
    headers = {"Location": place_of("get_portfolio", portfolio_id=named)}
    return Answered(write_portfolio(saved), 200 if there else 201, headers={} if there else headers)


def get(asked: Asked) -> Answered:
    asked.only()
    return Answered(write_portfolio(known(asked)))


def listed(asked: Asked) -> Answered:
    """By id, those that who asks may see."""
    asked.only(*PAGED)
    size = size_of(asked)
    found = asked.runtime.portfolios.list(asked.call.who.portfolios, after=cursor_of(asked), limit=size + 1)
    return Answered(page("portfolios", found, size, portfolio_line, lambda one: one.id))


def put_holdings(asked: Asked) -> Answered:
    """These are the holdings now: JSON, or a table as people keep it, read as a file of it would be.

    What the table says of its assets (sectors, scores, benchmark weights) is kept with the portfolio.
    """
    from portopt.adapters.providers.holdings_files import read_benchmark_column, read_holdings

    asked.only()
    portfolio, call, notes = known(asked), asked.call, list[str]()
    body = body_of(asked, HOLDINGS)
    holdings, described = read_holdings(body, portfolio.id, notes)
    said = _described(portfolio, holdings, described, read_benchmark_column(body), notes)
    if portfolio.cash_flow is not None:
        flow = portfolio.cash_flow.in_words(holdings.currency)
        notes.append(f"{flow} is announced still: take it back (cash_flow: null) where it is in this cash, or out of it")
    if said != portfolio:
        asked.runtime.portfolios.save(said)
    return Answered(write_version(asked.runtime.portfolios.declare(holdings, call.who.subject, notes)))


def _described(
    portfolio: Portfolio,
    holdings: Holdings,
    described: Mapping[str, Mapping[str, Any]],
    benchmark: Mapping[str, float] | None,
    notes: list[str],
) -> Portfolio:
    """The portfolio with what the list of holdings says beside the shares."""
    universe, changed = universe_with(portfolio, holdings, described)
    if changed:
        notes.append(f"what may be held has changed: {changed} assets are new in it or described anew")
    if benchmark is not None and benchmark != portfolio.benchmark:
        notes.append(f"the benchmark weights of {len(benchmark)} assets are the portfolio's benchmark now")
    return dataclasses.replace(portfolio, universe=universe, benchmark=benchmark or portfolio.benchmark)


def get_holdings(asked: Asked) -> Answered:
    """The newest. Raises UnknownThing where none were declared."""
    asked.only()
    portfolio = known(asked)
    if portfolio.holdings is None:
        bring = f"PUT {place_of('get_holdings', portfolio_id=portfolio.id)} brings them"
        raise UnknownThing("list of holdings of portfolio", portfolio.id, field="portfolio_id", fixes=[bring])
    return Answered(write_holdings(portfolio.holdings, portfolio.version))


def holdings_versions(asked: Asked) -> Answered:
    """The newest first."""
    asked.only(*PAGED)
    portfolio, size = known(asked), size_of(asked)
    found = asked.runtime.portfolios.versions(portfolio.id, before=_version(asked), limit=size + 1)
    return Answered(page("versions", found, size, version_line, lambda one: str(one.version)))


def _version(asked: Asked) -> int | None:
    given = cursor_of(asked)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise InvalidValue("cursor", given, "is not the end of a page", fix="use next_cursor as it was told")
    return int(given)


def known(asked: Asked, portfolio_id: str | None = None) -> Portfolio:
    """The portfolio that is named, with its holdings. Raises UnknownThing, missing or foreign alike."""
    named = asked.portfolio(portfolio_id)
    found = _there(asked, named)
    if found is None:
        raise unknown_portfolio(named)
    return found


def _there(asked: Asked, named: str) -> Portfolio | None:
    try:
        return asked.runtime.portfolios.get(named)
    except UnknownThing:
        return None


def _require_policy(asked: Asked, policy_id: str) -> None:
    try:
        policies.policy(policy_id, asked.runtime)
    except UnknownPolicy as error:
        raise InvalidValue("policy", policy_id, "is the id of no policy here", fix=" or ".join(error.fixes)) from None
