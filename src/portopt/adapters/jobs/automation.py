"""Notices as events of the workflow server, so that its automations react: start a flow, pause a deployment, call somebody.

    event                  portopt.alert.firing, .resolved, .blind, .seeing, .summary, .late
    prefect.resource.id    portopt.alert.RULE (portopt.watch where it is of no rule)
    payload                the notice, as every channel has it

The event's id comes from the notice's: the server keeps one of them, however often it is sent.
"""

from __future__ import annotations

import uuid
from datetime import UTC
from typing import Any

from portopt.adapters.door import said
from portopt.domain.errors import EventRefused, OutsideError
from portopt.domain.run import Event

FIELD = "PREFECT_API_URL"
WRONG = (409, 413, 422)


class AutomationEvents:
    """Implements ports.EventSink, on the server that PREFECT_API_URL names."""

    def deliver(self, event: Event, *, shard: int = 0, number: int | None = None) -> None:
        """Raises EventRefused for one that the server calls wrong, OutsideError where it does not answer."""
        import httpx
        from prefect.client.orchestration import get_client
        from prefect.exceptions import PrefectHTTPStatusError

        try:
            with get_client(sync_client=True) as client:
                client.request("POST", "/events", json=[told(event)])
        except (httpx.HTTPStatusError, PrefectHTTPStatusError) as error:
            status = error.response.status_code
            if status in WRONG:
                raise EventRefused(f"the workflow server answered {status}", field=FIELD, value=event.event_id) from error
            raise OutsideError(f"the workflow server answered {status}", field=FIELD) from error
        except (httpx.HTTPError, OSError, RuntimeError) as error:
            raise OutsideError(f"the workflow server does not answer: {said(error)}", field=FIELD) from error

    def replay(self, event: Event) -> None:
        self.deliver(event)

    def highest(self, shard: int) -> int:
        """A repeat is known by its id; numbers say nothing here."""
        return 0

    def close(self) -> None:
        """Nothing is held open between deliveries."""


def told(event: Event) -> dict[str, Any]:
    """The event as the server takes it."""
    notice = event.body
    alert, group = notice.get("alert") or {}, (notice.get("more") or {}).get("group") or {}
    rule = alert.get("rule") or group.get("rule")
    of = alert.get("of") or {name: value for name, value in group.items() if name != "rule"}
    resource = {"prefect.resource.id": f"portopt.alert.{rule}" if rule else "portopt.watch",
                "prefect.resource.name": rule or "watch"}  # fmt: skip
    resource |= {f"portopt.{name}": str(value) for name, value in of.items()}
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"portopt:{notice['notice_id']}")),
        "occurred": event.occurred_at.astimezone(UTC).isoformat(),
        "event": f"portopt.alert.{notice['told']}",
        "resource": resource | {"portopt.severity": str(notice["severity"])},
        "payload": dict(notice),
    }
