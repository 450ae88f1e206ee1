"""A reply as a response of HTTP: what happened, by whom it was asked, how long it took, whether it changed."""

from __future__ import annotations

import hashlib

from fastapi import Request, Response

from portopt.doors.wire.call import Call, Reply

ENDS_HERE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
# Pages of ours hold no script; a report holds its own and reaches nothing.
PAGE = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REPORT = f"{PAGE}; script-src 'unsafe-inline'; sandbox allow-scripts"


def response_of(reply: Reply, call: Call, request: Request) -> Response:
    """304 without a body where who asks has it already."""
    headers = {"Cache-Control": "no-store", **ENDS_HERE, **reply.headers, "X-Request-Id": call.request_id}
    if call.correlation_id is not None:
        headers["X-Correlation-Id"] = call.correlation_id
    if reply.timings:
        headers["Server-Timing"] = ", ".join(f"{stage};dur={1e3 * seconds:.2f}" for stage, seconds in reply.timings.items())
    if reply.content_type.startswith("text/html"):
        headers.setdefault("Content-Security-Policy", REPORT)
    if request.method == "GET" and reply.status == 200:
        headers["ETag"] = tag = headers.get("ETag") or f'"{hashlib.sha256(reply.body).hexdigest()[:32]}"'
        headers["Cache-Control"] = "private, no-cache"
        if has_it(request.headers.get("if-none-match"), tag):
            return Response(None, 304, headers)
    return Response(reply.body, reply.status, headers, reply.content_type)


def has_it(if_none_match: str | None, tag: str) -> bool:
    """RFC 9110: any of the tags named, weakly compared; * is any at all."""
    named = [] if if_none_match is None else [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return tag.removeprefix("W/") in named or named == ["*"]
