"""What views did to the beliefs."""

from __future__ import annotations

from portopt import formulation
from portopt.domain.found import BeliefsBeforeAndAfter
from portopt.domain.request import OptimizationRequest


def views(request: OptimizationRequest) -> BeliefsBeforeAndAfter:
    """Expected returns and volatilities before and after the request's views, and each view with its weight."""
    from portopt.estimation.views.application import views_applied

    prior = formulation.prior_beliefs(request)
    posterior, told = views_applied(prior, request.estimation, request.risk_free_rate, formulation.market_of(request))
    return BeliefsBeforeAndAfter(request.portfolio_id, prior, posterior, told)
