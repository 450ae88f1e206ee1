"""A percentage written where a fraction is meant: refused where it can mean nothing else, noted where it can.

Without leverage a position of 5 (500 %) does not exist, and whoever writes it means 0.05. Where short or borrowed money is
allowed it may be meant, and is kept; the answer then says what it was taken for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from portopt.domain.problem import Limit
from portopt.domain.quantities import spelled_bps, spelled_fraction
from portopt.terms.shared.checks import fraction

COUNTED_IN_BPS = ("bps",)
# "25%" as a band is of the target, and 0.25 of the portfolio; "3%" as a trade is a weight, and 3 a count of shares.
OF_THEIR_OWN = ("band", "pinned")
LISTS_OF_NAMES = ("exclusions", "assets", "issuers", "do_not_buy", "do_not_sell", "keep")


def is_levered(spec: Mapping[str, Any]) -> bool:
    """Whether limits as spelled allow more than the whole portfolio in some asset: shorts, gross exposure, borrowed cash.

    spec: {catalog name: plain value}. Where long_only is not mentioned it is in force, unless a floor is below zero.
    """
    floors = spec.get("min_weight")
    floors = floors.values() if isinstance(floors, Mapping) else (floors,)
    shorts = not spec.get("long_only", all(_number(floor) >= 0.0 for floor in floors))
    gross, cash = spec.get("leverage_limit"), spec.get("cash")
    least = cash.get("min") if isinstance(cash, Mapping) else None
    return shorts or _number(gross) > 1.0 or _number(least) < 0.0


def refuse_percentages(limits: Iterable[Limit]) -> None:
    """Raises InvalidValue, with the fraction meant, for the first number that is more than it can mean."""
    for field, value, most in _beyond(limits):
        fraction(field, value, most=most)


def notes_on_percentages(limits: Iterable[Limit]) -> tuple[str, ...]:
    """ "limits.max_weight 5 means 500 %; if 5 % was meant, write 0.05", a sentence for each such number."""
    return tuple(
        f"{field} {value:g} means {100.0 * value:g} %; if {value:g} % was meant, write {value / 100.0:g}"
        for field, value, _ in _beyond(limits)
    )


def in_fractions(value: Any, name: str = "") -> Any:
    """Terms as they are spelled, every text with a unit the number it spells: {"max_weight": "12 %"} is {"max_weight": 0.12}.

    Of what the catalog has read, so that no text stands where a count is meant; the same limits then have the same identity.
    name: under which the value stands; basis points are counted in themselves, and lists of names are left alone.
    """
    if name in OF_THEIR_OWN:
        return value
    if isinstance(value, Mapping):
        return {key: in_fractions(item, name if name in COUNTED_IN_BPS else str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple) and name not in LISTS_OF_NAMES:
        return [in_fractions(item, name) for item in value]
    spelled = spelled_bps(value) if name in COUNTED_IN_BPS else spelled_fraction(value)
    return value if spelled is None else spelled


def _beyond(limits: Iterable[Limit]) -> list[tuple[str, float, float]]:
    said = [part for limit in limits for part in limit.fractions()]
    return [(field, value, most) for field, value, most in said if abs(value) > most]


def _number(value: Any) -> float:
    spelled = spelled_fraction(value)
    if spelled is not None:
        return spelled
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
