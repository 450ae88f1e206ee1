"""The efficient frontier as inline SVG, drawn once for wide pages and once for phones; no script, no outside file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from portopt.document.formats import decimal, percent

Box = tuple[float, float, float, float]  # left, top, right, bottom

# What is marked on the chart, in the order in which labels get their place: the two portfolios of the decision first.
MARKS = (
    ("proposed", "Proposed", "dot"),
    ("current", "Now", "ring"),
    ("optimal", "Best Sharpe ratio", "diamond"),
    ("min_risk", "Least risk", "end"),
    ("max_return", "Highest return", "end"),
)


@dataclass(frozen=True, slots=True)
class Canvas:
    """Pixels of one drawing and the ranges of its axes, fractions a year."""

    name: str
    width: float
    height: float
    font: float
    x: tuple[float, float]
    y: tuple[float, float]

    @property
    def plot(self) -> Box:
        return 4.2 * self.font, 2.2 * self.font, self.width - 0.8 * self.font, self.height - 3.6 * self.font

    def at(self, volatility: float, expected_return: float) -> tuple[float, float]:
        left, top, right, bottom = self.plot
        across = (volatility - self.x[0]) / (self.x[1] - self.x[0])
        up = (expected_return - self.y[0]) / (self.y[1] - self.y[0])
        return left + across * (right - left), bottom - up * (bottom - top)


def frontier_svg(frontier: Mapping[str, Any], *, name: str, width: float, height: float, font: float = 13.0) -> str:
    """One drawing: the frontier's line and points, and the portfolios of MARKS, labelled where there is room.

    name: distinguishes the ids of two drawings on one page.
    """
    points = frontier["points"]
    marked = [(frontier[key], label, shape) for key, label, shape in MARKS if frontier.get(key)]
    everything = [*points, *(point for point, _, _ in marked)]
    canvas = Canvas(
        name,
        width,
        height,
        font,
        _range([p["volatility"] for p in everything]),
        _range([p["expected_return"] for p in everything]),
    )
    parts = [
        f'<svg class="frontier {name}" viewBox="0 0 {width:g} {height:g}" role="img" aria-labelledby="{name}-t {name}-d">',
        f'<title id="{name}-t">Efficient frontier</title>',
        f'<desc id="{name}-d">{escape(_described(frontier))}</desc>',
        *_axes(canvas),
        *_line(canvas, points),
        *_marks(canvas, marked, points),
        "</svg>",
    ]
    return "\n".join(parts)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from low to high, at most `most`.

    >>> ticks(0.083, 0.171)
    [0.1, 0.12, 0.14, 0.16]
    """
    span = high - low
    if span <= 0.0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * m for m in (1, 2, 2.5, 5, 10, 20) if span / (power * m) <= most)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 10) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _range(values: list[float]) -> tuple[float, float]:
    """The axis: the values with a little air; never of no width."""
    low, high = min(values), max(values)
    air = 0.08 * (high - low) or 0.1 * abs(high) or 0.01
    return low - air if low - air > 0 or low < 0 else 0.0, high + air


def _described(frontier: Mapping[str, Any]) -> str:
    said = [
        f"{label}: return {percent(frontier[key]['expected_return'])}, volatility {percent(frontier[key]['volatility'])}"
        for key, label, _ in MARKS
        if frontier.get(key)
    ]
    return "Expected return against volatility, annual. " + "; ".join(said) + "."


def _axes(canvas: Canvas) -> list[str]:
    left, top, right, bottom = canvas.plot
    font, out = canvas.font, []
    xs = ticks(*canvas.x, most=max(3, int((right - left) / (6 * font))))
    ys = ticks(*canvas.y, most=max(3, int((bottom - top) / (4 * font))))
    for value, text in zip(ys, _tick_texts(ys), strict=True):
        y = canvas.at(canvas.x[0], value)[1]
        out.append(f'<line class="grid" x1="{left:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}"/>')
        out.append(_text("tick", left - 8, y + font / 3, text, "end"))
    for value, text in zip(xs, _tick_texts(xs), strict=True):
        x = canvas.at(value, canvas.y[0])[0]
        out.append(f'<line class="grid" x1="{x:.1f}" y1="{bottom:.1f}" x2="{x:.1f}" y2="{bottom + 4:.1f}"/>')
        out.append(_text("tick", x, bottom + 1.5 * font, text, "middle"))
    out.append(f'<line class="axis" x1="{left:.1f}" y1="{bottom:.1f}" x2="{right:.1f}" y2="{bottom:.1f}"/>')
    out.append(_text("axis-name", right, canvas.height - 0.5 * font, "Volatility a year", "end"))
    out.append(_text("axis-name", 0.0, font, "Expected return a year", "start"))
    return out


def _tick_texts(values: list[float]) -> list[str]:
    """Percentages with as many decimals as all of them need."""
    digits = next(k for k in range(6) if all(abs(round(100 * v, k) - 100 * v) < 1e-9 for v in values) or k == 5)
    return [percent(v, digits) for v in values]


def _text(kind: str, x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(canvas: Canvas, points: list[Mapping[str, Any]]) -> list[str]:
    places = [canvas.at(p["volatility"], p["expected_return"]) for p in points]
    if not places:
        return []
    path = " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    out = [f'<path class="line" d="M{path}"/>']
    for (x, y), p in zip(places, points, strict=True):
        hint = _hint("On the frontier", p)
        out.append(f'<circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="2.5"><title>{hint}</title></circle>')
    return out


def _hint(label: str, p: Mapping[str, Any]) -> str:
    sharpe = "" if p["sharpe_ratio"] is None else f", Sharpe ratio {decimal(p['sharpe_ratio'])}"
    return f"{escape(label)}: return {percent(p['expected_return'])}, volatility {percent(p['volatility'])}{sharpe}"


def _marks(canvas: Canvas, marked: list[tuple[Mapping[str, Any], str, str]], points: list[Mapping[str, Any]]) -> list[str]:
    """The marked portfolios with their labels, which keep off each other, the marks and the line."""
    places = [canvas.at(p["volatility"], p["expected_return"]) for p, _, _ in marked]
    line = [canvas.at(p["volatility"], p["expected_return"]) for p in points]
    taken: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in (*places, *_along(line))]
    out, labels = [], []
    for (p, label, shape), (x, y) in zip(marked, places, strict=True):
        out.append(f'<g class="mark {shape}"><title>{_hint(label, p)}</title>{_shape(shape, x, y)}</g>')
        box, anchor = _free_place(x, y, len(label) * 0.54 * canvas.font, canvas, taken)
        taken.append(box)
        at = {"start": box[0], "end": box[2], "middle": (box[0] + box[2]) / 2}[anchor]
        kind = "label strong" if shape in ("dot", "ring") else "label"
        labels.append(_text(kind, at, box[3] - 0.25 * canvas.font, label, anchor))
    return [*reversed(out), *labels]


def _along(line: list[tuple[float, float]], every: float = 12.0) -> list[tuple[float, float]]:
    """Places on a polyline, close enough together to stand for it."""
    out = []
    for (x0, y0), (x1, y1) in itertools.pairwise(line):
        steps = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0) / every))
        out += [(x0 + (x1 - x0) * k / steps, y0 + (y1 - y0) * k / steps) for k in range(steps)]
    return [*out, *line[-1:]]


def _shape(shape: str, x: float, y: float) -> str:
    if shape == "diamond":
        return f'<path d="M{x:.1f} {y - 6.5:.1f} l6.5 6.5 l-6.5 6.5 l-6.5 -6.5 Z"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{4 if shape == "end" else 6.5:g}"/>'


def _free_place(x: float, y: float, wide: float, canvas: Canvas, taken: list[Box]) -> tuple[Box, str]:
    """Where a label of that width hides least: right, left, over, under its point, then the corners."""
    tall, gap = canvas.font, 11.0
    left, top, right, bottom = canvas.plot
    places: list[tuple[Box, str]] = []
    for dy in (0.0, -1.25 * tall, 1.25 * tall, -2.4 * tall, 2.4 * tall):
        middle = y + dy
        box_y = (middle - 0.6 * tall, middle + 0.6 * tall)
        places.append(((x + gap, box_y[0], x + gap + wide, box_y[1]), "start"))
        places.append(((x - gap - wide, box_y[0], x - gap, box_y[1]), "end"))
        if abs(dy) > tall:
            places.append(((x - wide / 2, box_y[0], x + wide / 2, box_y[1]), "middle"))

    def hidden(place: tuple[Box, str]) -> float:
        box = place[0]
        outside = max(0.0, left - box[0]) + max(0.0, box[2] - right) + max(0.0, top - tall - box[1]) + max(0.0, box[3] - bottom)
        return sum(_overlap(box, other) for other in taken) + 100 * outside

    return min(places, key=hidden)


def _overlap(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
