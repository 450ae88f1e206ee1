"""The document as read: who the assets are, what is held before and after the orders, what is believed of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from portopt.verifier.exact import ZERO, cents, dot, quadratic, written
from portopt.verifier.lots import Lots, lots_of
from portopt.verifier.units import units_of

CASH = "CASH"
RETURNS = {"before": "w_prev", "after": "weights_after", "target": "target_weights"}  # of which book each series is
Weights = Sequence[Fraction]


@dataclass(frozen=True)
class Beliefs:
    """mu (n,) and the covariance: Sigma (n, n), or F, Omega and D, or, of many assets, its products with the books alone."""

    mu: Sequence[float]
    form: Mapping[str, Any]

    def variance(self, v: Weights, of: Mapping[str, float] = {}) -> Fraction:
        """v'Sigma v, exactly. of: how v is made of the books, for products: {"weights_after": 1, "benchmark": -1}."""
        if self.form["form"] == "dense":
            return quadratic(v, self.form["Sigma"])
        if self.form["form"] == "factors":
            k = len(self.form["Omega"])
            through = [dot(v, [row[j] for row in self.form["F"]]) for j in range(k)]
            specific = sum((x * x * Fraction(d) for x, d in zip(v, self.form["D"], strict=True)), ZERO)
            return quadratic(through, self.form["Omega"]) + specific
        products = self.form["Sigma_times"]
        if not of or any(products.get(name) is None for name in of):
            raise LookupError("the covariance is in the document only by its products with other books")
        return sum((Fraction(times) * dot(v, [x or 0.0 for x in products[name]]) for name, times in of.items()), ZERO)

    def matrix(self) -> np.ndarray | None:
        """(n, n) Sigma in doubles; None where the document has products alone."""
        if self.form["form"] == "dense":
            return np.array(self.form["Sigma"], dtype=float)
        if self.form["form"] == "factors":
            F, Omega, D = (np.array(self.form[name], dtype=float) for name in ("F", "Omega", "D"))
            return np.asarray(F @ Omega @ F.T + np.diag(D))
        return None

    def times(self, v: np.ndarray, book: str = "") -> np.ndarray | None:
        """Sigma v in doubles; of products, that of the book named."""
        Sigma = self.matrix()
        if Sigma is not None:
            return np.asarray(Sigma @ v)
        found = self.form["Sigma_times"].get(book)
        return None if found is None or any(x is None for x in found) else np.array(found, dtype=float)


@dataclass(frozen=True)
class Question:
    """What was asked, on n assets in one order: everything that a limit may speak of.

    attributes: of each asset, a mapping (sector, quality_score, tradable, …). costs, limits: terms as data.
    exposures: by name, (n,). returns: (T,) by book, periodic. volume: average daily value by asset, or None.
    """

    ids: tuple[str, ...]
    attributes: tuple[Mapping[str, Any], ...]
    beliefs: Beliefs
    before: Weights | None
    benchmark: Weights | None
    value: Fraction | None
    prices: Sequence[Fraction] | None
    volume: Sequence[Any] | None
    costs: Sequence[Mapping[str, Any]]
    limits: Sequence[Mapping[str, Any]]
    years: Fraction
    risk_free: Fraction
    periods_per_year: float
    exposures: Mapping[str, Sequence[float]] = field(default_factory=dict)
    factor_model: Mapping[str, Any] | None = None
    returns: Mapping[str, Sequence[float]] = field(default_factory=dict)
    probabilities: Sequence[float] | None = None
    rows: Mapping[str, Any] | None = None
    lots: Lots | None = None

    @property
    def risky(self) -> list[int]:
        """Every asset but cash."""
        return [i for i, a in enumerate(self.ids) if a != CASH]

    @property
    def cash(self) -> int | None:
        return self.ids.index(CASH) if CASH in self.ids else None

    def has(self, kind: str) -> bool:
        return any(limit["kind"] == kind for limit in self.limits)

    def tradable(self, i: int) -> bool:
        return self.attributes[i].get("tradable") is not False


@dataclass(frozen=True)
class Held:
    """One book: its name in the inputs, and w (n,). sold: what of each lot its orders sell, in weights; None: as it is told."""

    name: str
    w: Weights
    sold: Weights | None = None


@dataclass(frozen=True)
class Orders:
    """The book in shares and cents, and what the orders make of it. Everything by position of `ids`.

    prices: money per unit. moved: signed shares. settled: value of each order to the cent. weights: over the value before
    costs.
    """

    ids: tuple[str, ...]
    shares: tuple[Fraction, ...]
    prices: tuple[Fraction, ...]
    moved: tuple[Fraction, ...]
    cash: Fraction

    @cached_property
    def values(self) -> list[Fraction]:
        return [self.cash if a == CASH else cents(n * p) for a, n, p in zip(self.ids, self.shares, self.prices, strict=True)]

    @cached_property
    def value(self) -> Fraction:
        return sum(self.values, ZERO)

    @cached_property
    def settled(self) -> list[Fraction]:
        return [cents(abs(m) * p) for m, p in zip(self.moved, self.prices, strict=True)]

    def before(self) -> list[Fraction]:
        V = self.value
        return [v / V if v else ZERO for v in self.values]

    def after(self) -> list[Fraction]:
        """w_i = (value before ± the order's value) / V, nothing where all is sold; cash what the orders leave, before costs."""
        V, out, cash = self.value, [], self.cash
        for value, n, m, order in zip(self.values, self.shares, self.moved, self.settled, strict=True):
            signed = order if m > 0 else -order
            left = ZERO if m and m == -n else value + (signed if m else 0)
            out.append(left / V if left else ZERO)
            cash -= signed if m else ZERO
        if CASH in self.ids:
            out[self.ids.index(CASH)] = cash / V
        return out


def orders_of(document: Mapping[str, Any]) -> Orders:
    """The shares, prices and orders of a rebalance, from its proposal alone."""
    rows = document["proposal"]
    cash = next((row for row in rows if row["asset_id"] == CASH), None)
    moved = [ZERO if row["side"] is None else written(row["shares_after"]) - written(row["shares_before"]) for row in rows]
    return Orders(
        tuple(row["asset_id"] for row in rows),
        tuple(ZERO if row is cash else written(row["shares_before"]) for row in rows),
        tuple(units_of(row).money(written(row["price"])) for row in rows),
        tuple(moved),
        cents(written(document["headline"]["cash_before"])),
    )


def question_of(document: Mapping[str, Any]) -> Question:
    """Of a rebalance; of a choice of weights, whose evidence holds the same parts."""
    rebalance = document.get("kind") == "rebalance"
    evidence = document["evidence"] if rebalance else document["portopt"]["evidence"]
    inputs = document["inputs"] if rebalance else evidence["inputs"]
    ids = tuple(inputs["assets"])
    rows = {row["asset_id"]: row for row in (document["proposal"] if rebalance else evidence["assets"])}
    before = None if inputs["w_prev"] is None else [written(w) for w in inputs["w_prev"]]
    if rebalance and before is not None:
        orders = orders_of(document)
        exactly = dict(zip(orders.ids, orders.before(), strict=True))
        before = [exactly.get(a, ZERO) for a in ids]
    made = evidence.get("compositions") or {}
    told, benchmark = inputs["in_sample_returns"] or {}, inputs["benchmark"]
    return Question(
        ids=ids,
        attributes=tuple({**rows.get(a, {}), "composition": made.get(a)} for a in ids),
        beliefs=Beliefs(inputs["mu"], inputs["covariance"]),
        before=before,
        benchmark=None if benchmark is None else [written(w) for w in benchmark],
        value=None if inputs["portfolio_value"] is None else written(inputs["portfolio_value"]),
        prices=None if inputs["prices"] is None else [written(p) for p in inputs["prices"]],
        volume=inputs["average_daily_value"],
        costs=document["costs"] if rebalance else evidence["costs"],
        limits=evidence["limits"],
        years=written(inputs["holding_period_years"]),
        risk_free=written(inputs["risk_free_rate"]),
        periods_per_year=float(inputs["periods_per_year"]),
        exposures=evidence.get("exposures") or {},
        factor_model=evidence.get("factor_model"),
        returns={book: told[name] for name, book in RETURNS.items() if told.get(name) is not None},
        probabilities=evidence.get("probabilities"),
        rows=evidence.get("program"),
        lots=lots_of(document, orders_of(document)) if rebalance else None,
    )


def after_orders(document: Mapping[str, Any], question: Question) -> Held:
    """The whole-share book in the question's order, exactly."""
    orders = orders_of(document)
    exactly = dict(zip(orders.ids, orders.after(), strict=True))
    return Held("weights_after", [exactly.get(a, ZERO) for a in question.ids], _sold(document, question.lots))


def _sold(document: Mapping[str, Any], lots: Lots | None) -> Weights | None:
    """Of each lot the shares that the orders take, in weights."""
    if lots is None:
        return None
    rows = {(row["asset_id"], row["lot_id"]): written(row["shares"]) for row in document["taxes"]["lots"]}
    return [rows.get((lot.asset, lot.name), ZERO) * lot.price / lots.value for lot in lots.lots]
