"""What an estimator lets its user choose, and the check that what was chosen means something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portopt.domain.errors import InvalidValue, UnknownField


@dataclass(frozen=True, slots=True)
class Option:
    """One keyword of an estimator.

    default: its value when not given; None means "worked out from the data", as `text` says.
    least, most: the closed range of a number. whole: an integer is needed. words: the values of an option that is a word.
    by_asset: a number for every asset named, {asset: number}.
    """

    default: Any
    text: str
    least: float = float("-inf")
    most: float = float("inf")
    whole: bool = False
    words: tuple[str, ...] = ()
    by_asset: bool = False


def chosen(options: Mapping[str, Option], given: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Every option's value. Raises UnknownField for a keyword nobody knows, InvalidValue for a value out of range."""
    for name in given:
        if name not in options:
            raise UnknownField(name, options, path=path, value=given[name])
    return {name: _checked(option, given[name], f"{path}.{name}") if name in given else option.default
            for name, option in options.items()}  # fmt: skip


def _checked(option: Option, value: Any, field: str) -> Any:
    if value is None and option.default is None:
        return None
    if option.by_asset:
        if not isinstance(value, Mapping):
            raise InvalidValue(field, value, "must be an object {asset: number}")
        return {str(asset): _number(option, number, f"{field}.{asset}") for asset, number in value.items()}
    if option.words:
        if value not in option.words:
            raise InvalidValue(field, value, f"must be one of {', '.join(option.words)}")
        return value
    return _number(option, value, field)


def _number(option: Option, value: Any, field: str) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue(field, value, "must be a number")
    if not option.least <= value <= option.most:
        raise InvalidValue(field, value, f"must lie between {option.least:g} and {option.most:g}")
    if option.whole:
        if value != int(value):
            raise InvalidValue(field, value, "must be a whole number")
        return int(value)
    return float(value)
