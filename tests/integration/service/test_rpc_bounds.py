"""What a gRPC call may take: time, bytes, calls at once; and what the server says of itself."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from integration.service.books import OPTIMIZATION, book, done, imported
from integration.service.rpc_client import PROTO, Client, Generated, Refused, struct, to_json
from integration.service.serving import Served
from integration.service.strategies import asked
from support import wait_for

from portopt.domain.errors import RequestError
from portopt.doors.rpc.calls import MOST_FOLLOWED
from portopt.doors.rpc.server import SERVICES, serve_grpc
from portopt.doors.wire.service import Service
from portopt.runtime import open_runtime
from portopt.settings import Settings

MEGABYTE = 1_000_000
OPTIMIZE = "/portfolio_optimization.v1.StrategyOptimizationService/Optimize"


@pytest.fixture(scope="module")
def small_server(serving: Callable[..., Served]) -> Served:
    """It takes a megabyte, has one process and describes itself."""
    return serving(body_bytes=MEGABYTE, processes=1, grpc_reflection=True)


@pytest.fixture(scope="module")
def small(small_server: Served, generated: Generated) -> Client:
    return Client(generated, str(small_server.where["grpc"]))


def question(client: Client, n: int = 12) -> Any:
    return client.request("Optimize", asked(n=n))


def test_a_message_that_is_too_large_is_refused(small: Client) -> None:
    raw = small.channel.unary_unary(OPTIMIZE)
    with pytest.raises(grpc.RpcError) as caught:
        raw(bytes(MEGABYTE + 1000), timeout=20)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert small.ask("Optimize", question(small)).portfolio_id == "P-1"


def test_a_small_message_that_unpacks_to_a_large_one_is_refused(small: Client) -> None:
    raw = small.channel.unary_unary(OPTIMIZE)
    with pytest.raises(grpc.RpcError) as caught:
        raw(bytes(50 * MEGABYTE), timeout=20, compression=grpc.Compression.Gzip)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_message_whose_json_is_too_large_is_refused(small: Client) -> None:
    """A tenth of a double takes 8 bytes there and 20 here."""
    message = small.messages.OptimizeRequest(portfolio_id="P")
    message.strategies.add(id="A", returns=[-0.12345678901234567] * 100_000)
    assert message.ByteSize() < MEGABYTE
    with pytest.raises(Refused) as caught:
        small.ask("Optimize", message)
    assert (caught.value.code, caught.value.problem["code"]) == ("RESOURCE_EXHAUSTED", "too_large")


def test_who_hangs_up_costs_no_process(small: Client, small_server: Served) -> None:
    before = children_of(small_server)
    assert before
    for _ in range(3):
        call = small.rpc("Optimize").future(question(small, n=100), timeout=20)
        time.sleep(0.01)
        call.cancel()
    assert small.ask("Optimize", question(small)).portfolio_id == "P-1"
    assert children_of(small_server) == before


def children_of(served: Served) -> set[str]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(served.process.pid)], capture_output=True, text=True, check=False)
    return set(found.stdout.split())


def test_what_is_nested_too_deeply_is_no_message(small: Client) -> None:
    raw = b""
    for _ in range(120):  # a list in a list: Value.list_value, ListValue.values
        raw = _field(6, _field(1, raw))
    deep = _field(100, _field(1, _field(1, b"views") + _field(2, raw)))
    call = small.channel.unary_unary(OPTIMIZE)
    with pytest.raises(grpc.RpcError) as caught:
        call(deep, timeout=20)
    assert Refused.of(caught.value).problem["code"] == "malformed_document"


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def test_a_beliefs_id_takes_the_place_of_matrices(small: Client) -> None:
    """The same beliefs, sent once and named afterwards."""
    m = small.messages
    beliefs: dict[str, Any] = {"ids": ["A", "B"], "expected_returns": [0.05, 0.08], "covariance": [[0.04, 0.01], [0.01, 0.09]]}
    told = small.ask("CreateBeliefs", m.CreateBeliefsRequest(document=m.Document(json=struct(beliefs))))
    request = m.OptimizeRequest(portfolio_id="P-1", objective="MAX_SHARPE", method="MEAN_VARIANCE")
    for name in beliefs["ids"]:
        request.strategies.add(id=name)
    request.risk_parameters.beliefs = json.loads(told.content)["beliefs_id"]
    by_id = small.ask("Optimize", request)
    request.risk_parameters.ClearField("beliefs")
    for strategy, expected in zip(request.strategies, beliefs["expected_returns"], strict=True):
        strategy.expected_return = expected
    for row in beliefs["covariance"]:
        request.risk_parameters.covariance.add(values=row)
    inline = small.ask("Optimize", request)
    assert dict(by_id.optimal_weights) == dict(inline.optimal_weights)


def test_health_is_told_of_the_server_and_of_each_service(small: Client) -> None:
    stub = health_pb2_grpc.HealthStub(small.channel)
    for name in ("", *SERVICES):
        found = stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
        assert found.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_describes_the_contract_where_it_is_asked_for(small: Client, sqlite_rpc: Client) -> None:
    wanted = [reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICES[0])]
    (told,) = reflection_pb2_grpc.ServerReflectionStub(small.channel).ServerReflectionInfo(iter(wanted), timeout=10)
    described = FileDescriptorProto.FromString(told.file_descriptor_response.file_descriptor_proto[0])
    assert described.name == PROTO
    assert {service.name for service in described.service} == {name.rpartition(".")[2] for name in SERVICES}
    with pytest.raises(grpc.RpcError) as caught:
        list(reflection_pb2_grpc.ServerReflectionStub(sqlite_rpc.channel).ServerReflectionInfo(iter(wanted), timeout=10))
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_an_rpc_that_is_not_there_is_unimplemented(small: Client) -> None:
    raw = small.channel.unary_unary("/portfolio_optimization.v1.StrategyOptimizationService/Guess")
    with pytest.raises(grpc.RpcError) as caught:
        raw(b"", timeout=10)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_taken_port_is_refused_and_named(small: Client, tmp_path: Path) -> None:
    port = int(small.target.rpartition(":")[2])
    runtime = open_runtime(Settings(home=tmp_path, grpc_port=port))

    async def listen() -> None:
        await serve_grpc(Service(runtime), runtime.settings)

    with pytest.raises(RequestError, match=str(port)) as caught:
        asyncio.run(listen())
    assert caught.value.field == "PORTOPT_GRPC_PORT"


def test_streams_are_counted_and_one_that_ends_makes_room(small: Client, small_server: Served) -> None:
    """Nobody works here: what is asked for stays pending, and is followed."""
    pack = imported(small_server.client, "P-followed", book(12))
    body = {"portfolio_id": "P-followed", **OPTIMIZATION, "pricing_pack_id": pack}
    job = done(small_server.client.post("/optimizations", json=body), 202)["optimization_id"]
    named = small.messages.GetOptimizationRequest(optimization_id=job)
    follow = small.rpc("WatchOptimization")
    streams = [follow(named, timeout=120) for _ in range(MOST_FOLLOWED)]
    assert {next(stream).status for stream in streams} == {"pending"}
    with pytest.raises(grpc.RpcError) as caught:
        next(follow(named, timeout=60))
    assert Refused.of(caught.value).problem["code"] == "too_many_requests"
    for stream in streams:
        stream.cancel()
    wait_for(lambda: _is_followed(follow(named, timeout=60)), 60, "no stream made room")


def _is_followed(stream: Any) -> bool:
    try:
        return bool(next(stream).status == "pending")
    except grpc.RpcError:
        return False
    finally:
        stream.cancel()


def searching(client: Client, n: int = 60, most: int = 10) -> Any:
    """A search in whole numbers: of 60 assets it takes many seconds to be worked out to its end."""
    message = question(client, n)
    message.constraints.additional.CopyFrom(struct({"max_positions": most}))
    return message


def test_a_deadline_ends_the_search_and_the_answer_still_arrives(small: Client) -> None:
    """Tried again on a machine that is too busy to bring it home in the part that is kept for that."""
    small.ask("Optimize", searching(small, 6, 3))  # a process loads what a search needs with its first one
    answer = next(found for _ in range(5) if (found := _in_time(small, 5.0)))
    assert answer["optimization_metadata"]["constraints_satisfied"]
    assert len([weight for weight in answer["optimal_weights"].values() if weight]) <= 10
    gap = answer["portopt"]["certificate"]["mip_gap"]
    assert gap > 0  # what it would have gone on with
    (note,) = answer["portopt"]["notes"]
    assert "ended the search" in note
    assert f"by more than {gap:.2g} of the objective" in note


def _in_time(client: Client, seconds: float) -> dict[str, Any]:
    """Empty where the client gave up first."""
    try:
        return to_json(client.ask("Optimize", searching(client), within=seconds))
    except Refused as error:
        if error.code != "DEADLINE_EXCEEDED":
            raise
        return {}


def test_a_question_without_time_left_is_told_so_before_its_client_gives_up(small: Client) -> None:
    """The one process is busy with another."""
    with ThreadPoolExecutor(1) as others:
        busy = others.submit(small.ask, "Optimize", searching(small), within=5.0)
        time.sleep(0.5)
        with pytest.raises(Refused) as caught:
            small.ask("Optimize", question(small), within=1.0)
        assert busy.result().portfolio_id == "P-1"
    told = (caught.value.code, caught.value.problem["code"])  # refused at once where its wait could be foreseen
    assert told in (("DEADLINE_EXCEEDED", "deadline_exceeded"), ("RESOURCE_EXHAUSTED", "too_many_requests"))
