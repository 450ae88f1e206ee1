"""Events to an Apache Pulsar topic."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from portopt.adapters.door import speaking_for
from portopt.adapters.events.cloudevents import attributes, body
from portopt.domain.errors import EventRefused, InvalidValue, OutsideError
from portopt.domain.run import Event

CONNECT_MS = 1_000
OPERATION_SECONDS = 5
SEND_MS = 5_000

# The client writes to standard output unless it is given a logger, and to standard error if that has no handler.
logger = logging.getLogger("portopt.pulsar")
logger.addHandler(logging.NullHandler())


def shown(service_url: str) -> str:
    """The address without what may be a password in it. Raises InvalidValue, which does not repeat it either."""
    try:
        parts = urlsplit(service_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("pulsar", "pulsar+ssl") or not host:
        raise InvalidValue("pulsar_url", "…", "not a broker's address", fix="use pulsar://host:6650")
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}"


class PulsarSink:
    """Implements ports.EventSink: one message an event, acknowledged by the broker before `deliver` returns.

    Body: exactly the event's JSON. Key: the event's key, so that one portfolio's events keep their order. Properties:
    the CloudEvents attributes; consumers drop repeats by `id`. The producer's name is stable and exclusive to one
    relay per topic: a second one is refused by the broker, which keeps the order too.
    Connecting is left to the first delivery. A client blocks while the broker is down (up to six seconds here), so
    this belongs into a relay, never into a request.
    """

    def __init__(self, service_url: str, topic: str, *, producer_name: str = "portopt-relay") -> None:
        self.shown = shown(service_url)
        self.service_url, self.topic, self.producer_name = service_url, topic, producer_name
        self._client: Any = None
        self._producer: Any = None

    def deliver(self, event: Event) -> None:
        """Raises OutsideError when the broker does not acknowledge within about six seconds, EventRefused when it will not."""
        with speaking_for(f"the broker at {self.shown}", field="pulsar_url"):
            self._deliver(event)

    def _deliver(self, event: Event) -> None:
        import pulsar

        try:
            content = body(event)
        except (TypeError, ValueError) as error:
            raise EventRefused(f"event {event.event_id} cannot be written as JSON: {error}", field="event") from error
        try:
            self._connected().send(
                content,
                partition_key=event.key,
                properties={**attributes(event), "event_id": event.event_id},
                event_timestamp=int(event.occurred_at.timestamp() * 1000),
            )
        except (pulsar.MessageTooBig, pulsar.InvalidMessage, pulsar.IncompatibleSchema) as error:
            raise EventRefused(
                f"the broker at {self.shown} refuses event {event.event_id}: {error}",
                field="event",
                value=event.event_id,
                measured={"topic": self.topic, "bytes": len(content), "broker_says": str(error)},
                fixes=["raise the broker's limit, then `portopt relay --retry-parked`"],
            ) from error
        except pulsar.PulsarException as error:
            self.close()  # the next delivery starts from a fresh connection
            raise OutsideError(
                f"the broker at {self.shown} did not take the event: {error}",
                field="pulsar_url",
                value=self.shown,
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
                logger.info("closing the connection to %s: %s", self.shown, error)
