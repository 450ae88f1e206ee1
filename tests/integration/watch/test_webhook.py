"""The webhook against servers on loopback: signed, bounded, and never where it was not told to go."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from integration.watch.receiving import SECRET, Receiver, example
from made_alerts import alert, notice, notice_event

from portopt.adapters.notices.signature import signature
from portopt.adapters.notices.webhook import Webhook
from portopt.dialects.alerts import notice_data
from portopt.domain.canonical import canonical_json
from portopt.domain.errors import DataError, EventRefused, InvalidValue, OutsideError
from portopt.domain.watch import Told

EVENT = notice_event(alert(), "webhook")
Behaviour = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def server() -> Iterator[Callable[[Behaviour], str]]:
    """server(behaviour): the address of an http server on loopback."""
    servers: list[ThreadingHTTPServer] = []

    def start(behaviour: Behaviour) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                behaviour(self)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                """Nothing."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_address[1]}/hook?token=in-the-address"

    yield start
    for one in servers:
        one.shutdown()
        one.server_close()


def answering(status: int, **headers: str) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()

    return behave


def test_the_receiver_of_the_documentation_takes_each_notice_once(receiver: Receiver) -> None:
    webhook = Webhook(receiver.start(), SECRET)
    other = notice_event(alert(), "webhook", Told.RESOLVED)
    for event in (EVENT, EVENT, other, EVENT):
        webhook.deliver(event)
    assert receiver.taken() == [dict(EVENT.body), dict(other.body)]
    receiver.stop()
    receiver.start()  # it remembers
    webhook.deliver(other)
    assert len(receiver.taken()) == 2


def test_a_line_that_a_crash_cut_is_no_notice_and_comes_again(receiver: Receiver) -> None:
    receiver.path.write_bytes(canonical_json(EVENT.body) + b'\n{"notice_id": "notice-cu')
    Webhook(receiver.start(), SECRET).deliver(notice_event(alert("P2"), "webhook"))
    assert [one["alert"]["of"]["portfolio"] for one in receiver.taken()] == ["P1", "P2"]


@pytest.mark.parametrize("wrong", ["secret", "time"])
def test_what_somebody_else_signed_or_recorded_is_not_taken(receiver: Receiver, wrong: str) -> None:
    then = time.time() - (3600 if wrong == "time" else 0)
    webhook = Webhook(receiver.start(), "another" if wrong == "secret" else SECRET, clock=lambda: then)
    with pytest.raises(OutsideError, match="401"):  # nothing is wrong with the notice: it waits
        webhook.deliver(EVENT)
    assert receiver.taken() == []


def test_one_changed_byte_breaks_the_signature() -> None:
    body, module = canonical_json(EVENT.body), example()
    header = signature(SECRET, body, 1_796_040_000)
    assert module.is_genuine(SECRET, header, body, 1_796_040_001.0)
    for at in range(0, len(body), 37):
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        assert not module.is_genuine(SECRET, header, changed, 1_796_040_001.0)
    assert not module.is_genuine(SECRET, header.replace("t=1796040000", "t=1796040001"), body, 1_796_040_001.0)
    assert not module.is_genuine(SECRET, "", body, 1_796_040_001.0)


def test_the_signature_is_that_of_openssl() -> None:
    body = canonical_json(EVENT.body)
    command = ["openssl", "dgst", "-sha256", "-hmac", SECRET, "-hex"]
    done = subprocess.run(command, input=b"1796040000." + body, capture_output=True, check=True)
    assert signature(SECRET, body, 1_796_040_000) == f"t=1796040000,v1={done.stdout.decode().split()[-1]}"


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_notice_that_the_receiver_calls_wrong_is_refused(server: Callable[[Behaviour], str], status: int) -> None:
    with pytest.raises(EventRefused, match=str(status)):
        Webhook(server(answering(status)), SECRET).deliver(EVENT)


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429, 500, 503])
def test_a_receiver_that_takes_nothing_is_worth_another_try(server: Callable[[Behaviour], str], status: int) -> None:
    with pytest.raises(OutsideError, match=str(status)) as caught:
        Webhook(server(answering(status)), SECRET).deliver(EVENT)
    assert "in-the-address" not in str(caught.value.problem())


def test_a_redirect_is_not_followed(server: Callable[[Behaviour], str], receiver: Receiver) -> None:
    with pytest.raises(OutsideError, match="redirect"):
        Webhook(server(answering(307, Location=receiver.start())), SECRET).deliver(EVENT)
    assert receiver.taken() == []


def test_a_receiver_that_never_ends_its_answer_is_left_after_the_time(server: Callable[[Behaviour], str]) -> None:
    released = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        while not released.wait(0.05):
            handler.wfile.write(b"H")

    with pytest.raises(OutsideError, match="did not answer"):
        Webhook(server(drip), SECRET, seconds=0.4).deliver(EVENT)
    released.set()


def test_where_nobody_listens_the_notice_waits() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(OutsideError, match="did not answer"):
            Webhook(f"http://127.0.0.1:{taken.getsockname()[1]}/", SECRET).deliver(EVENT)


UNENCRYPTED = ["http://alerts.example/hook", "http://10.0.0.1/hook", "ftp://127.0.0.1/"]


@pytest.mark.parametrize("url", [*UNENCRYPTED, "https://user:pa55@alerts.example/", "alerts", ""])
def test_an_address_that_is_unencrypted_or_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Webhook(url, SECRET)
    assert "pa55" not in str(caught.value.problem())


def test_a_name_that_leads_inside_is_refused_before_anything_is_sent(
    server: Callable[[Behaviour], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    address = server(lambda handler: asked.append(handler.path))
    port = int(address.split(":")[2].split("/")[0])
    look_up = socket.getaddrinfo

    def answer(host: object, *args: object, **named: object) -> object:
        return look_up("127.0.0.1" if host in ("hook.example", b"hook.example") else host, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(DataError, match="not an address of the open internet"):
        Webhook(f"https://hook.example:{port}/", SECRET).deliver(EVENT)
    assert asked == []


def test_the_body_is_the_notice_and_the_headers_name_it(server: Callable[[Behaviour], str]) -> None:
    seen: list[dict[str, str]] = []

    def note(handler: BaseHTTPRequestHandler) -> None:
        seen.append(dict(handler.headers))
        answering(200)(handler)

    Webhook(server(note), SECRET, clock=lambda: 1_796_040_000.5).deliver(EVENT)
    body = canonical_json(notice_data(notice(alert())))
    assert body == canonical_json(EVENT.body)
    assert seen[0]["Portopt-Notice"] == EVENT.body["notice_id"]
    assert seen[0]["Portopt-Told"] == "firing"
    assert seen[0]["Portopt-Signature"] == signature(SECRET, body, 1_796_040_000)
    assert seen[0]["Content-Type"] == "application/json"
