"""Why one asset is bought, sold or kept, in one sentence. The numbers in it are pulls and readings, nothing is made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portopt.analysis.pulls import CONSTRUCTION, COST, GOALS, RETURN, RISK, UNCERTAINTY
from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.terms.risk_measures.protocol import RiskMeasure, RootMeanSquare

MOVED = 1e-6  # of the portfolio; a smaller change is no trade
NOTHING = 1e-9
FELT = 0.01  # basis points
GROUP_LIMITS = {"sector_limits": "sector", "asset_class_limits": "asset class"}
CURVED_LIMITS = {"max_tracking_error": "tracking error", "max_volatility": "volatility", "max_risk": "limited risk"}
STOPS = {
    "max_turnover": "the turnover limit",
    COST: "the trading cost",
    "sector_limits": "the limit of its sector",
    "asset_class_limits": "the limit of its asset class",
    "max_risk": "the risk limit",
    "max_tracking_error": "the tracking-error limit",
    "max_volatility": "the volatility limit",
    "leverage_limit": "the leverage limit",
}


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """The problem, its optimum w (n,), the pulls there by source, (n,) basis points each, and the risk aversion or None."""

    problem: Problem
    w: Vector
    pulls: Mapping[str, Vector]
    gamma: float | None

    def pull(self, source: str, i: int) -> float:
        amounts = self.pulls.get(source)
        return 0.0 if amounts is None else float(amounts[i])

    def before(self, i: int) -> float:
        return 0.0 if self.problem.w_prev is None else float(self.problem.w_prev[i])

    @property
    def weighs_return(self) -> bool:
        """Whether pulls are annual return; else half variance, which has no basis points a year."""
        return RETURN in self.pulls or self.gamma is not None


def sentence(s: Situation, i: int) -> str:
    """One line for asset i."""
    asset = s.problem.universe.assets[i]
    if i == s.problem.universe.cash_position:
        return _of_cash(s, i)
    if not asset.tradable:
        return f"Kept at {_percent(s.w[i])}: it cannot be traded"
    verb, because = _verb(s, i), _because(s, i)
    return f"{verb}: {because}" if because else verb


def _of_cash(s: Situation, i: int) -> str:
    at_cap, at_floor = s.pull("cash", i) < -FELT, s.pull("cash", i) > FELT
    if s.pull("fully_invested", i):
        return "Cash: none, the portfolio is to be fully invested"
    if at_cap or at_floor:
        return f"Cash: at its {'cap' if at_cap else 'floor'} of {_percent(s.w[i])}"
    return f"Cash: {_percent(s.w[i])}, what is left after the trades"


def _verb(s: Situation, i: int) -> str:
    before, after = s.before(i), float(s.w[i])
    if s.problem.w_prev is None:
        return "Not held" if abs(after) < NOTHING else f"Held at {_percent(after)}"
    if abs(after - before) <= MOVED:
        return "Not bought" if abs(after) < NOTHING else "Kept"
    if after > before:
        cap = _own_cap(s, i)
        return "Bought" if cap is None else f"Bought to the {_percent(cap)} position cap"
    if abs(after) < NOTHING:
        return "Sold entirely"
    cap = _own_cap(s, i)
    if cap is not None:
        return f"Trimmed to the {_percent(cap)} position cap"
    return "Sold short" if after < 0.0 <= before else "Trimmed"


def _because(s: Situation, i: int) -> str:
    """The strongest reason that applies, the most particular first; nothing where the verb says it all."""
    quality = _quality(s, i)
    if quality:
        return quality
    moved = float(s.w[i]) - s.before(i)
    if _own_cap(s, i) is not None:
        return _merit(s, i) if moved > MOVED else ""
    if s.pull("min_weight", i) > FELT:
        costs = f", which costs {_bps(s.pull('min_weight', i))} a year at the margin" if s.weighs_return else ""
        return f"it stands at its floor of {_percent(s.w[i])}{costs}"
    full = _group(s, i)
    if full and moved < -MOVED:  # the more particular reason, whatever else would sell the asset too
        return full + _stopped(s, i, up=False)
    unheld = _unheld(s, i)
    return unheld or _still(s, i) or _driver(s, i, up=moved > 0.0) + _stopped(s, i, up=moved > 0.0)


def _driver(s: Situation, i: int, *, up: bool) -> str:
    """What pulls hardest the way the trade goes: a limit of its group, a limit on risk, or its own merit."""
    sign = 1.0 if up else -1.0
    strength = {kind: sign * s.pull(kind, i) for kind in (*GROUP_LIMITS, *CURVED_LIMITS)}
    kind = max(strength, key=lambda name: strength[name])
    if strength[kind] <= FELT or strength[kind] < sign * _merit_of(s, i):
        return _merit(s, i)
    if kind in GROUP_LIMITS:
        return _group(s, i)
    return f"{'holding more' if up else 'holding less'} lowers the {CURVED_LIMITS[kind]}, which is at its limit"


def _stopped(s: Situation, i: int, *, up: bool) -> str:
    """What pulls hardest against the trade, and so ends it."""
    sign = -1.0 if up else 1.0
    strength = {name: sign * s.pull(name, i) for name in STOPS}
    name = max(strength, key=lambda kind: strength[kind])
    return f"; {STOPS[name]} {'stops more' if up else 'keeps the rest'}" if strength[name] > FELT else ""


def _quality(s: Situation, i: int) -> str:
    """The quality floor, for an asset it bars."""
    limit = s.problem.limit("min_quality")
    floor = getattr(limit, "score", None)
    score = s.problem.universe.assets[i].quality_score
    if floor is None or (score is not None and score >= floor):
        return ""
    told = "it has no quality score, which is not a pass:" if score is None else f"quality {score:g} is below"
    kept = " and an existing position may be kept" if s.w[i] > NOTHING else ""
    return f"{told} the floor of {floor:.1f}{kept}" if score is not None else f"{told} the floor is {floor:.1f}{kept}"


def _group(s: Situation, i: int) -> str:
    """A sector or asset class at its cap or floor."""
    asset = s.problem.universe.assets[i]
    for kind, noun in GROUP_LIMITS.items():
        pull = s.pull(kind, i)
        limit = s.problem.limit(kind)
        if abs(pull) <= FELT or limit is None:
            continue
        name = asset.sector if kind == "sector_limits" else asset.asset_class
        reading = limit.read(s.w, s.problem)
        if name in reading.members:
            at = reading.members.index(name)
            side, bound = ("cap", reading.upper[at]) if pull < 0.0 else ("floor", reading.lower[at])
            return f"its {noun} {name} is at the {_percent(bound)} {side}"
    return ""


def _own_cap(s: Situation, i: int) -> float | None:
    """The position cap, where it presses."""
    limit = s.problem.limit("max_weight")
    if limit is None or s.pull("max_weight", i) >= -FELT:
        return None
    reading = limit.read(s.w, s.problem)
    asset_id = s.problem.universe.ids[i]
    return float(reading.upper[reading.members.index(asset_id)]) if asset_id in reading.members else None


def _unheld(s: Situation, i: int) -> str:
    """For an asset at nothing: what the first unit would lose a year, before any cost of buying it."""
    if abs(s.w[i]) >= NOTHING:
        return ""
    bought_for = s.pull(COST, i) + s.pull("max_turnover", i)
    loses = s.pull("long_only", i) + bought_for
    if s.before(i) > MOVED:
        loses = s.pull("long_only", i)  # sold to the end: the cost of selling has been paid
    if loses <= FELT:
        return ""
    would = f"lose {_bps(loses)} a year" if s.weighs_return else "add to the risk"
    if s.problem.target is not None:
        would = "lead away from what was constructed"
    return f"at the margin it would {would} ({_figures(s, i)})"


def _still(s: Situation, i: int) -> str:
    """For an asset that is not traded: what a trade would cost at the margin against what it would add."""
    if s.problem.w_prev is None or abs(float(s.w[i]) - s.before(i)) > MOVED:
        return ""
    turnover = s.pull("max_turnover", i)
    adds = abs(s.pull(COST, i) + turnover)
    if abs(s.w[i]) < NOTHING:
        adds = abs(s.pull(COST, i) + turnover + s.pull("long_only", i))
    if turnover and not s.weighs_return:
        return "the turnover a trade would use is worth more elsewhere"
    if turnover:
        return f"a trade would add {_bps(adds)} a year, less than the turnover it uses is worth elsewhere"
    full = _marginal_cost(s, i)
    return f"trading it would cost more than it adds ({_bps(full)} against {_bps(adds)} a year)" if full > 0.0 else ""


def _marginal_cost(s: Situation, i: int) -> float:
    """Basis points a year of the value traded, at the first share: what does not depend on size."""
    rates = [_rate(getattr(cost, "bps", 0.0), s.problem.universe.ids[i]) for cost in s.problem.costs]
    return float(sum(rates)) / s.problem.holding_period_years


def _rate(bps: float | Mapping[str, float], asset_id: str) -> float:
    """The rate of one asset: one for all of them, or by asset, "*" for those not named."""
    return float(bps.get(asset_id, bps.get("*", 0.0))) if isinstance(bps, Mapping) else float(bps)


def _merit_of(s: Situation, i: int) -> float:
    """What one more unit is worth after its risk, against what the same money is worth anywhere else in the book."""
    return sum(s.pull(source, i) for source in (RETURN, RISK, UNCERTAINTY, GOALS, CONSTRUCTION, "budget"))


def _merit(s: Situation, i: int) -> str:
    if RETURN not in s.pulls:
        return _figures(s, i)
    merit = _merit_of(s, i)
    compared = f"{_percent(abs(merit) / 1e4)} a year {'more' if merit >= 0.0 else 'less'} than the same money elsewhere"
    return f"after its risk it is worth {compared} ({_figures(s, i)})"


def _figures(s: Situation, i: int) -> str:
    """Return and the price of risk; where return does not count, risk alone."""
    if s.problem.target is not None:
        made = s.problem.objective.kind.replace("_", "-")
        return f"the {made} portfolio holds {_percent(float(s.problem.target[i]))} of it"
    if RETURN not in s.pulls:
        if s.problem.objective.kind == "min_tracking_error" and s.problem.benchmark is not None:
            return f"its benchmark weight is {_percent(float(s.problem.benchmark[i]))}"
        measure = getattr(s.problem.objective, "helpers", "") == RISK and getattr(s.problem.objective, "risk", None)
        if measure:
            return _marginal(s, measure, i)
        covariance = s.problem.moments.covariance
        own, whole = float(covariance.times(s.w)[i]), covariance.variance(s.w)
        return f"its covariance with the portfolio is {own:.4f}, the portfolio's variance {whole:.4f}"
    earned = f"return {_percent(s.pull(RETURN, i) / 1e4)}"
    return earned if RISK not in s.pulls else f"{earned}, charged {_percent(-s.pull(RISK, i) / 1e4)} for risk"


def _marginal(s: Situation, measure: RiskMeasure, i: int) -> str:
    """What a unit more of i adds to the measure that is minimized, by the multipliers where it has a kink."""
    whole = measure.value(s.w, s.problem)
    scale = (s.gamma or 1.0) * (whole if isinstance(measure, RootMeanSquare) else 1.0)
    own = -s.pull(RISK, i) / 1e4 / scale if scale > 0.0 else 0.0
    return f"its marginal {measure.describe()}, is {_percent(own)}, the portfolio's {_percent(whole)}"


def _percent(fraction: float) -> str:
    return f"{100.0 * fraction + 0.0:.2f} %".replace("-", "\N{MINUS SIGN}")


def _bps(amount: float) -> str:
    return f"{amount:.0f} bps" if amount >= 10.0 else f"{amount:.1f} bps"
