"""What views did to the beliefs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portopt import formulation
from portopt.domain.found import BeliefsBeforeAndAfter
from portopt.questions.posed import Asked, prices_of, rests_on

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def views(request: Asked, runtime: Runtime | None = None) -> BeliefsBeforeAndAfter:
    """Expected returns and volatilities before and after the request's views, and each view with its weight.

    runtime: to read a book's prices.
    """
    from portopt.estimation.views.application import views_applied

    snapshot = prices_of(request, runtime)
    prior = formulation.prior_beliefs(request, snapshot)
    market = formulation.market_of(request, prior.universe)
    posterior, told = views_applied(prior, request.estimation, request.risk_free_rate, market)
    return BeliefsBeforeAndAfter(request.portfolio_id, prior, posterior, told, rests_on(snapshot, runtime))
