"""Whatever is wrong with a request before it is a question is told in the one shape, and nothing of it is a fault."""

from __future__ import annotations

import gzip
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from integration.service.serving import Served
from integration.service.strategies import asked

PROBLEM = {"type", "title", "status", "detail", "code", "asked", "measured", "fixes", "instance", "request_id", "doc_url"}


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    told: dict[str, Any] = answer.json()
    assert set(told) == PROBLEM
    assert (told["status"], told["code"]) == (status, code)
    assert told["detail"]
    assert told["request_id"] == answer.headers["x-request-id"]
    return told


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/optimize/", "/api/v1/optimize/batch/x", "/favicon.ico"])
def test_an_address_that_is_not_there(sqlite_service: Served, path: str) -> None:
    told = refused(httpx.get(sqlite_service.url + path), 404, "not_found")
    assert told["instance"] == path


def test_a_method_that_is_not_answered(sqlite_service: Served) -> None:
    answer = sqlite_service.client.delete("/optimize")
    assert refused(answer, 405, "method_not_allowed")["measured"] == {"allowed": ["POST", "OPTIONS"]}
    assert answer.headers["allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("path", ["/optimization/%ZZ/latest", "/optimization/%ff%fe/latest", "/optimization/a%00b/latest"])
def test_an_address_that_is_no_text(sqlite_service: Served, path: str) -> None:
    refused(_raw(sqlite_service, "GET", f"/api/v1{path}"), 400, "malformed_document")


def test_a_parameter_that_nobody_knows_or_that_stands_twice(sqlite_service: Served) -> None:
    refused(sqlite_service.client.post("/optimize?fast=1", json=asked()), 422, "unknown_field")
    refused(sqlite_service.client.get("/optimization/P/latest?a=1&a=2"), 422, "invalid_value")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed_document"),
        (b"{", 400, "malformed_document"),
        (b"[]", 400, "malformed_document"),
        (b'{"portfolio_id": "a", "portfolio_id": "b"}', 400, "malformed_document"),
        (b'{"portfolio_id": NaN}', 400, "malformed_document"),
        (b'{"portfolio_id": ' + b"9" * 5000 + b"}", 400, "malformed_document"),
        (b"\xff\xfe", 400, "malformed_document"),
        (b"[" * 100_000, 400, "malformed_document"),
        (b'{"portfolio_id": "a", "costs": ' + b"[" * 900 + b"]" * 900 + b"}", 400, "malformed_document"),
        (b'{"portfolio_id": ' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}", 400, "malformed_document"),
        (b'{"portfolio_id": "\\ud800"}', 422, "invalid_value"),
        (b'{"portfolio_id": "a\\u0000b"}', 422, "invalid_value"),
        (b'{"portfolio_id": 1e999}', 422, "invalid_value"),
    ],
)
def test_a_body_that_is_no_document(sqlite_service: Served, body: bytes, status: int, code: str) -> None:
    refused(sqlite_service.client.post("/optimize", content=body), status, code)


def test_a_body_of_another_kind(sqlite_service: Served) -> None:
    for given in ("text/csv", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png", "nonsense"):
        told = refused(
            sqlite_service.client.post("/optimize", content=b"{}", headers={"Content-Type": given}),
            415,
            "unsupported_media_type",
        )
        assert told["asked"]["field"] == "Content-Type"
    body = json.dumps(asked()).encode()
    for given in ("application/json", "application/json; charset=utf-8", "APPLICATION/JSON"):
        answer = sqlite_service.client.post("/optimize", content=body, headers={"Content-Type": given})
        assert answer.status_code == 200


def test_what_is_accepted_back(sqlite_service: Served) -> None:
    for accept in ("text/html", "image/*", "application/json;q=0", "nonsense", ";;;,,,"):
        refused(sqlite_service.client.post("/optimize", json=asked(), headers={"Accept": accept}), 406, "not_acceptable")
    for accept in ("*/*", "application/*", "text/html, application/json;q=0.5", ""):
        assert sqlite_service.client.post("/optimize", json=asked(), headers={"Accept": accept}).status_code == 200


def test_a_body_that_is_larger_than_is_taken(sqlite_service: Served) -> None:
    most = sqlite_service.runtime().settings.body_bytes
    told = refused(_raw(sqlite_service, "POST", "/api/v1/optimize", **{"Content-Length": str(most + 1)}), 413, "too_large")
    assert told["measured"] == {"most_bytes": most}
    assert refused(_raw(sqlite_service, "POST", "/api/v1/optimize", **{"Content-Length": "9" * 19}), 413, "too_large")


def test_a_packed_body_is_unpacked_within_its_bound(sqlite_service: Served) -> None:
    body = gzip.compress(json.dumps(asked()).encode())
    packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert sqlite_service.client.post("/optimize", content=body, headers=packed).status_code == 200
    bomb = gzip.compress(b" " * 200_000_000)
    assert len(bomb) < 300_000
    refused(sqlite_service.client.post("/optimize", content=bomb, headers=packed), 413, "too_large")
    for damaged in (body[:-20], b"no gzip", body + b"more"):
        refused(sqlite_service.client.post("/optimize", content=damaged, headers=packed), 400, "malformed_document")
    brotli = {**packed, "Content-Encoding": "br"}
    refused(sqlite_service.client.post("/optimize", content=body, headers=brotli), 415, "unsupported_media_type")


def test_ids_come_back_where_they_are_ids(sqlite_service: Served) -> None:
    sent = {"X-Request-Id": "mine-1", "X-Correlation-Id": "order/7"}
    answer = sqlite_service.client.get("/optimization/nobody/latest", headers=sent)
    assert (answer.headers["x-request-id"], answer.headers["x-correlation-id"]) == ("mine-1", "order/7")
    assert answer.json()["request_id"] == "mine-1"
    odd = sqlite_service.client.get("/optimization/nobody/latest", headers={"X-Request-Id": "<script>"})
    assert odd.headers["x-request-id"].startswith("req-")
    refused(sqlite_service.client.get("/optimization/nobody/latest", headers={"X-Correlation-Id": "a b"}), 422, "invalid_value")
    for given in ("0", "-1", "soon", "nan", "inf"):
        refused(
            sqlite_service.client.post("/optimize", json=asked(), headers={"X-Request-Timeout": given}), 422, "invalid_value"
        )


def test_a_head_of_a_request_that_cannot_be_read(sqlite_service: Served) -> None:
    long = b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 50_000  # and no end
    refused(_parsed(_sent(sqlite_service, long)), 400, "headers_not_read")
    refused(_parsed(_sent(sqlite_service, b"nonsense\r\n\r\n")), 400, "headers_not_read")


def test_head_and_options(sqlite_service: Served) -> None:
    client = sqlite_service.client
    answer, head = client.get("/optimization/nobody/latest"), client.head("/optimization/nobody/latest")
    assert (head.status_code, head.content) == (404, b"")
    assert head.headers["content-type"] == answer.headers["content-type"]
    options = client.options("/optimization/nobody/latest", headers={"Origin": "https://example.org"})
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert not [name for name in options.headers if name.startswith("access-control-")]
    refused(client.options("/nothing"), 404, "not_found")


def test_an_answer_that_has_not_changed_is_not_sent_again(service: Served) -> None:
    assert service.client.post("/optimize", json=asked(portfolio_id="P-tag")).status_code == 200
    first = service.client.get("/optimization/P-tag/latest")
    again = service.client.get("/optimization/P-tag/latest", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other = service.client.get("/optimization/P-tag/latest", headers={"If-None-Match": '"another"'})
    assert (other.status_code, other.content) == (200, first.content)


def _raw(served: Served, method: str, target: str, **headers: str) -> httpx.Response:
    """Sent as it is written: a client of HTTP would mend it first."""
    head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "127.0.0.1", **headers}.items())
    return _parsed(_sent(served, f"{method} {target} HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode()))


def _sent(served: Served, request: bytes) -> bytes:
    place = urlsplit(served.url)
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall(request)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


def _parsed(received: bytes) -> httpx.Response:
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return httpx.Response(int(status.split()[1]), headers=headers, content=body)
