"""Refusals as statuses: the problem object field by field, standard details, and never more than a client's headers hold."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import grpc
import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2

from portopt.domain import errors
from portopt.doors.rpc.refusals import CODES, problem_of, status_of
from portopt.doors.wire.call import Call
from portopt.doors.wire.problems import reply_of

CALL = Call("optimize", request_id="req-1", instance="/portfolio_optimization.v1.StrategyOptimizationService/Optimize")
HEADERS = 8192  # bytes of metadata that a client takes unless it says otherwise


def detail(status: status_pb2.Status, kind: type[Any]) -> Any:
    for packed in status.details:
        found = kind()
        if packed.Unpack(found):
            return found
    return None


def test_a_refusal_names_the_field_and_says_what_fixes_it() -> None:
    reply = reply_of(errors.InvalidValue("constraints.max_turnover", -1, "is below zero", fix="write 0 or more"), CALL)
    status = status_of(reply)
    assert status.code == code_pb2.INVALID_ARGUMENT
    assert problem_of(status) == json.loads(reply.body)
    assert detail(status, error_details_pb2.ErrorInfo).reason == "INVALID_VALUE"
    violation = detail(status, error_details_pb2.BadRequest).field_violations[0]
    assert (violation.field, violation.reason) == ("constraints.max_turnover", "INVALID_VALUE")
    assert violation.description == status.message == json.loads(reply.body)["detail"]
    assert detail(status, error_details_pb2.RequestInfo).request_id == "req-1"
    assert detail(status, error_details_pb2.Help).links[0].url == "/docs/problems/invalid_value"


def test_what_may_be_asked_again_says_when() -> None:
    status = status_of(reply_of(errors.TooMany(12.0, 6), CALL))
    assert status.code == code_pb2.RESOURCE_EXHAUSTED
    assert detail(status, error_details_pb2.RetryInfo).retry_delay.seconds == 6
    assert detail(status_of(reply_of(errors.Unavailable("gone"), CALL)), error_details_pb2.RetryInfo) is not None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.MalformedDocument("x"), "INVALID_ARGUMENT"),
        (errors.NotAuthenticated("x"), "UNAUTHENTICATED"),
        (errors.NotAllowed("x"), "PERMISSION_DENIED"),
        (errors.UnknownThing("portfolio", "P"), "NOT_FOUND"),
        (errors.Conflict("x"), "ABORTED"),
        (errors.ProposalSuperseded("r", "P", 1), "FAILED_PRECONDITION"),
        (errors.KeyReused("k"), "INVALID_ARGUMENT"),
        (errors.TooLarge("x"), "RESOURCE_EXHAUSTED"),
        (errors.InfeasibleRequest("x"), "FAILED_PRECONDITION"),
        (errors.DataError("x"), "FAILED_PRECONDITION"),
        (errors.OutsideError("x"), "UNAVAILABLE"),
        (errors.Unavailable("x"), "UNAVAILABLE"),
        (errors.DeadlineExceeded(1.0, "solving"), "DEADLINE_EXCEEDED"),
        (errors.CertificateRefused("x"), "INTERNAL"),
    ],
)
def test_every_kind_of_refusal_has_its_code(error: errors.PortoptError, code: str) -> None:
    assert code_pb2.Code.Name(status_of(reply_of(error, CALL)).code) == code


def test_every_status_that_an_error_of_ours_has_is_mapped() -> None:
    assert {kind.status for kind in kinds(errors.PortoptError)} <= set(CODES)
    assert code_pb2.UNKNOWN not in CODES.values()
    assert set(CODES.values()) <= {kind.value[0] for kind in grpc.StatusCode}


def kinds(kind: type[errors.PortoptError]) -> set[type[errors.PortoptError]]:
    return {kind}.union(*(kinds(below) for below in kind.__subclasses__()))


@pytest.mark.parametrize("letter", ["a", "ü", "漢"])
def test_a_long_refusal_fits_into_a_clients_headers_and_says_what_is_left_out(letter: str) -> None:
    facts = {"known_fields": [letter * 20] * 500, "short": 1}
    error = errors.PortoptError(letter * 5000, field=letter * 900, value=letter * 3000, measured=facts, fixes=[letter * 3000])
    status = status_of(reply_of(error, CALL))
    sent = len(base64.b64encode(status.SerializeToString())) + len(quote(status.message))
    assert sent < HEADERS - 600  # of which timings and ids take some
    assert problem_of(status)["left_out"] == ["asked.value", "fixes", "measured"]
    assert problem_of(status)["code"] == "internal_error"


def test_only_what_is_long_is_left_out() -> None:
    error = errors.PortoptError("sentence", measured={"known_fields": ["name"] * 2000, "short": 1}, fixes=["do this"])
    problem = problem_of(status_of(reply_of(error, CALL)))
    assert (problem["measured"], problem["left_out"]) == ({"short": 1}, ["measured.known_fields"])
    assert problem["fixes"] == ["do this"]
