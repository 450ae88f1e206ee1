"""A call as it came in, and its reply: values that any transport makes and any process can answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portopt.domain.access import ANYONE_HERE, Principal

JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Call:
    """operation: a name of the catalog. place: what stands in the path; asked: what stands behind it, by name.

    within: seconds that an answer may take; None is the service's own bound. left: those of them that are left when it is
    handed to a process; None is all. instance: what was called, for problem objects. request_id: of this one call.
    correlation_id: of whatever it is part of. trace: W3C traceparent.
    prefer: RFC 7240 preferences by name (`respond-async`); `wait` is the transport's to keep.
    """

    operation: str
    place: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = JSON
    accept: str = JSON
    who: Principal = ANYONE_HERE
    within: float | None = None
    left: float | None = None
    request_id: str = ""
    instance: str = ""
    correlation_id: str | None = None
    idempotency_key: str | None = None
    trace: str | None = None
    prefer: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """timings: seconds by stage."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)


def call_to_bytes(call: Call) -> bytes:
    """Everything but the body, which travels beside it."""
    told: dict[str, Any] = {name: getattr(call, name) for name in call.__slots__ if name not in ("body", "who")}
    who = call.who
    told |= {name: dict(told[name]) for name in ("place", "asked", "prefer")}
    told["who"] = [who.subject, sorted(who.scopes), None if who.portfolios is None else sorted(who.portfolios)]
    return json.dumps(told).encode()


def call_from_bytes(head: bytes, body: bytes) -> Call:
    told = json.loads(head)
    subject, scopes, portfolios = told.pop("who")
    who = Principal(subject, frozenset(scopes), None if portfolios is None else frozenset(portfolios))
    return Call(**told, who=who, body=body)


def reply_to_bytes(reply: Reply) -> bytes:
    return json.dumps([reply.status, reply.content_type, dict(reply.headers), dict(reply.timings)]).encode()


def reply_from_bytes(head: bytes, body: bytes) -> Reply:
    status, content_type, headers, timings = json.loads(head)
    return Reply(status, body, content_type, headers, timings)
