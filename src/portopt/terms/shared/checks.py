"""What a term accepts: numbers that are numbers, maps that are maps, and every refusal in the user's own terms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from numbers import Real
from typing import Any, Literal

from portopt.domain.errors import InvalidValue, MissingInput, UnknownField
from portopt.domain.quantities import plain_number, spelled_bps, spelled_fraction
from portopt.domain.universe import CASH

EVERY = "*"  # in a map: every name not listed


def number(
    field: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    example: str = "0.10",
    counts: Literal["fraction", "bps", "plain"] = "fraction",
) -> float:
    """`value` as a finite float within [low, high].

    counts: what the number counts, and so which texts with a unit it may be: "12 %" and "15 bps" are fractions, or basis
    points where those are meant; of days, scores and positions there is no percentage.
    Raises InvalidValue for anything else; a bool, a map and any other text are not numbers.
    """
    read = {"fraction": spelled_fraction, "bps": spelled_bps}.get(counts)
    spelled = None if read is None else read(value)
    value = value if spelled is None else spelled
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        fix = f"write {field} as {plain_number(value) or example}"
        raise InvalidValue(field, value, f"a number is needed, not {_noun(value)}", fix=fix)
    try:
        result = float(value)
    except (OverflowError, ValueError):  # an integer beyond any float, a signalling decimal NaN
        result = math.inf
    if not math.isfinite(result):
        raise InvalidValue(field, value, "is not a finite number", fix=f"write {field} as {example}, or leave it out")
    if result < low:
        raise InvalidValue(field, value, f"may not be below {low:g}", fix=f"write {field} as {example}")
    if result > high:
        raise InvalidValue(field, value, f"may not be above {high:g}", fix=f"write {field} as {example}")
    return result


def fraction(field: str, value: Any, *, low: float = -math.inf, most: float = 1.0) -> float:
    """A fraction as people write it. More than `most` is taken for a percentage and refused, with the fraction meant."""
    result = number(field, value, low=low)
    if abs(result) > most:
        raise InvalidValue(
            field,
            value,
            f"is {100 * result:g} %; fractions are meant here, at most {most:g}",
            fix=f"write {result / 100:g} for {result:g} %",
        )
    return result


def flag(field: str, value: Any) -> bool:
    """True or False; raises InvalidValue for anything else (1 and "yes" are not flags)."""
    if not isinstance(value, bool):
        raise InvalidValue(field, value, f"true or false is needed, not {_noun(value)}", fix=f"write {field}: true")
    return value


def mapping(field: str, value: Any, *, example: str) -> Mapping[str, Any]:
    """An object with texts for names; raises InvalidValue for anything else."""
    if not isinstance(value, Mapping):
        raise InvalidValue(field, value, f"an object is needed, not {_noun(value)}", fix=f"write {field}: {example}")
    strangers = [name for name in value if not isinstance(name, str)]
    if strangers:
        raise InvalidValue(field, value, f"names are texts, {strangers[0]!r} is not", fix=f"write {field}: {example}")
    return value


def options(path: str, value: Any, known: Iterable[str], *, example: str) -> dict[str, Any]:
    """A term's options by name. Raises UnknownField for a name it does not have."""
    known = list(known)
    given = mapping(path, value, example=example)
    for name, option in given.items():
        if name not in known:
            raise UnknownField(name, known, path=path, value=option)
    return dict(given)


def required(path: str, given: Mapping[str, Any], name: str, *, example: str) -> Any:
    """The option `name`; raises MissingInput where it is absent or null."""
    if given.get(name) is None:
        raise MissingInput(f"{path} needs {name!r}", field=f"{path}.{name}", fixes=[f"add {name!r}, for example {example}"])
    return given[name]


def by_asset(field: str, value: Any, *, low: float = -math.inf, example: str, cash: str) -> dict[str, float]:
    """Numbers by asset id, one number standing for every asset: 0.1 is {"*": 0.1}.

    Raises InvalidValue; also for CASH, which limits.cash alone binds (`cash`: how it would be written there).
    """
    if not isinstance(value, Mapping):
        return {EVERY: number(field, value, low=low)}
    given = mapping(field, value, example=example)
    if not given:
        raise InvalidValue(field, {}, "names nothing", fix=f"write {field}: {example}, or leave it out")
    if CASH in given:
        raise InvalidValue(f"{field}.{CASH}", given[CASH], "does not bind cash", fix=f"write limits.cash: {cash}")
    return {name: number(f"{field}.{name}", item, low=low) for name, item in given.items()}


def aversion(value: Any) -> float:
    """A risk aversion gamma: positive, at most a million. Raises InvalidValue."""
    field = "objective.risk_aversion"
    gamma = number(field, value, high=1e6, example="4.0", counts="plain")
    if gamma <= 0.0:
        raise InvalidValue(field, value, "must be positive", fix='write 4.0, or use {"kind": "max_return"} to leave risk out')
    return gamma


def percent(x: float) -> str:
    """A fraction for people: two decimals, up to four where they say something: "10.00 %", "2.0125 %"."""
    text = f"{100.0 * x:.4f}"
    return f"{text[:-2] if text.endswith('00') else text.rstrip('0')} %"


def listed(items: Iterable[str], most: int = 6) -> str:
    """Names in a sentence; the rest counted."""
    names = list(items)
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _noun(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false" if value else "false"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return "a number" if isinstance(value, Real | Decimal) else type(value).__name__
