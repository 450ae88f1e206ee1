"""Every figure of the report in one sentence. A figure without a line here does not go into the report."""

from __future__ import annotations

DEFINITIONS: tuple[tuple[str, str], ...] = (
    ("Weight", "Market value of a position over the value of the portfolio, cash included; weights add up to one."),
    ("Current weight", "The weight before the trade, from the holdings at the prices of this report."),
    ("Target weight", "The weight at the continuous optimum, before rounding to whole shares."),
    ("Proposed weight", "The weight that the proposed shares give, at the same prices."),
    ("Portfolio value", "Shares times price, each position to the cent, plus cash."),
    (
        "Turnover",
        "Half the sum of absolute weight changes, cash included: the larger of buys and sells over portfolio value.",
    ),
    ("Gross", "The value of everything bought plus everything sold."),
    (
        "Total cost",
        "Estimated commission plus market impact of all trades, each rounded half-even to the cent and then added.",
    ),
    ("Cost in basis points", "Total cost over portfolio value; one basis point is one hundredth of a percent."),
    ("Cash after", "Cash before, plus sells, minus buys, minus total cost."),
    ("Expected return", "μ'w: weights times annual arithmetic expected returns, as the estimator named here gives them."),
    ("Volatility", "√(w'Σw): standard deviation of the annual return under the covariance used."),
    ("Sharpe ratio", "(μ'w − risk-free rate) / volatility."),
    ("Tracking error", "√((w−b)'Σ(w−b)): standard deviation of the annual return relative to the benchmark weights b."),
    (
        "Information ratio, ex ante",
        "μ'(w − b) / tracking error: expected return over the benchmark's, per unit of distance from it.",
    ),
    (
        "Deepest drawdown, in-sample",
        "The largest fall from a peak that these weights, held constant, would have had over the history used; "
        "it looks back at data the weights were chosen on and is no forecast.",
    ),
    (
        "± (error)",
        "1.96 standard errors of the estimate, 95 %, from histories drawn again from the one there was; of a change both "
        "portfolios are drawn on the same days.",
    ),
    (
        "Average score",
        "Σ wᵢ sᵢ / Σ wᵢ over the positions that have a score, cash aside; the share that has one stands beside it.",
    ),
    ("Positions", "Number of assets with a weight other than zero, cash not counted."),
    ("Risk contribution", "wᵢ(Σw)ᵢ / volatility: the contributions add up to the volatility, the shares to one."),
    ("Slack", "Distance of a reading to the nearer side of its limit, in the limit's own unit; negative is a violation."),
    ("Binding", "The continuous optimum touches this side: with more room there would be a better portfolio."),
    (
        "Price of a limit",
        "First-order gain in annual risk-adjusted return, in basis points, from opening the limit by the step shown.",
    ),
    ("Efficient frontier", "The portfolios with the least volatility for their expected return, under the same limits."),
    ("Worst violation", "The largest amount by which any hard limit is missed at the continuous optimum, in natural units."),
    ("Stationarity", "Residual of the first optimality condition (the gradient of the Lagrangian), relative to its scale."),
    ("Dual infeasibility", "How far multipliers are from the sign or cone they must have, relative."),
    ("Complementarity", "Slack times multiplier, at most: a limit with a price must touch, relative."),
    ("Gap", "Bound, in the objective's unit, on how much better any portfolio within the limits could be."),
    ("Relative gap", "The gap over the scale of the objective."),
    (
        "Rounding gap",
        "How much worse the proposed shares are than the continuous optimum, in the objective's unit.",
    ),
    (
        "Orders certified",
        "Every hard limit is kept by the book that the orders make, worked out from its own definition in rational numbers, by "
        "code that shares nothing with what chose the shares; and the continuous optimum beside it is certified.",
    ),
    (
        "Short of the optimum, proven",
        "The rounding gap over the objective at the continuous optimum. Proven: no portfolio within the limits, in whole "
        "shares or not, is better than that optimum by more than its own gap.",
    ),
    (
        "% a year, in a reason",
        "What moving money into the position, or out of it, changes a year at the margin, as a share of the money moved: one "
        "unit for every such figure. Worth more than the same money elsewhere: return, less what is charged for risk, less "
        "what the same money is worth elsewhere, before trading costs and limits.",
    ),
    (
        "Charged for risk",
        "Risk aversion times the position's covariance with the portfolio: what its risk costs a year, in return.",
    ),
    (
        "Elsewhere",
        "What one more unit of money is worth in the portfolio, a year: the multiplier of the budget. Where return is not "
        "weighed, the covariance that a position has at which nothing but the budget pulls.",
    ),
    (
        "Pull",
        "Of the objective, of the trading cost, of the tax or of a limit, on one weight: its part of the gradient at the "
        "optimum, in basis points a year per unit of weight. At each asset the pulls add up to nothing.",
    ),
)


def definitions() -> list[dict[str, str]]:
    return [{"term": term, "meaning": meaning} for term, meaning in DEFINITIONS]
