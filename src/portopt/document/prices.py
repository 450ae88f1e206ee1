"""What binding limits cost, as rows and in words: so much of what the objective counts in, for so much more room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.formats import PERCENT_UNITS, bps, count, significant
from portopt.domain.canonical import plain
from portopt.domain.explanation import ShadowPrice
from portopt.domain.problem import Problem

Row = Mapping[str, Any]

POINTS = ("volatility", "tracking error", "risk", "distance")  # fractions that are no return: percentage points of them
OF_ITS_OWN = {"score": "of score", "exposure": "of exposure", "days": "days"}


def limit_prices(prices: tuple[ShadowPrice, ...], problem: Problem) -> list[dict[str, Any]]:
    """The binding limits, the dearest first, each with its limit in words."""
    words = {limit.kind: limit.describe() for limit in problem.limits}
    return [{**plain(price), "description": words.get(price.limit, price.limit)} for price in prices]


def worth_in_words(price: Row) -> str:
    """`12.3 bps a year`, `0.0041 of the Sharpe ratio`, `0.02 pp of volatility`; "≤" where it is the most that it can be."""
    if "worth" not in price:  # a document of an earlier version
        return bps(abs(price["cost_bps"]))
    return ("" if price["solved_again"] else "≤ ") + amount_in_words(price["worth"], price["worth_unit"])


def amount_in_words(worth: float, unit: str) -> str:
    """So much of what an objective counts in.

    >>> amount_in_words(0.00123, "return"), amount_in_words(0.00123, "volatility"), amount_in_words(0.00123, "Sharpe ratio")
    ('12.3 bps a year', '0.123 pp of volatility', '0.00123 of the Sharpe ratio')
    """
    if worth == 0.0:
        return "nothing by itself"
    if unit == "return":
        return f"{significant(1e4 * worth)} bps a year"
    return f"{significant(100 * worth)} pp of {unit}" if unit in POINTS else f"{significant(worth)} of the {unit}"


def step_in_words(step: float, unit: str) -> str:
    """How much more room: percentage points of a fraction, or so much of a score.

    >>> step_in_words(0.01, "fraction"), step_in_words(0.002, "tracking_error"), step_in_words(0.6, "score")
    ('1 percentage point', '0.2 percentage points', '0.6 of score')
    """
    if unit in PERCENT_UNITS:
        return f"{significant(100 * step)} percentage point{'' if abs(100 * step - 1) < 1e-9 else 's'}"
    return f"{significant(step)} {OF_ITS_OWN.get(unit, '')}".strip()


def told(prices: Sequence[Row]) -> str:
    """How these prices were found, in one or two sentences; nothing where there are none."""
    if not prices or "worth" not in prices[0]:
        return ""
    bounded = sum(not price["solved_again"] for price in prices)
    staying = ", its whole numbers as they are" if any(price["whole_numbers_stay"] for price in prices) else ""
    first = f"Worth is what the portfolio gained when it was solved for again with that room for one limit alone{staying}."
    if not bounded:
        return first
    rest = f"{count(bounded, 'price is', 'prices are')} told as the most that room can be worth, by the multipliers."
    return rest[:1].upper() + rest[1:] if bounded == len(prices) else f"{first} {rest}"


def left_to_draw(without: Sequence[str]) -> str:
    """What a frontier or a surface leaves out of the limits; nothing where it leaves out none."""
    if not without:
        return ""
    return f"Drawn without the limits in whole numbers ({', '.join(without)}): with them, less can be had than it shows."
