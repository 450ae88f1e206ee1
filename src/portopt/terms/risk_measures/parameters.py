"""What measures are asked with: confidence, horizon and target, checked once and said the same way everywhere."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.terms.shared.checks import number

DEFAULT_CONFIDENCE = 0.95
LONGEST_HORIZON = 252


def checked_confidence(path: str, value: Any) -> float:
    """A confidence strictly between 0 and 1. Raises InvalidValue; 95 is told to be 0.95."""
    field = f"{path}.confidence"
    beta = number(field, value, low=0.0, example="0.95")
    if 1.0 < beta < 100.0:
        raise InvalidValue(field, value, "is a fraction, below 1", fix=f"write {beta / 100.0:g} for {beta:g} %")
    if not 0.0 < beta < 1.0:
        raise InvalidValue(field, value, "must lie strictly between 0 and 1", fix=f"write {field} as 0.95")
    return beta


def checked_horizon(path: str, value: Any) -> int:
    """A whole number of periods. Raises InvalidValue."""
    field = f"{path}.horizon"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InvalidValue(field, value, "a whole number of periods is needed", fix=f"write {field} as 1")
    if not 1 <= int(value) <= LONGEST_HORIZON:
        why = f"must be between 1 and {LONGEST_HORIZON} periods"
        raise InvalidValue(field, value, why, fix=f"write {field} as 1")
    return int(value)


def checked_path_horizon(path: str, value: Any) -> int:
    """The horizon of a drawdown, which is the whole path: one period a step, nothing else. Raises InvalidValue."""
    horizon = checked_horizon(path, value)
    if horizon != 1:
        why = "a drawdown runs over the whole path of single periods; it has no horizon of its own"
        raise InvalidValue(f"{path}.horizon", value, why, fix="leave the horizon out, or write 1")
    return horizon


def checked_target(path: str, value: Any) -> float | None:
    """A return per horizon below which a return counts as a shortfall, or None for the mean. Raises InvalidValue."""
    return None if value is None else number(f"{path}.target", value, low=-1.0, high=1.0, example="0.0")


def at_confidence(confidence: float) -> str:
    """ "95 %", "99.5 %" """
    return f"{100.0 * confidence:.6g} %"


def over(horizon: int, periods_per_year: float | None) -> str:
    """ "1 period of 252 a year", "10 periods" """
    noun = f"{horizon} period{'' if horizon == 1 else 's'}"
    return noun if periods_per_year is None else f"{noun} of {periods_per_year:g} a year"
