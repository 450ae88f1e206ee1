"""The drawing says what the numbers say."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

import pytest

from portopt.reports.svg.charts import frontier_svg, ticks

SIZES = [("wide", 860.0, 440.0), ("narrow", 358.0, 340.0)]


@pytest.fixture(params=SIZES, ids=[name for name, *_ in SIZES])
def drawing(request, document) -> ET.Element:
    name, width, height = request.param
    return ET.fromstring(frontier_svg(document["frontier"], name=name, width=width, height=height))


def axis(drawing: ET.Element, which: str) -> tuple[float, float]:
    """(slope, intercept) from pixels to fractions, read off the tick labels alone."""
    labels = [t for t in drawing.iter("text") if t.get("class") == "tick"]
    chosen = [t for t in labels if (t.get("text-anchor") == "middle") == (which == "x")]
    pixels = [float(t.get(which)) - (0 if which == "x" else 13 / 3) for t in chosen]
    values = [float(t.text.rstrip(" %")) / 100 for t in chosen]
    slope = (values[-1] - values[0]) / (pixels[-1] - pixels[0])
    return slope, values[0] - slope * pixels[0]


def test_points_stand_where_the_axes_say(drawing, document):
    (ax, bx), (ay, by) = axis(drawing, "x"), axis(drawing, "y")
    circles = [c for c in drawing.iter("circle") if c.get("class") == "point"]
    points = document["frontier"]["points"]

    assert len(circles) == len(points)
    for circle, point in zip(circles, points, strict=True):
        assert ax * float(circle.get("cx")) + bx == pytest.approx(point["volatility"], abs=2e-4)
        assert ay * float(circle.get("cy")) + by == pytest.approx(point["expected_return"], abs=2e-4)


def test_both_portfolios_of_the_decision_are_on_it(drawing):
    labels = [t.text for t in drawing.iter("text")]
    assert {"Proposed", "Now"} <= set(labels)


def test_labels_stay_inside_the_drawing_and_off_each_other(drawing):
    width, height = map(float, drawing.get("viewBox").split()[2:])
    boxes = []
    for t in drawing.iter("text"):
        if not t.get("class").startswith("label"):
            continue
        x, y, wide = float(t.get("x")), float(t.get("y")), 0.54 * 13 * len(t.text)
        left = {"start": x, "end": x - wide, "middle": x - wide / 2}[t.get("text-anchor")]
        boxes.append((left, y - 11, left + wide, y + 3))
    for i, a in enumerate(boxes):
        assert a[0] >= 0
        assert a[2] <= width
        assert a[1] >= 0
        assert a[3] <= height
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_the_drawing_is_told_to_those_who_do_not_see_it(drawing):
    titled = drawing.get("aria-labelledby").split()
    told = {element.get("id"): element.text for element in drawing if element.tag in ("title", "desc")}
    assert drawing.get("role") == "img"
    assert re.search(r"Proposed: return \d+\.\d\d %, volatility \d+\.\d\d %", told[titled[1]])


def test_a_frontier_of_one_point_can_be_drawn(document):
    point = {"expected_return": 0.05, "volatility": 0.1, "sharpe_ratio": 0.3, "weights": None}
    alone = dict.fromkeys(("proposed", "current", "optimal", "min_risk", "max_return"), point)
    drawing = ET.fromstring(frontier_svg({"points": [point], **alone}, name="wide", width=860, height=440))
    numbers = [float(n) for c in drawing.iter("circle") for n in (c.get("cx"), c.get("cy"))]
    assert all(0 <= n <= 860 for n in numbers)


@pytest.mark.parametrize(("low", "high"), [(0.083, 0.171), (-0.02, 0.35), (0.1499, 0.1501), (0.0, 3.0)])
def test_ticks_are_few_even_and_inside(low, high):
    found = ticks(low, high)
    steps = {round(b - a, 12) for a, b in itertools.pairwise(found)}
    assert 2 <= len(found) <= 7
    assert len(steps) == 1
    assert low <= found[0] < found[-1] <= high
