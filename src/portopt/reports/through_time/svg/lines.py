"""Several histories as lines, each named at its end; a filled one below zero; a band behind a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from portopt.reports.through_time.svg.thinning import thinned
from portopt.reports.through_time.svg.timeline import (
    FONT,
    SIZES,
    Frame,
    Size,
    Told,
    axes,
    drawing,
    label,
    ordinal,
    value_range,
)

Values = Sequence[float | None]
LOW = {"wide": 210.0, "narrow": 190.0}


@dataclass(frozen=True, slots=True)
class Line:
    """key: the style's name. values: one a day, None where there is none."""

    key: str
    name: str
    values: Values


@dataclass(frozen=True, slots=True)
class Lines:
    """title says what is seen. told: a value of the axis in words. hold: a value that the axis shows in any case.

    filled: the lines are areas down from zero. low: less high than usual. named: at their ends. band: lowest
    and highest about the lines.
    """

    name: str
    title: str
    described: str
    days: Sequence[str]
    lines: tuple[Line, ...]
    told: Told
    log: bool = False
    hold: float | None = None
    filled: bool = False
    low: bool = False
    named: bool = True
    band: tuple[Values, Values] | None = None


def lines_svg(chart: Lines) -> list[str]:
    """Wide and narrow; nothing where there is no value."""
    values = _known([v for line in chart.lines for v in line.values])
    if not values or len(chart.days) < 2 or (chart.log and min(values) <= 0.0):
        return []
    held = values + (_known([*chart.band[0], *chart.band[1]]) if chart.band else [])
    return [_one(chart, size, value_range(held, log=chart.log, hold=chart.hold)) for size in SIZES]


def _known(values: Sequence[float | None]) -> list[float]:
    return [v for v in values if v is not None]


def _one(chart: Lines, size: Size, values: tuple[float, float]) -> str:
    days = [ordinal(day) for day in chart.days]
    alone = len(chart.lines) == 1 or not chart.named  # its name is the drawing's
    room = replace(
        size, right=min(size.right, 16.0) if alone else size.right, height=LOW[size.name] if chart.low else size.height
    )
    frame = Frame(room, (days[0], days[-1]), values, chart.log)
    marks = axes(frame, chart.told)
    if chart.band:
        marks.append(_band(chart.band, days, frame))
    # The first line is the subject: it is drawn last, over the others.
    marks += [_line(line, days, frame, chart.filled) for line in reversed(chart.lines)]
    if room.right > 40.0:
        marks += _names(chart.lines, frame)
    return drawing(frame, chart.name, chart.title, chart.described, marks)


def _line(line: Line, days: Sequence[int], frame: Frame, filled: bool) -> str:
    path = " ".join(_piece(piece, frame, filled) for piece in _pieces(line.values, days, frame))
    return f'<path class="{"area" if filled else "series"} s-{line.key}" d="{path}"/>'


def _pieces(values: Values, days: Sequence[int], frame: Frame) -> list[list[tuple[int, float]]]:
    """Unbroken stretches of (day, value), thinned to about two points a pixel."""
    pieces: list[list[tuple[int, float]]] = [[]]
    for day, value in zip(days, values, strict=True):
        if value is not None:
            pieces[-1].append((day, value))
        elif pieces[-1]:
            pieces.append([])
    most = int(frame.right - frame.left)
    return [[piece[i] for i in thinned([v for _, v in piece], most)] for piece in pieces if piece]


def _piece(piece: Sequence[tuple[int, float]], frame: Frame, filled: bool) -> str:
    places = [f"{frame.x(day):.1f} {frame.y(value):.1f}" for day, value in piece]
    if filled:
        zero = frame.y(0.0)
        return f"M{frame.x(piece[0][0]):.1f} {zero:.1f} L" + " ".join(places) + f" L{frame.x(piece[-1][0]):.1f} {zero:.1f}Z"
    return "M" + " ".join(places)


def _band(band: tuple[Values, Values], days: Sequence[int], frame: Frame) -> str:
    known = [(d, a, b) for d, a, b in zip(days, *band, strict=True) if a is not None and b is not None]
    kept = thinned([b for _, _, b in known], int(frame.right - frame.left))
    over = [f"{frame.x(known[i][0]):.1f} {frame.y(known[i][2]):.1f}" for i in kept]
    under = [f"{frame.x(known[i][0]):.1f} {frame.y(known[i][1]):.1f}" for i in reversed(kept)]
    return f'<path class="band" d="M{" ".join([*over, *under])}Z"/>' if known else ""


def _names(lines: Sequence[Line], frame: Frame) -> list[str]:
    """Each line's name at its end, moved apart where they would meet."""
    ends = [(frame.y(known[-1]), line) for line in lines if (known := _known(line.values))]
    places = apart([y for y, _ in ends], 1.25 * FONT, frame.top + 4.0, frame.bottom)
    return [
        label(frame.right + 9.0, y + FONT / 3.0, line.name, kind=f"end s-{line.key}")
        for y, (_, line) in zip(places, ends, strict=True)
    ]


def apart(wanted: Sequence[float], gap: float, top: float, bottom: float) -> list[float]:
    """Places near those wanted, at least `gap` from each other while there is room between top and bottom.

    >>> apart([10.0, 12.0, 50.0], 10.0, 0.0, 100.0)
    [10.0, 20.0, 50.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    places, edge = [0.0] * len(wanted), top
    for i in order:
        places[i] = edge = max(wanted[i], edge)
        edge += gap
    edge = bottom
    for i in reversed(order):
        places[i] = min(places[i], edge)
        edge = places[i] - gap
    return places
