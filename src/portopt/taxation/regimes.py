"""Tax regimes as data: a file each in `regime_files/`, or an object of the same names that a policy brings along.

A regime holds rates, terms, wash rules, allowance and lot methods with where each number is from, what it leaves out, and
cases worked out by hand. None is the one that holds where nobody says so.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.tax import METHODS, LongAfter, Method
from portopt.taxation import checks

FIELDS = (
    "name", "title", "summary", "year", "currency", "rate", "short_rate", "long_rate", "long_after", "pooled", "allowance",
    "keeps_allowance", "wash_days_before", "wash_days_after", "methods", "sources", "left_out", "cases",
)  # fmt: skip
NUMBERS = ("rate", "short_rate", "long_rate", "long_after", "allowance", "wash_days_before", "wash_days_after")
LONGEST_CURRENCY = 3


@dataclass(frozen=True, slots=True)
class Regime:
    """What a law says, before a policy's own words. methods: the lot methods it allows, the one it starts from first.

    sources: by name of a number, where it is from. left_out: what of the law is not counted, in sentences. year: of the law.
    """

    name: str
    short_rate: float
    long_rate: float
    methods: tuple[Method, ...] = METHODS
    title: str = ""
    summary: str = ""
    year: int | None = None
    currency: str = ""
    long_after: LongAfter | None = None
    pooled: bool = False
    allowance: Decimal = Decimal(0)
    keeps_allowance: bool = False
    wash_days_before: int = 0
    wash_days_after: int = 0
    sources: Mapping[str, str] | None = None
    left_out: tuple[str, ...] = ()
    cases: tuple[Mapping[str, Any], ...] = ()

    @property
    def has_terms(self) -> bool:
        return self.long_after is not None


@cache
def regime_names() -> tuple[str, ...]:
    """The regimes this version comes with."""
    files = resources.files("portopt.taxation").joinpath("regime_files").iterdir()
    return tuple(sorted(file.name.removesuffix(".json") for file in files if file.name.endswith(".json")))


@cache
def regime(name: str) -> Regime:
    """One of them. Raises InvalidValue, with the nearest known one, for any other name."""
    if name not in regime_names():
        raise unknown_regime("tax.regime", name)
    text = resources.files("portopt.taxation").joinpath("regime_files", f"{name}.json").read_text("utf-8")
    return read_regime(json.loads(text), name)


def unknown_regime(field: str, name: Any) -> InvalidValue:
    known = regime_names()
    spelled = name.lower().replace(" ", "_") if isinstance(name, str) else ""
    near = difflib.get_close_matches(spelled, known, n=1, cutoff=0.5)
    fix = f"use {near[0]!r}" if near else f"use one of {', '.join(known)}, or an object with a regime of your own"
    return InvalidValue(field, checks.shown(name), f"is no regime that is known here: {', '.join(known)}", fix=fix)


def read_regime(data: Any, path: str) -> Regime:
    """A regime from data, each part checked. Raises UnknownField, InvalidValue or MissingInput with the dotted path."""
    given = checks.object_of(path, data, FIELDS)
    name = checks.text(f"{path}.name", _required(given, "name", path, '"name": "my_rules"'))
    long_after = _long_after(given.get("long_after"), f"{path}.long_after")
    short_rate, long_rate = _rates(given, path, has_terms=long_after is not None)
    found = Regime(
        name=name,
        short_rate=short_rate,
        long_rate=long_rate,
        methods=_methods(given.get("methods", list(METHODS)), f"{path}.methods"),
        title=_text(given, "title", path) or name,
        summary=_text(given, "summary", path),
        year=None if given.get("year") is None else checks.days(f"{path}.year", given["year"], least=1900),
        currency=_currency(given, path),
        long_after=long_after,
        pooled=checks.flag(f"{path}.pooled", given.get("pooled", False)),
        allowance=checks.money(f"{path}.allowance", given.get("allowance", 0)),
        keeps_allowance=checks.flag(f"{path}.keeps_allowance", given.get("keeps_allowance", False)),
        wash_days_before=checks.days(f"{path}.wash_days_before", given.get("wash_days_before", 0)),
        wash_days_after=checks.days(f"{path}.wash_days_after", given.get("wash_days_after", 0)),
        sources={n: checks.text(f"{path}.sources.{n}", t) for n, t in _sources(given, path).items()},
        left_out=checks.names(f"{path}.left_out", given.get("left_out", []), least=0),
        cases=tuple(checks.mapping(f"{path}.cases[{i}]", case) for i, case in enumerate(_list(given, "cases", path))),
    )
    if found.pooled and found.has_terms:
        why = "gains that are one sum have no terms: they are taxed at one rate"
        raise InvalidValue(f"{path}.pooled", True, why, fix="leave long_after out, or write pooled: false")
    if found.keeps_allowance and not found.pooled:
        why = "losses that stop at the allowance are known of gains that are one sum only"
        raise InvalidValue(f"{path}.keeps_allowance", True, why, fix="write pooled: true, or leave keeps_allowance out")
    return found


def _rates(given: Mapping[str, Any], path: str, *, has_terms: bool) -> tuple[float, float]:
    """One rate, or one of each term. A short gain taxed less than a long one is refused: see `rules`."""
    if "rate" in given:
        twice = next((name for name in ("short_rate", "long_rate") if name in given), None)
        if twice or has_terms:
            raise InvalidValue(
                f"{path}.rate",
                checks.shown(given["rate"]),
                "is one rate for every gain, beside rates or terms of more than one kind",
                fix="write rate alone, or short_rate, long_rate and long_after",
            )
        rate = checks.rate(f"{path}.rate", given["rate"])
        return rate, rate
    example = '"short_rate": 0.37, "long_rate": 0.2, "long_after": {"months": 12}'
    if not has_terms:
        raise MissingInput(f"{path} needs 'rate', or terms", field=f"{path}.rate", fixes=['add "rate": 0.25', f"add {example}"])
    rates = {name: checks.rate(f"{path}.{name}", _required(given, name, path, example)) for name in ("short_rate", "long_rate")}
    dearer_short(path, rates["short_rate"], rates["long_rate"])
    return rates["short_rate"], rates["long_rate"]


def dearer_short(path: str, short_rate: float, long_rate: float) -> None:
    """Refuses a tax that grows with the holding period: what is dearest to sell first could not be told by lots any more."""
    if short_rate < long_rate:
        raise InvalidValue(
            f"{path}.short_rate",
            short_rate,
            f"is less than long_rate {long_rate:g}: a tax that rises with the holding period is not known here",
            fix=f"write short_rate: {long_rate:g} and long_rate: {short_rate:g} if they were taken for each other",
        )


def _long_after(value: Any, path: str) -> LongAfter | None:
    if value is None:
        return None
    given = checks.object_of(path, value, ("days", "months"))
    if len(given) != 1:
        raise InvalidValue(path, checks.shown(value), "days or months, one of them", fix=f'write {path}: {{"months": 12}}')
    (unit, count), *_ = given.items()
    return LongAfter(**{unit: checks.days(f"{path}.{unit}", count, least=1)})


def _methods(value: Any, path: str) -> tuple[Method, ...]:
    return tuple(method_of(f"{path}[{i}]", name) for i, name in enumerate(checks.names(path, value)))


def method_of(field: str, name: Any) -> Method:
    """A lot method that is known."""
    for method in METHODS:
        if method == name:
            return method
    near = difflib.get_close_matches(str(name), METHODS, n=1, cutoff=0.5)
    fix = f"use {near[0]!r}" if near else f"use one of {', '.join(METHODS)}"
    raise InvalidValue(field, checks.shown(name), f"is no lot method: {', '.join(METHODS)}", fix=fix)


def _currency(given: Mapping[str, Any], path: str) -> str:
    found = _text(given, "currency", path)
    if found and (len(found) != LONGEST_CURRENCY or not found.isascii() or not found.isupper()):
        raise InvalidValue(f"{path}.currency", found, "a currency has three letters", fix=f'write {path}.currency: "EUR"')
    return found


def _sources(given: Mapping[str, Any], path: str) -> dict[str, Any]:
    return checks.object_of(f"{path}.sources", given.get("sources", {}), FIELDS)


def _list(given: Mapping[str, Any], name: str, path: str) -> list[Any]:
    found = given.get(name, [])
    if not isinstance(found, list | tuple):
        raise InvalidValue(f"{path}.{name}", checks.shown(found), "a list is needed", fix=f"write {path}.{name}: []")
    return list(found)


def _text(given: Mapping[str, Any], name: str, path: str) -> str:
    return checks.text(f"{path}.{name}", given[name]) if given.get(name) is not None else ""


def _required(given: Mapping[str, Any], name: str, path: str, example: str) -> Any:
    if given.get(name) is None:
        raise MissingInput(f"{path} needs {name!r}", field=f"{path}.{name}", fixes=[f"add {example}"])
    return given[name]
