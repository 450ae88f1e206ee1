"""Every figure of a rebalance's document, from the beliefs, the books and the limits that stand in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from portopt.verifier.book import CASH, Held, Question, Weights
from portopt.verifier.exact import ZERO, dot, root, written
from portopt.verifier.ledger import Ledger, Path, numbers
from portopt.verifier.limits import HELD, active_variance, convex_costs, neutral_score, readings, risk_of
from portopt.verifier.measures import compounded_drawdown
from portopt.verifier.reading import NotRead, Reading
from portopt.verifier.tax_limits import tax_of

BOOKS = {"before": "w_prev", "target": "target_weights", "measured": "weights_after"}
BINDS = 1e-7  # what a continuous optimum that presses on a side may be away from it
SUMS = 1e-9  # of the largest pull, at least one basis point: what multipliers accurate to the audit leave over
MEASURE = 1e-9  # of a risk measure that is a minimum found by search


def check_figures(ledger: Ledger, q: Question, books: Mapping[str, Held]) -> None:
    _before_and_after(ledger, q, books)
    _groups(ledger, q, books)
    _scores(ledger, q, books)
    _limits(ledger, q, books)
    _risk(ledger, q, books["target_weights"])
    _measures(ledger, q, books)
    _frontier(ledger, q)
    _objective(ledger, q, books)
    _pulls(ledger, q)
    _told_twice(ledger)
    for name in ("mu", "covariance", "benchmark", "average_daily_value", "risk_free_rate", "periods_per_year"):
        ledger.uses(("inputs", name))
    ledger.uses(("inputs", "holding_period_years"))


def _before_and_after(ledger: Ledger, q: Question, books: Mapping[str, Held]) -> None:
    sides = {"before": books.get("w_prev"), "after": books["weights_after"]}
    figures = {side: _figures(held, q) for side, held in sides.items() if held is not None}
    for k, row in enumerate(ledger.document["figures"]):
        for side, found in figures.items():
            ledger.same(("figures", k, side), f"{row['label']}, {side}", found.get(row["name"]))
        if row["change"] is not None:
            ledger.same(("figures", k, "change"), f"change of {row['label']}", row["after"] - row["before"], 1e-15)
        _clear(ledger, k, row)
    for side in ("before", "after"):
        ledger.uses(("inputs", "in_sample_returns", side))
    ledger.said.append(f"figures: {len(ledger.document['figures'])} of each book, from the moments in the document")


def _figures(held: Held, q: Question) -> dict[str, float | int | None]:
    """Expected return mu'w, volatility sqrt(w'Sigma w), and what is made of them."""
    earned, variance = dot(held.w, q.beliefs.mu), q.beliefs.variance(held.w, {held.name: 1.0})
    sigma, active = root(variance), None if q.benchmark is None else root(active_variance(held, q))
    over = None if q.benchmark is None else float(earned - dot(q.benchmark, q.beliefs.mu))
    returns = q.returns.get(held.name)
    return {
        "expected_return": float(earned),
        "volatility": sigma,
        "sharpe_ratio": float(earned - q.risk_free) / sigma if sigma > 1e-12 else None,
        "tracking_error": active,
        "information_ratio": over / active if over is not None and active and active > 1e-12 else None,
        "max_drawdown_in_sample": None if not returns else compounded_drawdown(np.array(returns)),
        "positions": sum(abs(held.w[i]) > HELD for i in q.risky),
        "cash_weight": 0.0 if q.cash is None else float(held.w[q.cash]),
    }


def _clear(ledger: Ledger, k: int, row: Mapping[str, Any]) -> None:
    """Whether a change is beyond the error that the document tells of it."""
    errors, error = ledger.document.get("errors"), row.get("change_error")
    for side in ("before", "after", "change"):
        if errors is not None and row.get(f"{side}_error") is not None:
            ledger.uses(("errors", "standard_errors"))
            ledger.uses(("figures", k, f"{side}_error"))
            within = errors["standard_errors"] * row[f"{side}_error"]
            ledger.same(("figures", k, f"{side}_within"), f"how far {row['label']}, {side}, may be off", within)
    if errors is None or error is None or row["change"] is None:
        return
    ledger.uses(("errors", "clear_beyond", row["name"]))
    clear = bool(abs(row["change"]) > errors["clear_beyond"][row["name"]] * error)
    ledger.same(("figures", k, "is_clear"), f"whether the change of {row['label']} is clear", clear)


SHOWN_BOOKS = {"before": "w_prev", "after": "weights_after", "benchmark": "benchmark"}
OF_GROUPS = {"sector": "sector_limits", "asset_class": "asset_class_limits"}
OF_CANDIDATES = "candidates that the document leaves out may be in the benchmark"


def _books_told(ledger: Ledger, path: tuple[str, ...]) -> dict[str, str]:
    """The books whose assets are all described; of a large universe the benchmark's may not be."""
    if "candidates_left_out" not in ledger.document:
        return SHOWN_BOOKS
    ledger.leaves(path, "what the benchmark is made of", OF_CANDIDATES)
    return {side: book for side, book in SHOWN_BOOKS.items() if side != "benchmark"}


def _groups(ledger: Ledger, q: Question, books: Mapping[str, Held]) -> None:
    """Weights of sectors and classes; cash is in none of them."""
    for attribute, rows in (ledger.document.get("groups") or {}).items():
        for k, row in enumerate(rows):
            here = [i for i in q.risky if (q.attributes[i].get(attribute) or "(none)") == row["name"]]
            here = [q.cash] if row["name"] == CASH and q.cash is not None else here
            for side, book in _books_told(ledger, ("groups",)).items():
                w = _weights_of(q, books, book)
                total = None if w is None else float(sum((w[i] for i in here), ZERO))
                ledger.same(("groups", attribute, k, side), f"{row['name']}, {side}", total, 1e-12)
            limit = next((x for x in ledger.document["limits"] if x["limit"] == OF_GROUPS[attribute]), None)
            reading = next((r for r in limit["readings"] if r["member"] == row["name"]), None) if limit else None
            for side in ("lower", "upper"):
                ledger.same(("groups", attribute, k, side), f"{side} side of {row['name']}", reading[side] if reading else None)


def _scores(ledger: Ledger, q: Question, books: Mapping[str, Held]) -> None:
    """Averages over what is scored, by weight."""
    for k, row in enumerate(ledger.document.get("scores") or ()):
        scored = [i for i in q.risky if q.attributes[i].get(row["name"]) is not None]
        for side, book in _books_told(ledger, ("scores",)).items():
            w = _weights_of(q, books, book)
            share = None if w is None else sum((w[i] for i in scored), ZERO)
            mean = None
            if w is not None and share:
                mean = float(sum((w[i] * written(q.attributes[i][row["name"]]) for i in scored), ZERO) / share)
            ledger.same(("scores", k, side), f"{row['label']}, {side}", mean, 1e-11)
            told = None if share is None else float(share)
            ledger.same(("scores", k, f"{side}_scored"), f"share that has a {row['label']}, {side}", told, 1e-12)


def _weights_of(q: Question, books: Mapping[str, Held], book: str) -> Weights | None:
    if book == "benchmark":
        return q.benchmark
    return books[book].w if book in books else None


def _limits(ledger: Ledger, q: Question, books: Mapping[str, Held]) -> None:
    """Every reading of every limit, on the book before, on the continuous optimum and on the orders."""
    terms = {limit["kind"]: (k, limit) for k, limit in enumerate(q.limits)}
    exactly = 0
    for k, told in enumerate(ledger.document["limits"]):
        at, (position, limit) = ("limits", k), terms[told["limit"]]
        found: dict[str, dict[str, Reading]] = {}
        for name, book in BOOKS.items():
            try:
                found[name] = {r.member: r for r in readings(limit, books[book], q)} if book in books else {}
            except NotRead as error:
                ledger.leaves((*at, "readings"), f"{told['limit']} of the book {name}", str(error))
        ledger.uses(("evidence", "limits", position))
        for j, row in enumerate(told["readings"]):
            _reading(ledger, (*at, "readings", j), told["limit"], row, found)
        if "measured" not in found:
            continue
        exactly += all(r.exact for r in found["measured"].values())
        if "readings_left_out" not in told:
            by = max((r.excess() for r in found["measured"].values()), default=ZERO)
            ledger.same((*at, "worst_violation"), f"worst violation of {told['limit']} by the orders", float(by), 1e-9)
            ledger.same((*at, "holds"), f"whether {told['limit']} holds", bool(by <= Fraction(1, 10**9)))
    others = "" if exactly == len(q.limits) else ", the others in doubles or not at all"
    ledger.said.append(f"limits: {exactly} of {len(q.limits)} on the orders in rational arithmetic{others}")


def _reading(ledger: Ledger, at: Any, kind: str, row: Mapping[str, Any], found: Mapping[str, Mapping[str, Reading]]) -> None:
    name = f"{kind} {row['member']}".strip()
    for book, rows in found.items():
        reading = rows.get(row["member"])
        if reading is not None:
            ledger.same((*at, book), f"{name}, {book}", reading.figure, _within(reading))
    reading = found.get("measured", {}).get(row["member"])
    if reading is None:
        return
    for side, value in (("lower", reading.floor), ("upper", reading.cap)):
        ledger.same((*at, side), f"{side} side of {name}", None if value is None else float(value), 1e-15)
    sides = [row["upper"] - row["measured"]] if row["upper"] is not None else []
    sides += [row["measured"] - row["lower"]] if row["lower"] is not None else []
    if sides:
        ledger.same((*at, "slack"), f"slack of {name}", min(sides), 1e-15)


def _within(reading: Reading) -> float:
    size = max(abs(reading.figure), 1e-6)
    return (MEASURE if not reading.exact else 1e-11) * size + (1e-15 if not reading.squared else 1e-13)


def _risk(ledger: Ledger, q: Question, held: Held) -> None:
    """w_i (Sigma w)_i / sigma of every asset and sector at the continuous optimum."""
    w = np.array([float(x) for x in held.w])
    through = q.beliefs.times(w, held.name)
    if through is None:
        return ledger.leaves(("risk",), "where the risk comes from", "the covariance is in the document by products alone")
    sigma = math.sqrt(max(float(w @ through), 0.0))
    parts = w * through / sigma if sigma > 0 else np.zeros(len(w))
    groups: dict[str, list[int]] = {}
    for i, asset in enumerate(q.attributes):
        groups.setdefault("no sector" if asset.get("sector") is None else asset["sector"], []).append(i)
    for of, members in (("by_asset", {a: [i] for i, a in enumerate(q.ids)}), ("by_sector", groups)):
        for k, row in enumerate(ledger.document["risk"][of]):
            at, here = ("risk", of, k), members.get(row["name"], [])
            weight, part = float(w[here].sum()), float(parts[here].sum())
            ledger.same((*at, "weight"), f"weight of {row['name']} at the optimum", weight, 1e-12)
            ledger.same((*at, "contribution"), f"risk from {row['name']}", part, 1e-12)
            ledger.same((*at, "share"), f"share of the risk from {row['name']}", part / sigma if sigma > 0 else 0.0, 1e-11)
    return None


def _pulls(ledger: Ledger, q: Question) -> None:
    """At the optimum what pulls at a weight adds up to nothing: each pull is what the others leave over."""
    checked = 0
    for k, row in enumerate(ledger.document["proposal"]):
        pulls = row["pulls"]
        size = max((abs(pull) for pull in pulls.values()), default=0.0)
        for name in pulls:
            others = math.fsum(amount for other, amount in pulls.items() if other != name)
            ledger.same(("proposal", k, "pulls", name), f"pull of {name} at {row['asset_id']}", -others, SUMS * max(size, 1.0))
            checked += 1
    if checked:
        ledger.said.append(f"pulls: of {checked}, those at each asset add up to nothing")


def _measures(ledger: Ledger, q: Question, books: Mapping[str, Held]) -> None:
    for k, row in enumerate(ledger.document["risk_measures"]):
        ledger.uses(("risk_measures", k, "confidence"))
        for side, book in (("before", "w_prev"), ("after", "weights_after")):
            if book not in books:
                continue
            held = books[book]
            if row["kind"] == "volatility":
                found = root(q.beliefs.variance(held.w, {held.name: 1.0}))
            else:
                found = risk_of(row["kind"], {"confidence": row["confidence"]}, held, q)
            ledger.same(("risk_measures", k, side), f"{row['name']}, {side}", found, MEASURE * max(abs(found), 1e-6))


def _frontier(ledger: Ledger, q: Question) -> None:
    """Each point's figures from its weights; that it is on the frontier is for another solve to say."""
    line = ledger.document["frontier"]
    if not line:
        return
    after = {row["name"]: row["after"] for row in ledger.document["figures"]}
    for name in ("expected_return", "volatility", "sharpe_ratio"):
        ledger.same(("frontier", "proposed", name), f"{name} of the book proposed", after[name], 0.0)
    places: list[tuple[Any, Any]] = [(("frontier", "points", k), point) for k, point in enumerate(line["points"])]
    places += [(("frontier", name), line[name]) for name in ("current", "target", "optimal", "min_risk", "max_return")]
    mu, Sigma = np.array(q.beliefs.mu, dtype=float), q.beliefs.matrix()
    for at, point in places:
        if not point or point["weights"] is None or Sigma is None:
            continue
        w = np.array(point["weights"])
        earned, sigma = float(mu @ w), math.sqrt(max(float(w @ Sigma @ w), 0.0))
        ledger.same((*at, "expected_return"), "expected return of a point of the frontier", earned, 1e-11)
        ledger.same((*at, "volatility"), "volatility of a point of the frontier", sigma, 1e-11)
        if point["sharpe_ratio"] is not None and sigma > 0:
            ratio = (earned - float(q.risk_free)) / sigma
            ledger.same((*at, "sharpe_ratio"), "Sharpe ratio of a point of the frontier", ratio, 1e-10)
        if abs(float(w.sum()) - 1.0) > 1e-9:
            ledger.fault((*at, "weights"), "weights of a point of the frontier", f"a sum of {w.sum()!r}", "1")
        ledger.uses((*at, "weights"))


def _objective(ledger: Ledger, q: Question, books: Mapping[str, Held]) -> None:
    """What is wanted, of the book before and of the continuous optimum; and what whole shares give up of it."""
    told, asked = ledger.document["objective"], ledger.document["policy"]["objective"]
    # Under "target" the document has the objective's value there; a measure's own target is the policy's to say.
    term = {**told, "target": asked.get("target") if isinstance(asked, Mapping) else None}
    values = {}
    for book, held in books.items():
        try:
            values[book] = objective(term, held, q)
        except (NotRead, LookupError) as error:
            ledger.leaves(("objective",), f"the objective at {book}", str(error))
    for side, book in (("before", "w_prev"), ("target", "target_weights")):
        if book in values and told.get(side) is not None:
            size = max(abs(values[book]), 1e-6)
            ledger.same(("objective", side), f"the objective, {side}", values[book], 1e-10 * size)
    if {"target_weights", "weights_after"} <= values.keys():
        sign = 1.0 if told["sense"] == "maximize" else -1.0
        gap = sign * (values["target_weights"] - values["weights_after"])
        within = 1e-10 * max(abs(values["target_weights"]), 1e-6)
        ledger.same(("rounding", "gap"), "what whole shares give up", gap, within)
    best, gap = told["target"], ledger.document["rounding"]["gap"]
    orders = ledger.document["certificate"].get("orders")
    if orders:
        ledger.same(("certificate", "orders", "gap"), "gap of the orders", gap, 0.0)
        if orders["relative_gap"] is not None:
            ledger.same(("certificate", "orders", "relative_gap"), "relative gap of the orders", gap / abs(best), 1e-15)
    ledger.uses(("objective", "risk_aversion"))
    ledger.uses(("costs",))


def objective(told: Mapping[str, Any], held: Held, q: Question) -> float:
    """f(w) by its definition. Raises NotRead for an objective that is not known here by name."""
    kind, w = told["kind"], held.w
    if kind in ("max_sharpe", "max_return", "utility", "esg_tilt"):
        earned = float(dot(w, q.beliefs.mu) - paid_by(held, q) / q.years - _wishes(held, q))
        if kind == "max_return":
            return earned
        if kind == "max_sharpe":
            return (earned - float(q.risk_free)) / root(q.beliefs.variance(w, {held.name: 1.0}))
        liked = float(told["taste"]) * float(neutral_score(w, q)) if kind == "esg_tilt" else 0.0
        return earned + liked - _risk_paid(told, held, q, float(told["risk_aversion"]))
    if kind in ("min_risk", "min_tracking_error"):
        gamma = told["risk_aversion"]
        paid = float(paid_by(held, q) / q.years) if gamma is not None else 0.0
        if kind == "min_risk":
            return _risk_paid(told, held, q, 1.0 if gamma is None else float(gamma)) + paid + float(_wishes(held, q))
        variance = float(active_variance(held, q))
        return 0.5 * (1.0 if gamma is None else float(gamma)) * variance + paid + float(_wishes(held, q))
    raise NotRead(f"{kind} is an objective that is not worked out here; its program is")


def paid_by(held: Held, q: Question) -> Fraction:
    """Costs and tax of getting there, a fraction of the portfolio."""
    return convex_costs(held.w, q) + tax_of(held, q)


def _risk_paid(told: Mapping[str, Any], held: Held, q: Question, gamma: float) -> float:
    measure = told.get("measure", "volatility")
    if measure == "volatility":
        return 0.5 * gamma * float(q.beliefs.variance(held.w, {held.name: 1.0}))
    risk = risk_of(measure, {n: told.get(n) for n in ("confidence", "horizon", "target", "radius", "norm")}, held, q)
    return 0.5 * gamma * risk * risk if measure in ("semideviation", "ulcer_index") else gamma * risk


def _wishes(held: Held, q: Question) -> Fraction:
    """The price of what soft limits are missed by."""
    total = ZERO
    for limit in q.limits:
        if limit["soft"]:
            by = max((reading.excess() for reading in readings(limit, held, q)), default=ZERO)
            total += Fraction(limit["price"]) * by
    return total


def _told_twice(ledger: Ledger) -> None:
    """What stands at two places, as a policy spells it and as it was used, is one number."""
    d = ledger.document
    policy = d["policy"]
    pairs: list[tuple[Path, str, Any]] = [(("policy", "risk_free_rate"), "risk_free_rate", d["inputs"]["risk_free_rate"])]
    rules = ("lot_size", "min_trade_value")
    pairs += [(("policy", "trading", name), name, _number(d["rounding"][name])) for name in rules]
    made = [name for name in ("lookback", "periods_per_year") if policy["estimation"].get(name) is not None]
    pairs += [(("policy", "estimation", name), name, (d["estimators"] or {}).get(name)) for name in made]
    for path, figure, comes_to in pairs:
        if ledger.at(path) is not None:
            says = _number(ledger.at(path))
            ledger.recomputed.add(path)
            if comes_to is not None and says != comes_to:
                ledger.fault(path, f"{figure} of the policy", str(says), str(comes_to))
    if d["estimators"] and d["estimators"].get("periods_per_year") is not None:
        used = d["inputs"]["periods_per_year"]
        ledger.same(("estimators", "periods_per_year"), "periods a year", used, 0.0)
    _policy_numbers(ledger, d)
    told = d["inputs"]["in_sample_returns"]
    if told and d["pricing_pack"]["observations"] and policy["estimation"].get("lookback") is not None:
        ledger.uses(("estimators", "lookback"))


def _policy_numbers(ledger: Ledger, d: Mapping[str, Any]) -> None:
    """Every number of a limit in the policy stands among the numbers of the limit as solved, unless it followed the market or
    gave way; those of costs and of the objective likewise."""
    gave_way = {step["limit"] for step in d["relaxations"]}
    solved = {limit["kind"]: limit for limit in d["evidence"]["limits"]}
    for kind, value in (d["policy"].get("limits") or {}).items():
        if kind in gave_way or "dynamic" in str(value) or kind not in solved:
            continue
        _among(ledger, ("policy", "limits", kind), f"{kind} of the policy", value, solved[kind])
    costs = {cost["kind"]: cost for cost in d["costs"]}
    for kind, value in (d["policy"].get("costs") or {}).items():
        _among(ledger, ("policy", "costs", kind), f"{kind} of the policy", value, costs.get(kind, {}))
    _among(ledger, ("policy", "objective"), "the objective of the policy", d["policy"].get("objective"), d["objective"])


def _among(ledger: Ledger, path: Any, figure: str, value: Any, used: Any) -> None:
    known = {float(x) for x in _flat(used)}
    known |= {1.0 / x for x in known if x}
    for below in _places(value):
        number = _number(ledger.at((*path, *below)))
        ledger.recomputed.add((*path, *below))
        if not any(math.isclose(number, x, rel_tol=1e-15, abs_tol=0.0) for x in known):
            ledger.fault((*path, *below), figure, repr(number), f"one of {sorted(known)[:8]}, as it was used")


def _places(value: Any) -> list[tuple[Any, ...]]:
    return [below for below, _ in numbers(value, ())] if not isinstance(value, bool) else []


def _flat(value: Any) -> list[Any]:
    return [item for _, item in numbers(value, ())]


def _number(value: Any) -> float:
    return float(value)


def weights_of(values: Sequence[float]) -> Weights:
    return [written(w) for w in values]


def books_of(document: Mapping[str, Any], q: Question, after: Held) -> dict[str, Held]:
    """The three books, exactly: before by its shares, the target as it is written, after by the orders."""
    target = Held("target_weights", weights_of(document["inputs"]["target_weights"]))
    books = {target.name: target, after.name: replace(after, sold=None)}
    return books if q.before is None else {**books, "w_prev": Held("w_prev", q.before)}
