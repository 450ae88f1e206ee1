"""Conflicts that arithmetic sees before any solve: boxes, sums, groups, what must be traded, the best return in reach.

Works on the program's own rows and bounds and knows each limit only by its name; enough here is never more than a
knapsack by sorting. What it finds is certain; what it does not find may still be impossible.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from portopt.diagnosis.elastic import relaxable
from portopt.domain.arrays import Vector
from portopt.domain.diagnosis import Conflict, Diagnosis
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.words import listed, seen_apart

CERTAIN = 1e-9
Names = tuple[str, ...]


def check_before(problem: Problem, form: StandardForm) -> Diagnosis | None:
    """The first minimal conflict that arithmetic sees, or None. form: the problem expressed.

    `complete` is False and there are no fixes: this is the quick answer, `diagnose` the whole one.
    """
    began = perf_counter()
    names = relaxable(problem)
    why = impossible(problem, form, names)
    if why is None:
        return None
    for name in names:
        fewer = tuple(other for other in names if other != name)
        without = impossible(problem, form, fewer)
        if without is not None:
            names, why = fewer, without
    return Diagnosis((Conflict(names, why),), (), (), False, "arithmetic", perf_counter() - began)


def impossible(problem: Problem, form: StandardForm, names: Names) -> str | None:
    """Why the limits `names`, with all that is structural, leave no portfolio; None when arithmetic cannot tell."""
    room = _room(problem, form, names)
    for check in (_crossing, _floors, _capacity, _trades, _best_return):
        why = check(problem, room)
        if why is not None:
            return why
    return None


@dataclass(frozen=True, slots=True, eq=False)
class _Room:
    """The box of the weights under some limits, (n,) each, and who owns its sides.

    groups: (limit, member, columns, floor, cap) of every sum of weights that is bounded.
    """

    names: Names
    lower: Vector
    upper: Vector
    lower_owner: list[str]
    upper_owner: list[str]
    groups: tuple[tuple[str, str, np.ndarray, float, float], ...]


def _room(problem: Problem, form: StandardForm, names: Names) -> _Room:
    structural = {limit.kind for limit in problem.limits if limit.structural}
    active = {*names, *structural}
    n = problem.n
    lower, upper = np.full(n, -np.inf), np.full(n, np.inf)
    lower_owner, upper_owner = np.full(n, "", dtype=object), np.full(n, "", dtype=object)
    for group in form.bound_groups:
        if group.limit not in active:
            continue
        span = slice(group.start, group.stop)
        columns = form.bound_columns[span]
        weights = columns < n
        columns, low, high = columns[weights], form.bound_lower[span][weights], form.bound_upper[span][weights]
        tighter = low > lower[columns]
        lower[columns[tighter]], lower_owner[columns[tighter]] = low[tighter], group.limit
        tighter = high < upper[columns]
        upper[columns[tighter]], upper_owner[columns[tighter]] = high[tighter], group.limit
    return _Room(names, lower, upper, list(lower_owner), list(upper_owner), _groups(form, n, set(names)))


def _groups(form: StandardForm, n: int, active: set[str]) -> tuple[tuple[str, str, np.ndarray, float, float], ...]:
    """Rows that are plain sums of some weights: sectors, asset classes."""
    found = []
    for group in form.row_groups:
        if group.limit not in active or group.members is None:
            continue
        for i in range(group.start, group.stop):
            entries = slice(form.A.indptr[i], form.A.indptr[i + 1])
            columns, values = form.A.indices[entries], form.A.data[entries]
            if len(columns) and columns.max() < n and (values == 1.0).all():
                member = group.members[i - group.start]
                found.append((group.limit, member, columns, float(form.row_lower[i]), float(form.row_upper[i])))
    return tuple(found)


def _crossing(problem: Problem, room: _Room) -> str | None:
    """A floor above a cap, for one asset or one group."""
    worst = int((room.lower - room.upper).argmax())
    if room.lower[worst] > room.upper[worst] + CERTAIN:
        low, high = seen_apart(float(room.lower[worst]), float(room.upper[worst]))
        asset = problem.universe.ids[worst]
        return f"{asset} at least {low} by {room.lower_owner[worst]}, at most {high} by {room.upper_owner[worst]}"
    for limit, member, columns, floor, cap in room.groups:
        least, most = float(room.lower[columns].sum()), float(room.upper[columns].sum())
        if least > cap + CERTAIN:
            low, high = seen_apart(least, cap)
            return f"the floors in {member} add up to {low} > {high} allowed by {limit}"
        if most < floor - CERTAIN:
            low, high = seen_apart(most, floor)
            return f"{member} can reach at most {low} < {high} asked for by {limit}"
    return None


def _floors(problem: Problem, room: _Room) -> str | None:
    """Floors that add up to more than the whole."""
    total = float(room.lower.sum())
    if not total > 1.0 + CERTAIN:
        return None
    floored = [problem.universe.ids[i] for i in np.flatnonzero(room.lower > 0)]
    low, whole = seen_apart(total, 1.0)
    return f"the floors of {listed(floored)} add up to {low} > {whole}"


def _capacity(problem: Problem, room: _Room) -> str | None:
    """Caps that add up to less than the whole, with no cash to hold the rest."""
    plain = float(room.upper.sum())
    if plain < 1.0 - CERTAIN:
        return f"{_caps_in_words(problem, room)} < {_to_invest(problem, room)}"
    for limit in dict.fromkeys(group[0] for group in room.groups):
        groups = [group for group in room.groups if group[0] == limit]
        grouped = np.zeros(problem.n, dtype=bool)
        for _, _, columns, _, _ in groups:
            grouped[columns] = True
        reach = [min(cap, float(room.upper[columns].sum())) for _, _, columns, _, cap in groups]
        rest = room.upper[~grouped]
        most = float(sum(reach) + rest.sum())
        if most < 1.0 - CERTAIN:
            parts = [f"{group[1]} {100 * part:.2f} %" for group, part in zip(groups, reach, strict=True) if part > 0]
            parts += [f"everything else {100 * float(rest.sum()):.2f} %"] if rest.sum() > CERTAIN else []
            total = seen_apart(most, 1.0)[0]
            return f"{' + '.join(parts) if len(parts) <= 6 else f'{len(parts)} groups'} = {total} < {_to_invest(problem, room)}"
    return None


def _caps_in_words(problem: Problem, room: _Room) -> str:
    """ "2 eligible assets × 10.00 % = 20.00 %" """
    invested = ~problem.universe.is_cash & (room.upper > CERTAIN)
    caps = room.upper[invested]
    total, _ = seen_apart(float(caps.sum()), 1.0)
    noun = f"{len(caps)} eligible asset{'' if len(caps) == 1 else 's'}"
    if len(caps) and np.ptp(caps) <= CERTAIN:
        return f"{noun} × {100 * float(caps[0]):.2f} % = {total}"
    return f"{noun} reach at most {total}" if len(caps) else "no asset is eligible: 0.00 %"


def _to_invest(problem: Problem, room: _Room) -> str:
    at = problem.universe.cash_position
    cash = 0.0 if at is None else float(np.clip(room.upper[at], 0.0, 1.0))
    held = f" (cash holds at most {100 * cash:.2f} %)" if cash > CERTAIN else ""
    return f"{100 * (1.0 - cash):.2f} % to invest{held}"


def _trades(problem: Problem, room: _Room) -> str | None:
    """Positions that must be sold (or bought) by more than may change hands."""
    limit = problem.limit("max_turnover")
    if limit is None or problem.w_prev is None or "max_turnover" not in room.names:
        return None
    allowed = float(limit.read(problem.w_prev, problem).upper[0])
    w = problem.w_prev
    sells, buys = np.maximum(w - room.upper, 0.0), np.maximum(room.lower - w, 0.0)
    group_sells = _group_sells(w, room)
    # One-way turnover, cash included, is the larger of what is bought and what is sold; weights add to 1 on both sides.
    if abs(float(w.sum()) - 1.0) > CERTAIN:
        return None
    if float(sells.sum()) > allowed + CERTAIN:
        low, high = seen_apart(float(sells.sum()), allowed)
        if not (sells[~problem.universe.is_cash] > CERTAIN).any():
            return f"{low} of the portfolio must be put to work; {high} may change hands"
        must = [f"{problem.universe.ids[i]} by {100 * sells[i]:.2f} %" for i in np.argsort(-sells) if sells[i] > CERTAIN]
        return f"{listed(must, most=3)} must be sold, {low} of the portfolio; {high} may change hands"
    if float(buys.sum()) > allowed + CERTAIN:
        must = [f"{problem.universe.ids[i]} by {100 * buys[i]:.2f} %" for i in np.argsort(-buys) if buys[i] > CERTAIN]
        low, high = seen_apart(float(buys.sum()), allowed)
        if not (buys[~problem.universe.is_cash] > CERTAIN).any():
            return _raised(problem, float(buys.sum()), high) or (
                f"{low} of the portfolio must be raised in cash; {high} may change hands"
            )
        return f"{listed(must, most=3)} must be bought, {low} of the portfolio; {high} may change hands"
    if group_sells is not None and group_sells[0] > allowed + CERTAIN:
        low, high = seen_apart(group_sells[0], allowed)
        return f"{listed(group_sells[1], most=3)} must be sold, {low} of the portfolio; {high} may change hands"
    return None


def _raised(problem: Problem, share: float, allowed: str) -> str:
    """Of more than what stays in the portfolio, in money: as a share of that it means nothing. "" for less."""
    worth = problem.portfolio_value
    if worth is None or share <= 1.0:
        return ""
    held = worth * float(problem.previous()[~problem.universe.is_cash].clip(0.0).sum())
    of_it = f"of the {worth:,.2f} that is left after it {allowed} may change hands"
    return f"{share * worth:,.2f} must be raised in cash, of {held:,.2f} held; {of_it}"


def _group_sells(w: Vector, room: _Room) -> tuple[float, list[str]] | None:
    """What the caps of one limit's groups, which do not overlap, force out of them."""
    best: tuple[float, list[str]] | None = None
    for limit in dict.fromkeys(group[0] for group in room.groups):
        over = [(max(float(w[cols].sum()) - cap, 0.0), member) for name, member, cols, _, cap in room.groups if name == limit]
        total = sum(excess for excess, _ in over)
        if best is None or total > best[0]:
            over = sorted((part for part in over if part[0] > CERTAIN), reverse=True)
            best = total, [f"{member} by {100 * excess:.2f} %" for excess, member in over]
    return best


def _best_return(problem: Problem, room: _Room) -> str | None:
    """An expected return beyond the best that the boxes allow: fill the best assets first."""
    limit = problem.limit("min_return")
    if limit is None or "min_return" not in room.names or not np.isfinite(room.lower).all():
        return None
    asked = float(limit.read(room.lower, problem).lower[0])
    mu = problem.moments.mu
    left = 1.0 - float(room.lower.sum())
    best = float(mu @ room.lower)
    for i in np.argsort(-mu, kind="stable"):
        if left <= 0.0:
            break
        step = min(left, float(room.upper[i] - room.lower[i]))
        best, left = best + step * float(mu[i]), left - step
    if left > CERTAIN or best >= asked - CERTAIN:
        return None
    low, high = seen_apart(best, asked)
    return f"the best expected return in reach is {low} < {high} asked for"
