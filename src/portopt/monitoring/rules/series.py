"""Series of values as Prometheus's unit tests write them.

1 2.5 _ 4      values, and a gap         0.01+0.001x20   21 values, each larger by 0.001
3x4            the same five times       _x5             five gaps
"""

from __future__ import annotations

import re

MOST_SAMPLES = 20_000
NUMBER = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
PIECE = re.compile(rf"(?P<first>{NUMBER})(?:(?P<step>[+-]\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)?x(?P<times>\d{{1,6}}))?")
GAP = re.compile(r"_(?:x(\d{1,6}))?")


def read_series(text: str) -> tuple[float | None, ...]:
    """The values, None for a gap. Raises ValueError, in words.

    >>> read_series("1+1x2 _ 5x1")
    (1.0, 2.0, 3.0, None, 5.0, 5.0)
    """
    values: list[float | None] = []
    for piece in text.split():
        if gap := GAP.fullmatch(piece):
            values += [None] * min(int(gap.group(1) or 1), MOST_SAMPLES + 1)
        elif found := PIECE.fullmatch(piece):
            first, step = float(found["first"]), float(found["step"] or 0.0)
            values += _steps(first, step, min(int(found["times"] or 0), MOST_SAMPLES))
        else:
            raise ValueError(f"{piece!r} is no value, gap (_) or run of values (0.01+0.001x20)")
        if len(values) > MOST_SAMPLES:
            raise ValueError(f"a series has at most {MOST_SAMPLES:,} values")
    if not values:
        raise ValueError("the series is empty")
    return tuple(values)


def _steps(first: float, step: float, times: int) -> list[float]:
    """Added up, as Prometheus does: 0.1 + 0.1 + 0.1 is not 3 * 0.1, and thresholds see the difference."""
    values = [first]
    for _ in range(times):
        values.append(values[-1] + step)
    return values
