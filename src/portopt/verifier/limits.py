"""Every limit, from its definition, on one book: exactly where it can be said in rational numbers.

A reading is (member, what is measured, floor, cap). A volatility and its like are compared by their squares, so that no root
is rounded before it is judged. A limit that is not known here by name is read from its rows in the program, where these speak
of weights alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from portopt.verifier.book import CASH, Held, Question, Weights
from portopt.verifier.exact import ONE, ZERO, dot, quadratic, written
from portopt.verifier.measures import measured as measure_of
from portopt.verifier.reading import OPEN, NotRead, Reading, Side
from portopt.verifier.tax_limits import TAX_READERS
from portopt.verifier.units import units_of

NO_GROUP, EVERY = "(none)", "*"
HELD = Fraction(1, 10**9)  # a weight below this is none

Reader = Callable[[Mapping[str, Any], Held, Question], Iterator[Reading]]


def readings(limit: Mapping[str, Any], held: Held, q: Question) -> list[Reading]:
    """Raises NotRead."""
    reader = READERS.get(limit["kind"])
    try:
        found = list(reader(limit, held, q) if reader else from_rows(limit["kind"], held, q))
        missed = limit.get("missed_before") if reader else None
        return found if missed is None else [_opened(reading, missed) for reading in found]
    except NotRead:
        raise
    except LookupError as error:
        raise NotRead(str(error.args[0]) if error.args else "the document lacks what it speaks of") from error


def _opened(reading: Reading, by: Mapping[str, Mapping[str, float]]) -> Reading:
    """As far open as the book missed it before the trade, where that need not be mended."""
    below, above = by["below"].get(reading.member), by["above"].get(reading.member)
    floor = reading.floor if reading.floor is None or below is None else reading.floor - written(below)
    cap = reading.cap if reading.cap is None or above is None else reading.cap + written(above)
    return replace(reading, floor=floor, cap=cap)


def worst(found: Sequence[Reading]) -> Fraction:
    return max((reading.excess() for reading in found), default=ZERO)


# --- weights of single assets ----------------------------------------------------------------------------------------


def _sum(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    slack = written(limit["slack"])
    yield Reading("", sum(held.w, ZERO), ONE - slack, ONE + slack)


def _no_shorts(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    least = -written(limit["slack"])
    yield from (Reading(a, w, least) for a, w in zip(q.ids, held.w, strict=True))


def _frozen(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    slack, before = written(limit["slack"]), _before(q)
    for i, a in enumerate(q.ids):
        if not q.tradable(i):
            yield Reading(a, held.w[i], before[i] - slack, before[i] + slack)


def _no_cash(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    slack = written(limit["slack"])
    yield Reading(CASH, _cash(held, q), -slack, slack)


def _cash_between(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    yield Reading(CASH, _cash(held, q), _side(limit["min"]), _side(limit["max"]))


def _caps(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    caps, through = limit["caps"], _held_through(q)
    for i, a in enumerate(q.ids):
        if a in caps or (EVERY in caps and a != CASH):
            whole = held.w[i] + _held_of(through.get(a, []), held)
            yield Reading(a, whole, OPEN, written(caps.get(a, caps.get(EVERY))))
    for name, parts in through.items():  # what funds alone hold
        if name not in q.ids and (name in caps or EVERY in caps):
            yield Reading(name, _held_of(parts, held), OPEN, written(caps.get(name, caps.get(EVERY))))


def _floors(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    floors = limit["floors"]
    for i, a in enumerate(q.ids):
        if a in floors or (EVERY in floors and a != CASH and q.tradable(i)):
            yield Reading(a, held.w[i], written(floors.get(a, floors.get(EVERY))))


def _excluded(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    most = written(limit["most"])
    yield from (Reading(a, held.w[q.ids.index(a)], -most, most) for a in limit["assets"])


def _scored(attribute: str) -> Reader:
    def read(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
        exempt = {_folded(name) for name in limit.get("exempt_classes") or ()}
        for i in q.risky:
            score, group = q.attributes[i].get(attribute), q.attributes[i].get("asset_class") or ""
            if group.strip() and _folded(group) in exempt:
                continue
            if score is None or written(score) < written(limit["score"]):
                most = max(_before(q)[i], ZERO) if limit.get("grandfather") else ZERO
                yield Reading(q.ids[i], held.w[i], OPEN, most)

    return read


def _folded(name: str) -> str:
    """A class by its letters: capitals and spaces at the ends do not count."""
    return " ".join(name.split()).casefold()


def _one_way(*, sold: bool, bought: bool) -> Reader:
    """What may not be sold, not be bought, or neither: the weight before the trade is its floor, its cap, or both."""

    def read(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
        slack, before = written(limit["slack"]), _before(q)
        for i in q.risky:
            now, part = before[i], _part_meant(limit, i, q)
            if part is not None:
                yield Reading(q.ids[i], held.w[i], OPEN if sold else now * part - slack, OPEN if bought else now + slack)

    return read


def _part_meant(limit: Mapping[str, Any], i: int, q: Question) -> Fraction | None:
    """All of the position, the part of it that lies in the accounts that are named, or none of it."""
    members = limit.get("assets")
    accounts = [m["holds"] for m in members or () if isinstance(m, Mapping) and "account" in m]
    if members is None or any(_is_meant(m, i, q) for m in members if not (isinstance(m, Mapping) and "account" in m)):
        return ONE
    lying = [written(there[q.ids[i]]) for there in accounts if q.ids[i] in there]
    return min(sum(lying, ZERO), ONE) if lying else None


def _is_meant(member: Any, i: int, q: Question) -> bool:
    """By its id, or by a group; what has no group may belong to any."""
    if isinstance(member, str):
        return q.ids[i] == member
    return any(_is_silent(group, i, q) or q.attributes[i].get(group) == name for group, name in member.items())


def _pinned(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    """A trade of so many shares or so much money, to the cent; or a weight."""
    if q.value is None:
        raise NotRead("the document has no value of the portfolio")
    cent, slack = Fraction(1, 100) / q.value, written(limit["slack"])
    for a, pin in limit["trades"].items():
        i = q.ids.index(a)
        amount, now = written(pin["amount"]), _before(q)[i]
        price = q.prices[i] if pin["unit"] == "shares" and q.prices is not None else ONE
        target = amount if pin["unit"] == "weight" else now + amount * price / q.value
        target = ZERO if abs(target) <= cent else target
        exact = not target or (pin["unit"] != "weight" and not amount)
        room = slack if exact else slack + cent
        yield Reading(a, held.w[i], target - room, target + room)


# --- groups, exposures, scores ---------------------------------------------------------------------------------------


def _groups(attribute: str) -> Reader:
    def read(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
        sides, members = limit["groups"], _members(attribute, q)
        nobodys = members.pop(NO_GROUP, None)
        for name, parts in sorted(members.items()):
            if name in sides or EVERY in sides:
                yield _between(name, _held_of(parts, held), sides.get(name, sides.get(EVERY)))
        caps = [cap for _, cap in sides.values() if cap is not None]
        if nobodys and (NO_GROUP in sides or caps):
            theirs = sides[NO_GROUP] if NO_GROUP in sides else (None, min(caps))
            yield _between(NO_GROUP, _held_of(nobodys, held), theirs)

    return read


def _exposed(*, active: bool) -> Reader:
    def read(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
        v = _active(held, q) if active else held.w
        for name, row in q.exposures.items():
            if name in limit["sides"] or EVERY in limit["sides"]:
                yield _between(name, dot(v, row), limit["sides"].get(name, limit["sides"].get(EVERY)))

    return read


def _factor_risk(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    model, sides = _model(q), limit["sides"]
    for k, name in enumerate(model["names"]):
        if name in sides or EVERY in sides:
            deviation = float(np.sqrt(model["Omega"][k][k]))
            amount = dot(held.w, [row[k] * deviation for row in model["B"]])
            low, high = sides.get(name, sides.get(EVERY))
            yield Reading(name, amount, _side(low), _side(high), exact=False)


def _model_volatility(*, systematic: bool) -> Reader:
    def read(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
        model, v = _model(q), _active(held, q) if limit["active"] else held.w
        if systematic:
            through = [dot(v, [row[k] for row in model["B"]]) for k in range(len(model["Omega"]))]
            square = quadratic(through, model["Omega"])
        else:
            square = sum((x * x * Fraction(d) for x, d in zip(v, model["D"], strict=True)), ZERO)
        yield Reading("", square, OPEN, written(limit["limit"]), squared=True)

    return read


def _average_score(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    scores = [None if i == q.cash else q.attributes[i].get("esg_score") for i in range(len(q.ids))]
    known = [written(s) for s in scores if s is not None]
    if not known:
        raise NotRead("no asset has an ESG score")
    other = {"worst": min(ZERO, *known), "neutral": sum(known, ZERO) / len(known), "exclude": None}[limit["unscored"]]
    floor, total = written(limit["score"]), ZERO
    for i in q.risky:
        score = other if scores[i] is None else written(scores[i])
        total += ZERO if score is None else (score - floor) * held.w[i]
    yield Reading("", floor + total, floor - written(limit["allowance"]))


# --- the whole book --------------------------------------------------------------------------------------------------


def _turnover(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    yield Reading("", turnover(held.w, q), OPEN, written(limit["limit"]))


def turnover(w: Weights, q: Question) -> Fraction:
    return sum((abs(a - b) for a, b in zip(w, _before(q), strict=True)), ZERO) / 2


def _gross(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    yield Reading("", sum((abs(held.w[i]) for i in q.risky), ZERO), OPEN, written(limit["limit"]))


def _herfindahl(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    square = sum((held.w[i] ** 2 for i in q.risky), ZERO)
    yield Reading("", square, OPEN, Fraction(float(np.sqrt(limit["hhi"]))), squared=True)


def _largest(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    ranked = sorted((held.w[i] for i in q.risky), reverse=True)
    yield Reading("", sum(ranked[: int(limit["k"])], ZERO), OPEN, written(limit["weight"]))


def _issuers(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    total: dict[str, Fraction] = {}
    for i in q.risky:
        whose = limit["issuers"].get(q.ids[i], q.ids[i])
        total[whose] = total.get(whose, ZERO) + held.w[i]
    yield from (Reading(name, w, OPEN, written(limit["single"])) for name, w in total.items())
    large = sum((w for w in total.values() if w > written(limit["large"]) + HELD), ZERO)
    yield Reading("above the threshold", large, OPEN, written(limit["total"]))


def _tracking_error(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    yield Reading("", active_variance(held, q), OPEN, written(limit["limit"]), squared=True)


def _volatility(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    yield Reading("", q.beliefs.variance(held.w, {held.name: 1.0}), OPEN, written(limit["limit"]), squared=True)


def active_variance(held: Held, q: Question) -> Fraction:
    return q.beliefs.variance(_active(held, q), {held.name: 1.0, "benchmark": -1.0})


def _return(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    if limit.get("robust") is not None:
        raise NotRead("the worst of a set of expected returns is not worked out here")
    yield Reading("", dot(held.w, q.beliefs.mu), written(limit["floor"]))


def _risks(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    for name, options in limit["measures"].items():
        yield _risk(name, options["limit"], options, held, q)


def _risk(name: str, cap: Any, options: Mapping[str, Any], held: Held, q: Question) -> Reading:
    if name == "volatility":
        return Reading(name, q.beliefs.variance(held.w, {held.name: 1.0}), OPEN, written(cap), squared=True)
    figure = risk_of(name, dict(options), held, q)
    return Reading(name, Fraction(figure), OPEN, written(cap), exact=False)


def risk_of(name: str, options: dict[str, Any], held: Held, q: Question) -> float:
    """A measure of the book's own returns. Raises NotRead where the document has none for that horizon."""
    r = q.returns.get(held.name)
    if r is None or (options.get("horizon") or 1) != 1:
        raise NotRead("the document has the book's returns of one period, of the books before and after alone")
    p = np.full(len(r), 1.0 / len(r)) if q.probabilities is None else np.array(q.probabilities)
    return measure_of(name, np.array(r), p, np.array([float(held.w[i]) for i in q.risky]), options)


def _axes(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    for name, side in limit["bounds"].items():
        more = name in ("return", "esg")
        floor, cap = (written(side), OPEN) if more else (OPEN, written(side))
        if name == "risk":
            yield _risk(limit["risk_measure"], side, limit, held, q)
        elif name == "tracking_error":
            yield Reading(name, active_variance(held, q), floor, cap, squared=True)
        elif name == "cost":
            yield Reading(name, convex_costs(held.w, q) / q.years, floor, cap, exact=False)
        elif name == "turnover":
            yield Reading(name, turnover(held.w, q), floor, cap)
        elif name == "return":
            yield Reading(name, dot(held.w, q.beliefs.mu), floor, cap)
        else:
            yield Reading(name, neutral_score(held.w, q), floor, cap, exact=False)


def neutral_score(w: Weights, q: Question) -> Fraction:
    """The average ESG score; cash and what nobody scored count as the mean of the scored."""
    scores = [None if i == q.cash else q.attributes[i].get("esg_score") for i in range(len(q.ids))]
    known = [written(s) for s in scores if s is not None]
    if not known:
        raise NotRead("no asset has an ESG score")
    mean = sum(known, ZERO) / len(known)
    return sum(((mean if s is None else written(s)) * x for s, x in zip(scores, w, strict=True)), ZERO)


def _cost(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    yield Reading("", convex_costs(held.w, q), OPEN, written(limit["limit"]), exact=False)


def convex_costs(w: Weights, q: Question) -> Fraction:
    """What trading to w costs, a fraction of the portfolio, flat fees aside."""
    total = ZERO
    for cost in q.costs:
        for i in q.risky:
            z = abs(w[i] - _before(q)[i])
            total += cost_of(cost, i, z, w[i], q)
    return total


def cost_of(cost: Mapping[str, Any], i: int, z: Fraction, w: Fraction, q: Question) -> Fraction:
    """One asset's part of one cost, for a trade of z."""
    kind = cost["kind"]
    if kind in ("linear_impact", "spread", "commission"):
        bps = cost["bps"]
        rate = bps.get(q.ids[i], bps.get(EVERY, 0)) if isinstance(bps, Mapping) else bps
        return z * written(rate) / 10_000
    if kind in ("square_root_impact", "quadratic_impact"):
        power = 0.5 if kind == "square_root_impact" else 1.0
        return Fraction(impact_rate(cost, i, power, q) * float(z) ** (1.0 + power)) if z else ZERO
    if kind == "borrow":
        rate = cost["rate"].get(q.ids[i], cost["rate"].get(EVERY, 0))
        return ZERO if q.has("long_only") else max(-w, ZERO) * written(rate) * q.years
    raise NotRead(f"{kind} is a cost that is not known here")


def impact_rate(cost: Mapping[str, Any], i: int, power: float, q: Question) -> float:
    """c sigma_i (V / ADV_i)^power, sigma_i a day's volatility."""
    volume = None if q.volume is None else q.volume[i]
    Sigma = q.beliefs.matrix()
    if not volume or q.value is None or Sigma is None:
        raise NotRead("the volumes or the variances that the cost reads are not in the document")
    daily = float(np.sqrt(Sigma[i, i] / q.periods_per_year))
    return float(float(cost["coefficient"]) * daily * (float(q.value) / float(volume)) ** power)


# --- counts and sizes ------------------------------------------------------------------------------------------------


def _count(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    counts = limit["counts"]
    there = [i for i in q.risky if abs(held.w[i]) > HELD]
    if EVERY in counts:
        yield Reading("", Fraction(len(there)), OPEN, written(counts[EVERY]))
    for attribute in ("sector", "asset_class"):
        asked = counts.get(attribute) or {}
        for group, count in asked.items():
            mine = sum(q.attributes[i].get(attribute) == group for i in there)
            yield Reading(group, Fraction(mine), OPEN, written(count))
        if asked and any(_is_silent(attribute, i, q) for i in q.risky):
            nobodys = sum(_is_silent(attribute, i, q) for i in there)
            yield Reading(f"no {attribute.replace('_', ' ')}", Fraction(nobodys), OPEN, min(map(written, asked.values())))


def _at_least(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    large = sum(held.w[i] >= written(limit["least"]) - HELD for i in q.risky)
    yield Reading("", Fraction(large), written(limit["count"]))


def _trades(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    moved = sum(abs(held.w[i] - _before(q)[i]) > HELD for i in q.risky)
    yield Reading("", Fraction(moved), OPEN, written(limit["count"]))


def _position_size(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    floors = limit["floors"]
    for i in q.risky:
        if q.ids[i] in floors or (EVERY in floors and q.tradable(i)):
            size, floor = abs(held.w[i]), written(floors.get(q.ids[i], floors.get(EVERY)))
            yield Reading(q.ids[i], max(floor - size, ZERO) if size > HELD else ZERO, OPEN, written(limit["opened"]))


def _trade_size(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    size, opened = written(limit["size"]), written(limit["opened"])
    for i in q.risky:
        now = _before(q)[i]
        z = held.w[i] - now
        closing = min(size, now) if now > 0 and q.has("long_only") else size
        least = size if z > 0 else closing
        yield Reading(q.ids[i], max(least - abs(z), ZERO) if abs(z) > HELD else ZERO, OPEN, opened)


def _lots(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
    if q.prices is None or q.value is None:
        raise NotRead("the document has no prices")
    for i in q.risky:
        units = units_of(q.attributes[i])
        if units.fine:
            continue
        unit = (units.step or int(limit["lot"])) * q.prices[i] / q.value
        z = held.w[i] - _before(q)[i]
        yield Reading(q.ids[i], abs(z - unit * round(z / unit)), OPEN, written(limit["opened"]))


def _days(*, of_trade: bool) -> Reader:
    def read(limit: Mapping[str, Any], held: Held, q: Question) -> Iterator[Reading]:
        for i in q.risky:
            if not q.tradable(i):
                continue
            if q.volume is None or q.value is None or not q.volume[i]:
                raise NotRead("the volumes are not in the document")
            capacity = written(limit["participation"]) * written(q.volume[i]) / q.value
            size = abs(held.w[i] - _before(q)[i]) if of_trade else abs(held.w[i])
            yield Reading(q.ids[i], size / capacity, OPEN, written(limit["days"]))

    return read


# --- a limit that is known by its rows alone --------------------------------------------------------------------------


def from_rows(kind: str, held: Held, q: Question) -> Iterator[Reading]:
    """Its bounds and rows in the program, where they speak of weights alone. Raises NotRead."""
    found, n = 0, len(q.ids)
    if q.rows is None:
        raise NotRead(f"{kind} is not known here by name, and the document has no rows of it")
    bounds, rows = q.rows["bounds"], q.rows["rows"]
    for start, stop, limit, *_ in q.rows["bound_limits"]:
        for k in range(start, stop) if limit == kind else ():
            j = bounds["columns"][k]
            if j >= n:
                raise NotRead(f"{kind} is not known here by name, and its rows speak of more than weights")
            found += 1
            yield Reading(q.ids[j], held.w[j], _side(bounds["lower"][k]), _side(bounds["upper"][k]))
    for start, stop, limit, *members in q.rows["row_limits"]:
        for k in range(start, stop) if limit == kind else ():
            at = slice(rows["starts"][k], rows["starts"][k + 1])
            if any(j >= n for j in rows["columns"][at]):
                raise NotRead(f"{kind} is not known here by name, and its rows speak of more than weights")
            found += 1
            pairs = zip(rows["columns"][at], rows["values"][at], strict=True)
            amount = sum((held.w[j] * Fraction(v) for j, v in pairs), ZERO)
            name = members[0][k - start] if members and members[0] else ""
            yield Reading(name, amount, _side(rows["lower"][k]), _side(rows["upper"][k]))
    if any(cone["limit"] == kind for cone in q.rows["cones"]) or not found:
        raise NotRead(f"{kind} is not known here by name, and its rows do not say all of it")


# --- helpers ---------------------------------------------------------------------------------------------------------


def _side(value: Any) -> Side:
    return None if value is None else written(value)


def _between(name: str, amount: Fraction, sides: Sequence[Any]) -> Reading:
    return Reading(name, amount, _side(sides[0]), _side(sides[1]))


def _before(q: Question) -> Weights:
    if q.before is None:
        raise NotRead("the document has no book before the trade")
    return q.before


def _active(held: Held, q: Question) -> list[Fraction]:
    if q.benchmark is None:
        raise NotRead("the document has no benchmark")
    return [a - b for a, b in zip(held.w, q.benchmark, strict=True)]


def _cash(held: Held, q: Question) -> Fraction:
    return ZERO if q.cash is None else held.w[q.cash]


def _model(q: Question) -> Mapping[str, Any]:
    if q.factor_model is None:
        raise NotRead("the document has no factor model")
    return q.factor_model


def _blank(value: Any) -> bool:
    return value is None or not str(value).strip()


def _is_silent(attribute: str, i: int, q: Question) -> bool:
    """Whether nothing says of which group an asset is: neither itself nor what it is made of."""
    told = q.attributes[i].get("composition") or {}
    return _blank(q.attributes[i].get(attribute)) and not told.get(attribute) and not told.get("asset")


def _members(attribute: str, q: Question) -> dict[str, list[tuple[int, Fraction]]]:
    """What each group holds of every asset: all of it, of a fund the share it is told to be; NO_GROUP holds the rest."""
    out: dict[str, list[tuple[int, Fraction]]] = {}
    for i in q.risky:
        for name, share in _parts(attribute, i, q).items():
            out.setdefault(name, []).append((i, share))
    return out


def _parts(attribute: str, i: int, q: Question) -> dict[str, Fraction]:
    told, own = q.attributes[i].get("composition") or {}, q.attributes[i].get(attribute)
    parts: dict[str, Fraction] = {}
    if attribute in told:
        parts = {name: written(share) for name, share in told[attribute].items()}
    elif not _blank(own):
        return {str(own): ONE}
    else:
        for name, share in (told.get("asset") or {}).items():
            group = q.attributes[q.ids.index(name)].get(attribute) if name in q.ids else None
            if not _blank(group):
                parts[str(group)] = parts.get(str(group), ZERO) + written(share)
    rest = ONE - sum(parts.values(), ZERO)
    return {**parts, NO_GROUP: parts.get(NO_GROUP, ZERO) + rest} if rest > HELD else parts


def _held_through(q: Question) -> dict[str, list[tuple[int, Fraction]]]:
    """The assets that funds are told to hold, with what share of each fund it is."""
    out: dict[str, list[tuple[int, Fraction]]] = {}
    for i in q.risky:
        told = (q.attributes[i].get("composition") or {}).get("asset") or {}
        for name, share in told.items():
            if share and name not in (CASH, q.ids[i]):
                out.setdefault(name, []).append((i, written(share)))
    return out


def _held_of(parts: list[tuple[int, Fraction]], held: Held) -> Fraction:
    return sum((share * held.w[i] for i, share in parts), ZERO)


READERS: Mapping[str, Reader] = {
    "budget": _sum,
    "long_only": _no_shorts,
    "frozen": _frozen,
    "fully_invested": _no_cash,
    "cash": _cash_between,
    "max_weight": _caps,
    "min_weight": _floors,
    "exclusions": _excluded,
    "min_quality": _scored("quality_score"),
    "esg_exclusion": _scored("esg_score"),
    "buy_only": _one_way(sold=False, bought=True),
    "sell_only": _one_way(sold=True, bought=False),
    "do_not_sell": _one_way(sold=False, bought=True),
    "do_not_buy": _one_way(sold=True, bought=False),
    "keep": _one_way(sold=False, bought=False),
    "pinned": _pinned,
    "sector_limits": _groups("sector"),
    "asset_class_limits": _groups("asset_class"),
    "exposure_limits": _exposed(active=False),
    "active_exposure_limits": _exposed(active=True),
    "factor_risk_limits": _factor_risk,
    "max_systematic_volatility": _model_volatility(systematic=True),
    "max_specific_volatility": _model_volatility(systematic=False),
    "min_esg": _average_score,
    "max_turnover": _turnover,
    "leverage_limit": _gross,
    "concentration": _herfindahl,
    "top_k": _largest,
    "ucits_5_10_40": _issuers,
    "max_tracking_error": _tracking_error,
    "max_volatility": _volatility,
    "min_return": _return,
    "max_risk": _risks,
    "axis_bounds": _axes,
    "max_cost": _cost,
    "max_positions": _count,
    "min_positions": _at_least,
    "max_trades": _trades,
    "min_position": _position_size,
    "min_trade": _trade_size,
    "round_lots": _lots,
    "liquidity": _days(of_trade=True),
    "days_to_liquidate": _days(of_trade=False),
    **TAX_READERS,
}
