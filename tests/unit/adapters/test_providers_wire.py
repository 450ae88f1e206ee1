"""Prices over a real connection that breaks off, drips, stays silent or sends rubbish: an answer whole, or an error of ours."""

from __future__ import annotations

import gzip
import io
import json
import random
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta

import httpx
import polars as pl
import pytest

from portopt.adapters.providers.http import HttpProvider
from portopt.domain.errors import DataError, InvalidValue, OutsideError, PortoptError
from portopt.domain.market import MarketQuery
from portopt.domain.request import DataPolicy
from portopt.market import open_snapshot

DAYS = [date(2024, 1, 1) + timedelta(k) for k in range(90)]
TABLE = pl.DataFrame({"asset_id": ["A"] * 90 + ["B"] * 90, "date": DAYS * 2, "close": [10.0 + k % 7 for k in range(180)]})
CSV = TABLE.write_csv().encode()
JSON = json.dumps(TABLE.with_columns(pl.col("date").cast(pl.String)).to_dicts()).encode()
PATIENCE = 20.0  # far beyond every limit of these tests, far below for ever


def parquet() -> bytes:
    buffer = io.BytesIO()
    TABLE.write_parquet(buffer)
    return buffer.getvalue()


def answer(content: bytes, kind: str = "text/csv", *, length: int | None = -1, **headers: str) -> bytes:
    """An HTTP answer. length: what it says of its length, -1 for the truth, None for nothing."""
    said = {"content-type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}, "connection": "close"}
    if length is not None:
        said["content-length"] = str(len(content) if length < 0 else length)
    return b"HTTP/1.1 200 OK\r\n" + "".join(f"{k}: {v}\r\n" for k, v in said.items()).encode() + b"\r\n" + content


class Server:
    """Takes connections one after another and does with each what it was told."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        self.listening, self.asked, self.stopped = socket.create_server(("127.0.0.1", 0)), 0, threading.Event()
        self.behave = behave
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                self.asked += 1
                threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.behave(connection)

    def close(self) -> None:
        self.stopped.set()
        self.listening.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def make(behaviour: bytes | Callable[[socket.socket], None]) -> Server:
        def send(connection: socket.socket) -> None:
            connection.recv(65536)
            connection.sendall(behaviour)  # type: ignore[arg-type]

        servers.append(Server(behaviour if callable(behaviour) else send))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def provider(server: Server, scheme: str = "http", **options: float) -> HttpProvider:
    limits = {"timeout_seconds": 0.4, "retry_seconds": 1.2, "attempts": 2, **options}
    return HttpProvider(f"{scheme}://127.0.0.1:{server.port}/prices", sleep=lambda seconds: None, **limits)


def drip(first: bytes, server: list[Server]) -> Callable[[socket.socket], None]:
    """Sends `first`, then a byte every 50 ms for as long as anybody listens."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(first)
        while not server[0].stopped.wait(0.05):
            connection.sendall(b"a")

    return behave


PACKED = gzip.compress(CSV)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (answer(PACKED[: len(PACKED) // 2], content_encoding="gzip"), "ends early"),
        (answer(PACKED[:-1], content_encoding="gzip"), "ends early"),
        (answer(PACKED[:40] + b"\x00" * 8 + PACKED[48:], content_encoding="gzip"), "damaged"),
        (answer(b"", content_encoding="gzip"), "ends early"),
        (answer(zlib.compress(CSV)[:-3], content_encoding="deflate"), "ends early"),
        (answer(CSV[:900], length=len(CSV)), "did not answer"),
        (answer(CSV[:903], length=None), "ends within a line"),
        (answer(JSON[:900], "application/json", length=None), "cannot be read as application/json"),
        (answer(parquet()[:500], "application/x-parquet", length=None), "cannot be read as application/x-parquet"),
        (answer(CSV).replace(b"200 OK", b"206 Partial Content"), "answered 206"),
    ],
)
def test_an_answer_that_is_not_whole_is_tried_again_and_then_an_upstream_failure(serve, sent, says):
    server = serve(sent)
    with pytest.raises(OutsideError, match=says) as caught:
        provider(server).prices(MarketQuery())
    assert server.asked == 2
    assert caught.value.exit_code == 5
    assert "service at 127.0.0.1" in caught.value.detail


@pytest.mark.parametrize(
    "sent",
    [
        answer(CSV),
        answer(CSV, length=None),
        answer(JSON, "application/json", length=None),
        answer(PACKED, content_encoding="gzip"),
        answer(gzip.compress(CSV[:700]) + gzip.compress(CSV[700:]), content_encoding="gzip"),
        answer(zlib.compress(CSV), content_encoding="deflate"),
        answer(gzip.compress(parquet()), "application/x-parquet", content_encoding="gzip"),
    ],
)
def test_a_whole_answer_is_read_however_it_is_packed_and_framed(serve, sent):
    prices = provider(serve(sent)).prices(MarketQuery())
    assert prices.select("asset_id", "date", "close").rows() == TABLE.rows()


def test_a_small_answer_that_unpacks_to_a_large_one_is_not_unpacked(serve):
    server = serve(answer(gzip.compress(b"0" * 5_000_000), content_encoding="gzip"))
    with pytest.raises(DataError, match="more than 1,000,000 bytes"):
        provider(server, max_bytes=1_000_000).prices(MarketQuery())


@pytest.mark.parametrize(
    ("first", "says"),
    [
        (b"", "had not begun to answer after 0.4 s"),
        (b"HTTP/1.1 200 OK\r\nx-slow: ", "had not begun to answer after 0.4 s"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\n\r\n", "was still sending after 1.2 s"),
    ],
)
def test_a_server_that_drips_keeps_nobody_beyond_the_deadline(serve, first, says):
    held: list[Server] = []
    held.append(serve(drip(first, held)))
    began = time.monotonic()
    with pytest.raises(OutsideError, match=says):
        provider(held[0]).prices(MarketQuery())
    assert time.monotonic() - began < PATIENCE


def test_a_handshake_that_never_ends_keeps_nobody(serve):
    held: list[Server] = []
    held.append(serve(lambda connection: held[0].stopped.wait(PATIENCE) and None))
    began = time.monotonic()
    with pytest.raises(OutsideError, match="did not answer|had not begun"):
        provider(held[0], "https").prices(MarketQuery())
    assert time.monotonic() - began < PATIENCE


def test_a_name_that_is_looked_up_for_ever_keeps_nobody(serve, monkeypatch):
    found = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found.wait(PATIENCE) and [])
    began = time.monotonic()
    with pytest.raises(OutsideError, match="had not begun to answer"):
        provider(serve(answer(CSV))).prices(MarketQuery())
    found.set()
    assert time.monotonic() - began < PATIENCE / 2


def test_an_asset_whose_newest_days_did_not_arrive_is_a_finding(serve):
    short = TABLE.filter((pl.col("asset_id") == "A") | (pl.col("date") < DAYS[-2]))
    prices = provider(serve(answer(short.write_csv().encode()))).prices(MarketQuery())
    snapshot = open_snapshot(prices, source="s", adjustment="raw", policy=DataPolicy(), query=MarketQuery())
    assert [f.asset_id for f in snapshot.findings if "has had no price since 2024-03-28" in f.detail] == ["B"]


def test_whatever_a_service_sends_is_an_answer_or_an_error_of_ours_that_names_it():
    """Mutations of good answers: bytes of the body, headers, the address it sends us to."""
    draw = random.Random(20261130)
    good = [(CSV, "text/csv"), (JSON, "application/json"), (parquet(), "application/x-parquet")]
    odd = ["\xff", "gzip", "br", "deflate, gzip", "9" * 400, "-1", "", "http://[", "//", "\x7f", "text/csv; x=\xe4"]
    for _ in range(250):
        content, kind = draw.choice(good)
        body = bytearray(content)
        for _ in range(draw.choice([0, 1, 3, 30])):
            at = draw.randrange(len(body))
            body[at : at + draw.choice([0, 1, 5])] = draw.randbytes(draw.choice([0, 1, 2]))
        headers = [("content-type", kind)]
        for _ in range(draw.choice([0, 0, 1, 2])):
            name = draw.choice(["content-type", "content-encoding", "retry-after", "location", "transfer-encoding"])
            headers.append((name, draw.choice(odd)))
        status = draw.choice([200, 200, 200, 200, 302, 204, 429, 599])
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        sent = httpx.Response(status, headers=raw, stream=httpx.ByteStream(bytes(body)))
        service = HttpProvider(
            "https://prices.example/v1",
            attempts=1, sleep=lambda seconds: None, transport=httpx.MockTransport(lambda request, sent=sent: sent),
        )  # fmt: skip
        with suppress(PortoptError):
            service.prices(MarketQuery())
            continue
        with pytest.raises(PortoptError, match=r"prices\.example"):
            service.prices(MarketQuery())


@pytest.mark.parametrize("token", ["s3cr\u00e9t", "s3cret\n", "two\x00parts", " s3cret"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_repeated(token):
    with pytest.raises(InvalidValue, match="only printable ASCII travels") as caught:
        HttpProvider("https://prices.example", token=token)
    assert "s3cr" not in str(caught.value.problem())
