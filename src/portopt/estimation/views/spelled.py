"""Views as people write them, "MSFT - XOM == 2% @ 60%", as the objects that views are.

    view     side OP side [@ confidence]      OP: ==  =  >=  <=  >  <
    side     term (+|-) term …                term: AAPL   0.5*AAPL   50% AAPL   0.02   2%   15 bps

Both sides may name assets and numbers: "AAPL == MSFT + 2%" is AAPL - MSFT == 2%. Names are those of the assets at hand, the
longest that fits, so that "BRK-B - XOM" is what it looks like. Returns are annual. A confidence is that of one view, Idzorek's,
and so of Black-Litterman alone; an inequality is a matter of entropy pooling alone, where > is read as >=.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from portopt.domain.errors import InvalidValue, UnknownField
from portopt.domain.quantities import spelled_fraction
from portopt.domain.universe import Universe

OPERATOR = re.compile(r"==|>=|<=|≥|≤|=|>|<")
SENSE = {"==": "equals", "=": "equals", ">=": "at_least", ">": "at_least", "≥": "at_least"}
SENSE |= {"<=": "at_most", "<": "at_most", "≤": "at_most"}
NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?", re.IGNORECASE)
UNIT = re.compile(r"\s*(%|percent\b|pct\b|bps\b|bp\b)", re.IGNORECASE)
WORD = re.compile(r"[^\s*+@=<>≥≤]+")
FUNCTION = re.compile(r"\s*(volatility|vol|correlation|corr|cvar|rank)\s*\(", re.IGNORECASE)
LONGEST_VIEW = 400
EXAMPLE = '"AAPL == 10%", "MSFT - XOM == 2% @ 60%", "0.5*AAPL + 0.5*MSFT - JPM >= 1%"'


def as_choice(views: Any) -> Any:
    """What stands for `views` as an object with a method: a text or a list is Black-Litterman's, or entropy pooling's where
    one of its texts is an inequality. Anything else is left as it is.
    """
    listed = [views] if isinstance(views, str) else views
    if isinstance(listed, Mapping):
        return _with_list(listed)
    if isinstance(listed, str) or not isinstance(listed, Sequence):
        return views
    unequal = any(isinstance(view, str) and _senses(view) - {"equals"} for view in listed)
    return {"method": "entropy_pooling" if unequal else "black_litterman", "views": list(listed)} if listed else {}


def _with_list(doc: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**doc, "views": [doc["views"]]} if isinstance(doc.get("views"), str) else doc


def return_view(text: str, universe: Universe, path: str) -> dict[str, Any]:
    """{"assets": …, "return": …, "confidence": …} of a text. Raises InvalidValue and UnknownField."""
    coefficients, sense, value, confidence = read_view(text, universe, path)
    if sense != "equals":
        why = "is an inequality, and Black-Litterman's views are equalities"
        raise InvalidValue(path, text, why, fix='write ==, or "method": "entropy_pooling" beside the views')
    return {"assets": coefficients, "return": value, **({} if confidence is None else {"confidence": confidence})}


def scenario_view(text: str, universe: Universe, path: str) -> dict[str, Any]:
    """{"mean": …, "at_least": …} of a text. Raises InvalidValue and UnknownField."""
    coefficients, sense, value, confidence = read_view(text, universe, path)
    if confidence is not None:
        why = "says how sure one view is, and entropy pooling says it once for all of them"
        raise InvalidValue(path, text, why, fix=f'take the @ away, and write "confidence": {confidence:g} beside "views"')
    return {"mean": coefficients, sense: value}


def read_view(text: str, universe: Universe, path: str) -> tuple[dict[str, float], str, float, float | None]:
    """(coefficients by asset, sense, the value they add up to, confidence or None) of one view.

    Raises InvalidValue for what is no view, UnknownField for an asset that is not in the universe.
    """
    if len(text) > LONGEST_VIEW:
        raise InvalidValue(path, text[:80], f"has {len(text)} characters; a view has at most {LONGEST_VIEW}")
    if FUNCTION.match(text):
        why = "is a view on risk; texts are views on returns"
        raise InvalidValue(path, text, why, fix='write an object, {"volatility": "AAPL", "at_most": 0.2}')
    body, at, sure = text.partition("@")
    found = list(OPERATOR.finditer(body))
    if len(found) != 1:
        why = "compares nothing" if not found else "compares more than once"
        raise InvalidValue(path, text, why, fix=f"write a view as {EXAMPLE}")
    left, left_number = _side(body[: found[0].start()], universe, text, path)
    right, right_number = _side(body[found[0].end() :], universe, text, path)
    coefficients = {name: left.get(name, 0.0) - right.get(name, 0.0) for name in (*left, *right)}
    if not any(coefficients.values()):
        raise InvalidValue(path, text, "names no asset on balance", fix=f"write a view as {EXAMPLE}")
    return coefficients, SENSE[found[0].group()], right_number - left_number, _confidence(sure, text, path) if at else None


def _senses(text: str) -> set[str]:
    return {SENSE[found.group()] for found in OPERATOR.finditer(text)}


def _confidence(text: str, whole: str, path: str) -> float:
    word = text.strip()
    spelled = spelled_fraction(word)
    if spelled is None and NUMBER.fullmatch(word):
        spelled = float(word)
    if spelled is None or not 0.0 <= spelled <= 1.0:
        raise InvalidValue(path, whole, f"{word!r} is no confidence between 0 and 100 %", fix="write @ 60%, or @ 0.6")
    return spelled


def _side(text: str, universe: Universe, whole: str, path: str) -> tuple[dict[str, float], float]:
    """(coefficients by asset, the numbers added up) of one side."""
    names: dict[str, float] = {}
    total, rest = 0.0, text.replace("\u2212", "-").strip()
    if not rest:
        raise InvalidValue(path, whole, "has an empty side", fix=f"write a view as {EXAMPLE}")
    first = True
    while rest:
        sign, rest = _sign(rest, whole, path, first=first)
        amount, name, rest = _term(rest, universe, whole, path)
        if name is None:
            total += sign * amount
        else:
            names[name] = names.get(name, 0.0) + sign * amount
        rest, first = rest.strip(), False
    return names, total


def _sign(rest: str, whole: str, path: str, *, first: bool) -> tuple[float, str]:
    if rest[0] in "+-":
        return (1.0 if rest[0] == "+" else -1.0), rest[1:].lstrip()
    if first:
        return 1.0, rest
    raise InvalidValue(path, whole, f"has no + or - before {rest.split()[0]!r}", fix=f"write a view as {EXAMPLE}")


def _term(rest: str, universe: Universe, whole: str, path: str) -> tuple[float, str | None, str]:
    """(amount, the asset it is of or None, what follows). An asset whose name begins with a digit goes before a number."""
    name = _name_at(rest, universe)
    if name is not None:
        return 1.0, name, rest[len(name) :]
    number = NUMBER.match(rest)
    if number is None:
        raise _unknown(rest, universe, whole, path)
    unit = UNIT.match(rest, number.end())
    spelled = spelled_fraction(number.group() + unit.group(1)) if unit else None
    amount = float(number.group()) if spelled is None else spelled
    after = rest[(unit or number).end() :].lstrip()
    times = after.startswith("*")
    after = after[1:].lstrip() if times else after
    name = _name_at(after, universe)
    if name is not None:
        return amount, name, after[len(name) :]
    if times or (after and after[0] not in "+-"):
        raise _unknown(after, universe, whole, path)
    return amount, None, after


def _name_at(text: str, universe: Universe) -> str | None:
    """The longest asset's name that the text begins with and that ends where a word does."""
    fitting = [name for name in universe.ids if text.startswith(name) and _ends(text, len(name))]
    return max(fitting, key=len, default=None)


def _ends(text: str, at: int) -> bool:
    return at >= len(text) or text[at].isspace() or text[at] in "+-*"


def _unknown(text: str, universe: Universe, whole: str, path: str) -> InvalidValue | UnknownField:
    word = WORD.match(text)
    if word is None:
        return InvalidValue(path, whole, "names no asset where one belongs", fix=f"write a view as {EXAMPLE}")
    return UnknownField(word.group(), universe.ids, path=path, value=whole)
