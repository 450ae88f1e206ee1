"""Everything said about one certified answer: prices of limits, where the risk comes from, why each trade."""

from __future__ import annotations

from portopt.analysis.pulls import own_risk_aversion, pulls
from portopt.analysis.risk import risk_contributions
from portopt.analysis.sentences import sentence
from portopt.analysis.situation import FELT, Situation, marginal_costs
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.errors import DataError
from portopt.domain.explanation import Explanation, ShadowPrice, TradeReason
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer

BPS_IN_ONE = 1e4


def explain(problem: Problem, form: StandardForm, validated: ValidatedSolution, prices: tuple[ShadowPrice, ...]) -> Explanation:
    """Reasons for every asset of the universe, traded or not, at the continuous optimum.

    Args:
        problem, form: as they were solved. validated: the certified answer, with its multipliers.
        prices: shadow prices of the limits, passed on.
    Raises:
        DataError: an answer without multipliers.
    """
    raw = validated.solution.raw
    if raw is None or raw.x is None:
        raise DataError("a certified answer without the solver's own cannot be explained", field="solution")
    pulled = {name: BPS_IN_ONE * amounts for name, amounts in pulls(problem, form, raw).items()}
    gamma = risk_aversion(problem, form, raw)
    situation = Situation(problem, validated.weights, pulled, gamma, marginal_costs(problem))
    kinds = {limit.kind for limit in problem.limits if not limit.pulls_everywhere}
    reasons = []
    for i, asset_id in enumerate(problem.universe.ids):
        own = {name: float(amounts[i]) for name, amounts in pulled.items() if amounts[i] != 0.0}
        pressing = tuple(name for name, amount in own.items() if name in kinds and abs(amount) > FELT)
        reasons.append(TradeReason(asset_id, sentence(situation, i), pressing, own))
    contributions = risk_contributions(problem, validated.weights)
    return Explanation(prices, contributions, tuple(reasons), gamma)


def risk_aversion(problem: Problem, form: StandardForm, raw: RawAnswer) -> float | None:
    """The risk aversion at which this portfolio maximizes utility.

    Of a ratio its own, excess return over variance; else the one that was given; None where return and risk were not
    weighed against each other (the most return, the least risk).
    """
    if form.ratio and raw.x is not None:
        return own_risk_aversion(form, raw.x)
    given = problem.objective.gamma
    return None if given is None else float(given)
