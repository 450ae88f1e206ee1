"""Events on a real broker."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from portopt.adapters.events.pulsar_sink import PulsarSink
from portopt.domain.run import Event

pytestmark = [pytest.mark.pulsar, pytest.mark.xdist_group("pulsar")]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def event(number: int, key: str = "P1") -> Event:
    body = {"event_id": f"e{number}", "timestamp": "2026-11-20T12:00:00.000Z", "portfolio_optimized": {"portfolio_id": key}}
    return Event(f"e{number}", "portfolio_optimized", key, body, NOW)


def test_a_message_is_the_body_with_key_envelope_and_time(broker, topic, messages):
    sink = PulsarSink(broker[0], topic)
    sink.deliver(event(1))
    sink.close()
    (message,) = messages(broker[0], topic)
    assert json.loads(message.data()) == event(1).body
    assert message.partition_key() == "P1"
    assert message.event_timestamp() == int(NOW.timestamp() * 1000)
    assert message.properties()["id"] == message.properties()["event_id"] == "e1"
    assert message.properties()["type"] == "portfolio_optimized"
