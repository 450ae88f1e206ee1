"""Prices over HTTP from a stand-in service that misbehaves in every way the real ones do."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import httpx
import polars as pl
import pytest

from portopt.adapters.providers.http import HttpProvider
from portopt.domain.errors import DataError, InvalidValue, OutsideError, PortoptError, RequestError
from portopt.domain.market import MarketQuery

ROWS = [{"asset_id": "A", "date": "2024-01-02", "close": 10.5}, {"asset_id": "B", "date": "2024-01-02", "close": 20}]
EXPECTED = [("A", date(2024, 1, 2), 10.5), ("B", date(2024, 1, 2), 20.0)]
CSV = "symbol,date,close\nA,2024-01-02,10.5\nB,2024-01-02,20\n"
QUERY = MarketQuery()


class Service:
    """Answers in turn, and remembers what it was asked and how long the client slept."""

    def __init__(self, *answers: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]) -> None:
        self.answers, self.asked, self.slept, self.now = list(answers), [], [], 0.0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def provider(self, url: str = "https://prices.example/v1/prices", **options) -> HttpProvider:
        return HttpProvider(url, transport=httpx.MockTransport(self), sleep=self.sleep, clock=lambda: self.now, **options)


def rows(provider: HttpProvider, query: MarketQuery = QUERY) -> list[tuple]:
    return sorted(provider.prices(query).select("asset_id", "date", "close").rows())


def good() -> httpx.Response:
    return httpx.Response(200, json=ROWS)


def parquet() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(EXPECTED, schema=["asset_id", "date", "close"], orient="row").write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json=ROWS),
        httpx.Response(200, json={"prices": ROWS}),
        httpx.Response(200, json={"asset_id": ["A", "B"], "date": ["2024-01-02"] * 2, "close": [10.5, 20]}),
        httpx.Response(200, text=CSV, headers={"content-type": "text/csv; charset=utf-8"}),
        httpx.Response(200, content=parquet(), headers={"content-type": "application/vnd.apache.parquet"}),
    ],
)
def test_json_csv_and_parquet_give_the_same_rows(answer):
    assert rows(Service(answer).provider()) == EXPECTED


def test_the_query_travels_in_the_address_beside_what_stood_there_and_many_assets_in_several_requests():
    service = Service(lambda request: good())
    assets = tuple(f"A{i}" for i in range(450))
    query = MarketQuery(assets=assets, as_of=date(2024, 1, 5), start=date(2024, 1, 1))
    service.provider("https://prices.example/v1?desk=7").prices(query)
    asked = [dict(request.url.params) for request in service.asked]
    assert [len(one["assets"].split(",")) for one in asked] == [200, 200, 50]
    assert all((one["desk"], one["as_of"], one["start"]) == ("7", "2024-01-05", "2024-01-01") for one in asked)


@pytest.mark.parametrize(
    "trouble", [httpx.Response(503), httpx.Response(429), httpx.ConnectError("refused"), httpx.ReadTimeout("slow")]
)
def test_trouble_that_passes_is_tried_again_after_growing_pauses(trouble):
    service = Service(trouble, trouble, good())
    assert rows(service.provider()) == EXPECTED
    assert len(service.slept) == 2
    assert 0.25 <= service.slept[0] <= 0.75
    assert 0.5 <= service.slept[1] <= 1.5


def test_trouble_that_stays_ends_after_the_attempts_with_what_was_tried():
    service = Service(httpx.Response(500))
    with pytest.raises(OutsideError, match=r"service at prices\.example answered 500; gave up after 4 of 4 attempts") as caught:
        service.provider().prices(QUERY)
    assert len(service.asked) == 4
    assert caught.value.exit_code == 5


def test_the_whole_fetch_stays_within_its_time():
    service = Service(httpx.ConnectError("refused"))
    with pytest.raises(OutsideError, match=r"did not answer \(ConnectError\); gave up"):
        service.provider(attempts=100, retry_seconds=10.0).prices(QUERY)
    assert service.now <= 10.0
    assert len(service.asked) < 10


@pytest.mark.parametrize("as_date", [False, True])
def test_the_pause_the_service_asks_for_is_kept_when_it_fits_and_not_waited_for_when_not(as_date):
    ask = format_datetime(datetime.now(UTC) + timedelta(seconds=8), usegmt=True) if as_date else "7"
    service = Service(httpx.Response(429, headers={"retry-after": ask}), good())
    assert rows(service.provider()) == EXPECTED
    assert 4.0 <= service.slept[0] <= 8.0
    patient = Service(httpx.Response(429, headers={"retry-after": "3600"}), good())
    with pytest.raises(OutsideError, match="answered 429"):
        patient.provider().prices(QUERY)
    assert patient.slept == []


@pytest.mark.parametrize(
    ("answer", "error", "match"),
    [
        (httpx.Response(404), DataError, "answered 404 instead of prices"),
        (httpx.Response(401), RequestError, r"refuses access \(401\)"),
        (httpx.Response(200, text="<html>", headers={"content-type": "text/html"}), DataError, "sent text/html; prices are"),
        (httpx.Response(200, content=b"x"), DataError, "content of no stated type"),
        (httpx.Response(200, json=[]), DataError, "expected a list of"),
        (httpx.Response(200, json=[1, 2]), DataError, "expected a list of"),
        (httpx.Response(200, json={"error": "no"}), DataError, "expected a list of"),
        (httpx.Response(200, text="{", headers={"content-type": "application/json"}), DataError, "cannot be read"),
        (httpx.Response(200, json=[{"ticker": "A", "open": 1}]), DataError, "columns found: 'ticker', 'open'"),
        (httpx.Response(200, json=[{"asset_id": "A", "date": "soon", "close": 1}]), DataError, "not dates: 'soon'"),
        (httpx.Response(200, json=[{"asset_id": "A", "date": "2024-01-02", "close": "many"}]), DataError, "'many'"),
        (
            httpx.Response(200, content=b"PAR1", headers={"content-type": "application/x-parquet"}),
            DataError,
            "cannot be read",
        ),
    ],
)
def test_wrong_content_is_not_tried_again(answer, error, match):
    service = Service(answer)
    with pytest.raises(error, match=match):
        service.provider().prices(QUERY)
    assert len(service.asked) == 1
    assert service.slept == []


def test_an_answer_larger_than_allowed_is_not_read_to_its_end():
    sent = []

    def body():
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 1000

    service = Service(lambda request: httpx.Response(200, content=body(), headers={"content-type": "text/csv"}))
    with pytest.raises(DataError, match="more than 5,000 bytes"):
        service.provider(max_bytes=5000).prices(QUERY)
    assert len(sent) < 20


def test_an_answer_that_trickles_past_the_time_is_given_up():
    service = Service(good())

    def body():
        for _ in range(1000):
            service.now += 1.0
            yield b"x"

    service.answers = [lambda request: httpx.Response(200, content=body(), headers={"content-type": "text/csv"})]
    with pytest.raises(OutsideError, match="still sending after 30 s"):
        service.provider().prices(QUERY)


def test_a_redirect_on_the_same_host_is_followed_and_to_another_is_not():
    moved = Service(httpx.Response(302, headers={"location": "/v2/prices"}), good())
    assert rows(moved.provider()) == EXPECTED
    assert moved.asked[1].url.path == "/v2/prices"
    for elsewhere in ("https://other.example/v1", "http://prices.example/v1", "https://prices.example:8443/v1"):
        service = Service(httpx.Response(302, headers={"location": elsewhere}), good())
        with pytest.raises(DataError, match="not followed"):
            service.provider(token="s3cret").prices(QUERY)
        assert len(service.asked) == 1
    with pytest.raises(DataError, match="redirects more than 3 times"):
        Service(httpx.Response(302, headers={"location": "/again"})).provider().prices(QUERY)


def test_the_token_is_sent_and_stands_in_no_message_log_or_manifest(caplog):
    service = Service(httpx.Response(500))
    with caplog.at_level(logging.DEBUG):
        provider = service.provider(token="s3cret")
        with pytest.raises(PortoptError) as caught:
            provider.prices(QUERY)
    assert service.asked[0].headers["authorization"] == "Bearer s3cret"
    said = " ".join([str(caught.value.problem()), caplog.text, provider.source, repr(provider)])
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("url", "token", "match"),
    [
        ("ftp://prices.example", None, "must be an http or https address"),
        ("prices.example/v1", None, "must be an http or https address"),
        ("https://user:pw@prices.example", None, "must not hold a password"),
        ("http://prices.example", "t", "a token is not sent unencrypted"),
    ],
)
def test_an_address_that_will_not_do_is_refused_before_anything_is_sent(url, token, match):
    with pytest.raises(InvalidValue, match=match) as caught:
        HttpProvider(url, token=token)
    assert "pw" not in str(caught.value.problem())


def test_a_token_may_go_to_this_machine_unencrypted():
    service = Service(good())
    assert rows(service.provider("http://127.0.0.1:9000/prices", token="t")) == EXPECTED
