"""When each limit stopped the portfolio: a row a limit, marked while it binds, the stronger the dearer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

from portopt.reports.through_time.svg.timeline import FONT, SIZES, Frame, Size, date_axis, drawing, label, ordinal

ROW = {"wide": 26.0, "narrow": 40.0}


@dataclass(frozen=True, slots=True)
class Strip:
    """spells: (first day, last day, strength between 0 and 1) of each stretch. note: what stands at the end of the row."""

    name: str
    spells: tuple[tuple[str, str, float], ...]
    note: str


def strips_svg(name: str, title: str, described: str, strips: Sequence[Strip], span: tuple[str, str]) -> list[str]:
    """span: first and last day of the axis. Nothing where there is no strip."""
    return [_one(name, title, described, strips, span, size) for size in SIZES] if strips else []


def _one(name: str, title: str, described: str, strips: Sequence[Strip], span: tuple[str, str], size: Size) -> str:
    tall, wide = ROW[size.name], size.name == "wide"
    room = replace(size, height=tall * len(strips) + 38.0, left=220.0 if wide else 4.0)
    frame = Frame(room, (ordinal(span[0]), ordinal(span[1])), (0.0, 1.0))
    marks = date_axis(frame)
    for k, strip in enumerate(strips):
        marks += _row(strip, frame.top + k * tall, frame, wide)
    return drawing(frame, name, title, described, marks)


def _row(strip: Strip, top: float, frame: Frame, wide: bool) -> list[str]:
    bar_top = top + 5.0 if wide else top + 18.0
    high = 15.0
    back = (
        f'<rect class="strip" x="{frame.left:g}" y="{bar_top:.1f}" width="{frame.right - frame.left:.1f}" height="{high:g}"/>'
    )
    words = top + 5.0 + FONT if wide else top + FONT
    out = [label(0.0, words, strip.name if len(strip.name) < 33 else strip.name[:31] + "…"), back]
    for first, last, strength in strip.spells:
        x = frame.x(ordinal(first))
        width = max(frame.x(ordinal(last)) - x, 1.2)
        out.append(
            f'<rect class="bound" x="{x:.1f}" y="{bar_top:.1f}" width="{width:.1f}" height="{high:g}" '
            f'fill-opacity="{0.3 + 0.7 * strength:.2f}"/>'
        )
    end = label(frame.right + 9.0, words, strip.note) if wide else label(frame.right, words, strip.note, "end", "faint")
    return [f"<g><title>{escape(strip.name)}: {escape(strip.note)}</title>", *out, end, "</g>"]
