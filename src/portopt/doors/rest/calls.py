"""A request of HTTP as a call: its body within bounds, its headers checked, its parameters each once."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable

from fastapi import Request

from portopt.dialects.reading import shown
from portopt.domain.access import Principal
from portopt.domain.errors import InvalidValue, MalformedDocument, TooLarge
from portopt.doors.wire.call import JSON, Call
from portopt.doors.wire.errors import NotAcceptable, UnsupportedMedia
from portopt.doors.wire.headers import content_type, correlation_id, idempotency_key, preferences, trace_of
from portopt.doors.wire.operations import Operation

WITHOUT_BODY = ("GET", "HEAD", "DELETE")
AT_ONCE = 1 << 20  # bytes that are decompressed before the bound is looked at again
SHORTEST_TIME, LONGEST_TIME = 0.001, 3600.0  # seconds that an answer may be given


async def call_of(operation: Operation, request: Request, begun: Call, most: int, who: Principal) -> Call:
    """begun: who called where. most: bytes of a body, as it came and as it is unpacked. Raises PortoptError."""
    headers = request.headers
    check_accept(headers.get("accept"), operation.gives)
    has_body = operation.method not in WITHOUT_BODY
    return Call(
        operation=operation.name,
        place={name: str(value) for name, value in request.path_params.items()},
        asked=asked_once(request.query_params.multi_items()),
        body=await read_body(request, most) if has_body else b"",
        content_type=content_type(operation, headers.get("content-type")) if has_body else JSON,
        accept=headers.get("accept", JSON),
        who=who,
        within=_within(headers.get("x-request-timeout")),
        request_id=begun.request_id,
        instance=begun.instance,
        correlation_id=correlation_id(headers.get("x-correlation-id")),
        idempotency_key=idempotency_key(headers.get("idempotency-key")),
        trace=trace_of(headers.get("traceparent")),
        prefer=preferences(headers.getlist("prefer")),
    )


async def read_body(request: Request, most: int) -> bytes:
    """Raises TooLarge as soon as it is known, UnsupportedMedia for a packing that is not read."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said[:20]) > most:
        raise _too_large(most)
    parts: list[bytes] = []
    length = 0
    async for part in request.stream():
        length += len(part)
        if length > most:
            raise _too_large(most)
        parts.append(part)
    return unpacked(b"".join(parts), request.headers.get("content-encoding"), most)


def unpacked(body: bytes, encoding: str | None, most: int) -> bytes:
    """The body without its gzip. Raises TooLarge before more than `most` bytes are made of it, MalformedDocument for damage."""
    packing = (encoding or "identity").strip().lower()
    if packing == "identity":
        return body
    if packing not in ("gzip", "x-gzip"):
        raise UnsupportedMedia("Content-Encoding", str(shown(packing)), ["gzip", "identity"])
    unpacking, parts, length = zlib.decompressobj(wbits=31), [], 0
    try:
        while not unpacking.eof:
            parts.append(unpacking.decompress(body, AT_ONCE))
            body, length = unpacking.unconsumed_tail, length + len(parts[-1])
            if length > most:
                raise _too_large(most)
            if not parts[-1] and not body:
                raise MalformedDocument("the gzip of the body ends before its end", field="body")
    except zlib.error:
        raise MalformedDocument("the body says it is gzip and is not", field="Content-Encoding", value=packing) from None
    if unpacking.unused_data:
        raise MalformedDocument("there is more behind the gzip of the body", field="body")
    return b"".join(parts)


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        f"a body of more than {most} bytes is not taken, as it comes or unpacked",
        field="body",
        measured={"most_bytes": most},
        fixes=["send less at once", "upload beliefs or prices once, and name them in requests"],
    )


def check_accept(accept: str | None, gives: Iterable[str]) -> None:
    """Raises NotAcceptable where none of these kinds is among what is accepted; a refusal is told as JSON in any case."""
    if accept is None or not accept.strip():
        return
    ranges = [part.split(";") for part in accept.split(",")]
    taken = {kind.strip().lower() for kind, *parameters in ranges if not any(_is_nothing(p) for p in parameters)}
    available = list(gives)
    if not any(kind in taken or f"{kind.partition('/')[0]}/*" in taken or "*/*" in taken for kind in available):
        raise NotAcceptable(str(shown(accept)), available)


def _is_nothing(parameter: str) -> bool:
    name, _, value = parameter.strip().partition("=")
    return name.strip().lower() == "q" and re.fullmatch(r"0(\.0*)?", value.strip()) is not None


def asked_once(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What stands behind the path, by name. Raises InvalidValue for a name that stands there twice."""
    found: dict[str, str] = {}
    for name, value in items:
        if name in found:
            why = "stands twice in the address; which one is meant?"
            raise InvalidValue(str(shown(name)), shown(value), why, fix=f"give {shown(name)} once")
        if not (name + value).isprintable():
            raise InvalidValue(str(shown(name)), shown(value), "holds a control or unprintable character")
        found[name] = value
    return found


def _within(given: str | None) -> float | None:
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not SHORTEST_TIME <= seconds <= LONGEST_TIME:
        fix = f"give seconds between {SHORTEST_TIME:g} and {LONGEST_TIME:g}"
        raise InvalidValue("X-Request-Timeout", shown(given), "is not a time to answer in", fix=fix)
    return seconds
