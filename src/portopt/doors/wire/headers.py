"""What comes beside a body, as headers of HTTP and as metadata of gRPC alike: ids, keys, preferences, the kind of the body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from portopt.dialects.reading import shown
from portopt.domain.errors import InvalidValue
from portopt.doors.wire.call import JSON
from portopt.doors.wire.errors import UnsupportedMedia
from portopt.doors.wire.operations import Operation

SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,99}")
TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
MOST_KEY = 200  # characters of an idempotency key
LONGEST_WAIT = 30.0  # seconds that `Prefer: wait` holds a request open


def content_type(operation: Operation, said: str | None) -> str:
    """Without its parameters. Raises UnsupportedMedia for a kind that the operation does not read."""
    given = (said or JSON).partition(";")[0].strip().lower()
    if given not in operation.takes and not (given.endswith("+json") and JSON in operation.takes):
        raise UnsupportedMedia("Content-Type", str(shown(given)), operation.takes)
    return given


def correlation_id(given: str | None) -> str | None:
    """Raises InvalidValue for what is no id."""
    if given is not None and not SANE_ID.fullmatch(given):
        raise InvalidValue(
            "X-Correlation-Id", shown(given), "is not an id", fix="use up to 100 letters, digits and . _ : / @ -"
        )
    return given


def idempotency_key(given: str | None) -> str | None:
    """Raises InvalidValue for what is no key."""
    if given is not None and not (0 < len(given) <= MOST_KEY and given.isascii() and given.isprintable()):
        raise InvalidValue(
            "Idempotency-Key", shown(given), "is not a key", fix=f"use 1 to {MOST_KEY} printable ASCII characters"
        )
    return given


def trace_of(given: str | None) -> str | None:
    """A W3C traceparent; what is none is left aside, as that specification wants it."""
    return given if given is not None and TRACE.fullmatch(given) else None


def preferences(given: Iterable[str]) -> Mapping[str, str]:
    """RFC 7240: the preferences by name, the first of each; what is not understood is no error."""
    found: dict[str, str] = {}
    for part in ",".join(given).split(","):
        name, _, value = part.partition(";")[0].partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), value.strip().strip('"'))
    return found


def wait_of(prefer: Mapping[str, str]) -> float:
    """Seconds that `Prefer: wait=n` asks for, within bounds; 0 where it does not."""
    given = prefer.get("wait", "")
    return min(float(given), LONGEST_WAIT) if given.isascii() and given.isdigit() and len(given) < 10 else 0.0
