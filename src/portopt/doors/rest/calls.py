"""A request of HTTP as a call: its body within bounds, its headers checked, its parameters each once."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Mapping

from fastapi import Request
from starlette.datastructures import Headers

from portopt.dialects.reading import shown
from portopt.domain.access import Principal
from portopt.domain.errors import InvalidValue, MalformedDocument, TooLarge
from portopt.doors.wire.call import JSON, Call
from portopt.doors.wire.errors import NotAcceptable, UnsupportedMedia
from portopt.doors.wire.operations import Operation

WITHOUT_BODY = ("GET", "HEAD", "DELETE")
SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,99}")
TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
MOST_KEY = 200  # characters of an idempotency key
LONGEST_WAIT = 30.0  # seconds that `Prefer: wait` holds a request open
AT_ONCE = 1 << 20  # bytes that are decompressed before the bound is looked at again


async def call_of(operation: Operation, request: Request, begun: Call, most: int, who: Principal) -> Call:
    """begun: who called where. most: bytes of a body, as it came and as it is unpacked. Raises PortoptError."""
    headers = request.headers
    check_accept(headers.get("accept"), operation.gives)
    has_body = operation.method not in WITHOUT_BODY
    return Call(
        operation=operation.name,
        place={name: str(value) for name, value in request.path_params.items()},
        asked=_each_once(request.query_params.multi_items()),
        body=await read_body(request, most) if has_body else b"",
        content_type=_content_type(operation, headers) if has_body else JSON,
        accept=headers.get("accept", JSON),
        who=who,
        within=_within(headers.get("x-request-timeout")),
        request_id=begun.request_id,
        instance=begun.instance,
        correlation_id=_correlation_id(headers.get("x-correlation-id")),
        idempotency_key=_idempotency_key(headers),
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


def _content_type(operation: Operation, headers: Headers) -> str:
    """Without its parameters. Raises UnsupportedMedia for a kind that the operation does not read."""
    given = headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if given not in operation.takes and not (given.endswith("+json") and JSON in operation.takes):
        raise UnsupportedMedia("Content-Type", str(shown(given)), operation.takes)
    return given


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


def _each_once(items: Iterable[tuple[str, str]]) -> dict[str, str]:
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
    if not 0.0 < seconds < math.inf:
        raise InvalidValue("X-Request-Timeout", shown(given), "is not a time to answer in", fix="give seconds above zero")
    return seconds


def _correlation_id(given: str | None) -> str | None:
    if given is not None and not SANE_ID.fullmatch(given):
        raise InvalidValue(
            "X-Correlation-Id", shown(given), "is not an id", fix="use up to 100 letters, digits and . _ : / @ -"
        )
    return given


def _idempotency_key(headers: Headers) -> str | None:
    given = headers.get("idempotency-key")
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
