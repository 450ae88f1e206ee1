"""What the words of a tax may hold: rates that are fractions, whole days, money, names; every refusal says what to write."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from numbers import Real
from typing import Any

from portopt.domain.errors import InvalidValue, UnknownField
from portopt.domain.quantities import spelled_fraction

MOST_DAYS = 36_500
MOST_MONEY = Decimal(10) ** 15
MOST_NAMES = 1_000
LONGEST = 2_000


def object_of(field: str, value: Any, known: Iterable[str]) -> dict[str, Any]:
    """An object with known names only."""
    known = tuple(known)
    given = mapping(field, value)
    for name, item in given.items():
        if name not in known:
            raise UnknownField(name, known, path=field, value=shown(item))
    return given


def mapping(field: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise InvalidValue(field, shown(value), "an object with names is needed", fix=f'write {field}: {{"name": …}}')
    return dict(value)


def rate(field: str, value: Any) -> float:
    """A fraction from 0 to 1, "37 %" too. 37 is refused with the fraction meant."""
    spelled = spelled_fraction(value)
    given = value if spelled is None else spelled
    if isinstance(given, bool) or not isinstance(given, Real | Decimal) or not math.isfinite(given):
        raise InvalidValue(field, shown(value), "a rate is needed, a fraction", fix=f"write {field}: 0.37 for 37 %")
    found = float(given)
    if found < 0.0:
        raise InvalidValue(field, shown(value), "a rate is not below zero", fix=f"write {field}: 0 where nothing is due")
    if found > 1.0:
        meant = f"write {found / 100:g} for {found:g} %" if found <= 100.0 else f"write {field}: 0.37 for 37 %"
        raise InvalidValue(field, shown(value), f"is {100 * found:g} %; fractions are meant here, at most 1", fix=meant)
    return found


def days(field: str, value: Any, *, least: int = 0) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MOST_DAYS:
        why = f"a whole number from {least} to {MOST_DAYS} is needed"
        raise InvalidValue(field, shown(value), why, fix=f"write {field}: 30")
    return value


def money(field: str, value: Any) -> Decimal:
    """An amount that is not negative: "1000.00" or 1000."""
    try:
        found = Decimal(str(value)) if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool) else None
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or not 0 <= found <= MOST_MONEY:
        raise InvalidValue(
            field, shown(value), "an amount of money that is not negative is needed", fix=f'write {field}: "1000"'
        )
    return found


def flag(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue(field, shown(value), "true or false is needed", fix=f"write {field}: true")
    return value


def text(field: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise InvalidValue(field, shown(value), f"a text of at most {LONGEST} characters is needed", fix=f'write {field}: "…"')
    return value


def names(field: str, value: Any, *, least: int = 1) -> tuple[str, ...]:
    """A list of texts, each once."""
    if not isinstance(value, list | tuple) or not least <= len(value) <= MOST_NAMES:
        counted = f"{least} to {MOST_NAMES} names" if least > 1 else "names"
        raise InvalidValue(field, shown(value), f"a list of {counted} is needed", fix=f'write {field}: ["A", "B"]')
    found = tuple(text(f"{field}[{i}]", name) for i, name in enumerate(value))
    for i, name in enumerate(found):
        if name in found[:i]:
            raise InvalidValue(f"{field}[{i}]", name, "stands twice in the list", fix=f"take one {name!r} out")
    return found


def shown(value: Any) -> Any:
    """Short enough to be quoted."""
    if value is None or isinstance(value, bool | int | float):
        return value if not isinstance(value, float) or math.isfinite(value) else str(value)
    spelled = value if isinstance(value, str) else repr(value)
    return spelled if len(spelled) <= 80 else spelled[:79] + "…"
