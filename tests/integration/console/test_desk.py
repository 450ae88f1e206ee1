"""The desk, page and operation beside each other: what is shown is what `desk` answers; what is chosen becomes one wave."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from integration.console.conftest import Morning
from integration.console.visiting import Visitor

from portopt.doors.console.files import static
from portopt.doors.console.pages.desk import Look
from portopt.doors.rest.app import application
from portopt.runtime import open_runtime
from portopt.settings import Settings

MOST_BYTES = 300_000


class Rows(HTMLParser):
    """The texts of each row's cells."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def rows_of(page: httpx.Response) -> dict[str, list[str]]:
    """By the portfolio's name."""
    parser = Rows()
    parser.feed(page.text[page.text.index("<tbody") :].partition("</table>")[0])
    return {row[1].strip(): [cell.strip() for cell in row] for row in parser.rows if len(row) > 2}


@pytest.fixture(scope="module")
def visitor(morning: Morning) -> Visitor:
    return morning.visitor()


def asked(morning: Morning, **query: str) -> dict[str, Any]:
    from portopt.doors.wire.answering import answer
    from portopt.doors.wire.call import Call

    found = httpx.Response(200, content=answer(Call("desk", asked=query), morning.runtime).body).json()
    return dict(found)


def test_a_line_says_what_the_operation_says(morning: Morning, visitor: Visitor) -> None:
    line = next(one for one in asked(morning)["portfolios"] if one["portfolio_id"] == "P-drifted")
    _, name, why, value, drift, cash, tracking_error, days, _ = rows_of(visitor.get("/console"))["Drifted"]
    assert (name, why) == ("Drifted", "out of band")
    assert value == f"${line['value']:,.0f}" == "$1,234,567"
    assert drift == f"MSFT +{100 * line['drift']['by']:.1f} pp" == "MSFT +8.0 pp"
    assert cash == f"{100 * line['cash']['share']:.1f}%"
    assert (tracking_error, days) == ("–", "–")  # nobody knows it, and it was never rebalanced: neither is zero
    assert line["unknown"]["tracking_error"] in visitor.get("/console").text


def test_a_reader_sees_numbers_as_they_write_them(morning: Morning) -> None:
    reader = morning.visitor("read")
    reader.send(
        "/console/settings", {"locale": "de_DE", "theme": "dark", "density": "roomy", "zone": "Nowhere"}, "/console/settings"
    )
    page = reader.get("/console")
    assert "1.234.567" in page.text
    assert 'data-theme="dark" data-density="roomy"' in page.text


def test_tiles_count_and_combine(morning: Morning, visitor: Visitor) -> None:
    counts = asked(morning)["tiles"]
    page = visitor.get("/console").text
    told = {name: int(n) for name, n in re.findall(r'<a [^>]*class="tile (\w+)"[^>]*><b>(\d+)</b>', page)}
    assert told == {name: n for name, n in counts.items() if n}
    assert counts["out_of_band"] == counts["limit_broken"] == 1
    assert list(rows_of(visitor.get("/console?tiles=out_of_band"))) == ["Drifted"]
    both = visitor.get("/console?tiles=out_of_band,limit_broken").text
    assert "No portfolio is like that." in both
    assert 'href="/console?tiles=limit_broken"' in both  # to let the first go
    assert 'href="/console?tiles=out_of_band"' in both


def test_the_order_and_the_groups_are_those_of_the_address(visitor: Visitor) -> None:
    by_drift = list(rows_of(visitor.get("/console?sort=-drift")))
    assert by_drift[0] == "Drifted"
    assert 'aria-sort="descending"' in visitor.get("/console?sort=-drift").text
    assert Look.of({"sort": "-drift"}).sorted_by("drift").sort == "drift"
    assert 'scope="rowgroup"' in visitor.get("/console?group=policy").text
    assert list(rows_of(visitor.get("/console?search=QUIET"))) == ["Quiet"]
    assert visitor.get("/console?sort=colour").text.count("colour") >= 1  # refused in the user's words


def test_several_that_are_chosen_become_one_wave_however_often_it_is_sent(morning: Morning, visitor: Visitor) -> None:
    preview = visitor.get("/console/propose?p.P-quiet=on&p.P-drifted=on")
    assert {"Quiet", "Drifted"} <= {name.split()[0] for name in rows_of(preview)}
    key = re.search(r'name="key" value="([\w-]+)"', preview.text)
    assert key is not None
    form = {"key": key[1], "p.P-quiet": "on", "p.P-drifted": "on", "cause": "Prices moved", "await_approval": "on"}
    first, again = (visitor.send("/console/propose", form, "/console/propose") for _ in range(2))
    assert first.status_code == again.status_code == 303
    assert first.headers["location"] == again.headers["location"]
    wave_id = first.headers["location"].rpartition("/")[2]
    items = morning.runtime.waves.items(wave_id)
    assert sorted(item.portfolio_id for item in items) == ["P-drifted", "P-quiet"]
    assert morning.runtime.waves.get(wave_id).await_approval


def test_what_is_refused_is_told_beside_what_was_filled_in(visitor: Visitor) -> None:
    form = {"key": "k-refused-1", "p.P-quiet": "on", "cause": "Prices moved", "deadline": "yesterday"}
    refused = visitor.send("/console/propose", form, "/console/propose")
    assert refused.status_code == 422
    assert "yesterday" in refused.text
    assert 'value="Prices moved"' in refused.text


def test_an_empty_desk_says_what_to_do_next(tmp_path: Any) -> None:
    visitor = Visitor(application(open_runtime(Settings(home=tmp_path))), "http://127.0.0.1")
    page = visitor.get("/console").text
    assert "No portfolio is on record yet." in page
    assert "portopt up --sample" in page


def test_five_hundred_rows_and_all_that_they_are_shown_with_are_light(morning: Morning, visitor: Visitor) -> None:
    """Of rows like those that were measured; a figure that is not known says why, once a row."""
    page = visitor.get("/console").text
    rows = [row for row in re.findall(r"<tr[^>]*><td>.*?</tr>", page, re.DOTALL) if ">Quiet<" in row or ">Drifted<" in row]
    assert len(rows) == 2
    files = set(re.findall(r'"/console/static/([^"]+)"', page))
    assert not [name for name in files if "plotly" in name]
    assert len(page.encode()) + sum(len(row) for row in rows) * 250 + sum(len(static(name)[0]) for name in files) < MOST_BYTES
