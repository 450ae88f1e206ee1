"""Refusals as google.rpc.Status: a code, standard details, and the problem object of the REST API as a Struct."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Struct
from google.rpc import code_pb2, error_details_pb2, status_pb2

from portopt.doors.rpc.messages import object_of

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from portopt.doors.wire.call import Reply

DOMAIN = "portopt"
CODES = {
    400: code_pb2.INVALID_ARGUMENT,
    401: code_pb2.UNAUTHENTICATED,
    403: code_pb2.PERMISSION_DENIED,
    404: code_pb2.NOT_FOUND,
    405: code_pb2.UNIMPLEMENTED,
    406: code_pb2.INVALID_ARGUMENT,
    409: code_pb2.ABORTED,
    413: code_pb2.RESOURCE_EXHAUSTED,
    415: code_pb2.INVALID_ARGUMENT,
    422: code_pb2.INVALID_ARGUMENT,
    429: code_pb2.RESOURCE_EXHAUSTED,
    500: code_pb2.INTERNAL,
    502: code_pb2.UNAVAILABLE,
    503: code_pb2.UNAVAILABLE,
    504: code_pb2.DEADLINE_EXCEEDED,
}
# What is said of how things stand, not of how it was asked: the same message may be right later.
OF_HOW_THINGS_STAND = (
    *("infeasible", "bad_data", "split_since_holdings", "search_ended"),
    *("rejected", "superseded", "expired", "held", "changes_requested"),
)
ABOUT_A_FIELD = (400, 413, 415, 422)
# Clients built on the C core take 8 KiB of metadata, and these bytes travel in base64 beside the sentence itself.
MOST_BYTES = 4000
MOST_OF_A_SENTENCE = 600  # bytes, each of which may take three in a header
LONG = 200  # bytes of one measured fact


def status_of(reply: Reply) -> status_pb2.Status:
    """The status that says what a reply of 400 and above says; where it would be too long, `left_out` names what is missing."""
    problem: dict[str, Any] = json.loads(reply.body)
    for shorter in _ever_shorter(problem):
        status = _status(shorter, reply)
        if status.ByteSize() <= MOST_BYTES:
            break
    return status


def problem_of(status: status_pb2.Status) -> dict[str, Any]:
    """The problem object that travels in a status; empty where there is none."""
    for detail in status.details:
        found = Struct()
        if detail.Unpack(found):
            return object_of(found)
    return {}


def _status(problem: dict[str, Any], reply: Reply) -> status_pb2.Status:
    of_things = problem["code"] in OF_HOW_THINGS_STAND
    code = code_pb2.FAILED_PRECONDITION if of_things else CODES.get(reply.status, code_pb2.UNKNOWN)
    return status_pb2.Status(code=code, message=_sentence(problem), details=list(_details(problem, reply)))


def _details(problem: dict[str, Any], reply: Reply) -> Iterator[AnyMessage]:
    reason, asked = problem["code"].upper(), problem["asked"]
    told = {name: str(problem[name]) for name in ("type", "status", "doc_url", "instance")}
    yield _packed(error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=told))
    if asked["field"] and reply.status in ABOUT_A_FIELD:
        what = _sentence(problem)
        violation = error_details_pb2.BadRequest.FieldViolation(field=asked["field"], description=what, reason=reason)
        yield _packed(error_details_pb2.BadRequest(field_violations=[violation]))
    if after := reply.headers.get("Retry-After"):
        yield _packed(error_details_pb2.RetryInfo(retry_delay=Duration(seconds=int(after))))
    yield _packed(error_details_pb2.RequestInfo(request_id=problem["request_id"]))
    link = error_details_pb2.Help.Link(description=problem["title"], url=problem["doc_url"])
    yield _packed(error_details_pb2.Help(links=[link]))
    whole = Struct()
    whole.update(problem)
    yield _packed(whole)


def _sentence(problem: dict[str, Any]) -> str:
    encoded: bytes = problem["detail"].encode()
    return encoded[:MOST_OF_A_SENTENCE].decode(errors="ignore")


def _packed(message: Message) -> AnyMessage:
    found = AnyMessage()
    found.Pack(message)
    return found


def _ever_shorter(problem: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The problem, then without its long facts, then without any, then with sentences cut off."""
    yield problem
    measured = problem["measured"]
    short = {name: fact for name, fact in measured.items() if len(json.dumps(fact)) <= LONG}
    yield {**problem, "measured": short, "left_out": sorted(f"measured.{name}" for name in measured if name not in short)}
    asked = {"field": str(problem["asked"]["field"])[:LONG], "value": None}
    cut = {**problem, "asked": asked, "measured": {}, "left_out": ["asked.value", "measured"]}
    yield cut
    yield {**cut, "detail": problem["detail"][:LONG], "fixes": [], "left_out": ["asked.value", "fixes", "measured"]}
