"""Drawings and runbooks of the page of the watch."""

from __future__ import annotations

import itertools
import re

from offline_page import HOSTILE, Page

from portopt.reports.watch.markdown import html_of
from portopt.reports.watch.svg.trend import Drawn, trend

DAYS = [f"2026-11-{day:02d}T00:00:00Z" for day in range(1, 11)]


def columns(values: list[float | None], limits: list[float | None] | None = None) -> dict:
    return {"at": DAYS[: len(values)], "value": values, "limit": limits or [None] * len(values)}


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


def test_a_value_on_its_limit_is_drawn_on_the_line_of_the_limit() -> None:
    made = trend([Drawn("now", columns([0.0, 2.0, 2.0, 4.0], [2.0] * 4))], "said", width=106.0, height=50.0)
    line = points(re.search(r'class="line now" d="([^"]+)"', made)[1])
    limit = points(re.search(r'class="limit" d="([^"]+)"', made)[1])
    assert [x for x, _ in line] == [3.0, 36.3, 69.7, 103.0]
    assert {y for _, y in limit} == {line[1][1]} == {line[2][1]}
    assert line[0][1] > line[1][1] > line[3][1]


def test_what_was_unknown_breaks_the_line_and_is_marked() -> None:
    made = trend([Drawn("now", columns([1.0, 1.0, None, None, 1.0, 1.0]))], "said")
    assert re.search(r'class="line now" d="([^"]+)"', made)[1].count("M") == 2
    assert made.count('class="gap"') == 1


def test_what_is_unknown_until_now_is_marked_to_the_end() -> None:
    made = trend([Drawn("now", columns([1.0, 1.0, 1.0, None, None]))], "said", width=106.0)
    gap = re.search(r'class="gap" x="([\d.]+)" y="3" width="([\d.]+)"', made)
    assert float(gap[1]) + float(gap[2]) == 103.0


def test_a_limit_that_changed_is_drawn_as_steps() -> None:
    made = trend([Drawn("now", columns([1.0, 1.0, 1.0], [2.0, 2.0, 3.0]))], "said")
    corners = points(re.search(r'class="limit" d="([^"]+)"', made)[1])
    assert len({y for _, y in corners}) == 2
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in itertools.pairwise(corners))


def test_one_instant_alone_is_no_history() -> None:
    assert trend([Drawn("now", columns([1.0]))], "said") == ""


def test_the_worst_of_many_points_is_still_there() -> None:
    at = [f"2026-11-{1 + k // 24:02d}T{k % 24:02d}:00:00Z" for k in range(600)]
    values = [1.0] * 600
    values[317] = 50.0
    made = trend([Drawn("now", {"at": at, "value": values, "limit": [None] * 600})], "said")
    line = points(re.search(r'class="line now" d="([^"]+)"', made)[1])
    assert len(line) <= 95
    assert min(y for _, y in line) < 6.0


def test_a_runbook_is_shown_with_its_headings_lists_tables_and_commands() -> None:
    text = (
        "# Title\n\nSome *words* and `code`.\n\n```\nportopt watch --only firing\n```\n\n- one\n  more\n- two\n\n1. first\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    made = html_of(text)
    assert Page(made).errors == []
    for part in ("<h3>Title</h3>", "<em>words</em>", "<code>code</code>", "portopt watch --only firing", "<li>one more</li>"):
        assert part in made
    assert "<ol><li>first</li></ol>" in made
    assert "<tr><td>1</td><td>2</td></tr>" in made


def test_a_link_of_a_runbook_says_its_words_and_leads_nowhere() -> None:
    assert html_of("See [the page](https://example.org/x).") == "<p>See the page.</p>"


def test_markup_in_a_runbook_is_shown_and_never_obeyed() -> None:
    made = Page(html_of(f"# {HOSTILE}\n\n{HOSTILE}\n\n```\n{HOSTILE}\n```\n\n- {HOSTILE}\n\n| {HOSTILE} |\n|---|\n"))
    assert made.errors == []
    assert made.tags["script"] == made.tags["img"] == 0
