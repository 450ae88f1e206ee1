"""An event's CloudEvents attributes: message properties on a broker, the envelope of a line in the local log."""

from __future__ import annotations

from datetime import UTC

from portopt.domain.canonical import canonical_json
from portopt.domain.run import Event

SOURCE = "portopt"
CONTENT_TYPE = "application/json"


def attributes(event: Event, *, replay: bool = False) -> dict[str, str]:
    """CloudEvents 1.0 attributes, all texts. `subject` is the event's key; `replay`, ours, is there on a replay alone.

    Source: CloudEvents specification 1.0, section "Context attributes".
    """
    return {
        "specversion": "1.0",
        "id": event.event_id,
        "source": SOURCE,
        "type": event.type,
        "subject": event.key,
        "time": event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": CONTENT_TYPE,
        **({"replay": "true"} if replay else {}),
    }


def body(event: Event) -> bytes:
    """Exactly the event's JSON, canonical: a repeat has the same bytes."""
    return canonical_json(event.body)
