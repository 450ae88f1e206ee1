"""A message becomes the parts of a call: path, query and body, as REST has them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support import environment

from portopt.domain.errors import MissingInput
from portopt.doors.rpc.calls import begun
from portopt.doors.rpc.methods import Method, methods, snake
from portopt.doors.rpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as contract

PACKAGE = "/portfolio_optimization.v1"


def method(name: str) -> Method:
    return next(found for path, found in methods().items() if path.endswith(f"/{name}"))


def test_names_of_calls_are_names_of_operations() -> None:
    assert snake("OptimizeBatch") == "optimize_batch"
    assert method("Optimize").path == f"{PACKAGE}.StrategyOptimizationService/Optimize"


def test_what_stands_in_the_path_is_not_in_the_body() -> None:
    parts = method("LatestOptimization").parts(contract.LatestOptimizationRequest(portfolio_id="P-1").SerializeToString())
    assert (dict(parts.place), dict(parts.asked), parts.body) == ({"portfolio_id": "P-1"}, {}, b"")
    with pytest.raises(MissingInput):
        method("LatestOptimization").parts(b"")


def test_the_body_is_the_message_as_json() -> None:
    message = contract.OptimizeRequest(portfolio_id="P-1", objective="MAX_SHARPE")
    parts = method("Optimize").parts(message.SerializeToString())
    assert json.loads(parts.body) == {"portfolio_id": "P-1", "objective": "MAX_SHARPE"}
    assert (dict(parts.place), dict(parts.asked)) == ({}, {})


def test_a_list_is_a_list() -> None:
    message = contract.OptimizeBatchRequest(requests=[contract.OptimizeRequest(portfolio_id="P-1")])
    assert json.loads(method("OptimizeBatch").parts(message.SerializeToString()).body) == [{"portfolio_id": "P-1"}]
    assert json.loads(method("OptimizeBatch").parts(b"").body) == []


SAID = """
from portopt.doors.rpc.calls import begun
from portopt.doors.rpc.methods import methods
from portopt.doors.rpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as contract
limits = contract.StrategyConstraints(sector_limits={f"sector {k}": 0.1 for k in range(50)})
message = contract.OptimizeRequest(constraints=limits)
found = next(one for path, one in methods().items() if path.endswith("/Optimize"))
print(found.parts(message.SerializeToString()).body.decode())
"""


def test_the_same_message_is_the_same_body_in_every_process(tmp_path: Path) -> None:
    """An idempotency key knows a request by its bytes."""
    bodies = set()
    for _ in range(3):
        told = subprocess.run([sys.executable, "-c", SAID], env=environment(tmp_path), capture_output=True, check=True)
        bodies.add(told.stdout)
    (body,) = bodies
    assert len(json.loads(body)["constraints"]["sector_limits"]) == 50


@pytest.mark.parametrize(("left", "within"), [(None, None), (10.0, 9.0), (0.1, 0.08), (-1.0, 0.001)])
def test_a_deadline_is_the_time_that_an_answer_has_less_its_way_back(left: float | None, within: float | None) -> None:
    assert begun(method("Optimize"), {}, left).within == (None if within is None else pytest.approx(within))


def test_who_calls_may_name_the_call() -> None:
    assert begun(method("Optimize"), {"x-request-id": "mine-1"}, None).request_id == "mine-1"
    assert begun(method("Optimize"), {"x-request-id": "no id at all"}, None).request_id.startswith("req-")
    assert begun(method("Optimize"), {}, None).instance == f"{PACKAGE}.StrategyOptimizationService/Optimize"
