"""The broker's administration, by its REST interface: what keeps delivered events, and whether it is so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from portopt.adapters.door import said
from portopt.adapters.events.addresses import shown
from portopt.domain.errors import DataError, InvalidValue, OutsideError

if TYPE_CHECKING:
    import httpx

SECONDS = 10.0
THERE_ALREADY = 409
ABSENT = 404
EARLIEST = {"ledgerId": -1, "entryId": -1, "partitionIndex": -1}
FOR_EVER = -1
MINUTES_A_DAY = 1440


@dataclass(frozen=True, slots=True)
class TopicState:
    """How the broker keeps a topic. retention_minutes: of what every subscription has read; -1 is for ever, 0 not at all.

    backlog: messages that the subscription has not read; None where there is no such subscription.
    """

    retention_minutes: int
    deduplicates: bool
    backlog: int | None


class PulsarAdmin:
    """One topic, `persistent://tenant/namespace/name`."""

    def __init__(self, admin_url: str, topic: str, token: str | None = None) -> None:
        self.shown = shown(
            admin_url,
            ("http", "https"),
            "pulsar_admin_url",
            "not the address of a broker's administration",
            "use http://host:8080",
        )
        self._url, self._path, self._token = admin_url.rstrip("/"), _path(topic), token
        self.topic = topic

    def set_up(self, subscription: str, retention_days: float) -> None:
        """Topic, retention, deduplication and durable subscription; what is there already is brought up to date."""
        minutes = round(retention_days * MINUTES_A_DAY)
        with self._client() as client:
            self._ask(client, "PUT", "", fine=(THERE_ALREADY,))
            self._ask(client, "POST", "/retention", {"retentionTimeInMinutes": minutes, "retentionSizeInMB": FOR_EVER})
            self._ask(client, "POST", "/deduplicationEnabled", True)
            # Before it reads anything a durable subscription already keeps what is sent.
            self._ask(client, "PUT", f"/subscription/{quote(subscription)}", EARLIEST, fine=(THERE_ALREADY,))

    def state(self, subscription: str) -> TopicState | None:
        """How the topic is kept; None where there is none."""
        with self._client() as client:
            stats = self._ask(client, "GET", "/stats", fine=(ABSENT,))
            if stats is None:
                return None
            retention = self._ask(client, "GET", "/retention?applied=true") or {}
            deduplicates = self._ask(client, "GET", "/deduplicationEnabled?applied=true")
        found = stats.get("subscriptions", {}).get(subscription)
        backlog = None if found is None else int(found["msgBacklog"])
        return TopicState(int(retention.get("retentionTimeInMinutes", 0)), bool(deduplicates), backlog)

    def _client(self) -> httpx.Client:
        import httpx

        headers = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
        return httpx.Client(timeout=SECONDS, headers=headers, trust_env=False)

    def _ask(self, client: httpx.Client, method: str, what: str, body: Any = None, *, fine: tuple[int, ...] = ()) -> Any:
        import httpx

        try:
            answer = client.request(method, f"{self._url}{self._path}{what}", json=body)
        except httpx.HTTPError as error:
            raise OutsideError(
                f"the broker's administration at {self.shown} does not answer ({said(error)})", field="pulsar_admin_url",
                value=self.shown, fixes=["check PORTOPT_PULSAR_ADMIN_URL"],
            ) from error  # fmt: skip
        if answer.status_code in fine:
            return None
        if answer.is_error:
            self._complain(answer)
        return self._read(answer) if answer.content else None

    def _complain(self, answer: httpx.Response) -> None:
        measured = {"status": answer.status_code, "broker_says": answer.text[:200]}
        raise (OutsideError if answer.status_code >= 500 else DataError)(
            f"the broker's administration at {self.shown} refuses {answer.request.method} for {self.topic}: "
            f"{answer.status_code} {answer.text[:200]}",
            field="pulsar_admin_url", value=self.shown, measured=measured,
            fixes=["check PORTOPT_PULSAR_TOPIC and PORTOPT_PULSAR_TOKEN, and what the token's role may do"],
        )  # fmt: skip

    def _read(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise DataError(
                f"{self.shown} does not speak as a broker's administration", field="pulsar_admin_url", value=self.shown,
                fixes=["check PORTOPT_PULSAR_ADMIN_URL: the administration's port is another one than the broker's"],
            ) from error  # fmt: skip


def _path(topic: str) -> str:
    """The topic's place. A short name is one in the public namespace, as the client has it."""
    name = topic.removeprefix("persistent://")
    parts = name.split("/") if "/" in name else ["public", "default", name]
    if "://" in name or len(parts) != 3 or not all(parts):
        raise InvalidValue("pulsar_topic", topic, "not a topic that is kept", fix="use persistent://tenant/namespace/name")
    return "/admin/v2/persistent/" + "/".join(quote(part, safe="") for part in parts)
