"""One figure through time as a drawing that stands by itself: a line a subject, its limit, the gaps nobody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from portopt.domain.errors import DataError
from portopt.reports.svg.charts import ticks
from portopt.reports.through_time.svg.thinning import thinned
from portopt.reports.watch import words
from portopt.reports.watch.svg.trend import steps
from portopt.reports.watch.words import parsed

Row = Mapping[str, Any]
SIZE, ROOM = (760.0, 380.0), (78.0, 150.0, 44.0, 34.0)  # pixels; those at the left, right, top and foot
LINES_SHOWN, POINTS_DRAWN = 12, 600
COLOURS_OF_LINES = (
    "#2463a8", "#d1495b", "#2a9d6f", "#b8741a", "#7b5ea7", "#2f8f9d", "#8a6d3b", "#6b7280", "#a83279", "#4d7c0f", "#b45309",
    "#4338ca",
)  # fmt: skip
STYLE_OF_PLOT = (
    "text{font:13px system-ui,sans-serif;fill:#374151}.title{font-weight:600;fill:#111827;font-size:15px}.back{fill:#fff}"
    ".grid{stroke:#e5e7eb}.limit{fill:none;stroke:#b3261e;stroke-dasharray:5 4}.series{fill:none;stroke-width:1.8}"
    "@media(prefers-color-scheme:dark){text{fill:#cbd5e1}.title{fill:#f1f5f9}.grid{stroke:#334155}.back{fill:#0f172a}}"
)


def figures_plot(document: Row) -> str:
    """document: of `portopt figures NAME`. Raises DataError where it holds no value."""
    series = [row for row in document["series"] if any(v is not None for v in row["value"])]
    if not series:
        raise DataError(f"{document['name']} has no value since {words.when(document['since'])}", field="since")
    shown = sorted(series, key=_largest, reverse=True)[:LINES_SHOWN]
    held = [v for row in shown for name in ("value", "limit") for v in row[name] if v is not None]
    times = [parsed(at).timestamp() for row in shown for at in row["at"]]
    frame = _Frame((min(times), max(times)), (min([*held, 0.0]), max([*held, 0.0]) or 1.0))
    marks = [*_across(frame, document["unit"]), *_dates(frame)]
    for k, row in enumerate(shown):
        marks += _one(row, COLOURS_OF_LINES[k % len(COLOURS_OF_LINES)], frame)
    marks += [*dict.fromkeys(limit for row in shown for limit in _limit(row, frame)), *_names(shown, len(series) - len(shown))]
    width, height = SIZE
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
            f'aria-label="{escape(document["says"])}">',
            f"<style>{STYLE_OF_PLOT}</style>",
            f'<rect class="back" width="{width:g}" height="{height:g}"/>',
            f'<text class="title" x="12" y="22">{escape(words.name_of(document["name"]))}</text>',
            *marks,
            "</svg>\n",
        ]
    )


def _largest(row: Row) -> float:
    return max(abs(float(v)) for v in row["value"] if v is not None)


class _Frame:
    """Where instants and values stand."""

    def __init__(self, times: tuple[float, float], values: tuple[float, float]) -> None:
        self.times, self.values = times, values
        left, right, top, foot = ROOM
        self.left, self.right, self.top, self.bottom = left, SIZE[0] - right, top, SIZE[1] - foot

    def x(self, time: float) -> float:
        first, last = self.times
        return self.left + (time - first) / ((last - first) or 1.0) * (self.right - self.left)

    def y(self, value: float) -> float:
        low, high = self.values
        return self.bottom - (value - low) / ((high - low) or 1.0) * (self.bottom - self.top)


def _across(frame: _Frame, unit: str) -> list[str]:
    out = []
    for value in ticks(*frame.values, most=6):
        y = frame.y(value)
        out.append(f'<line class="grid" x1="{frame.left:g}" y1="{y:.1f}" x2="{frame.right:g}" y2="{y:.1f}"/>')
        out.append(f'<text x="{frame.left - 8:g}" y="{y + 4:.1f}" text-anchor="end">{escape(words.told(value, unit))}</text>')
    return out


def _dates(frame: _Frame) -> list[str]:
    first, last = frame.times
    pattern = "%H:%M" if last - first < 86_400 else "%Y-%m-%d"
    places = ((first, "start"), ((first + last) / 2.0, "middle"), (last, "end")) if last > first else ((first, "start"),)
    y = frame.bottom + 20.0
    told = [(frame.x(at), anchor, datetime.fromtimestamp(at, UTC).strftime(pattern)) for at, anchor in places]
    return [f'<text x="{x:.1f}" y="{y:g}" text-anchor="{anchor}">{said}</text>' for x, anchor, said in told]


def _one(row: Row, colour: str, frame: _Frame) -> list[str]:
    pieces: list[list[tuple[float, float]]] = [[]]
    for at, value in zip(row["at"], row["value"], strict=True):
        if value is not None:
            pieces[-1].append((parsed(at).timestamp(), value))
        elif pieces[-1]:
            pieces.append([])
    paths = []
    for piece in filter(None, pieces):
        kept = [piece[i] for i in thinned([v for _, v in piece], POINTS_DRAWN)]
        paths.append("M" + " ".join(f"{frame.x(t):.1f} {frame.y(v):.1f}" for t, v in kept) + ("h0.1" if len(kept) == 1 else ""))
    return [f'<path class="series" stroke="{colour}" stroke-linecap="round" d="{" ".join(paths)}"/>']


def _limit(row: Row, frame: _Frame) -> list[str]:
    """As steps: it holds until it is another."""
    known = [(parsed(at).timestamp(), v) for at, v in zip(row["at"], row["limit"], strict=True) if v is not None]
    path = " ".join(f"{frame.x(t):.1f} {frame.y(v):.1f}" for t, v in steps(known)) if known else ""
    return [f'<path class="limit" d="M{path}"/>'] if path else []


def _names(rows: Sequence[Row], left: int) -> list[str]:
    """The lines' names at the right, one under the other; left: lines that are not drawn."""
    x = SIZE[0] - ROOM[1] + 14.0
    y = ROOM[2] + 12.0 + 20.0 * len(rows)
    out = [f'<text x="{x:g}" y="{y:g}">and {left:,} more</text>'] if left else []
    for k, row in enumerate(rows):
        y = ROOM[2] + 8.0 + 20.0 * k
        name = ", ".join(row["labels"].values()) or "the service"
        colour = COLOURS_OF_LINES[k % len(COLOURS_OF_LINES)]
        out.append(f'<line x1="{x:g}" y1="{y:g}" x2="{x + 14:g}" y2="{y:g}" stroke="{colour}" stroke-width="3"/>')
        out.append(f'<text x="{x + 20:g}" y="{y + 4:g}">{escape(name[:17])}</text>')
    return out
