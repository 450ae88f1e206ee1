"""Figures, spans of time and what a figure rests on, in words."""

from __future__ import annotations

import pytest

from portopt.reports.watch import words
from portopt.reports.watch.details import details


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.0312, "ratio", "3.12 %"), (0.0, "ratio", "0.00 %"), (3e-9, "ratio", "3e-7 %"), (-0.25, "ratio", "−25.00 %"),
        (0.35, "seconds", "350 ms"), (4.2, "seconds", "4.20 s"), (65.0, "seconds", "1 min 5 s"),
        (7500.0, "seconds", "2 h 5 min"),
        (90_061.0, "seconds", "1 day 1 h"), (172_800.0, "seconds", "2 days"), (59.99, "seconds", "60 s"),
        (3.0, "count", "3"), (1234567.0, "money", "1,234,567"), (2.2, "days", "2 days"),
        (1.5e-12, "number", "1.5e-12"), (1.25, "number", "1.25"), (None, "ratio", "unknown"),
    ],
)  # fmt: skip
def test_a_figure_is_told_in_its_unit(value: float | None, unit: str, said: str) -> None:
    assert words.told(value, unit) == said


def test_how_long_ago_something_was() -> None:
    assert words.ago("2026-11-30T20:00:00Z", "2026-11-30T21:05:00Z") == "1 h 5 min"
    assert words.ago("2026-11-30T22:00:00Z", "2026-11-30T21:05:00Z") == "0 ms"  # clocks of two machines
    assert words.ago(None, "2026-11-30T21:05:00Z") == "–"


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({"farthest": [{"asset": "LLY", "weight": 0.0, "target": 0.0861}]}, "LLY 0.00 % for 8.61 %"),
        (
            {
                "worst": {
                    "limit": "max_weight",
                    "member": "AAPL",
                    "measured": 0.124,
                    "side": 0.1,
                    "unit": "fraction",
                    "excess": 0.2,
                }
            },
            "max_weight AAPL 12.40 % of 10.00 %",
        ),
        ({"oldest": [{"asset": "GE", "last": "2022-12-28", "sessions": 3}]}, "GE since 2022-12-28 (3 sessions)"),
        ({"open": [{"asset": "GE", "money": 85328.4}]}, "GE 85,328"),
        ({"assets": list("ABCDEF"), "of": 17}, "assets A, B, C, D and 2 more, of 17"),
        ({"codes": {}, "newest": [], "run": None, "note": ""}, ""),
        ({"inside": {"free_bytes": 1234, "path": "/x"}}, "inside (free bytes 1,234, path /x)"),
    ],
)
def test_what_a_figure_rests_on_is_told_in_words(detail: dict, said: str) -> None:
    assert details(detail) == said
