"""The same over gRPC: every RPC, asked by everybody; what is refused there is refused here, and as alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message
from integration.service import matrix
from integration.service.books import book
from integration.service.doors import Doors
from integration.service.matrix import Things
from integration.service.rpc_client import Client, Generated, Refused
from integration.service.serving import serve

from portopt.domain.access import Principal
from portopt.doors.rpc.methods import Method, methods

METHODS = {method.descriptor.name: method for method in methods().values()}
OF_THEIR_PLACE = {
    name: method for name, method in METHODS.items()
    if any(word in method.operation.path for word in matrix.OF_A_PORTFOLIO)
}  # fmt: skip
OF_THEIR_MESSAGE = ("Optimize", "CreateOptimization", "CreateBacktest", "CreateWalkForward", "CreateComparison")


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    home: Path = tmp_path_factory.mktemp("doors")
    served = serve(home, access="keys")
    yield Doors(served, book(8))
    served.stop()


@pytest.fixture(scope="module")
def client(doors: Doors, generated: Generated) -> Iterator[Client]:
    found = Client(generated, str(doors.served.where["grpc"]))
    yield found
    found.channel.close()


def message(client: Client, doors: Doors, method: Method, of: Things) -> Message:
    """What names the thing, and nothing else: who may not is told so before the rest is looked at."""
    places = {
        **{name: getattr(of, name) for name in matrix.OF_A_PORTFOLIO}, "other": of.run_id,
        "pricing_pack_id": doors.shared.pack, "policy_id": doors.shared.policy, "beliefs_id": doors.shared.beliefs,
        "decision": "reject", "catalog": "limits", "name": "max_weight", "question": "views",
        "asset_id": next(iter(doors.shared.book.held)),
    }  # fmt: skip
    if method.descriptor.name == "Optimize":
        return client.request("Optimize", matrix.strategy(portfolio_id=of.portfolio_id, n=4))
    fields = method.descriptor.input_type.fields_by_name
    return client.request(method.descriptor.name, {name: value for name, value in places.items() if name in fields})


def refusal(client: Client, method: Method, asked: Message, key: str | None) -> Refused:
    metadata = {} if key is None else {"authorization": f"Bearer {key}"}
    asking = _followed if method.follows else _asked
    with pytest.raises(Refused) as refused:
        asking(client, method, asked, metadata)
    return refused.value


def _asked(client: Client, method: Method, asked: Message, metadata: dict[str, str]) -> None:
    client.ask(method.descriptor.name, asked, **metadata)  # type: ignore[arg-type]


def _followed(client: Client, method: Method, asked: Message, metadata: dict[str, str]) -> None:
    try:
        list(client.rpc(method.descriptor.name)(asked, timeout=60.0, metadata=tuple(metadata.items())))
    except grpc.RpcError as error:
        raise Refused.of(error) from None


def key_of(doors: Doors, name: str, method: Method) -> str:
    given = doors.as_one(name, method.operation).headers["authorization"]
    return given.removeprefix("Bearer ")


def test_every_rpc_of_the_contract_is_asked_here(client: Client) -> None:
    services = client.messages.DESCRIPTOR.services_by_name.values()
    assert set(METHODS) == {name for service in services for name in service.methods_by_name}


@pytest.mark.parametrize("name", METHODS)
def test_nobody_calls_without_a_key_that_counts(doors: Doors, client: Client, name: str) -> None:
    method = METHODS[name]
    for key in (None, "pok_" + "x" * 43, "not.a.token"):
        told = refusal(client, method, message(client, doors, method, doors.mine), key)
        assert (told.code, told.problem["code"]) == ("UNAUTHENTICATED", "not_authenticated")


@pytest.mark.parametrize("name", METHODS)
def test_every_scope_but_the_one_that_is_needed_opens_nothing(doors: Doors, client: Client, name: str) -> None:
    method = METHODS[name]
    told = refusal(client, method, message(client, doors, method, doors.mine), key_of(doors, "without the scope", method))
    assert (told.code, told.problem["code"]) == ("PERMISSION_DENIED", "not_allowed")


@pytest.mark.parametrize("name", [*OF_THEIR_PLACE, *OF_THEIR_MESSAGE])
def test_what_is_foreign_is_as_if_it_were_missing(doors: Doors, client: Client, name: str) -> None:
    method, told = METHODS[name], []
    key = key_of(doors, "without the portfolio", method)
    for of in (doors.mine, doors.theirs, matrix.absent(doors.mine)):
        refused = refusal(client, method, message(client, doors, method, of), key)
        assert refused.code == "NOT_FOUND"
        text = f"{refused.message} {refused.problem} {refused.details}".replace(refused.problem["request_id"], "…")
        for one in of.names:
            text = text.replace(one, "…")
        told.append(text)
        assert not [one for other in (doors.mine, doors.theirs) for one in other.names if one in text]
    assert told[0] == told[1] == told[2]


def test_a_key_comes_in_metadata_of_either_name(doors: Doors, client: Client) -> None:
    _, key = doors.keys.create(Principal("reader", frozenset({"read"}), frozenset({doors.mine.portfolio_id})))
    for metadata in ({"authorization": f"Bearer {key}"}, {"x_api_key": key}):
        answer = client.ask("ListPortfolios", client.request("ListPortfolios", {}), **metadata)
        assert doors.mine.portfolio_id in str(answer)
        assert doors.theirs.portfolio_id not in str(answer)


def test_who_follows_something_is_let_go_when_their_key_is_revoked(doors: Doors, client: Client) -> None:
    """Over both: an open stream is no way to go on looking."""
    key_id, key = doors.keys.create(Principal("watcher", frozenset({"read"}), frozenset({doors.mine.portfolio_id})))
    told, method = [], METHODS["WatchOptimization"]
    asked = message(client, doors, method, doors.mine)
    stream = client.rpc("WatchOptimization")(asked, timeout=60.0, metadata=(("authorization", f"Bearer {key}"),))
    told.append(next(stream))
    path = f"/optimizations/{doors.mine.optimization_id}/events"
    with doors.with_key(key).stream("GET", path) as events:
        lines = events.iter_lines()
        assert any(line.startswith("event: progress") for line in lines)
        assert doors.keys.revoke(key_id)
        assert any(line.startswith("event: problem") for line in lines)
        assert any("not_authenticated" in line for line in lines)
    with pytest.raises(grpc.RpcError) as ended:
        told.extend(stream)
    assert ended.value.code() is grpc.StatusCode.UNAUTHENTICATED
