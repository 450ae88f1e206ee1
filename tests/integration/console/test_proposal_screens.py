"""The pages about one proposal, as the service sends them: their figures are the document's, and what they send is decided."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx
import made_lots
import pytest
from babel import numbers
from fastapi import FastAPI
from made_proposals import waiting

from portopt.domain.access import Principal
from portopt.domain.run import RunStatus
from portopt.doors.rest.app import application
from portopt.questions.rebalance import rebalance
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

SIGN_OR_DIGIT = re.compile(r"[^\d.,\-+'’\u00a0\u202fE ]")


@dataclass
class Console:
    """Pages of an installation, without a server between. locale: of who looks; headers: what else they send."""

    app: FastAPI
    runtime: Runtime
    locale: str = "en_US"
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def get(self, path: str, **query: str) -> httpx.Response:
        return self._sent("GET", path, params=query)

    def post(self, path: str, **form: str) -> httpx.Response:
        """From the page at this address, with its token."""
        token = re.search(r'name="csrf" content="(\w+)"', self.get(path).text)
        assert token is not None
        return self._sent("POST", path, data={"csrf": token[1], **form})

    def _sent(self, method: str, path: str, **what: Any) -> httpx.Response:
        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", cookies=self.cookies) as client:
                client.cookies.set("portopt_reader", f"{self.locale}|UTC|auto|dense")
                answer = await client.request(method, f"/console{path}", headers=dict(self.headers), **what)
                self.cookies.update(client.cookies)
                return answer

        return asyncio.run(sent())


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Console:
    runtime = open_runtime(Settings(home=tmp_path_factory.mktemp("console")))
    return Console(application(runtime), runtime)


@pytest.fixture(scope="module")
def proposal(console: Console) -> str:
    return waiting(console.runtime, "P-page")


class Figures(HTMLParser):
    """Every figure of a page: (its value, how it is written)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._value: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "data":
            self._value = dict(attrs)["value"]

    def handle_data(self, data: str) -> None:
        if self._value is not None:
            self.found.append((self._value, data))
            self._value = None


@pytest.mark.parametrize("locale", ["en_US", "de_DE"])
def test_every_figure_of_the_page_is_one_of_the_document(console: Console, proposal: str, locale: str) -> None:
    page = replace(console, locale=locale).get(f"/runs/{proposal}", show="all")
    assert page.status_code == 200
    found = Figures(page.text).found
    document: Any = console.runtime.runs.get(proposal).document
    known = set(numbers_of(document))
    strangers = [value for value, _ in found if value and float(value) not in known]
    assert len(found) > 90
    assert strangers == []
    badly = [(value, text) for value, text in found if value and not says(text, float(value), locale)]
    assert badly == []
    rows = {row["asset_id"]: row for row in document["proposal"]}
    shown = rows_of(page.text)
    assert shown.keys() == rows.keys()
    columns = ("weight_before", "weight_after", None, "shares_change", "value", "cost", "why")
    for asset_id, cells in shown.items():
        for name, text in zip(columns, cells, strict=False):
            value = name and rows[asset_id][name]
            if name == "why" or value is None or value == "":
                assert text in (value, "–", ""), (asset_id, name)
            elif text != "–":
                assert says(text, float(value), locale), (asset_id, name, text, value)


def rows_of(page: str) -> dict[str, list[str]]:
    """The cells of every row of a table that can be walked, by the asset that it links to."""
    found = re.findall(r'<tr><th scope="row"><a href="[^"]*/trades/(\w+)">.*?</th>(.*?)</tr>', page, re.S)
    return {
        asset_id: [unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", cells, re.S)]
        for asset_id, cells in found
    }


def numbers_of(found: Any) -> Iterator[float]:
    if isinstance(found, Mapping):
        for value in found.values():
            yield from numbers_of(value)
    elif isinstance(found, list | tuple):
        for value in found:
            yield from numbers_of(value)
    elif isinstance(found, int | float | str) and not isinstance(found, bool):
        try:
            yield float(found)
        except ValueError:
            return


def says(text: str, value: float, locale: str) -> bool:
    """Whether a text, read as Babel reads the locale, is that value, in one of the units, to the places that it shows."""
    plain = SIGN_OR_DIGIT.sub("", text.replace("−", "-")).strip().lstrip("+")
    if "E" in plain:
        return math.isclose(float(plain.replace(",", ".")), value, rel_tol=0.05, abs_tol=1e-300)
    if not plain:
        return False
    read = numbers.parse_decimal(plain, locale=locale)
    shown = Decimal(10) ** (read.as_tuple().exponent if isinstance(read.as_tuple().exponent, int) else 0)
    scales = (100,) if "%" in text else (100, 1) if "pp" in text else (10_000, 1) if "bps" in text else (1, 100, 10_000)
    return any(abs(float(read) - abs(value) * s * (-1 if read < 0 else 1)) <= 0.5001 * float(shown) for s in scales)


def test_the_table_is_found_grouped_and_ordered_as_the_address_says(console: Console, proposal: str) -> None:
    rows = console.runtime.runs.get(proposal).document["proposal"]  # type: ignore[index]
    shown = list(rows_of(console.get(f"/runs/{proposal}", group="none", order="name").text))
    assert shown == sorted(row["asset_id"] for row in rows if row["side"])
    by_value = list(rows_of(console.get(f"/runs/{proposal}", group="none", order="value").text))
    assert by_value == sorted(shown, key=lambda a: (-next(float(r["value"]) for r in rows if r["asset_id"] == a), a))
    one = console.get(f"/runs/{proposal}", find=shown[0].lower(), show="all").text
    assert list(rows_of(one)) == [shown[0]]
    assert "Nothing is like “&lt;b&gt;”" in console.get(f"/runs/{proposal}", find="<b>").text


def test_a_trade_and_a_limit_tell_what_the_document_does(console: Console, proposal: str) -> None:
    document: Any = console.runtime.runs.get(proposal).document
    row = next(row for row in document["proposal"] if row["limits"])
    page = console.get(f"/runs/{proposal}/trades/{row['asset_id']}")
    values = [float(value) for value, _ in Figures(page.text).found if value]
    assert set(row["pulls"].values()) <= set(values)
    assert abs(sum(row["pulls"].values())) < 1e-3
    limit = console.get(f"/runs/{proposal}/limits/{row['limits'][0]}")
    described = next(limit for limit in document["limits"] if limit["limit"] == row["limits"][0])["description"]
    assert described in limit.text
    assert console.get(f"/runs/{proposal}/trades/NOTHING").status_code == 404
    assert console.get(f"/runs/{proposal}/document").json()["run_id"] == proposal


def test_an_approval_is_decided_once_and_stands_in_the_history(console: Console) -> None:
    run = waiting(console.runtime, "P-decided", n=6, frontier=False)
    page = console.get(f"/runs/{run}/decide").text
    key = re.search(r'name="key" value="([\w-]+)"', page)
    assert key is not None
    assert 'name="holdings_version" value="1"' in page
    for _ in range(2):  # a double click
        sent = console.post(f"/runs/{run}/decide", decision="approve", note="as agreed", key=key[1], holdings_version="1")
        assert (sent.status_code, sent.headers["location"]) == (303, f"/console/runs/{run}")
    assert console.runtime.runs.status(run) is RunStatus.COMPLETED
    history = console.get(f"/runs/{run}/decide").text
    assert "as agreed" in history
    assert history.count('<th scope="row">approved</th>') == 1
    assert "Every entry is what was written." in history


def test_what_newer_holdings_superseded_says_what_changed(console: Console) -> None:
    run = waiting(console.runtime, "P-moved", n=6, frontier=False)
    held = console.runtime.portfolios.get("P-moved").holdings
    assert held is not None
    shares = dict(held.shares) | {next(iter(held.shares)): Decimal(1)}
    console.runtime.portfolios.declare(replace(held, shares=shares), "clerk")
    sent = console.post(f"/runs/{run}/decide", decision="approve", holdings_version="1")
    assert sent.status_code == 409
    assert "What is held otherwise now" in sent.text
    assert next(iter(held.shares)) in sent.text
    assert console.runtime.runs.status(run) is RunStatus.SUPERSEDED


def test_a_hold_is_an_instant_of_the_readers_zone_and_can_be_lifted(console: Console) -> None:
    run = waiting(console.runtime, "P-held", n=6, frontier=False)
    assert console.post(f"/runs/{run}/decide", decision="hold", until="soon").status_code == 422
    assert console.post(f"/runs/{run}/decide", decision="hold", until="2027-01-04T09:30").status_code == 303
    page = console.get(f"/runs/{run}/decide").text
    assert "Lift the hold" in page
    assert "Jan 4, 2027, 9:30" in page
    assert console.post(f"/runs/{run}/decide", decision="release_hold").status_code == 303
    assert console.post(f"/runs/{run}/decide", decision="request_changes", note="less of it").status_code == 303
    assert console.post(f"/runs/{run}/decide", decision="approve").status_code == 409


def test_four_eyes_and_scopes_are_told_before_anything_is_tried(console: Console) -> None:
    run = waiting(console.runtime, "P-eyes", n=6, frontier=False, by="anna", approval={"four_eyes": True})
    settings = console.runtime.settings.model_copy(update={"access": "keys"})
    runtime = open_runtime(settings)
    app = application(runtime)

    def as_one(name: str, *scopes: str) -> Console:
        secret = runtime.keys.create(Principal(name, frozenset(scopes), None))[1]
        return Console(app, runtime, headers={"Authorization": f"Bearer {secret}"})

    anna, bert = as_one("anna", "read", "propose", "approve"), as_one("bert", "read", "approve")
    reader = as_one("ruth", "read")
    assert "This is for somebody else to approve" in anna.get(f"/runs/{run}/decide").text
    assert anna.post(f"/runs/{run}/decide", decision="approve").status_code == 403
    assert "somebody else" not in bert.get(f"/runs/{run}/decide").text
    page = reader.get(f"/runs/{run}/decide").text
    assert 'value="approve"' not in page
    assert "/what-if" not in page
    assert reader.get(f"/runs/{run}/what-if").status_code == 403
    assert reader.post(f"/runs/{run}/decide", decision="approve").status_code == 403
    assert bert.post(f"/runs/{run}/decide", decision="approve").status_code == 303


def test_the_page_of_a_taxed_proposal_tells_the_lots_and_the_tax(console: Console) -> None:
    book = made_lots.book(12, 40, 1)
    run = rebalance(book.request(), console.runtime, market=book.market())
    page = console.get(f"/runs/{run.run_id}")
    assert page.status_code == 200
    taxes: Any = (run.document or {})["taxes"]
    assert "taxes-title" in page.text
    assert f'value="{taxes["tax"]}"' in page.text
    assert all(lot["lot_id"] in page.text for lot in taxes["lots"])
    assert {value for value, _ in Figures(page.text).found if value} >= {lot["gain"] for lot in taxes["lots"]}
