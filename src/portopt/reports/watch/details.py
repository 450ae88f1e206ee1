"""What a figure rests on, in words: the asset and its weights, the limit that is broken, the price that is old.

Shapes that monitoring/measures writes have words of their own; whatever else stands there is told as name and value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from portopt.document.formats import measure, money, percent, significant

Row = Mapping[str, Any]
NAMED_AT_ONCE = 4


def details(detail: Row, most: int = NAMED_AT_ONCE) -> str:
    """
    >>> details({"farthest": [{"asset": "LLY", "weight": 0.0, "target": 0.0861}]})
    'LLY 0.00 % for 8.61 %'
    >>> details({"worst": {"limit": "max_weight", "member": "AAPL", "measured": 0.124, "side": 0.1, "unit": "fraction"}})
    'max_weight AAPL 12.40 % of 10.00 %'
    >>> details({"asset": "AAPL", "dates": ["2026-01-02", "2026-01-05"], "codes": {}})
    'asset AAPL, dates 2026-01-02 and 2026-01-05'
    """
    said = []
    for name, value in detail.items():
        told = _told(value, most)
        if told:
            said.append(told if _speaks_for_itself(value) else f"{name.replace('_', ' ')} {told}")
    return ", ".join(said)


def _speaks_for_itself(value: Any) -> bool:
    one = value[0] if isinstance(value, list | tuple) and value else value
    return isinstance(one, Mapping) and _words_of(one) is not None


def _told(value: Any, most: int) -> str:
    """Empty for what is nothing."""
    if isinstance(value, Mapping):
        words = _words_of(value)
        inside = details(value, most)
        return words(value) if words is not None else f"({inside})" if inside else ""
    if isinstance(value, list | tuple):
        return _listed(value, most)
    if value is None or isinstance(value, bool | str):
        return "" if value is None else str(value)
    return significant(value) if isinstance(value, float) else f"{value:,}"


def _listed(values: Sequence[Any], most: int) -> str:
    shown = [told for value in values[:most] if (told := _told(value, most))]
    if len(values) > most:
        shown.append(f"{len(values) - most:,} more")
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1] if shown else ""


def _words_of(row: Row) -> Callable[[Row], str] | None:
    """How a row of this shape is said."""
    return next((words for names, words in SHAPES if names <= row.keys()), None)


def _weight(row: Row) -> str:
    return f"{row['asset']} {percent(row['weight'])} for {percent(row['target'])}"


def _limit(row: Row) -> str:
    name, unit = f"{row['limit']} {row.get('member') or ''}".strip(), str(row["unit"])
    return f"{name} {measure(row['measured'], unit)} of {measure(row['side'], unit)}"


def _price(row: Row) -> str:
    return f"{row['asset']} since {row['last']} ({row['sessions']} sessions)"


def _trade(row: Row) -> str:
    return f"{row['asset']} {money(str(row['money']), cents=False)}"


SHAPES: tuple[tuple[frozenset[str], Callable[[Row], str]], ...] = (
    (frozenset({"asset", "weight", "target"}), _weight),
    (frozenset({"limit", "measured", "side", "unit"}), _limit),
    (frozenset({"asset", "last", "sessions"}), _price),
    (frozenset({"asset", "money"}), _trade),
)
