"""S1's strategies read by columns: one look at a column of hundreds takes the place of a look at each of its entries.

Only what is as it should be is read so. Wherever anything is not, the answer is None, and whoever asks reads entry by entry, to
say what was wrong where.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from portopt.dialects.reading import MAX_NAME, number
from portopt.domain.universe import Asset, Universe

Strategies: TypeAlias = Sequence[Mapping[str, Any]]
WORDS, SCORES = ("name", "sector", "asset_class"), ("esg_score", "quality_score")
NUMBERS = frozenset({float, int, type(None)})  # bool, which derives from int, is none
LARGEST = 1e6  # of a score
MONEY = ("average_daily_value", "price")  # every other number of a strategy is a fraction
REMEMBERED = 8  # universes: the same portfolio is asked about again with other beliefs, and so are the members of a batch


def are_in_order(items: Sequence[Any], known: frozenset[str]) -> bool:
    """Whether these are objects of known names, each with an id of its own that is a plain text."""
    if not all(type(item) is dict and item.keys() <= known for item in items):
        return False
    ids = [item.get("id") for item in items]
    return _are_texts(ids) and "*" not in ids and len(set(ids)) == len(ids)


def floats(strategies: Strategies, name: str, *, low: float, high: float) -> list[float | None]:
    """A number, or None where it is not given, of each. Raises InvalidValue for what is no number within [low, high]."""
    found = [s.get(name) for s in strategies]
    if found.count(None) == len(found) or _are_within(found, low, high):
        return [None if value is None else float(value) for value in found]
    whole, where = name not in MONEY, [f"strategies[{i}].{name}" for i in range(len(found))]
    return [
        None if value is None else number(value, field, low=low, high=high, fraction=whole)
        for field, value in zip(where, found, strict=True)
    ]


def universe_of(strategies: Strategies, order: Sequence[int]) -> Universe | None:
    """In this order; the same object for the same assets as shortly before. None where entries have to be looked at."""
    words = [[s.get(name) for s in strategies] for name in WORDS]
    scores = [[s.get(name) for s in strategies] for name in SCORES]
    said = all(_are_texts([word for word in column if word is not None]) for column in words)
    if not said or not all(_are_within(column, -LARGEST, LARGEST) for column in scores):
        return None
    if any(s.get("attributes") for s in strategies):
        return None
    ids = tuple(strategies[i]["id"] for i in order)
    return _universe(ids, *(tuple(column[i] for i in order) for column in words), *(_bytes(column, order) for column in scores))


def _bytes(column: Sequence[Any], order: Sequence[int]) -> bytes | None:
    """As a key that tells 0.0 from -0.0; None where nobody has a score."""
    if column.count(None) == len(column):
        return None
    return array("d", [math.nan if column[i] is None else column[i] for i in order]).tobytes()


@lru_cache(maxsize=REMEMBERED)
def _universe(
    ids: tuple[str, ...], names: tuple[Any, ...], sectors: tuple[Any, ...], classes: tuple[Any, ...],
    esg: bytes | None, quality: bytes | None,
) -> Universe:  # fmt: skip
    columns = zip(ids, names, sectors, classes, _scores(quality, len(ids)), _scores(esg, len(ids)), strict=True)
    return Universe(tuple(Asset(i, name or "", sector, kind, q, e) for i, name, sector, kind, q, e in columns))


def _scores(column: bytes | None, count: int) -> list[float | None]:
    if column is None:
        return [None] * count
    numbers = array("d")
    numbers.frombytes(column)
    return [None if math.isnan(value) else value for value in numbers]


def _are_texts(values: Sequence[Any]) -> bool:
    if not all(type(value) is str for value in values):
        return False
    return all(0 < len(value) <= MAX_NAME and not value.isspace() for value in values) and "".join(values).isprintable()


def _are_within(values: Sequence[Any], low: float, high: float) -> bool:
    if not NUMBERS.issuperset(map(type, values)):
        return False
    try:
        return all(low <= value <= high and math.isfinite(value) for value in values if value is not None)
    except OverflowError:
        return False
