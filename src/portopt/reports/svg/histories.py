"""What books would have been worth over one history, as inline SVG in the page's own colours; no script, no outside file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from portopt.document.formats import percent
from portopt.reports.svg.charts import ticks

MOST_POINTS = 260  # of one line: more than a column of a page has pixels for would be weight alone
FONT = 13.0


class Line(NamedTuple):
    """name: as it is labelled. kind: the class that colours it. growth: worth less one after each period, from zero."""

    name: str
    kind: str
    growth: Sequence[float]


def growth_of(returns: Sequence[float]) -> list[float]:
    """Compounded: product of (1 + r) less one, from zero before the first period.

    >>> [round(x, 12) for x in growth_of([0.1, -0.5])]
    [0.0, 0.1, -0.45]
    """
    return [0.0, *(np.cumprod(1.0 + np.asarray(returns, dtype=np.float64)) - 1.0).tolist()]


def between(growth: Sequence[float], periods: int) -> list[float]:
    """(periods + 1,) of a line that is known at even places from the first return to the last, straight between them.

    >>> between([0.1, 0.3], 3)
    [0.0, 0.1, 0.2, 0.3]
    """
    places = np.linspace(0, periods - 1, len(growth)).round()
    return [0.0, *np.interp(np.arange(periods), places, growth).tolist()]


def history_svg(lines: Sequence[Line], ends: tuple[str, str], *, name: str, width: float, height: float) -> str:
    """One drawing: a line a book, named at its end.

    ends: what the first and the last place of the axis are called. name: the drawing's classes, different from every other's.
    """
    unique = name.replace(" ", "-")
    values = [value for line in lines for value in line.growth]
    low, high = min(values), max(values)
    air = 0.06 * (high - low) or 0.01
    low, high = low - air, high + air
    left, top, right, bottom = 4.2 * FONT, 0.8 * FONT, width - 7.6 * FONT, height - 2.4 * FONT
    longest = max(len(line.growth) for line in lines)

    def at(i: int, value: float) -> tuple[float, float]:
        return left + (right - left) * i / max(longest - 1, 1), bottom - (bottom - top) * (value - low) / (high - low)

    out = [
        f'<svg class="frontier history {name}" viewBox="0 0 {width:g} {height:g}" role="img" aria-labelledby="{unique}-t">',
        f'<title id="{unique}-t">{escape(_said(lines, ends))}</title>',
    ]
    levels = ticks(low, high)
    digits = 0 if all(abs(100.0 * value - round(100.0 * value)) < 1e-9 for value in levels) else 1
    for value in levels:
        y = at(0, value)[1]
        zero = " zero" if abs(value) < 1e-12 else ""
        out.append(f'<line class="grid{zero}" x1="{left:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text x="{left - 8:.1f}" y="{y + FONT / 3:.1f}" text-anchor="end">{percent(value, digits)}</text>')
    for x, anchor, text in ((left, "start", ends[0]), (right, "end", ends[1])):
        out.append(f'<text x="{x:.1f}" y="{bottom + 1.6 * FONT:.1f}" text-anchor="{anchor}">{escape(text)}</text>')
    for line in lines:
        points = " ".join("{:.1f},{:.1f}".format(*at(i, line.growth[i])) for i in thinned(line.growth))
        out.append(f'<polyline class="{line.kind}" points="{points}"/>')
    heights = spread_apart([at(0, line.growth[-1])[1] for line in lines], 1.25 * FONT)
    for line, y in zip(lines, heights, strict=True):
        out.append(f'<text class="{line.kind}" x="{right + 8:.1f}" y="{y + FONT / 3:.1f}">{escape(line.name)}</text>')
    return "\n".join([*out, "</svg>"])


def thinned(values: Sequence[float], most: int = MOST_POINTS) -> list[int]:
    """Places to draw: first and last, and of each stretch its lowest and its highest, so that no peak is lost.

    >>> thinned([0.0, 1.0, 0.0, -1.0, 0.0], most=10)
    [0, 1, 2, 3, 4]
    """
    n = len(values)
    if n <= most:
        return list(range(n))
    kept = {0, n - 1}
    for part in np.array_split(np.arange(n), most // 2):
        of = [values[i] for i in part]
        kept |= {int(part[int(np.argmin(of))]), int(part[int(np.argmax(of))])}
    return sorted(kept)


def spread_apart(at: Sequence[float], least: float) -> list[float]:
    """The same heights in their order, moved so that no two labels stand closer than `least`.

    >>> spread_apart([10.0, 11.0, 40.0], 12.0)
    [4.5, 16.5, 40.0]
    """
    order = sorted(range(len(at)), key=lambda i: at[i])
    groups: list[list[int]] = []
    places: list[float] = []  # the middle of each group
    for i in order:
        groups.append([i])
        places.append(at[i])
        while len(groups) > 1 and places[-1] - places[-2] < least * (len(groups[-1]) + len(groups[-2])) / 2.0:
            last, middle = groups.pop(), places.pop()
            joined = [*groups[-1], *last]
            places[-1] = (places[-1] * len(groups[-1]) + middle * len(last)) / len(joined)
            groups[-1] = joined
    out = list(at)
    for group, middle in zip(groups, places, strict=True):
        for k, i in enumerate(group):
            out[i] = middle + least * (k - (len(group) - 1) / 2.0)
    return out


def _said(lines: Sequence[Line], ends: tuple[str, str]) -> str:
    named = "; ".join(f"{line.name} {percent(line.growth[-1])}" for line in lines)
    return f"Growth from {ends[0]} to {ends[1]}, at constant weights: {named}."
