"""REST and gRPC answer the same: each operation of the catalog has an RPC, each RPC an operation, each question both."""

from __future__ import annotations

from pathlib import Path

from google.protobuf.descriptor import MethodDescriptor

from portopt.doors.rest.app import BASE, application
from portopt.doors.rpc.methods import IN_PATH, NAMES, WITH_BODY, methods, snake
from portopt.doors.rpc.portfolio_optimization.v1.portfolio_optimization_pb2 import DESCRIPTOR
from portopt.doors.wire.operations import OPERATIONS
from portopt.runtime import open_runtime
from portopt.settings import Settings

QUESTIONS = Path(__file__).parents[2] / "src" / "portopt" / "questions"
# Files of questions/ that are no question of their own.
HELP = {
    "backtest_question": "what a backtest begins with",
    "children": "processes that work for many",
    "health": "asked by the state of the service",
    "many": "weights, of many requests at once",
    "posed": "what several questions begin with",
    "stands": "what the questions around a proposal are held against",
    "sharing": "what several answers have in common",
    # at the command line and in a notebook alone
    "prove_again": "of a document, by whoever doubts it, on prices of their own",
    "replay_live": "of the runs of a store, by whoever keeps it",
    "verify": "of a document, where it is: a second opinion from the service that gave the first would be none",
    "trials": "of the registry of a store, by whoever keeps it",
}
# What REST answers beside the catalog, and why gRPC does not.
OF_REST_ALONE = {
    "/healthz": "gRPC has a health service",
    "/readyz": "for whoever starts and watches the process",
    "/metrics": "for whoever collects them",
    "/watch": "a page for people; its alerts and figures have calls of their own",
    "/console": "screens for people; what they ask has calls of its own",
    "/docs": "pages for people",
    "/api/v1/openapi.json": "the contract of REST; that of gRPC is a file and its reflection",
    "/events": "WatchOptimization, WatchRun, WatchWave, WatchBacktest, WatchWalkForward and WatchComparison stream the same",
}


def rpcs() -> list[MethodDescriptor]:
    return [rpc for service in DESCRIPTOR.services_by_name.values() for rpc in service.methods]


def test_no_operation_lacks_an_rpc() -> None:
    asked = {method.operation.name for method in methods().values()}
    assert sorted(set(OPERATIONS) - asked) == []


def test_no_rpc_lacks_an_operation() -> None:
    named = {rpc.name: NAMES.get(rpc.name, snake(rpc.name)) for rpc in rpcs()}
    assert sorted(name for name, operation in named.items() if operation not in OPERATIONS) == []


def test_one_operation_has_one_rpc_and_at_most_one_more_that_streams() -> None:
    for streams in (False, True):
        asked = [method.operation.name for method in methods().values() if method.follows is streams]
        assert len(asked) == len(set(asked))


def test_what_is_watched_over_rest_streams_here() -> None:
    watched = {operation.name for operation in OPERATIONS.values() if operation.watched}
    assert watched <= {method.operation.name for method in methods().values() if method.follows}


def test_no_question_lacks_an_operation_and_an_rpc() -> None:
    questions = {path.stem for path in QUESTIONS.glob("*.py")} - {"__init__", *HELP}
    over_rest = {operation.question for operation in OPERATIONS.values() if operation.question is not None}
    over_rpc = {method.operation.question for method in methods().values() if method.operation.question is not None}
    assert over_rest == over_rpc == questions


def test_every_name_in_a_path_is_a_field_of_the_message() -> None:
    for method in methods().values():
        fields = method.descriptor.input_type.fields_by_name
        assert set(IN_PATH.findall(method.operation.path)) <= set(fields), method.path


def test_what_takes_a_body_has_a_message_that_holds_one() -> None:
    """And what takes none has a message without."""
    for method in methods().values():
        fields = set(method.descriptor.input_type.fields_by_name)
        assert method.operation.method in WITH_BODY or not {"document", "request"} & fields, method.path


def test_what_rest_answers_beside_the_catalog_is_written_down(tmp_path: Path) -> None:
    app = application(open_runtime(Settings(home=tmp_path)))
    paths = {str(getattr(route, "path", "")) for route in app.routes}
    of_operations = {BASE + operation.path for operation in OPERATIONS.values()}
    assert of_operations <= paths
    known = tuple(OF_REST_ALONE)
    paths -= {"/"}  # leads to the console
    assert sorted(path for path in paths - of_operations if not path.startswith(known) and not path.endswith(known)) == []
