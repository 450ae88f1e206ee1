"""Training and test windows as bars below each other, along time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

from portopt.reports.through_time.svg.timeline import FONT, SIZES, Frame, Size, date_axis, drawing, label, ordinal

ROW, MOST = 20.0, 40


@dataclass(frozen=True, slots=True)
class Cut:
    """train, test: first and last day of each."""

    name: str
    train: tuple[str, str]
    test: tuple[str, str]
    failed: bool


def windows_svg(cuts: Sequence[Cut]) -> list[str]:
    """At most the first forty; nothing where there are none."""
    shown = cuts[:MOST]
    return [_one(shown, size) for size in SIZES] if shown else []


def _one(cuts: Sequence[Cut], size: Size) -> str:
    room = replace(size, height=ROW * len(cuts) + 40.0, left=30.0, right=16.0)
    span = min(ordinal(cut.train[0]) for cut in cuts), max(ordinal(cut.test[1]) for cut in cuts)
    frame = Frame(room, span, (0.0, 1.0))
    marks = date_axis(frame)
    for k, cut in enumerate(cuts):
        top = frame.top + k * ROW
        kind = "test failed" if cut.failed else "test"
        marks.append(label(0.0, top + FONT, cut.name))
        marks += [_bar(frame, cut.train, top, "train", cut.name), _bar(frame, cut.test, top, kind, cut.name)]
    said = f"{len(cuts)} windows; {sum(cut.failed for cut in cuts)} failed."
    return drawing(frame, "windows", "Training and test windows", said, marks)


def _bar(frame: Frame, days: tuple[str, str], top: float, kind: str, name: str) -> str:
    x, end = frame.x(ordinal(days[0])), frame.x(ordinal(days[1]))
    hint = f"<title>{escape(name)}: {kind.split()[0]} {days[0]} to {days[1]}</title>"
    return f'<rect class="{kind}" x="{x:.1f}" y="{top + 3.0:.1f}" width="{max(end - x, 1.0):.1f}" height="12">{hint}</rect>'
