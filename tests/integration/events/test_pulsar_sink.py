"""The Pulsar sink while there is no broker: it says so soon, and prints nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
from datetime import UTC, datetime

import pulsar
import pytest
import small_book

from portopt.adapters.events.pulsar_sink import PulsarSink
from portopt.domain.errors import DataError, EventRefused, InvalidValue, OutsideError
from portopt.domain.run import Event
from portopt.runtime import Runtime
from portopt.settings import Settings

# In a process of its own: the client writes past Python's streams.
DELIVER = textwrap.dedent(
    """
    import os, socket, sys, time
    from datetime import UTC, datetime
    from portopt.adapters.events.pulsar_sink import PulsarSink
    from portopt.domain.errors import OutsideError
    from portopt.domain.run import Event

    host, silent = sys.argv[1], socket.socket()
    silent.bind(("127.0.0.1", 0))  # answers nobody while it does not listen
    if host == "listening":
        silent.listen()  # takes the connection and never speaks
    sink = PulsarSink(f"pulsar://127.0.0.1:{silent.getsockname()[1]}", "persistent://public/default/t")
    event = Event("e1", "portfolio_optimized", "P1", {"a": 1}, datetime.now(UTC))
    began = time.monotonic()
    try:
        sink.deliver(event)
    except OutsideError as error:
        sink.close()
        problem = error.problem()
        assert problem["measured"]["event_id"] == "e1", problem
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(5 if time.monotonic() - began < 12.0 else 6)  # as the command line ends once it met the native client
    """
)


@pytest.mark.parametrize("broker", ["absent", "listening"])
def test_a_broker_that_is_not_there_is_an_outside_error_soon_and_without_noise(broker):
    done = subprocess.run([sys.executable, "-c", DELIVER, broker], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (5, "", "")


def test_the_command_line_relays_to_a_silent_broker_with_an_answer_and_no_crash(tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"pulsar://127.0.0.1:{silent.getsockname()[1]}"
        home = os.environ | {"PORTOPT_HOME": str(tmp_path), "PORTOPT_EVENTS": "pulsar", "PORTOPT_PULSAR_URL": url}
        command = [sys.executable, "-m", "portopt.doors.cli"]
        small_book.rebalance(Runtime(Settings(home=tmp_path, events="pulsar", pulsar_url=url)))
        done = subprocess.run([*command, "relay", "--json"], env=home, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (5, "")
    assert json.loads(done.stdout)["code"] == "upstream_failed"


def test_a_message_is_the_body_alone_with_the_envelope_as_properties(monkeypatch):
    sent: list[tuple[bytes, dict]] = []

    class Producer:
        def send(self, content: bytes, **options: object) -> None:
            sent.append((content, options))

    sink = PulsarSink("pulsar://127.0.0.1:6650", "persistent://public/default/t")
    monkeypatch.setattr(sink, "_connected", lambda name: Producer())
    body = {"event_id": "e1", "timestamp": "2026-11-20T12:00:00.000Z", "portfolio_optimized": {"optimal_weights": {"A": 0.1}}}
    sink.deliver(Event("e1", "portfolio_optimized", "P1", body, datetime(2026, 11, 20, 12, 0, tzinfo=UTC)))
    [(content, options)] = sent
    assert json.loads(content) == body
    assert options["partition_key"] == "P1"
    assert options["event_timestamp"] == 1_795_176_000_000
    assert options["properties"] == {
        "event_id": "e1",
        "specversion": "1.0",
        "id": "e1",
        "source": "portopt",
        "type": "portfolio_optimized",
        "subject": "P1",
        "time": "2026-11-20T12:00:00Z",
        "datacontenttype": "application/json",
    }


def test_a_message_that_the_broker_will_never_take_is_that_events_fault(monkeypatch):
    class Producer:
        def send(self, content: bytes, **options: object) -> None:
            raise pulsar.MessageTooBig("MessageTooBig")

    sink = PulsarSink("pulsar://127.0.0.1:6650", "persistent://public/default/t")
    monkeypatch.setattr(sink, "_connected", lambda name: Producer())
    with pytest.raises(EventRefused, match="refuses event e1") as caught:
        sink.deliver(Event("e1", "portfolio_optimized", "P1", {"a": 1}, datetime(2026, 11, 20, tzinfo=UTC)))
    assert "--retry-parked" in caught.value.fixes[0]


def test_whatever_else_the_client_raises_names_the_broker(monkeypatch):
    class Producer:
        def send(self, content: bytes, **options: object) -> None:
            raise RuntimeError("terminate called")

    sink = PulsarSink("pulsar://broker.example:6650", "persistent://public/default/t")
    monkeypatch.setattr(sink, "_connected", lambda name: Producer())
    with pytest.raises(DataError, match=r"the broker at pulsar://broker\.example:6650 gave what cannot be used"):
        sink.deliver(Event("e1", "portfolio_optimized", "P1", {"a": 1}, datetime(2026, 11, 20, tzinfo=UTC)))


def test_a_password_in_the_brokers_address_stands_in_no_message(monkeypatch):
    class Producer:
        def send(self, content: bytes, **options: object) -> None:
            raise pulsar.Timeout("Timeout")

    sink = PulsarSink("pulsar+ssl://desk:s3cret@broker.example:6651", "persistent://public/default/t")
    monkeypatch.setattr(sink, "_connected", lambda name: Producer())
    with pytest.raises(OutsideError, match=r"pulsar\+ssl://broker\.example:6651 did not take") as caught:
        sink.deliver(Event("e1", "portfolio_optimized", "P1", {"a": 1}, datetime(2026, 11, 20, tzinfo=UTC)))
    with pytest.raises(InvalidValue) as refused:
        PulsarSink("http://desk:s3cret@broker.example", "t")
    assert "s3cret" not in f"{caught.value.problem()} {refused.value.problem()} {refused.value.__cause__}"


@pytest.mark.parametrize(
    "url", ["pulsar://[", "pulsar://host:port", "", "127.0.0.1:6650", "http://127.0.0.1:8080", "pulsar://"]
)
def test_an_address_that_is_no_brokers_is_refused(url):
    with pytest.raises(InvalidValue, match="not a broker's address"):
        PulsarSink(url, "persistent://public/default/t")
