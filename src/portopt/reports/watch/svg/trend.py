"""A figure through time in the size of a word: its line, its limit, the band that it is allowed, the gaps nobody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from portopt.reports.through_time.svg.thinning import thinned
from portopt.reports.watch.words import parsed

Columns = Mapping[str, Sequence[Any]]
POINTS = 90  # about a point every two pixels and a half
EDGE = 3.0  # pixels that are kept free, so that a line on the edge is whole


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line. kind: its class in the style. columns: {"at", "value", "limit"}."""

    kind: str
    columns: Columns


@dataclass(frozen=True, slots=True)
class Place:
    """Where instants (seconds) and values stand."""

    times: tuple[float, float]
    values: tuple[float, float]
    width: float
    height: float

    def x(self, time: float) -> float:
        first, last = self.times
        return EDGE + (time - first) / ((last - first) or 1.0) * (self.width - 2 * EDGE)

    def y(self, value: float) -> float:
        low, high = self.values
        return self.height - EDGE - (value - low) / ((high - low) or 1.0) * (self.height - 2 * EDGE)


def trend(lines: Sequence[Drawn], spoken: str, *, width: float = 220.0, height: float = 52.0) -> str:
    """One SVG; empty where no line has two instants. spoken: what it shows, for who cannot see it.

    The limit is that of the last line. What was unknown is a mark at the foot, and breaks the line.
    """
    lines = [line for line in lines if len(line.columns["at"]) > 1]
    if not lines:
        return ""
    times = [parsed(at).timestamp() for line in lines for at in line.columns["at"]]
    limits = [v for v in lines[-1].columns["limit"] if v is not None]
    values = [v for line in lines for v in line.columns["value"] if v is not None]
    held = [*values, *limits, 0.0]
    place = Place((min(times), max(times)), (min(held), max(held) + 0.04 * (max(held) - min(held))), width, height)
    marks = _limit(lines[-1].columns, place) if limits else []
    for line in lines:
        marks += _line(line, place)
    marks += _gaps(lines[-1].columns, place)
    return (
        f'<svg class="trend" viewBox="0 0 {width:g} {height:g}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(spoken)}">{"".join(marks)}</svg>'
    )


def _limit(columns: Columns, place: Place) -> list[str]:
    """The limit as it was at each instant, and what lies between it and zero."""
    known = [(parsed(at).timestamp(), v) for at, v in zip(columns["at"], columns["limit"], strict=True) if v is not None]
    corners = steps(known)
    path = " ".join(f"{place.x(t):.1f} {place.y(v):.1f}" for t, v in corners)
    foot = f"L{place.x(corners[-1][0]):.1f} {place.y(0.0):.1f} L{place.x(corners[0][0]):.1f} {place.y(0.0):.1f}Z"
    band = [] if all(v == 0.0 for _, v in corners) else [f'<path class="allowed" d="M{path} {foot}"/>']
    return [*band, f'<path class="limit" d="M{path}"/>']


def steps(known: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Corners of a line that changes at once, those alone where it does."""
    corners = [known[0]]
    for at, value in known[1:]:
        if value != corners[-1][1]:
            corners += [(at, corners[-1][1]), (at, value)]
    return [*corners, (known[-1][0], corners[-1][1])]


def _line(line: Drawn, place: Place) -> list[str]:
    pieces: list[list[tuple[float, float]]] = [[]]
    for at, value in zip(line.columns["at"], line.columns["value"], strict=True):
        if value is not None:
            pieces[-1].append((parsed(at).timestamp(), value))
        elif pieces[-1]:
            pieces.append([])
    whole = [[piece[i] for i in thinned([v for _, v in piece], POINTS)] for piece in pieces if piece]
    paths = ["M" + " ".join(f"{place.x(t):.1f} {place.y(v):.1f}" for t, v in piece) for piece in whole]
    if not whole:
        return []
    at, value = whole[-1][-1]
    end = f'<path class="end {line.kind}" d="M{place.x(at):.1f} {place.y(value):.1f}h0"/>'  # round, however it is stretched
    return [f'<path class="line {line.kind}" d="{" ".join(paths)}"/>', end]


def _gaps(columns: Columns, place: Place) -> list[str]:
    """Stretches of which nothing is known."""
    found, began = [], None
    ats = [parsed(at).timestamp() for at in columns["at"]]
    for at, value in [*zip(ats, columns["value"], strict=True), (ats[-1], 0.0)]:
        if value is None and began is None:
            began = at
        elif value is not None and began is not None:
            found.append((began, at))
            began = None
    return [
        f'<rect class="gap" x="{place.x(a):.1f}" y="{EDGE:g}" width="{max(place.x(b) - place.x(a), 2.0):.1f}" '
        f'height="{place.height - 2 * EDGE:g}"/>'
        for a, b in found
    ]
