"""Weights through time as layers on each other: what is held long upwards, what is short downwards, steps between decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from portopt.document.formats import percent
from portopt.reports.through_time.svg.lines import apart
from portopt.reports.through_time.svg.thinning import spaced
from portopt.reports.through_time.svg.timeline import FONT, SIZES, Frame, Size, axes, drawing, label, ordinal, value_range

STEPS = {"wide": 360, "narrow": 160}  # decisions drawn at most
NAMED = 15.0  # pixels that a layer has at the end where its name stands beside it


@dataclass(frozen=True, slots=True)
class Layer:
    """key: the style's name. weights: one a decision, fractions."""

    key: str
    name: str
    weights: Sequence[float]


def layers_svg(name: str, title: str, described: str, days: Sequence[str], layers: Sequence[Layer]) -> list[str]:
    """days: of the decisions, and one more at which the last one's weights end. Nothing where nothing was decided."""
    if len(days) < 2 or not layers:
        return []
    tops = [sum(max(layer.weights[t], 0.0) for layer in layers) for t in range(len(days) - 1)]
    feet = [sum(min(layer.weights[t], 0.0) for layer in layers) for t in range(len(days) - 1)]
    low, high = min(feet), max(*tops, 1.0)
    values = (0.0 if low > -1e-9 else value_range([low])[0], max(high, 1.0))
    return [_one(name, title, described, days, layers, size, values) for size in SIZES]


def _one(
    name: str,
    title: str,
    described: str,
    days: Sequence[str],
    layers: Sequence[Layer],
    size: Size,
    values: tuple[float, float],
) -> str:
    at = [ordinal(day) for day in days]
    frame = Frame(size, (at[0], at[-1]), values)
    kept = spaced(len(at) - 1, STEPS[size.name])
    edges = [*(at[t] for t in kept), at[-1]]
    over, under = [0.0] * len(kept), [0.0] * len(kept)
    marks, ends = axes(frame, lambda v: percent(v, 0)), []
    shapes = []
    for layer in layers:
        held = [layer.weights[t] for t in kept]
        long, short = [max(w, 0.0) for w in held], [min(w, 0.0) for w in held]
        for base, part in ((over, long), (under, short)):
            if any(part):
                shapes.append(_layer(layer, edges, base, part, frame))
        ends.append((frame.y(over[-1] + 0.5 * long[-1]), long[-1], layer))
        over = [a + b for a, b in zip(over, long, strict=True)]
        under = [a + b for a, b in zip(under, short, strict=True)]
    return drawing(frame, name, title, described, [*shapes, *marks, *_names(ends, frame)])


def _layer(layer: Layer, edges: Sequence[int], base: Sequence[float], part: Sequence[float], frame: Frame) -> str:
    xs = [f"{frame.x(day):.1f}" for day in edges]
    far = [f"{frame.y(a + b):.1f}" for a, b in zip(base, part, strict=True)]
    near = [f"{frame.y(a):.1f}" for a in base]
    there = "".join(f"V{y}H{x}" for y, x in zip(far, xs[1:], strict=True))
    back = "".join(f"V{y}H{x}" for y, x in zip(reversed(near), reversed(xs[:-1]), strict=True))
    hint = f"<title>{escape(layer.name)}</title>"
    return f'<path class="layer s-{layer.key}" d="M{xs[0]} {near[0]}{there}{back}Z">{hint}</path>'


def _names(ends: Sequence[tuple[float, float, Layer]], frame: Frame) -> list[str]:
    if frame.size.right < 40.0:
        return []
    tall = (frame.bottom - frame.top) / (frame.values[1] - frame.values[0])
    seen = [(y, layer) for y, w, layer in ends if w * tall >= NAMED]
    places = apart([y for y, _ in seen], 1.2 * FONT, frame.top + 4.0, frame.bottom)
    return [
        label(frame.right + 9.0, y + FONT / 3.0, layer.name[:16], kind="end")
        for y, (_, layer) in zip(places, seen, strict=True)
    ]
