"""Whatever was asked, found again by the name that somebody has of it."""

from __future__ import annotations

from typing import Any

from portopt.dialects.reading import parse_json, text
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.doors.wire.answers.optimizations import job_line
from portopt.doors.wire.answers.runs import run_line
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.call import JSON
from portopt.doors.wire.idempotency import kept_reply

NAMES = {
    "idempotency_key": "idempotency_key",
    "request_hash": "request_digest",
    "pricing_pack_id": "pricing_pack_id",
    "correlation_id": "correlation_id",
}
MOST = 100


def lookup(asked: Asked) -> Answered:
    """By exactly one name: an idempotency key of one's own, a request's hash, a pricing pack, a correlation id."""
    asked.only(*NAMES)
    given = {name: text(value, name, most=128) for name, value in asked.call.asked.items()}
    if len(given) != 1:
        fix = f"give one of {', '.join(NAMES)}"
        if not given:
            raise MissingInput("a name to look for is needed", field="idempotency_key", fixes=[fix])
        raise InvalidValue(list(given)[1], given[list(given)[1]], "stands beside another name", fix=fix)
    (name, value), who, runtime = *given.items(), asked.call.who, asked.runtime
    jobs = runtime.jobs.lookup(who.portfolios, **{NAMES[name]: value}, limit=MOST)
    if name == "idempotency_key":
        jobs = [job for job in jobs if job.asked_by == who.subject]
    runs = runtime.runs.runs(among=who.portfolios, pricing_pack_id=value, limit=MOST) if name == "pricing_pack_id" else []
    found: dict[str, Any] = {"optimizations": [job_line(job) for job in jobs], "runs": [run_line(run) for run in runs]}
    return Answered({**found, "reply": _reply(asked, value) if name == "idempotency_key" else None})


def _reply(asked: Asked, key: str) -> dict[str, Any] | None:
    """What the key was answered with."""
    held = asked.runtime.keys.held(key, asked.call.who.subject)
    if held is None:
        return None
    told: dict[str, Any] = {"operation": held.operation, "status": held.status, "body": None}
    reply = None if held.reply is None else kept_reply(held.reply)
    return {**told, "body": parse_json(reply.body)} if reply is not None and reply.content_type == JSON else told
