"""Every limit of the catalog decides an order on a small book, and the reason of that order names it.

A limit without a row here fails: what it stops, or asks for, has to be told by its own words.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from decided_trades import Ordered, ordered, problem_with, without

from portopt.terms.catalog import LIMITS

UTILITY: dict[str, Any] = {"kind": "utility", "risk_aversion": 4.0}
LEAST: dict[str, Any] = {"kind": "min_risk"}


class Decides(NamedTuple):
    """Under the objective, the limit decides the orders in the asset, and its reason says so in these words."""

    objective: dict[str, Any]
    asset: str
    words: str
    limits: dict[str, Any] | None = None


DECIDES = {
    "budget": Decides(UTILITY, "KO", "more than the same money elsewhere"),
    "long_only": Decides(UTILITY, "AAPL", "Sold entirely: at the margin it would lose"),
    "max_weight": Decides(UTILITY, "MSFT", "Bought to the 22.00 % position cap"),
    "min_weight": Decides(UTILITY, "AAPL", "it stands at its position floor of 5.00 %"),
    "sector_limits": Decides(UTILITY, "MSFT", "the limit of its sector stops more"),
    "asset_class_limits": Decides(UTILITY, "MSFT", "Sold entirely: its asset class Equity is at the 60.00 % cap"),
    "model_bands": Decides(UTILITY, "AAPL", "the band of the model keeps the rest"),
    "max_turnover": Decides(UTILITY, "AAPL", "the turnover limit keeps the rest"),
    "leverage_limit": Decides(UTILITY, "BOND", "the leverage limit", {"leverage_limit": 0.8, "cash": {"max": 0.5}}),
    "max_tracking_error": Decides(UTILITY, "XOM", "the tracking-error limit keeps the rest"),
    "max_volatility": Decides(UTILITY, "JNJ", "the volatility limit stops more"),
    "max_risk": Decides(UTILITY, "XOM", "the risk limit keeps the rest"),
    "exposure_limits": Decides(UTILITY, "XOM", "Sold entirely: an exposure limit asks for less of it"),
    "active_exposure_limits": Decides(UTILITY, "BOND", "an active-exposure limit stops more"),
    "factor_risk_limits": Decides(UTILITY, "BOND", "Sold entirely: a factor-risk limit asks for less of it"),
    "max_systematic_volatility": Decides(UTILITY, "BOND", "Sold entirely: the limit on systematic volatility asks for less"),
    "max_specific_volatility": Decides(UTILITY, "BOND", "the limit on specific volatility stops more"),
    "min_return": Decides(LEAST, "AAPL", "the floor on expected return keeps the rest"),
    "min_quality": Decides(LEAST, "XOM", "Kept: quality 4.5 is below the floor of 6.0 and an existing position may be kept"),
    "axis_bounds": Decides(UTILITY, "AAPL", "without it a bound on an axis would not hold in whole shares"),
    "min_esg": Decides(UTILITY, "AAPL", "the ESG floor keeps the rest"),
    "esg_exclusion": Decides(UTILITY, "BOND", "Sold entirely: ESG score 6.5 is below the floor of 7.2", {"esg_exclusion": 7.2}),
    "cash": Decides(UTILITY, "CASH", "Cash: at its floor of 5.00 %"),
    "fully_invested": Decides(LEAST, "CASH", "Cash: none, the portfolio is to be fully invested"),
    "custom": Decides(UTILITY, "AAPL", "a limit of your own keeps the rest"),
    "frozen": Decides(UTILITY, "XOM", "Kept at 9.50 %: it cannot be traded"),
    "pinned": Decides(UTILITY, "MSFT", "the trade that is pinned", {"pinned": {"MSFT": "none", "XOM": "-20"}}),
    "exclusions": Decides(UTILITY, "BOND", "Sold entirely: it is excluded and may not be held"),
    "buy_only": Decides(UTILITY, "AAPL", "Not sold: buy-only; a sale would add"),
    "sell_only": Decides(UTILITY, "MSFT", "Not bought: sell-only; a purchase would add"),
    "do_not_buy": Decides(LEAST, "XOM", "Not bought: do-not-buy"),
    "do_not_sell": Decides(UTILITY, "AAPL", "Not sold: do-not-sell; a sale would add"),
    "keep": Decides(UTILITY, "XOM", "Not traded: keep; a sale would add"),
    "max_cost": Decides(UTILITY, "AAPL", "the cost limit stops it"),
    "liquidity": Decides(UTILITY, "AAPL", "the liquidity limit keeps the rest"),
    "days_to_liquidate": Decides(UTILITY, "MSFT", "the limit on days to sell stops more"),
    "concentration": Decides(UTILITY, "XOM", "Trimmed: the concentration limit asks for less of it"),
    "top_k": Decides(UTILITY, "MSFT", "Trimmed: the limit on the largest positions asks for less of it"),
    "max_positions": Decides(LEAST, "MSFT", "Sold entirely: the limit on the number of positions asks for less of it"),
    "min_positions": Decides(UTILITY, "MSFT", "the least number of positions keeps the rest"),
    "min_position": Decides(LEAST, "GOLD", "Sold entirely: the least size of a position asks for less of it"),
    "max_trades": Decides(UTILITY, "XOM", "the limit on the number of trades stops it"),
    "min_trade": Decides(LEAST, "AAPL", "Trimmed: the least size of a trade asks for less of it"),
    "round_lots": Decides(UTILITY, "AAPL", "the whole-lot rule keeps the rest"),
    "ucits_5_10_40": Decides(UTILITY, "AAPL", "Trimmed: the 5/10/40 rule asks for less of it"),
}
NO_BOOK_WITHOUT = {"budget", "long_only"}  # without it the question has no end, or another one's
ALIKE_WITHOUT = {"frozen"}  # it binds what cannot be traded, which nobody would then trade


def proposal(kind: str, row: Decides) -> Ordered:
    tighter = {} if row.limits is None else {kind: row.limits}
    return ordered(problem_with(kind, row.objective, tighter))


def test_every_limit_of_the_catalog_has_its_row():
    assert DECIDES.keys() == LIMITS.keys()


@pytest.mark.parametrize("kind", LIMITS)
def test_the_reason_of_an_order_names_the_limit_that_decides_it(kind):
    row = DECIDES[kind]
    found = proposal(kind, row)
    assert row.words in found.sentence(row.asset)
    assert "not worth" not in found.sentence(row.asset)
    if kind not in NO_BOOK_WITHOUT | ALIKE_WITHOUT:
        free = ordered(without(found.problem, kind))
        assert free.shares(row.asset) != found.shares(row.asset)
