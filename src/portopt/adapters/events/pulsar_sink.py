"""Events to an Apache Pulsar topic."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from portopt.adapters.door import speaking_for
from portopt.adapters.events.addresses import shown
from portopt.adapters.events.bounded import within
from portopt.adapters.events.cloudevents import attributes, body
from portopt.adapters.events.greeting import is_something_else
from portopt.domain.errors import EventRefused, OutsideError
from portopt.domain.run import Event

CONNECT_MS = 1_000
OPERATION_SECONDS = 5
SEND_MS = 5_000
PRODUCER_SECONDS = 10.0  # the client's own bounds do not hold where something answers that is no broker: seen 181 s
IS_IT = "is it a Pulsar broker that answers there? `portopt doctor` looks"
REPLAY = "replay"

# The client writes to standard output unless it is given a logger, and to standard error if that has no handler.
logger = logging.getLogger("portopt.pulsar")
logger.addHandler(logging.NullHandler())


class PulsarSink:
    """Implements ports.EventSink: one message an event, acknowledged by the broker before `deliver` returns.

    Body: exactly the event's JSON. Key: the event's key, so that one portfolio's events keep their order. Properties:
    the CloudEvents attributes; consumers drop repeats by `id`.
    A producer a shard, its name stable and exclusive to one relay per topic: a second one is refused by the broker. Under that
    name the broker remembers the highest number it took, where its deduplication is on (`portopt relay --set-up`), and drops
    what comes again. Nothing is batched: a batch is known by its last number alone.
    Connecting is left to the first delivery. A client blocks while the broker is down (up to six seconds here), so
    this belongs into a relay, never into a request.
    """

    def __init__(self, service_url: str, topic: str, *, producer: str = "portopt-relay", token: str | None = None) -> None:
        self.shown = shown(
            service_url, ("pulsar", "pulsar+ssl"), "pulsar_url", "not a broker's address", "use pulsar://host:6650"
        )
        self.service_url, self.topic, self.producer, self.token = service_url, topic, producer, token
        self._client: Any = None
        self._producers: dict[str, Any] = {}

    def deliver(self, event: Event, *, shard: int = 0, number: int | None = None) -> None:
        """Raises OutsideError when the broker does not acknowledge within about six seconds, EventRefused when it will not."""
        self._send(event, str(shard), attributes(event), {} if number is None else {"sequence_id": number})

    def replay(self, event: Event) -> None:
        """Under a producer's name of its own: what it sends is never taken for a repeat."""
        self._send(event, REPLAY, attributes(event, replay=True), {})

    def highest(self, shard: int) -> int:
        """The highest number that the broker took under this shard's name; 0 where it took none, or does not remember."""
        with self._speaking("did not say what it took last", {}):
            return max(0, int(self._connected(str(shard)).last_sequence_id()))

    def _send(self, event: Event, name: str, properties: Mapping[str, str], options: Mapping[str, int]) -> None:
        import pulsar

        try:
            content = body(event)
        except (TypeError, ValueError) as error:
            raise EventRefused(f"event {event.event_id} cannot be written as JSON: {error}", field="event") from error
        with self._speaking("did not take the event", {"event_id": event.event_id}):
            try:
                self._connected(name).send(
                    content,
                    partition_key=event.key,
                    properties={**properties, "event_id": event.event_id},
                    event_timestamp=int(event.occurred_at.timestamp() * 1000),
                    **options,
                )
            except (pulsar.MessageTooBig, pulsar.InvalidMessage, pulsar.IncompatibleSchema) as error:
                raise self._refusal(event, len(content), error) from error

    def _refusal(self, event: Event, size: int, error: Exception) -> EventRefused:
        return EventRefused(
            f"the broker at {self.shown} refuses event {event.event_id}: {error}",
            field="event",
            value=event.event_id,
            measured={"topic": self.topic, "bytes": size, "broker_says": str(error)},
            fixes=["raise the broker's limit, then `portopt relay --retry-parked`"],
        )

    @contextmanager
    def _speaking(self, complaint: str, measured: Mapping[str, str]) -> Iterator[None]:
        """Failures in words. After one the next call starts from a fresh connection, and so asks what arrived."""
        import pulsar

        with speaking_for(f"the broker at {self.shown}", field="pulsar_url"):
            try:
                yield
            except pulsar.ProducerBusy as error:
                self.close()
                raise OutsideError(
                    f"another relay delivers to {self.topic} under the name {self.producer}",
                    field="pulsar_topic",
                    value=self.topic,
                    measured={"broker": self.shown, **measured},
                    fixes=["let one relay deliver of a shard at a time; this one goes on when the other ends"],
                ) from error
            except pulsar.PulsarException as error:
                self.close()
                raise OutsideError(
                    f"the broker at {self.shown} {complaint}: {error}",
                    field="pulsar_url",
                    value=self.shown,
                    measured={"topic": self.topic, "broker_says": str(error), **measured},
                ) from error

    def _connected(self, name: str) -> Any:
        if name not in self._producers:
            opened = self._opened()
            try:
                self._producers[name] = within(
                    PRODUCER_SECONDS,
                    lambda: opened.create_producer(
                        self.topic,
                        producer_name=f"{self.producer}-{name}",
                        send_timeout_millis=SEND_MS,
                        batching_enabled=False,
                    ),
                    f"what answers at {self.shown} did not let a producer in",
                    field="pulsar_url",
                    value=self.shown,
                    measured={"topic": self.topic},
                    fixes=[IS_IT],
                )
            except OutsideError:  # the client still waits, for minutes: it is left alone, and not closed, which would wait too
                self._client, self._producers = None, {}
                raise
        return self._producers[name]

    def _opened(self) -> Any:
        if self._client is None:
            if is_something_else(self.service_url):
                raise OutsideError(
                    f"what answers at {self.shown} is no Pulsar broker",
                    field="pulsar_url",
                    value=self.shown,
                    measured={"topic": self.topic},
                    fixes=[IS_IT],
                )
            self._client = client(self.service_url, self.token)
        return self._client

    def close(self) -> None:
        """Let go of the connection. A broker that is gone cannot be said goodbye to, which is no failure of ours."""
        import pulsar

        ended, self._client, self._producers = self._client, None, {}
        if ended is not None:
            try:
                ended.close()
            except pulsar.PulsarException as error:
                logger.info("closing the connection to %s: %s", self.shown, error)


def client(service_url: str, token: str | None = None) -> Any:
    """A client that gives up soon and writes nothing to the terminal."""
    import pulsar

    return pulsar.Client(
        service_url,
        authentication=None if token is None else pulsar.AuthenticationToken(token),
        connection_timeout_ms=CONNECT_MS,
        operation_timeout_seconds=OPERATION_SECONDS,
        logger=logger,
    )
