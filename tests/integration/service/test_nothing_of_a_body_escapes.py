"""What a body says stays a text: it reaches no file, no address, no shell, no SQL, no formula and no page as anything else.

Where many operations read the same words by the same code, each is tried with every third text, others at the next operation
(PORTOPT_TEST_FULL: every text at each).
"""

from __future__ import annotations

import copy
import csv
import json
import os
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import polars as pl
import pytest
from integration.service import matrix
from integration.service.books import POLICY, body_of, book, done
from integration.service.matrix import Shared, Things
from integration.service.serving import Served

from portopt.doors.wire.operations import OPERATIONS, Operation
from portopt.reports.files.exports import write_csv, write_xlsx

BOOK = book(8)
EVERY = 1 if os.environ.get("PORTOPT_TEST_FULL") else 3
CANARY = "canary-7f3a91"
MARKUP = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://127.0.0.1/","x")'


class Listener:
    """An address inside that must not be asked: counts who comes."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.came = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.came += 1
            connection.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.socket.close()


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file outside the installation that would be prices, if anybody could name it."""
    file = tmp_path_factory.mktemp("outside") / "prices.csv"
    file.write_text(f"symbol,date,close\n{CANARY},2024-01-02,10.5\n{CANARY},2024-01-03,10.5\n")
    return file


@pytest.fixture(scope="module")
def things(sqlite_service: Served) -> Things:
    return matrix.seeded(sqlite_service.client, "P-first-1", BOOK)


@pytest.fixture(scope="module")
def shared(sqlite_service: Served, things: Things) -> Shared:
    run = sqlite_service.client.get(f"/runs/{things.run_id}").json()
    beliefs = done(sqlite_service.client.post("/beliefs", json={"ids": ["A", "B"], "covariance": [[0.04, 0], [0, 0.09]]}))
    return Shared(run["pricing_pack_id"], beliefs["beliefs_id"], "eight", BOOK)


def hostile(secret: Path, listener: Listener) -> tuple[str, ...]:
    """Texts that mean something to a file system, a network, a shell, SQL, a sheet, a page, a template, or a header."""
    inside = f"http://127.0.0.1:{listener.port}/prices.csv"
    return (
        f"files:{secret}", str(secret), f"../../../../../../..{secret}", f"file://{secret}", f"sqlite:///{secret}", inside,
        f"http:{inside}", "$(touch touched); `touch touched`", "__import__('os').system('touch touched')",
        "{{7*7}}{0.__class__}%s%n",        "x'; DROP TABLE portfolios; --", "' OR '1'='1", "%", MARKUP, FORMULA,
        "a\x00b", "a\ud800b", "a\r\nX-Planted: 1",
        "x" * 100_000,
    )  # fmt: skip


def some(texts: tuple[str, ...], operation: Operation) -> tuple[str, ...]:
    """Every third of them, others for the next operation."""
    return texts[list(OPERATIONS).index(operation.name) % EVERY :: EVERY]


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the texts of a document stand."""
    if isinstance(value, str):
        yield place
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, (*place, name))
    elif isinstance(value, list):
        for k, item in list(enumerate(value))[:1]:
            yield from leaves(item, (*place, k))


def with_text(value: Any, place: tuple[Any, ...], text: str) -> Any:
    changed = copy.deepcopy(value)
    if not place:
        return text
    inner = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = text
    return changed


def is_told(response: httpx.Response, home: Path) -> None:
    """An answer or a problem: whole, ours, and without what no body may bring here."""
    assert response.status_code < 500, response.text[:1000]
    assert CANARY not in response.text
    assert "X-Planted" not in response.headers
    assert "Traceback" not in response.text
    assert str(home) not in response.text
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"


# Bodies with more texts than the matrix sends: every word that a body may hold.
FULL: dict[str, Any] = {
    "create_optimization": {
        "portfolio_id": "P-first-1", "optimization_type": "mean_variance", "objective": "maximize_sharpe",
        "risk_measure": "volatility", "policy": "eight", "provider": "sample", "as_of": "2024-01-02",
    },
    "rebalance": {"target_type": "optimal", "policy": "eight", "provider": "sample", "as_of": "2024-01-02"},
    "efficient_frontier": {"policy": "eight", "provider": "sample", "as_of": "2024-01-02"},
    "factor_exposures": {"policy": "eight", "provider": "sample"},
    "put_portfolio": {"name": "Eight", "policy": "eight", "provider": "sample"},
    "put_policy": {**POLICY, "name": "x", "description": "y"},
    "decide": {"decision": "reject", "note": "no"},
}  # fmt: skip
WITH_BODY = [found for found in OPERATIONS.values() if found.method in ("POST", "PUT") and found.name != "create_pack"]
WITH_PLACE = [found for found in OPERATIONS.values() if "{" in found.path]


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda found: found.name)
def test_every_text_of_a_body_stays_a_text(
    sqlite_service: Served, things: Things, shared: Shared, secret: Path, listener: Listener, operation: Operation
) -> None:
    said = matrix.said(operation, things, shared)
    if "strategies" in str(said.get("json"))[:2000]:
        said["json"] = _small(said["json"])
    body = FULL.get(operation.name, said["json"])
    texts = hostile(secret, listener)
    if operation.name in matrix.OF_STRATEGIES:  # the body of optimize, where every text is tried
        texts = some(texts, operation)
    path, home = matrix.place(operation, things, shared), sqlite_service.home
    for place in leaves(body):
        for text in texts:
            content = json.dumps(with_text(body, place, text)).encode()
            sent = {**said, "content": content, "headers": {"Content-Type": "application/json"}}
            sent.pop("json")
            is_told(sqlite_service.client.request(operation.method, path, **sent), home)
    _nothing_happened(sqlite_service, listener)


def _small(body: Any) -> Any:
    """With few returns: what is tried here is what the texts do."""
    asked = copy.deepcopy(body)
    for one in asked if isinstance(asked, list) else [asked]:
        for strategy in one["strategies"]:
            strategy["returns"] = strategy["returns"][:30]
    return asked


def _nothing_happened(service: Served, listener: Listener) -> None:
    assert listener.came == 0
    assert not (service.home / "touched").exists()
    assert "P-first-1" in service.client.get("/portfolios").text
    assert not [item for item in service.home.iterdir() if CANARY in item.name]


@pytest.mark.parametrize("operation", WITH_PLACE, ids=lambda found: found.name)
def test_every_name_in_a_path_and_in_a_query_stays_a_name(
    sqlite_service: Served, things: Things, shared: Shared, secret: Path, listener: Listener, operation: Operation
) -> None:
    said, home = matrix.said(operation, things, shared), sqlite_service.home
    for text in some(hostile(secret, listener), operation):
        name = quote(text[:20_000], safe="", errors="surrogatepass")
        path = operation.path.split("/{")[0] + "/" + name + operation.path.partition("}")[2].replace("{other}", name)
        is_told(sqlite_service.client.request(operation.method, path, **said), home)
    _nothing_happened(sqlite_service, listener)


@pytest.mark.parametrize("path", ["/runs", "/optimizations", "/portfolios", "/lookup", "/packs", "/policies"])
def test_every_word_of_a_query_stays_a_word(
    sqlite_service: Served, things: Things, secret: Path, listener: Listener, path: str
) -> None:
    words = (
        "portfolio_id",
        "status",
        "kind",
        "cursor",
        "limit",
        "idempotency_key",
        "request_hash",
        "pricing_pack_id",
        "provider",
    )
    for word in words:
        for text in hostile(secret, listener):
            sent = text.encode("utf-8", "replace").decode()[:5_000]
            is_told(sqlite_service.client.get(path, params={word: sent}), sqlite_service.home)
    _nothing_happened(sqlite_service, listener)


@pytest.mark.parametrize("header", ["X-Request-Id", "X-Correlation-Id", "Idempotency-Key", "Prefer", "traceparent", "Accept"])
def test_every_header_stays_a_header(sqlite_service: Served, things: Things, header: str) -> None:
    for text in (MARKUP, FORMULA, "x" * 5_000, "../../etc/passwd", "' OR 1=1 --", "\x01\x7f", "é"):
        response = sqlite_service.client.get("/portfolios", headers={header: text.encode("latin-1")})
        is_told(response, sqlite_service.home)
        assert MARKUP not in "".join(response.headers.values())


@pytest.fixture(scope="module")
def named_badly(sqlite_service: Served) -> dict[str, Any]:
    """A proposal on a book whose portfolio, assets and sectors have names that a page or a sheet would act on."""
    client = sqlite_service.client
    renamed = dict(
        zip((row["asset"] for row in BOOK.rows), (MARKUP, FORMULA, "+1+1", "@SUM(A1)", "-2+3", "'); x", "|cmd"), strict=False)
    )
    rows = [{**row, "asset": renamed.get(row["asset"], row["asset"]), "sector": row["sector"] and FORMULA} for row in BOOK.rows]
    done(client.put("/portfolios/P-badly", json={"name": MARKUP, "policy": "quality_focused"}))
    done(client.put("/policies/badly", json={**POLICY, "name": MARKUP, "limits": {"long_only": True, "max_weight": 0.5}}))
    done(client.put("/portfolios/P-badly/holdings", **body_of(pl.DataFrame(rows).write_csv().encode(), "text/csv")))
    prices = BOOK.prices.rename(renamed).write_csv().encode()
    pack = done(client.post("/packs", **body_of(prices, "text/csv")))["pricing_pack_id"]
    done(
        client.post(
            "/portfolios/P-badly/rebalance", json={"target_type": "optimal", "policy": "badly", "pricing_pack_id": pack}
        )
    )
    run = done(client.get("/runs", params={"portfolio_id": "P-badly"}))["runs"][0]["run_id"]
    return {"run_id": run, "document": client.get(f"/runs/{run}/document").json()}


def test_a_page_shows_markup_and_does_not_hold_it(sqlite_service: Served, named_badly: dict[str, Any]) -> None:
    response = sqlite_service.client.get(f"/runs/{named_badly['run_id']}/report")
    assert response.status_code == 200
    assert "&lt;script&gt;alert(1)" in response.text
    assert MARKUP not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("write", [write_csv, write_xlsx], ids=["csv", "xlsx"])
def test_a_sheet_shows_formulas_and_does_not_hold_them(
    named_badly: dict[str, Any], tmp_path: Path, write: Callable[[Any, Path], Path]
) -> None:
    assert FORMULA in json.dumps(named_badly["document"], ensure_ascii=False).replace('\\"', '"')
    file = write(named_badly["document"], tmp_path / f"trades.{write.__name__.removeprefix('write_')}")
    if write is write_csv:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            cells = [cell for row in csv.reader(opened) for cell in row]
        assert f"'{FORMULA}" in cells
        assert not [cell for cell in cells if cell[:1] in "=+@\t\r" and cell]
    else:
        with zipfile.ZipFile(file) as archive:
            sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        assert sheets
        assert not [sheet for sheet in sheets if b"<f>" in sheet or b"<hyperlink" in sheet]
