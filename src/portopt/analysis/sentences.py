"""Why one asset is bought, sold or kept, in one sentence. The numbers in it are pulls and readings, nothing is made up.

What moves an asset, and what ends the move, is whatever pulls hardest each way: its own merit, the trading cost, or a limit,
which speaks for itself (domain/voice.py).
"""

from __future__ import annotations

from portopt.analysis.pulls import COST, GOALS, RETURN, RISK, UNCERTAINTY
from portopt.analysis.situation import FELT, MOVED, NOTHING, Situation
from portopt.domain.covariance import Covariance
from portopt.domain.problem import Limit, Measure
from portopt.domain.words import signed_percent

LONG_ONLY = "long_only"
BACK = "back to "  # where a limit asks for so much and no more: the verb goes on with it


def sentence(s: Situation, i: int) -> str:
    """One line for asset i."""
    asset = s.asset(i)
    if i == s.problem.universe.cash_position:
        return _of_cash(s, i)
    if not asset.tradable:
        return f"Kept at {signed_percent(s.w[i])}: it cannot be traded"
    verb, because = _verb(s, i), _because(s, i)
    if because.startswith(BACK):
        return f"{verb} {because}"
    return f"{verb}: {because}" if because else verb


def _of_cash(s: Situation, i: int) -> str:
    for limit in s.problem.limits:
        pull = s.pull(limit.kind, i)
        said = limit.of_cash(float(s.w[i]), up=pull > 0.0) if abs(pull) > FELT else ""
        if said:
            return f"Cash: {said}"
    return f"Cash: {signed_percent(s.w[i])}, what is left after the trades"


def _verb(s: Situation, i: int) -> str:
    before, after = s.before(i), float(s.w[i])
    if s.problem.w_prev is None:
        return "Not held" if abs(after) < NOTHING else f"Held at {signed_percent(after)}"
    if abs(after - before) <= MOVED:
        forbidding = _forbidding(s, i)
        if forbidding is not None:
            return f"Not {forbidding.forbids}"
        return "Not bought" if abs(after) < NOTHING else "Kept"
    if after > before:
        cap = _own_cap(s, i)
        return "Bought" if cap is None else f"Bought to the {signed_percent(cap)} position cap"
    if abs(after) < NOTHING:
        return "Sold entirely"
    cap = _own_cap(s, i)
    if cap is not None:
        return f"Trimmed to the {signed_percent(cap)} position cap"
    return "Sold short" if after < 0.0 <= before else "Trimmed"


def _because(s: Situation, i: int) -> str:
    """The strongest reason that applies, the most particular first; nothing where the verb says it all."""
    moved = float(s.w[i]) - s.before(i)
    if s.problem.w_prev is not None and abs(moved) <= MOVED and _forbidding(s, i) is not None:
        return _forbidden(s, i)
    barred = _barred(s, i)
    if barred:
        return barred
    if abs(moved) <= MOVED:
        return _unheld(s, i) or _at_its_floor(s, i) or _kept(s, i)
    if _own_cap(s, i) is not None:
        return _merit(s, i) + _stopped(s, i, up=True) if moved > 0.0 else ""
    floored = _at_its_floor(s, i)
    if floored:
        return floored
    up = moved > 0.0
    return ("" if up else _full_group(s, i)) or _unheld(s, i) or _driver(s, i, up=up) + _stopped(s, i, up=up)


def _barred(s: Situation, i: int) -> str:
    """Why the asset may not be held, by the limit that says so; a wish that is missed bars nothing."""
    held = float(s.w[i])
    limits = [limit for limit in s.problem.limits if not (limit.soft and held > NOTHING)]
    return next((said for limit in limits if (said := limit.bars(s.asset(i), held))), "")


def _driver(s: Situation, i: int, *, up: bool) -> str:
    """What pulls hardest the way the trade goes: a limit, or the asset's own merit."""
    limit, strength = s.strongest(i, up=up)
    merit = s.merit(i) if up else -s.merit(i)
    if limit is not None and strength > merit:
        return s.pressed(limit, i, up=up)
    return _merit(s, i) if merit > -FELT or RETURN not in s.pulls else f"nothing pulls at it at the margin ({_figures(s, i)})"


def _stopped(s: Situation, i: int, *, up: bool) -> str:
    """What pulls hardest against the trade, and so ends it; nothing where there is nothing left to trade."""
    if not up and abs(s.w[i]) < NOTHING:
        return ""
    limit, strength = s.strongest(i, up=not up)
    cost = -s.pull(COST, i) if up else s.pull(COST, i)
    if max(strength, cost) <= FELT or (limit is not None and limit.caps_positions and strength >= cost):
        return ""  # a cap on the position is said already
    name = "the trading cost" if limit is None or cost > strength else limit.stops
    return f"; {name} {'stops more' if up else 'keeps the rest'}"


def _full_group(s: Situation, i: int) -> str:
    """A group at its cap: the more particular reason to sell, whatever else would sell the asset too."""
    asset = s.asset(i)
    for limit in s.problem.limits:
        if s.pull(limit.kind, i) < -FELT and limit.binds_group_of(asset):
            return s.pressed(limit, i, up=False) + _stopped(s, i, up=False)
    return ""


def _own_cap(s: Situation, i: int) -> float | None:
    """The position cap, where it presses."""
    for limit in s.problem.limits:
        if limit.caps_positions and s.pull(limit.kind, i) < -FELT:
            sides = s.reading(limit).sides(s.problem.universe.ids[i])
            return None if sides is None else sides[1]
    return None


def _at_its_floor(s: Situation, i: int) -> str:
    """The position floor, where nothing else keeps the asset up harder."""
    limit, strength = s.strongest(i, up=True)
    if limit is None or not limit.floors_positions or s.pull(COST, i) > strength:
        return ""
    costs = f", which costs {_rate(strength)} a year of the money" if s.weighs_return else ""
    return f"it stands at its position floor of {signed_percent(s.w[i])}{costs}"


def _unheld(s: Situation, i: int) -> str:
    """For an asset at nothing: what the first unit would lose a year, or the limit that forbids it harder than that."""
    if abs(s.w[i]) >= NOTHING:
        return ""
    loses = s.pull(LONG_ONLY, i)
    if s.before(i) <= MOVED:  # not yet bought, the cost of buying is to come
        loses += s.pull(COST, i) + sum(s.pull(limit.kind, i) for limit in s.problem.limits if limit.uses)
    if loses <= FELT:
        return ""
    limit, strength = s.strongest(i, up=False)
    if limit is not None and not limit.uses and strength > -s.merit(i):
        return s.pressed(limit, i, up=False)
    would = f"lose {_rate(loses)} a year" if s.weighs_return else "add to the risk"
    if s.problem.target is not None:
        would = "lead away from what was constructed"
    return f"at the margin it would {would} ({_figures(s, i)}{_beside(s, i) if RETURN in s.pulls else ''})"


def _holding(s: Situation, i: int) -> tuple[Limit | None, float, bool]:
    """The limit that keeps an asset where it is, how hard, and whether it is a purchase that it stops."""
    (below, down), (above, up) = s.strongest(i, up=False), s.strongest(i, up=True)
    return (below, down, True) if down > up else (above, up, False)


def _forbidding(s: Situation, i: int) -> Limit | None:
    """What keeps an asset where it is, where that is a ban on trading it; none says so of what nobody would trade."""
    limit, _, purchase = _holding(s, i)
    if limit is None or not limit.forbids or (purchase and s.problem.objective.left_alone):
        return None
    return limit


def _forbidden(s: Situation, i: int) -> str:
    """ "do-not-sell; a sale would add 0.12 % a year" """
    limit, strength, purchase = _holding(s, i)
    said = "" if limit is None else limit.stops
    if not s.weighs_return:
        return said
    added = abs((strength if not purchase else -strength) + s.pull(COST, i))
    return f"{said}; {'a purchase' if purchase else 'a sale'} would add {_rate(added)} a year"


def _kept(s: Situation, i: int) -> str:
    """For an asset that is not traded: the limit that stops a trade, or what it would cost against what it would add."""
    if s.problem.w_prev is None or s.problem.objective.left_alone:
        return s.problem.objective.left_alone
    limit, strength, purchase = _holding(s, i)
    cost = s.pull(COST, i)
    by_cost = limit is None or (abs(cost) > strength and not limit.uses)
    added = cost + (0.0 if by_cost or limit is None else s.pull(limit.kind, i))
    added = abs(added + (s.pull(LONG_ONLY, i) if abs(s.w[i]) < NOTHING else 0.0))
    if limit is None or by_cost:
        full = s.rates[i]
        if full <= 0.0:
            return ""
        too = "" if limit is None else f"; {limit.stops} stops {'a purchase' if purchase else 'a sale'} too"
        return f"trading it would cost more than it adds ({_rate(full)} against {_rate(added)} a year){too}"
    adds = _rate(added)
    if limit.uses and s.weighs_return:
        return f"a trade would add {adds} a year, less than the {limit.uses} it uses is worth elsewhere"
    if limit.uses:
        return f"the {limit.uses} a trade would use is worth more elsewhere"
    if s.weighs_return:
        return f"{'buying more' if purchase else 'selling'} would add {adds} a year; {limit.stops} stops it"
    return f"{limit.stops} stops {'a purchase' if purchase else 'a sale'}"


def _merit(s: Situation, i: int) -> str:
    if RETURN not in s.pulls:
        return _figures(s, i)
    merit = s.merit(i)
    compared = f"{_rate(merit)} a year {'more' if merit >= 0.0 else 'less'} than the same money elsewhere"
    compared = "as much as the same money elsewhere" if abs(merit) <= FELT else compared
    return f"after its risk it is worth {compared} ({_figures(s, i)}{_beside(s, i)})"


def _beside(s: Situation, i: int) -> str:
    """What else its worth is made of, so that the figures add up: uncertainty, goals, what money is worth elsewhere."""
    told = [f", {signed_percent(s.pull(name, i) / 1e4)} for {name}" for name in (UNCERTAINTY, GOALS) if s.pull(name, i)]
    elsewhere = -sum(s.pull(limit.kind, i) for limit in s.problem.limits if limit.pulls_everywhere)
    return "".join(told) + (f"; elsewhere {signed_percent(elsewhere / 1e4)}" if abs(elsewhere) > FELT else "")


def _figures(s: Situation, i: int) -> str:
    """Return and the price of risk; where return does not count, risk alone."""
    objective = s.problem.objective
    told = objective.of_asset(i, s.problem)
    if told:
        return told
    if s.problem.target is not None:
        return f"the {objective.kind.replace('_', '-')} portfolio holds {signed_percent(float(s.problem.target[i]))} of it"
    if RETURN not in s.pulls:
        if objective.about_benchmark and s.problem.benchmark is not None:
            return f"its benchmark weight is {signed_percent(float(s.problem.benchmark[i]))}"
        if objective.helpers == RISK and objective.risk is not None:
            return _marginal(s, objective.risk, i)
        covariance = s.problem.moments.covariance
        own = float(covariance.times(s.w)[i])
        return (
            f"its covariance with the portfolio is {own:.4f}, that of the same money elsewhere {_elsewhere(s, covariance):.4f}"
        )
    earned = f"return {signed_percent(s.pull(RETURN, i) / 1e4)}"
    return earned if RISK not in s.pulls else f"{earned}, charged {signed_percent(-s.pull(RISK, i) / 1e4)} for risk"


def _elsewhere(s: Situation, covariance: Covariance) -> float:
    """The covariance that an asset which nothing else pulls at has: the budget's multiplier; without a budget the variance."""
    pull = sum(s.pull(limit.kind, 0) for limit in s.problem.limits if limit.pulls_everywhere)
    return pull / 1e4 / (s.gamma or 1.0) if pull else covariance.variance(s.w)


def _marginal(s: Situation, measure: Measure, i: int) -> str:
    """What a unit more of i adds to the measure that is minimized, by the multipliers where it has a kink."""
    whole = measure.value(s.w, s.problem)
    scale = (s.gamma or 1.0) * (whole if measure.is_root else 1.0)
    own = -s.pull(RISK, i) / 1e4 / scale if scale > 0.0 else 0.0
    return f"its marginal {measure.describe()}, is {signed_percent(own)}, the portfolio's {signed_percent(whole)}"


def _rate(amount: float) -> str:
    """A pull, in basis points, as a percentage a year of the money moved: "3.70 %", of very little two digits, "0.0042 %"."""
    percent = abs(amount) / 100.0
    return f"{percent:.2f} %" if percent >= 0.0995 or percent == 0.0 else f"{float(f'{percent:.2g}'):.4g} %"
