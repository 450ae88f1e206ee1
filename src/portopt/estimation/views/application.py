"""One door for every kind of view; each kind is imported when there are views of it."""

from __future__ import annotations

from typing import Any

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.moments import Moments
from portopt.domain.request import EstimationChoice
from portopt.estimation.views.parse import PATH
from portopt.estimation.views.spelled import as_choice

METHODS = ("black_litterman", "entropy_pooling")


def apply_views(
    moments: Moments, choice: EstimationChoice, risk_free_rate: float, market_weights: Vector | None = None
) -> Moments:
    """`moments` after `choice.views`; the same object where there are none. See `views_applied`.

    market_weights: (n,), None where no market is known.
    """
    return views_applied(moments, choice, risk_free_rate, market_weights)[0]


def views_applied(
    moments: Moments, choice: EstimationChoice, risk_free_rate: float, market_weights: Vector | None = None
) -> tuple[Moments, dict[str, Any]]:
    """Moments after the views, and what was done to get them as plain data (empty without views).

    Args:
        moments: annual, estimated or given. choice: its `views` is the request's object (see docs: views).
        risk_free_rate: annual; views on absolute returns are turned to excess returns with it.
        market_weights: (n,) the market portfolio where the views bring none; None is equal weights.
    Raises:
        InvalidValue, UnknownField, MissingInput: a view that cannot be read, or cannot hold.
    """
    doc = as_choice(choice.views)
    if not doc:
        return moments, {}
    method = doc.get("method", "black_litterman")
    if method == "black_litterman":
        from portopt.estimation.views import return_views

        return return_views.apply(return_views.read(doc, moments.universe), moments, risk_free_rate, market_weights)
    if method == "entropy_pooling":
        from portopt.estimation.views import pooled_moments, scenario_views

        return pooled_moments.apply(scenario_views.read(doc, moments.universe), moments)
    raise InvalidValue(f"{PATH}.method", method, f"must be one of {', '.join(METHODS)}")
