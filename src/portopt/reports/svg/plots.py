"""Small plots as one SVG each, with their own style, for pages, files and the documentation: lines, dots, bars, bands.

Each mark carries its numbers as a hint; each plot says in words what it shows. Light and dark by the reader's own setting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from portopt.document.formats import decimal, percent
from portopt.reports.svg.charts import ticks

Kind = Literal["line", "dots", "step", "bars", "bands"]
Unit = Literal["percent", "number"]
WIDTH, HEIGHT, FONT = 720.0, 400.0, 13.0
MOST_HINTS = 400
LEVELS = 7  # lines across, at most
COLOURS = ("#2463a8", "#d1495b", "#2a9d6f", "#e0912f", "#7b5ea7", "#4fb3bf", "#8a6d3b", "#6b7280")
STYLE = """
text{font:13px system-ui,sans-serif;fill:#374151}.title{font-weight:600;fill:#111827;font-size:15px}
.grid{stroke:#e5e7eb}.axis{stroke:#9ca3af}.back{fill:#fff}
@media (prefers-color-scheme:dark){text{fill:#cbd5e1}.title{fill:#f1f5f9}.grid{stroke:#334155}.axis{stroke:#64748b}
.back{fill:#0f172a}}
"""


@dataclass(frozen=True, slots=True)
class Series:
    """One set of values under one name. x, y: equally long. bars and bands take x as positions 0, 1, …; see Plot.labels."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    kind: Kind = "line"


@dataclass(frozen=True, slots=True)
class Plot:
    """title says the finding, x_name and y_name what the axes are. labels: names of the positions of bars (and of bands)."""

    title: str
    x_name: str
    y_name: str
    series: tuple[Series, ...]
    x_unit: Unit = "number"
    y_unit: Unit = "percent"
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where values stand on the drawing."""

    left: float
    top: float
    right: float
    bottom: float
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return self.left + across * (self.right - self.left), self.bottom - up * (self.bottom - self.top)


def svg(plot: Plot, *, width: float = WIDTH, height: float = HEIGHT) -> str:
    """The drawing. Raises ValueError for a plot without any value."""
    if not any(len(series.x) for series in plot.series):
        raise ValueError("a plot needs at least one value")
    rows = _legend_rows(plot, width)
    frame = _frame(plot, width, height, rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{_said(plot)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{width:g}" height="{height:g}"/>',
        f'<text class="title" x="{FONT:g}" y="{1.6 * FONT:.1f}">{escape(plot.title)}</text>',
        *_axes(plot, frame, height),
        *_marks(plot, frame),
        *_legend(rows),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _said(plot: Plot) -> str:
    named = ", ".join(series.name for series in plot.series[:12])
    return escape(f"{plot.title}. {plot.y_name} against {plot.x_name}: {named}.", quote=True)


def _frame(plot: Plot, width: float, height: float, rows: list[list[tuple[float, str, str]]]) -> _Frame:
    y = _y_range(plot)
    longest = max((len(text) for text in _texts(ticks(*y, most=LEVELS), plot.y_unit)), default=4)
    slanted = bool(plot.labels) and max(map(len, plot.labels)) * 0.55 * FONT * len(plot.labels) > 0.85 * width
    foot = 4.4 * FONT + (3.0 * FONT if slanted else 0.0)
    return _Frame(
        left=(0.56 * longest + 1.4) * FONT,
        top=(3.0 + 1.5 * len(rows) + 1.0) * FONT,
        right=width - 2.0 * FONT,
        bottom=height - foot,
        x=_x_range(plot),
        y=y,
    )


def _x_range(plot: Plot) -> tuple[float, float]:
    if plot.labels:
        return -0.6, len(plot.labels) - 0.4
    values = [x for series in plot.series for x in series.x]
    low, high = min(values), max(values)
    banded = any(series.kind == "bands" for series in plot.series)
    air = 0.0 if banded else 0.04 * (high - low)
    return (low - air, high + air) if high > low else (low - 0.5, high + 0.5)


def _y_range(plot: Plot) -> tuple[float, float]:
    values = [y for series in plot.series if series.kind != "bands" for y in series.y]
    bands = [series for series in plot.series if series.kind == "bands"]
    if bands:
        values += [sum(series.y[i] for series in bands) for i in range(len(bands[0].y))] + [0.0]
    if any(series.kind == "bars" for series in plot.series):
        values.append(0.0)
    low, high = min(values), max(values)
    air = 0.07 * (high - low) or 0.1 * abs(high) or 1.0
    floor = low if bands or (low == 0.0 and plot.labels) else low - air
    return (0.0 if low >= 0.0 > floor else floor), (high if bands else high + air)


def _axes(plot: Plot, frame: _Frame, height: float) -> list[str]:
    out = []
    ys = ticks(*frame.y, most=LEVELS)
    for value, text in zip(ys, _texts(ys, plot.y_unit), strict=True):
        y = frame.at(frame.x[0], value)[1]
        out.append(f'<line class="grid" x1="{frame.left:.1f}" y1="{y:.1f}" x2="{frame.right:.1f}" y2="{y:.1f}"/>')
        out.append(_text(frame.left - 7, y + 0.35 * FONT, text, "end"))
    if plot.labels:
        out += _named_ticks(plot, frame)
    else:
        xs = ticks(*frame.x, most=8)
        for value, text in zip(xs, _texts(xs, plot.x_unit), strict=True):
            x = frame.at(value, frame.y[0])[0]
            out.append(f'<line class="axis" x1="{x:.1f}" y1="{frame.bottom:.1f}" x2="{x:.1f}" y2="{frame.bottom + 4:.1f}"/>')
            out.append(_text(x, frame.bottom + 1.5 * FONT, text, "middle"))
    zero = frame.at(frame.x[0], min(max(0.0, frame.y[0]), frame.y[1]))[1]
    out.append(f'<line class="axis" x1="{frame.left:.1f}" y1="{zero:.1f}" x2="{frame.right:.1f}" y2="{zero:.1f}"/>')
    out.append(_text(frame.right, height - 0.7 * FONT, plot.x_name, "end"))
    out.append(_text(FONT, frame.top - 0.7 * FONT, plot.y_name, "start"))
    return out


def _named_ticks(plot: Plot, frame: _Frame) -> list[str]:
    room = (frame.right - frame.left) / len(plot.labels)
    slanted = max(map(len, plot.labels)) * 0.55 * FONT > 0.95 * room
    out = []
    for i, label in enumerate(plot.labels):
        x, y = frame.at(i, frame.y[0])[0], frame.bottom + 1.4 * FONT
        turn = f' transform="rotate(-35 {x:.1f} {y:.1f})"' if slanted else ""
        anchor = "end" if slanted else "middle"
        out.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turn}>{escape(label)}</text>')
    return out


def _marks(plot: Plot, frame: _Frame) -> list[str]:
    out: list[str] = []
    barred = [series for series in plot.series if series.kind == "bars"]
    under = [0.0] * max((len(s.y) for s in plot.series if s.kind == "bands"), default=0)
    for i, series in enumerate(plot.series):
        colour = COLOURS[i % len(COLOURS)]
        if series.kind == "bars":
            out += _bars(plot, series, frame, colour, barred.index(series), len(barred))
        elif series.kind == "bands":
            out.append(_band(series, frame, colour, under))
            under = [a + b for a, b in zip(under, series.y, strict=True)]
        else:
            out += _points(plot, series, frame, colour)
    return out


def _points(plot: Plot, series: Series, frame: _Frame, colour: str) -> list[str]:
    places = [frame.at(x, y) for x, y in zip(series.x, series.y, strict=True)]
    out = []
    if series.kind in ("line", "step") and len(places) > 1:
        path = f"M{places[0][0]:.1f} {places[0][1]:.1f}"
        for x, y in places[1:]:
            path += f" H{x:.1f} V{y:.1f}" if series.kind == "step" else f" L{x:.1f} {y:.1f}"
        out.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
    radius = 4.5 if series.kind == "dots" else 2.2
    if len(places) <= MOST_HINTS and (series.kind == "dots" or len(places) <= 60):
        for (x, y), a, b in zip(places, series.x, series.y, strict=True):
            hint = f"{escape(series.name)}: {_one(a, plot.x_unit)}, {_one(b, plot.y_unit)}"
            out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"><title>{hint}</title></circle>')
    return out


def _bars(plot: Plot, series: Series, frame: _Frame, colour: str, k: int, count: int) -> list[str]:
    room = (frame.right - frame.left) / (frame.x[1] - frame.x[0])
    wide = 0.8 * room / count
    zero = frame.at(0.0, min(max(0.0, frame.y[0]), frame.y[1]))[1]
    out = []
    for x, y in zip(series.x, series.y, strict=True):
        middle, top = frame.at(x, y)
        left = middle - 0.4 * room + k * wide
        name = plot.labels[int(x)] if plot.labels else _one(x, plot.x_unit)
        hint = f"{escape(series.name)}, {escape(name)}: {_one(y, plot.y_unit)}"
        box = f'x="{left:.1f}" y="{min(top, zero):.1f}" width="{0.94 * wide:.1f}" height="{abs(zero - top):.1f}"'
        out.append(f'<rect {box} fill="{colour}"><title>{hint}</title></rect>')
    return out


def _band(series: Series, frame: _Frame, colour: str, under: list[float]) -> str:
    over = [frame.at(x, base + y) for x, y, base in zip(series.x, series.y, under, strict=True)]
    below = [frame.at(x, base) for x, base in zip(series.x, under, strict=True)]
    path = " L".join(f"{x:.1f} {y:.1f}" for x, y in (*over, *reversed(below)))
    return f'<path d="M{path} Z" fill="{colour}" stroke="none"><title>{escape(series.name)}</title></path>'


def _legend_rows(plot: Plot, width: float) -> list[list[tuple[float, str, str]]]:
    """(x, name, colour) by row; nothing for a single series."""
    if len(plot.series) < 2:
        return []
    rows: list[list[tuple[float, str, str]]] = [[]]
    x = FONT
    for i, series in enumerate(plot.series):
        wide = (2.2 + 0.56 * len(series.name) + 1.0) * FONT
        if x + wide > width and rows[-1]:
            rows.append([])
            x = FONT
        rows[-1].append((x, series.name, COLOURS[i % len(COLOURS)]))
        x += wide
    return rows


def _legend(rows: list[list[tuple[float, str, str]]]) -> list[str]:
    out = []
    for k, row in enumerate(rows):
        y = (3.3 + 1.5 * k) * FONT
        for x, name, colour in row:
            out.append(
                f'<rect x="{x:.1f}" y="{y - 0.75 * FONT:.1f}" width="{FONT:g}" height="{0.8 * FONT:.1f}" fill="{colour}"/>'
            )
            out.append(_text(x + 1.5 * FONT, y, name, "start"))
    return out


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _texts(values: list[float], unit: Unit) -> list[str]:
    """Ticks with as many decimals as all of them need."""
    size = 100.0 if unit == "percent" else 1.0
    digits = next((k for k in range(7) if all(abs(round(size * v, k) - size * v) < 1e-9 * max(1.0, size) for v in values)), 6)
    return [percent(v, digits) if unit == "percent" else decimal(v, digits) for v in values]


def _one(value: float, unit: Unit) -> str:
    return percent(value) if unit == "percent" else f"{value:,.6g}"
