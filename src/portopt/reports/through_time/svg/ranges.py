"""Returns that were forecast as ranges, and what they were: a stroke a period, a dot on it, marked where it lies outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from portopt.document.formats import percent
from portopt.reports.through_time.svg.timeline import SIZES, Frame, Size, axes, drawing, ordinal, value_range

HEIGHTS = {"wide": 230.0, "narrow": 200.0}


def ranges_svg(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """rows: {first, last, low, high, realized}. Nothing where there are none."""
    return [_one(rows, size) for size in SIZES] if rows else []


def _one(rows: Sequence[Mapping[str, Any]], size: Size) -> str:
    values = [row[name] for row in rows for name in ("low", "high", "realized")]
    room = replace(size, height=HEIGHTS[size.name], right=16.0)
    frame = Frame(room, (ordinal(rows[0]["first"]), ordinal(rows[-1]["last"])), value_range(values, hold=0.0))
    strokes, dots = [], []
    for row in rows:
        x = frame.x((ordinal(row["first"]) + ordinal(row["last"])) // 2)
        strokes.append(f"M{x:.1f} {frame.y(row['low']):.1f}V{frame.y(row['high']):.1f}")
        held = row["low"] <= row["realized"] <= row["high"]
        kind = "held" if held else "missed"
        dots.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{frame.y(row["realized"]):.1f}" r="{1.8 if held else 3.0}"/>')
    width = min(max(0.5 * (frame.right - frame.left) / len(rows), 1.0), 6.0)
    band = f'<path class="range" stroke-width="{width:.1f}" d="{"".join(strokes)}"/>'
    missed = sum("missed" in dot for dot in dots)
    said = f"{len(rows)} forecasts, {missed} missed."
    return drawing(frame, "ranges", "Forecast and realized returns", said, [*axes(frame, lambda v: percent(v, 0)), band, *dots])
