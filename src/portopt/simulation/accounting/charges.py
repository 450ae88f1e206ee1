"""What orders are charged: commission, half the spread, impact; each to the cent by itself, from the order's value in cents.

    commission = max(minimum, bps v + per_share q)      spread = half of spread_bps v
    impact     = σ v (c √(q / V) + l q / V)             spread + impact <= cap v

Source of the square-root law: Almgren, Thum, Hauptmann and Li (2005), "Direct estimation of equity market impact".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from portopt.domain.arrays import Mask, Vector
from portopt.domain.backtest import Cents, Execution, Units
from portopt.domain.errors import InvalidValue
from portopt.domain.tariff import BPS
from portopt.simulation.accounting.money import FITS, fraction, nearest, root, rounded, worth

NOT_NEGATIVE = (
    "commission_bps", "commission_per_share", "minimum_fee", "spread_bps", "impact", "linear_impact", "borrow_rate",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Charges:
    """Cents, all (m,) and none negative. capped: where spread and impact are cut to the most they may cost."""

    values: Cents
    commission: Cents
    spread: Cents
    impact: Cents
    capped: Mask

    @property
    def costs(self) -> Cents:
        return np.asarray(self.commission + self.spread + self.impact)


@dataclass(frozen=True, slots=True, eq=False)
class Traded:
    """What is charged. units: (m,) above zero, each `share` shares; prices, volumes, volatility: (m,), of each on its day."""

    units: Units
    prices: Vector
    share: Fraction
    volumes: Vector
    volatility: Vector


def require_sound(execution: Execution) -> None:
    """Raises InvalidValue for what no ledger can charge."""
    for name in NOT_NEGATIVE:
        value = getattr(execution, name)
        if not 0.0 <= value < float("inf"):
            raise InvalidValue(f"execution.{name}", value, "a cost is a number, not below zero", fix="write 0")
    if not 0.0 <= execution.cost_cap < 1.0:
        why = "spread and impact may cost less than the whole order: a price that is paid stays above zero"
        raise InvalidValue("execution.cost_cap", execution.cost_cap, why, fix="write 0.1 for 10 %")
    if execution.participation is not None and not 0.0 < execution.participation <= 1.0:
        why = "is the share of a day's volume that may be traded, above 0 and at most 1"
        raise InvalidValue("execution.participation", execution.participation, why, fix="write 0.1 for 10 %, or leave it out")
    for name, least in (("delay", 0), ("expires", 1)):
        if getattr(execution, name) < least:
            raise InvalidValue(f"execution.{name}", getattr(execution, name), f"is a number of sessions, at least {least}")


@dataclass(frozen=True, slots=True)
class Rates:
    """An execution's costs as fractions; of commission and spread of an order's value, money in cents."""

    commission: Fraction
    each: Fraction
    minimum: int
    spread: Fraction
    impact: Fraction
    linear_impact: Fraction
    cap: Fraction


@lru_cache(maxsize=64)
def rates_of(execution: Execution) -> Rates:
    return Rates(
        commission=fraction(execution.commission_bps) * fraction(BPS),
        each=100 * fraction(execution.commission_per_share),
        minimum=round(100 * fraction(execution.minimum_fee)),
        spread=fraction(execution.spread_bps) * fraction(BPS) / 2,
        impact=fraction(execution.impact),
        linear_impact=fraction(execution.linear_impact),
        cap=fraction(execution.cost_cap),
    )


def charges(traded: Traded, execution: Execution) -> Charges:
    """(m,) what these orders are worth and cost."""
    rates = rates_of(execution)
    values = worth(traded.units, traded.prices, traded.share)
    commission = commission_of(values, traded.units, traded.share, execution)
    spread = rounded((values, rates.spread)) if rates.spread else np.zeros_like(values)
    impact = _impact(values, traded, rates) if has_impact(execution) else np.zeros_like(values)
    most = _floor(values, rates.cap)
    capped = np.asarray(spread + impact > most)
    if capped.any():
        spread = np.minimum(spread, most)
        impact = np.minimum(impact, most - spread)
    return Charges(values, commission, spread, impact, capped)


def has_impact(execution: Execution) -> bool:
    return execution.impact > 0.0 or execution.linear_impact > 0.0


def commission_of(values: Cents, units: Units, share: Fraction, execution: Execution) -> Cents:
    """(m,) cents for orders worth `values` cents; the minimum fee at least."""
    rates = rates_of(execution)
    each = [(units, share * rates.each)] if rates.each else []
    found = rounded((values, rates.commission), *each)
    return np.where(units > 0, np.maximum(found, rates.minimum), 0) if rates.minimum else found


def _floor(values: Cents, rate: Fraction) -> Cents:
    """Rounded down: what a cap allows."""
    if int(values.max(initial=0)) * rate.numerator < FITS:
        return np.asarray(values * rate.numerator // rate.denominator)
    return np.array([int(v) * rate.numerator // rate.denominator for v in values], dtype=np.int64)


def _impact(values: Cents, traded: Traded, rates: Rates) -> Cents:
    """Its two halves, each to the cent. Rational numbers have no exact root: its square says which cent."""
    c, l = rates.impact, rates.linear_impact
    at = values * traded.volatility
    shares = traded.units * (float(traded.share) / traded.volumes)

    def sigma_v(i: int) -> Fraction:
        return int(values[i]) * fraction(float(traded.volatility[i]))

    def q(i: int) -> Fraction:
        return int(traded.units[i]) * traded.share / fraction(float(traded.volumes[i]))

    by_root = nearest(at * float(c) * np.sqrt(shares), lambda i: Fraction(root((c * sigma_v(i)) ** 2 * q(i))))
    return by_root + nearest(at * float(l) * shares, lambda i: l * sigma_v(i) * q(i)) if l else by_root
