"""A document, alone, worked out again."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from portopt.verifier.asked import check_program
from portopt.verifier.book import Held, Question, after_orders, question_of
from portopt.verifier.exact import ONE, ZERO, dot, root, written
from portopt.verifier.figures import books_of, check_figures
from portopt.verifier.ledger import Findings, Ledger, Path, shown
from portopt.verifier.limits import readings, worst
from portopt.verifier.money import check_money
from portopt.verifier.optimum import check_optimum, check_prices
from portopt.verifier.orders import certificate_of_orders
from portopt.verifier.reading import NotRead
from portopt.verifier.seals import check_seals
from portopt.verifier.settlement import check_settlement
from portopt.verifier.taxes import check_taxes

REBALANCE: Path = ("evidence",)
WEIGHTS: Path = ("portopt", "evidence")
OF_DRAWS = "they come of draws from the history, which are not drawn again here"
OF_THE_PACK = "it is made from the prices of the pricing pack, which the document names and does not hold"


class CannotVerify(ValueError):
    """The document is none that can be worked out again, or lacks what that takes. why: for people."""


def verify(document: Mapping[str, Any]) -> Findings:
    """Everything that a document says of an answer, from the rest of it.

    document: of a rebalance (`portopt rebalance --json`, trades.json, a stored run's), or of a choice of weights
    (`portopt optimize --json`). Raises CannotVerify for anything else.
    """
    ledger = worked_out(document)
    sealed = check_seals(ledger, _evidence_of(document))
    return ledger.findings(_name(document), sealed=sealed)


def worked_out(document: Mapping[str, Any]) -> Ledger:
    """The same by arithmetic alone, seals aside. Raises CannotVerify."""
    within = _evidence_of(document)
    ledger = Ledger(document)
    if not isinstance(ledger.at(within), Mapping):
        raise CannotVerify(f"it has no {shown(within)}: it was written before documents carried what a check takes")
    try:
        (_rebalance if within == REBALANCE else _weights)(ledger)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        where = f"{type(error).__name__}: {error}"
        ledger.fault((), "the document as a whole", "what stands in it", f"parts that do not fit together ({where})")
    return ledger


def _evidence_of(document: Any) -> Path:
    """Where the evidence stands. Raises CannotVerify for a document of another kind."""
    if not isinstance(document, Mapping):
        raise CannotVerify("a document is one JSON object")
    if document.get("kind") == "rebalance":
        return REBALANCE
    if "optimal_weights" in document and isinstance(document.get("portopt"), Mapping):
        return WEIGHTS
    what = document.get("kind") or document.get("code") or "no kind"
    raise CannotVerify(f"a document of a rebalance or of a choice of weights is needed; this one has {what}")


def _name(document: Mapping[str, Any]) -> str:
    return str(document.get("run_id") or document.get("portfolio_id") or "the document")


def _rebalance(ledger: Ledger) -> None:
    d = ledger.document
    q = question_of(d)
    after = after_orders(d, q)
    books = books_of(d, q, after)
    check_money(ledger, q, after)
    check_settlement(ledger)
    check_taxes(ledger, q, {name: books[name] for name in ("target_weights", "weights_after")})
    check_figures(ledger, q, books)
    check_optimum(ledger, q, np.array(d["inputs"]["target_weights"], dtype=float), ("evidence",), ("certificate",))
    check_program(ledger, q, ("evidence",))
    check_prices(ledger, q.ids, ("evidence",), ("limit_prices",))
    _standing(ledger)
    _of_orders(ledger)
    _risk_aversion(ledger, q)
    _pack(ledger)
    ledger.leaves(("inputs", "in_sample_returns"), "the benchmark's returns over the history", OF_THE_PACK)
    ledger.leaves(("rounding", "mip_gap"), "the gap of the search for whole shares", "it is the word of a search")
    ledger.leaves(("errors",), "how the errors of the figures were drawn", OF_DRAWS)
    ledger.leaves(("figures",), "errors of the figures", OF_DRAWS)
    ledger.leaves(("policy",), "settings of the policy", "they say how beliefs are made and data are read, not what they are")
    ledger.leaves(("estimators",), "how beliefs were estimated", OF_THE_PACK)
    ledger.leaves(("data_quality",), "what was found wrong with the data", OF_THE_PACK)
    ledger.leaves(("pricing_pack",), "the pricing pack", OF_THE_PACK)
    ledger.leaves(("proposal",), "scores that no limit reads", "nothing else in the document says them")
    ledger.leaves(
        ("certificate",), "what the audit allows, and how often the engine went round", "they are settings and a count"
    )
    ledger.leaves(("diagnosis",), "why the limits as asked could not hold", "it was searched for")
    ledger.leaves(("relaxations",), "what gave way", "it was searched for")


def _standing(ledger: Ledger) -> None:
    """A priced limit stands where its reading says."""
    limits = {limit["limit"]: limit for limit in ledger.document["limits"]}
    for k, price in enumerate(ledger.document["limit_prices"]):
        rows = limits.get(price["limit"], {}).get("readings", [])
        row = next((row for row in rows if row["member"] == price["member"]), rows[0] if len(rows) == 1 else None)
        if row is not None:
            name, at = f"{price['limit']} {price['member']}".strip(), ("limit_prices", k)
            ledger.same((*at, "measured"), f"where {name} stands", row["target"], 1e-13)
            ledger.same((*at, "bound"), f"the side of {name}", row[price["side"]], 1e-15)


def _of_orders(ledger: Ledger) -> None:
    """The certificate of the orders, made again."""
    again = certificate_of_orders(ledger.document)
    for name in ("verdict", "worst_violation", "worst_limit", "limits", "exactly", "cash_after", "gap_proven"):
        value = again[name]
        comes_to = written(value) if name == "cash_after" else value
        ledger.same(("certificate", "orders", name), f"{name.replace('_', ' ')} of the orders", comes_to, 1e-15)
    by = again["worst_violation"]
    ledger.said.append(f"orders: every hard limit {'holds exactly' if by == 0 else f'holds to {by:.1e}'}")


def _risk_aversion(ledger: Ledger, q: Question) -> None:
    """Of a Sharpe ratio (mu'w - rf - costs) / w'Sigma w; else the one that was given."""
    told, d = ledger.document["risk_aversion"], ledger.document
    if told is None:
        return
    given = d["objective"].get("risk_aversion")
    if given is not None:
        ledger.same(("risk_aversion",), "risk aversion", given, 0.0)
    elif d["objective"]["kind"] == "max_sharpe":
        held = Held("target_weights", [written(w) for w in d["inputs"]["target_weights"]])
        sigma = root(q.beliefs.variance(held.w, {held.name: 1.0}))
        ledger.same(("risk_aversion",), "risk aversion", d["objective"]["target"] / sigma, 1e-10 * abs(told))


def _pack(ledger: Ledger) -> None:
    """What the document itself says of the pack twice."""
    from datetime import date

    pack, d = ledger.document["pricing_pack"], ledger.document
    age = (date.fromisoformat(d["as_of"][:10]) - date.fromisoformat(pack["last_date"])).days
    ledger.same(("pricing_pack", "age_days"), "age of the prices", age, 0.0)
    found = [finding["treatment"] for finding in d["data_quality"]["findings"]]
    for treatment in ("accepted", "quarantined", "refused"):
        ledger.same(("data_quality", treatment), f"findings {treatment}", found.count(treatment), 0.0)


def _weights(ledger: Ledger) -> None:
    """A choice of weights: its figures, its limits, its optimum."""
    d = ledger.document
    q, at, ours = question_of(d), ("portopt", "evidence"), d["portopt"]
    inputs = ours["evidence"]["inputs"]
    chosen = [written(d["optimal_weights"][a]) for a in q.ids]
    held = Held("target_weights", chosen)
    for i, a in enumerate(q.ids):
        ledger.same((*at, "inputs", "target_weights", i), f"weight of {a}", d["optimal_weights"][a], 0.0)
        ledger.recomputed.add(("optimal_weights", a))
    total = sum(chosen, ZERO)
    if q.has("budget") and abs(total - ONE) > Fraction(1, 10**9):
        ledger.fault(("optimal_weights",), "sum of the weights", repr(float(total)), "1")
    earned, sigma = dot(chosen, q.beliefs.mu), root(q.beliefs.variance(chosen, {held.name: 1.0}))
    ledger.same(("expected_return",), "expected return", float(earned))
    ledger.same(("expected_volatility",), "volatility", sigma)
    ratio = float(earned - q.risk_free) / sigma if sigma > 1e-9 else None
    ledger.same(("sharpe_ratio",), "Sharpe ratio", ratio)
    ledger.same(("portopt", "risk_free_rate"), "risk-free rate", inputs["risk_free_rate"], 0.0)
    ledger.same(("portopt", "moments", "periods_per_year"), "periods a year", inputs["periods_per_year"], 0.0)
    w = np.array([float(x) for x in chosen])
    check_optimum(ledger, q, w, at, ("portopt", "certificate"))
    check_program(ledger, q, at)
    check_prices(ledger, q.ids, at, ("portopt", "binding_limits"))
    said = d["optimization_metadata"]["objective_value"]
    ledger.same(("portopt", "certificate", "objective"), "the objective", said, 0.0)
    ledger.recomputed.add(("optimization_metadata", "objective_value"))
    _limits_of_weights(ledger, q, held)
    for name in ("mu", "covariance", "benchmark", "w_prev", "prices", "average_daily_value", "risk_free_rate"):
        ledger.uses((*at, "inputs", name))
    ledger.leaves(("optimization_metadata",), "time and iterations", "a clock and a counter say them")
    ledger.leaves((*at,), "what limits and costs read", "of these weights nothing else says it")
    ledger.leaves(("portopt",), "figures of the answer", "they are not worked out here")


def _limits_of_weights(ledger: Ledger, q: Question, held: Held) -> None:
    """Every hard limit on the weights: exactly where that can be, to the audit's billionth."""
    held_to, exactly = 0, 0
    for k, limit in enumerate(q.limits):
        path = ("portopt", "evidence", "limits", k)
        try:
            found = readings(limit, held, q)
        except NotRead as error:
            ledger.leaves(path, f"{limit['kind']} of the weights", str(error))
            continue
        ledger.uses(path)
        held_to, exactly = held_to + 1, exactly + all(r.exact for r in found)
        by = worst(found)
        if not limit["soft"] and by > Fraction(1, 10**9):
            reading = max(found, key=lambda r: r.excess())
            sides = f"{_told(reading.floor)} to {_told(reading.cap)}"
            name = f"{limit['kind']} {reading.member}".strip()
            ledger.fault(path, name, f"that it lies within {sides}", repr(reading.figure))
    ledger.said.append(f"limits: {held_to} of {len(q.limits)} on the weights, {exactly} in rational arithmetic")


def _told(side: Fraction | None) -> str:
    return "open" if side is None else f"{float(side):g}"
