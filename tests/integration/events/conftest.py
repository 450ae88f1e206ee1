"""What the tests of events need: a topic of their own on a real broker, and its messages."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import brokers
import pytest


@pytest.fixture(scope="session")
def broker() -> tuple[str, str]:
    """Addresses of the broker and of its administration."""
    return brokers.addresses()


@pytest.fixture
def topic() -> str:
    return f"persistent://public/default/test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def own_broker(broker: tuple[str, str], tmp_path: Path) -> Iterator[brokers.Broker]:
    """A broker of the test's own, started."""
    made = brokers.Broker(tmp_path / "broker")
    try:
        made.start()
        yield made
    finally:
        made.kill()


@pytest.fixture
def messages() -> Callable[[str, str], list]:
    """Everything that is kept in a topic, oldest first."""
    import pulsar

    def read(url: str, topic: str) -> list:
        client = pulsar.Client(url, logger=pulsar.FileLogger(pulsar.LoggerLevel.Error, "/dev/null"))
        try:
            reader = client.create_reader(topic, pulsar.MessageId.earliest)
            found = []
            while reader.has_message_available():
                found.append(reader.read_next(5000))
            return found
        finally:
            client.close()

    return read
