"""Events to an Apache Pulsar topic."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from portopt.adapters.events.cloudevents import attributes, body
from portopt.domain.errors import InvalidValue, OutsideError
from portopt.domain.run import Event

CONNECT_MS = 1_000
OPERATION_SECONDS = 5
SEND_MS = 5_000

# The client writes to standard output unless it is given a logger, and to standard error if that has no handler.
logger = logging.getLogger("portopt.pulsar")
logger.addHandler(logging.NullHandler())


class PulsarSink:
    """Implements ports.EventSink: one message an event, acknowledged by the broker before `deliver` returns.

    Body: exactly the event's JSON. Key: the event's key, so that one portfolio's events keep their order. Properties:
    the CloudEvents attributes; consumers drop repeats by `id`. The producer's name is stable and exclusive to one
    relay per topic: a second one is refused by the broker, which keeps the order too.
    Connecting is left to the first delivery. A client blocks while the broker is down (up to six seconds here), so
    this belongs into a relay, never into a request.
    """

    def __init__(self, service_url: str, topic: str, *, producer_name: str = "portopt-relay") -> None:
        if urlsplit(service_url).scheme not in ("pulsar", "pulsar+ssl") or not urlsplit(service_url).hostname:
            raise InvalidValue("pulsar_url", service_url, "not a broker's address", fix="use pulsar://host:6650")
        self.service_url, self.topic, self.producer_name = service_url, topic, producer_name
        self._client: Any = None
        self._producer: Any = None

    def deliver(self, event: Event) -> None:
        """Raises OutsideError when the broker does not acknowledge within about six seconds."""
        import pulsar

        try:
            self._connected().send(
                body(event),
                partition_key=event.key,
                properties={**attributes(event), "event_id": event.event_id},
                event_timestamp=int(event.occurred_at.timestamp() * 1000),
            )
        except pulsar.PulsarException as error:
            self.close()  # the next delivery starts from a fresh connection
            raise OutsideError(
                f"the broker at {self.service_url} did not take the event: {error}",
                field="pulsar_url",
                value=self.service_url,
                measured={"topic": self.topic, "event_id": event.event_id, "broker_says": str(error)},
            ) from error

    def _connected(self) -> Any:
        import pulsar

        if self._producer is None:
            self._client = pulsar.Client(
                self.service_url,
                connection_timeout_ms=CONNECT_MS,
                operation_timeout_seconds=OPERATION_SECONDS,
                logger=logger,
            )
            self._producer = self._client.create_producer(
                self.topic,
                producer_name=self.producer_name,
                send_timeout_millis=SEND_MS,
                batching_enabled=False,
            )
        return self._producer

    def close(self) -> None:
        """Let go of the connection. A broker that is gone cannot be said goodbye to, which is no failure of ours."""
        import pulsar

        client, self._client, self._producer = self._client, None, None
        if client is not None:
            try:
                client.close()
            except pulsar.PulsarException as error:
                logger.info("closing the connection to %s: %s", self.service_url, error)
