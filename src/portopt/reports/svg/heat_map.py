"""A square of numbers between -1 and 1 as colours, such as correlations in the order of a tree: one SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from portopt.reports.svg.plots import COLOURS, FONT, STYLE

POSITIVE, NEGATIVE = COLOURS[0], COLOURS[1]
TOP, SIDE, WIDTH, HEIGHT = 4.0 * FONT, 5.0 * FONT, 720.0, 560.0


def heat_map(title: str, labels: Sequence[str], values: Sequence[Sequence[float]]) -> str:
    """values: (n, n), beside n labels; the stronger the colour the further from zero, blue above it and red below.

    Raises ValueError for values that are no square of that size, or none at all.
    """
    n = len(labels)
    if not n or len(values) != n or any(len(row) != n for row in values):
        raise ValueError("a heat map needs as many rows and columns as labels, and at least one")
    cell = min((HEIGHT - TOP - SIDE) / n, (WIDTH - SIDE - 2.0 * FONT) / n)
    left = 0.5 * (WIDTH - n * cell + SIDE) - FONT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{_said(title)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{WIDTH:g}" height="{HEIGHT:g}"/>',
        f'<text class="title" x="{FONT:g}" y="{1.6 * FONT:.1f}">{escape(title)}</text>',
    ]
    for i, label in enumerate(labels):
        middle = (i + 0.5) * cell
        x, y = left + middle + 0.3 * FONT, TOP + n * cell + FONT
        parts.append(_label(left - 0.5 * FONT, TOP + middle + 0.35 * FONT, label))
        parts.append(_label(x, y, label, f' transform="rotate(-60 {x:.1f} {y:.1f})"'))
        for j, other in enumerate(labels):
            value = float(values[i][j])
            hint = f"<title>{escape(label)}, {escape(other)}: {value:.2f}</title>"
            place = f'x="{left + j * cell:.1f}" y="{TOP + i * cell:.1f}" width="{cell:.2f}" height="{cell:.2f}"'
            colour = POSITIVE if value >= 0.0 else NEGATIVE
            parts.append(f'<rect {place} fill="{colour}" fill-opacity="{min(abs(value), 1.0):.2f}">{hint}</rect>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _label(x: float, y: float, text: str, turn: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="end"{turn}>{escape(text)}</text>'


def _said(title: str) -> str:
    return escape(f"{title}. Blue above zero, red below; the stronger the further.", quote=True)
