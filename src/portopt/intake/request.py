"""A book, a policy and the wishes of whoever asks, as one complete request. Values in, a value out: no file, no clock."""

from __future__ import annotations

import dataclasses
from datetime import date

from portopt.dialects.policies import checked
from portopt.dialects.reading import text
from portopt.domain.errors import InvalidValue
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.request import Policy, RebalanceRequest
from portopt.intake.book import Book
from portopt.intake.converted import after_splits, splits_of
from portopt.intake.model import seen_through
from portopt.intake.policy import Wishes, laid_over

NOTHING_WISHED = Wishes()


def rebalance_request(
    book: Book,
    policy: Policy,
    wishes: Wishes = NOTHING_WISHED,
    *,
    as_of: date | None = None,
    provider: str = "sample",
    factor_returns: FactorReturns | None = None,
) -> RebalanceRequest:
    """The request that these values make; the same values make the same identity from every door.

    Args:
        as_of: prices up to this day; None is the newest. provider: where prices come from, by name.
        factor_returns: what the policy's factor model regresses on. None leaves a source that it names unread.
    Raises:
        UnknownField, InvalidValue, MissingInput: a word that is not known or out of range, a wish for another portfolio, a
        provider that names a file. DataError: a book that names no asset.
    """
    text(book.holdings.portfolio_id, "portfolio_id")
    if ":" in provider:
        raise InvalidValue("provider", provider, "names a file, and only values are read here", fix="name a provider alone")
    request = RebalanceRequest(
        holdings=book.holdings,
        policy=policy,
        universe=book.universe,
        benchmark=book.benchmark,
        as_of=as_of,
        provider=provider,
        factor_returns=factor_returns,
        notes=book.notes,
    )
    return wished(request, wishes)


def wished(request: RebalanceRequest, wishes: Wishes) -> RebalanceRequest:
    """The same request as these wishes want it."""
    if wishes.foreign is not None:
        request = wishes.foreign.asked_of(request)
    policy = laid_over(checked(request.policy), wishes)
    flow, no_worse = wishes.cash_flow or request.cash_flow, wishes.no_worse or request.no_worse
    request = dataclasses.replace(request, policy=policy, cash_flow=flow, no_worse=no_worse)
    request = with_shares_said(request, wishes)
    request = seen_through(request, wishes.look_through, "look_through") if wishes.look_through else request
    return request.seeking(policy) if wishes.names_an_aim else request


def with_shares_said(request: RebalanceRequest, wishes: Wishes) -> RebalanceRequest:
    """The request with what is wished of the shares that are held: confirmed, converted, or beside what happened to them."""
    foreign = wishes.foreign
    confirmed = {*request.confirmed_shares, *wishes.confirmed_shares, *(foreign.confirmed_shares if foreign else ())}
    splits = {**splits_of("splits", foreign.splits if foreign else {}), **wishes.splits}
    holdings, notes = after_splits(request.holdings, splits, "splits")
    for asset in sorted(confirmed - set(request.confirmed_shares)):
        if not holdings.shares.get(asset):
            raise InvalidValue("confirmed_shares", asset, "is not held", fix=f"leave {asset} out")
        notes = (*notes, f"the shares of {asset} were confirmed as those of the prices' day")
    held = tuple(action for action in wishes.actions if holdings.shares.get(action.asset_id))
    new = tuple(note for note in notes if note not in request.notes)
    return dataclasses.replace(
        request,
        holdings=holdings,
        confirmed_shares=tuple(sorted(confirmed)),
        actions=held or request.actions,
        notes=(*request.notes, *new),
    )
