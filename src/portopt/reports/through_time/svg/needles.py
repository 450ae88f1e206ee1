"""One upright stroke a date: turnover, costs, profits. Where there are more dates than pixels the tallest of each is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from portopt.reports.through_time.svg.thinning import thinned
from portopt.reports.through_time.svg.timeline import SIZES, Frame, Size, Told, axes, drawing, ordinal, value_range

HEIGHTS = {"wide": 190.0, "narrow": 170.0}


def needles_svg(
    name: str, title: str, described: str, days: Sequence[str], values: Sequence[float], told: Told, span: tuple[str, str]
) -> list[str]:
    """values: one a day of `days`. span: first and last day of the axis. Nothing where there is no value."""
    if not values:
        return []
    at, ends = [ordinal(day) for day in days], (ordinal(span[0]), ordinal(span[1]))
    out = []
    for size in SIZES:
        frame = Frame(
            replace(size, height=HEIGHTS[size.name], right=min(size.right, 16.0)), ends, value_range(values, hold=0.0)
        )
        out.append(drawing(frame, name, title, described, [*axes(frame, told), _needles(at, values, frame, size)]))
    return out


def _needles(at: Sequence[int], values: Sequence[float], frame: Frame, size: Size) -> str:
    room = frame.right - frame.left
    kept = thinned(values, int(room))
    zero = frame.y(0.0)
    path = "".join(f"M{frame.x(at[i]):.1f} {zero:.1f}V{frame.y(values[i]):.1f}" for i in kept)
    width = min(max(0.6 * room / max(len(values), 1), 1.0), 7.0)
    return f'<path class="needles" stroke-width="{width:.1f}" d="{path}"/>'
