"""A question about a portfolio that the service keeps: its book, its policy and its prices, as one complete request."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from portopt.dialects.names import in_s2_words
from portopt.dialects.reading import one_of
from portopt.dialects.submissions import Submission
from portopt.domain.errors import InvalidValue, UnknownPolicy
from portopt.domain.portfolio import Portfolio
from portopt.domain.request import Policy, RebalanceRequest
from portopt.doors.files import priced_by, with_factor_returns
from portopt.intake.policy import Wishes
from portopt.intake.request import rebalance_request
from portopt.intake.standing import book_of
from portopt.questions import policies
from portopt.runtime import PROVIDERS

if TYPE_CHECKING:
    from portopt.runtime import Runtime

PACK = "pack:"  # before a pack's id, where a provider is named


def request_of(portfolio: Portfolio, asked: Submission, runtime: Runtime) -> RebalanceRequest:
    """Raises MissingInput for a portfolio without holdings; UnknownField and InvalidValue in the words that asked."""
    policy = policy_named(asked.policy, portfolio, runtime)
    with in_s2_words():
        flow = asked.wish.cash_flow or portfolio.cash_flow
        wishes = Wishes(foreign=asked.wish, cash_flow=flow)
        request = rebalance_request(book_of(portfolio), policy, wishes, as_of=asked.as_of)
    return with_factor_returns(priced_by(request, provider_of(portfolio, asked, runtime)))


def policy_named(named: str | None, portfolio: Portfolio, runtime: Runtime) -> Policy:
    """The policy that a body names, or the portfolio's own. Raises InvalidValue for one that nobody knows.

    Where the portfolio's own wants four eyes, so does the one that is named in its place.
    """
    policy = _policy(named or portfolio.policy, runtime)
    if named is None or named == portfolio.policy or policy.wants_four_eyes:
        return policy
    own = _policy(portfolio.policy, runtime)
    return dataclasses.replace(policy, approval=own.approval) if own.wants_four_eyes else policy


def _policy(policy_id: str, runtime: Runtime) -> Policy:
    try:
        return policies.policy(policy_id, runtime)
    except UnknownPolicy as error:
        raise InvalidValue("policy", error.value, "is the id of no policy here", fix=" or ".join(error.fixes)) from None


def provider_of(portfolio: Portfolio, asked: Submission, runtime: Runtime) -> str:
    """Where the prices come from: the pack or the provider that is named, the portfolio's, or the installation's.

    A body names a provider by a word of ours, and a pack by its id: never a file, never an address.
    """
    if asked.pricing_pack_id is not None:
        if not runtime.packs.has(asked.pricing_pack_id):
            fix = "POST /api/v1/packs brings one, GET /api/v1/packs lists them"
            raise InvalidValue("pricing_pack_id", asked.pricing_pack_id, "is the id of no pricing pack here", fix=fix)
        return PACK + asked.pricing_pack_id
    if asked.provider is not None:
        return one_of(asked.provider, "provider", PROVIDERS)
    return portfolio.provider or runtime.settings.market
