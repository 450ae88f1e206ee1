"""The frame that every drawing along time stands in: dates across, values up, on a plain or a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from portopt.reports.svg.charts import ticks

FONT = 13.0
Told = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels of one drawing; right: the room for labels at the lines' ends."""

    name: str
    width: float
    height: float
    left: float
    right: float


WIDE = Size("wide", 860.0, 360.0, 66.0, 126.0)
NARROW = Size("narrow", 358.0, 280.0, 56.0, 6.0)
SIZES = (WIDE, NARROW)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where days and values stand. days: first and last as ordinals. values: lowest and highest; both positive where log."""

    size: Size
    days: tuple[int, int]
    values: tuple[float, float]
    log: bool = False
    top: float = 12.0
    foot: float = 26.0

    @property
    def left(self) -> float:
        return self.size.left

    @property
    def right(self) -> float:
        return self.size.width - self.size.right

    @property
    def bottom(self) -> float:
        return self.size.height - self.foot

    def x(self, day: int) -> float:
        first, last = self.days
        return self.left + (day - first) / max(last - first, 1) * (self.right - self.left)

    def y(self, value: float) -> float:
        low, high = self.values
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, self.values[0]))
        return self.bottom - (value - low) / ((high - low) or 1.0) * (self.bottom - self.top)


def ordinal(day: str) -> int:
    """Days since the year 1 of `2020-01-02`."""
    return date.fromisoformat(day[:10]).toordinal()


def value_range(values: Sequence[float], *, log: bool = False, hold: float | None = None) -> tuple[float, float]:
    """The axis: the values with a little air, and `hold` within; never of no width, and never below zero where log."""
    held = [*values, *([] if hold is None else [hold])]
    low, high = min(held, default=0.0), max(held, default=1.0)
    if log:
        low, high = max(low, 1e-12), max(high, 2e-12)
        air = max((high / low) ** 0.05, 1.02)
        return low / air, high * air
    air = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return (low if low == hold else low - air), (high if high == hold else high + air)


def value_ticks(frame: Frame) -> list[float]:
    """Round numbers up the axis; 1, 2, 5 of each power of ten where a logarithmic one is long."""
    low, high = frame.values
    if not frame.log or high / low < 4.0:
        return ticks(low, high, most=max(4, int((frame.bottom - frame.top) / 42.0)))
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1.0, 2.0, 5.0) if high / low < 300.0 else (1.0,)
    return [step * 10.0**k for k in powers for step in steps if low <= step * 10.0**k <= high]


def date_ticks(days: tuple[int, int], most: int) -> list[tuple[int, str]]:
    """At most `most` beginnings of years, quarters or months, each with its name.

    >>> date_ticks((date(2020, 1, 2).toordinal(), date(2022, 6, 1).toordinal()), 4)
    [(737791, '2021'), (738156, '2022')]
    """
    first, last = date.fromordinal(days[0]), date.fromordinal(days[1])
    for months in (1, 3, 6, 12, 24, 60, 120, 240, 600):
        found = _beginnings(first, last, months)
        if len(found) <= most:
            break
    if not found:
        return [(days[0], first.isoformat())]
    return [(day.toordinal(), f"{day:%Y}" if day.month == 1 or months >= 12 else f"{day:%b}") for day in found]


def _beginnings(first: date, last: date, months: int) -> list[date]:
    out = []
    for year in range(first.year, last.year + 1):
        for month in range(1, 13, months) if months < 12 else (1,):
            day = date(year, month, 1)
            if first <= day <= last and (months <= 12 or year % (months // 12) == 0):
                out.append(day)
    return out


def axes(frame: Frame, told: Told) -> list[str]:
    """Lines across with their values, dates below. told: a value of the axis in words."""
    out = []
    for value in value_ticks(frame):
        y = frame.y(value)
        kind = "grid zero" if value == 0.0 else "grid"
        out.append(f'<line class="{kind}" x1="{frame.left:g}" y1="{y:.1f}" x2="{frame.right:g}" y2="{y:.1f}"/>')
        out.append(label(frame.left - 8.0, y + FONT / 3.0, told(value), "end"))
    return [*out, *date_axis(frame)]


def date_axis(frame: Frame) -> list[str]:
    """The line at the foot and the dates under it."""
    out = [f'<line class="axis" x1="{frame.left:g}" y1="{frame.bottom:g}" x2="{frame.right:g}" y2="{frame.bottom:g}"/>']
    most = max(2, int((frame.right - frame.left) / 58.0))
    for day, name in date_ticks(frame.days, most):
        x = frame.x(day)
        out.append(f'<line class="axis" x1="{x:.1f}" y1="{frame.bottom:g}" x2="{x:.1f}" y2="{frame.bottom + 4.0:g}"/>')
        anchor = "start" if x < frame.left + 14.0 else "end" if x > frame.right - 14.0 else "middle"
        out.append(label(x, frame.bottom + 1.4 * FONT, name, anchor))
    return out


def label(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    classed = f' class="{kind}"' if kind else ""
    return f'<text{classed} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def drawing(frame: Frame, name: str, title: str, described: str, marks: Sequence[str]) -> str:
    """One SVG with its title and description, and the plot's edges for whoever reads a day off it.

    name: no other drawing on the page has it.
    """
    first, last = (date.fromordinal(day).isoformat() for day in frame.days)
    ids = f"{name}-{frame.size.name}"
    return "\n".join(
        [
            f'<svg class="time {frame.size.name}" viewBox="0 0 {frame.size.width:g} {frame.size.height:g}" role="img" '
            f'aria-labelledby="{ids}-t {ids}-d" data-first="{first}" data-last="{last}" '
            f'data-left="{frame.left:g}" data-right="{frame.right:g}" data-top="{frame.top:g}" data-bottom="{frame.bottom:g}">',
            f'<title id="{ids}-t">{escape(title)}</title>',
            f'<desc id="{ids}-d">{escape(described)}</desc>',
            *marks,
            "</svg>",
        ]
    )
