"""Problem objects (RFC 9457) for everything that goes wrong, whoever says so."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Mapping
from typing import Any

from portopt.domain.canonical import plain
from portopt.domain.errors import PortoptError, TooMany, Unavailable
from portopt.doors.wire.call import PROBLEM, Call, Reply

DOCS = "/docs/problems/"  # a page of this service's own: it opens offline
RETRY = {503: "1", 502: "5"}  # seconds to wait before asking again


def reply_of(error: PortoptError, call: Call) -> Reply:
    """The refusal as a reply."""
    told = told_of(error, request_id=call.request_id, instance=call.instance)
    headers: dict[str, str] = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    elif error.status in RETRY:
        headers["Retry-After"] = RETRY[error.status]
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Reply(error.status, json.dumps(told, allow_nan=False).encode(), PROBLEM, headers)


def told_of(error: PortoptError, *, request_id: str, instance: str) -> dict[str, Any]:
    """The problem object with what a caller over the wire needs beside it: which call it was, and where it is explained."""
    told: dict[str, Any] = plain(error.problem())
    return {**told, "instance": instance, "request_id": request_id, "doc_url": DOCS + error.code}


def unexpected(error: BaseException, call: Call) -> Reply:
    """A fault of ours: the log has it, whoever asked is told how to name it, and nothing of it leaves."""
    logging.getLogger(__name__).error("%s %s failed", call.operation, call.request_id, exc_info=error)
    ours = PortoptError("an error inside this service", fixes=[f"report it with the request id {call.request_id}"])
    return reply_of(ours, call)


def broken(call: Call, why: str) -> Reply:
    """The process that worked on it is gone."""
    return reply_of(Unavailable(why, fixes=["ask again"]), call)


def with_headers(reply: Reply, headers: Mapping[str, str]) -> Reply:
    return dataclasses.replace(reply, headers={**reply.headers, **headers})
