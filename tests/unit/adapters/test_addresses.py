"""Where a name may lead: looked at on the connection itself, so that a second look-up changes nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from portopt.adapters.addresses import Guard, is_public, names_itself
from portopt.adapters.providers.http import HttpProvider
from portopt.domain.errors import DataError
from portopt.domain.market import MarketQuery

PRICES = b"symbol,date,close\nA,2024-01-02,10.5\n"
NAME = "prices.example"


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8"])
def test_addresses_of_the_open_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",

        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::",
        "ff02::1", "255.255.255.255",
    ],
)  # fmt: skip
def test_addresses_that_are_none(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("host", "is_itself"), [("10.0.0.1", True), ("[::1]", True), ("localhost", True), (NAME, False), ("1", False)]
)
def test_an_address_names_itself_and_a_name_does_not(host: str, is_itself: bool) -> None:
    assert names_itself(host) is is_itself


def test_a_guard_lets_through_what_is_named_and_what_is_public() -> None:
    Guard("10.0.0.1", (), field="f").check("10.0.0.1")
    Guard(NAME, ("Prices.Example",), field="f").check("10.0.0.1")
    Guard(NAME, (), field="f").check("8.8.8.8")
    with pytest.raises(DataError, match="not an address of the open internet"):
        Guard(NAME, ("other.example",), field="f").check("10.0.0.1")


class Prices(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(PRICES)))
        self.end_headers()
        self.wfile.write(PRICES)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def inside() -> Iterator[ThreadingHTTPServer]:
    """A service on loopback, that no name of the outside world should reach."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Prices)
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def leads_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name service says that the name is this machine."""
    look_up = socket.getaddrinfo

    def answer(host: object, *args: object, **named: object) -> object:
        return look_up("127.0.0.1" if host in (NAME, NAME.encode()) else host, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.usefixtures("leads_inside")
def test_nothing_is_sent_where_a_providers_name_leads_inside(inside: ThreadingHTTPServer) -> None:
    url = f"http://{NAME}:{inside.server_port}/prices"
    with pytest.raises(DataError, match=r"prices\.example leads to 127\.0\.0\.1") as refused:
        HttpProvider(url).prices(MarketQuery())
    assert inside.asked == []  # type: ignore[attr-defined]
    assert "PORTOPT_PRIVATE_HOSTS" in refused.value.fixes[0]
    HttpProvider(url, private_hosts=[NAME]).prices(MarketQuery())
    assert len(inside.asked) == 1  # type: ignore[attr-defined]


def test_an_address_that_the_setting_names_itself_is_asked(inside: ThreadingHTTPServer) -> None:
    HttpProvider(f"http://127.0.0.1:{inside.server_port}/prices").prices(MarketQuery())
    assert len(inside.asked) == 1  # type: ignore[attr-defined]
