"""Which operation each RPC asks, and how its message becomes the parts of a call.

An RPC asks the operation of its own name (`GetOptimization` asks `get_optimization`); NAMES holds the others. Fields that the
operation's path names stand in the path. Of the rest, a `document` or a `request` is the body, with the query beside it;
without one, what POST and PUT take is the body as JSON, and what the others take is the query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import orjson
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from portopt.domain.errors import InvalidValue, MalformedDocument, MissingInput
from portopt.doors.rpc import lists
from portopt.doors.rpc.messages import fill, object_of, to_data
from portopt.doors.rpc.portfolio_optimization.v1.portfolio_optimization_pb2 import DESCRIPTOR
from portopt.doors.wire.call import JSON
from portopt.doors.wire.operations import OPERATIONS, Operation

if TYPE_CHECKING:
    from google.protobuf.descriptor import MethodDescriptor
    from google.protobuf.message import Message

    from portopt.doors.wire.call import Reply

NAMES: Final[Mapping[str, str]] = {
    "GenerateEfficientFrontier": "efficient_frontier",
    "GenerateRebalancePlan": "rebalance",
    "AnalyzeFactorExposures": "factor_exposures",
    "WatchOptimization": "get_optimization",
    "WatchRun": "get_run",
    "WatchWave": "get_wave",
    "WatchBacktest": "get_backtest",
    "WatchWalkForward": "get_walk_forward",
    "WatchComparison": "get_comparison",
}
DOCUMENT, REQUEST = "document", "request"  # fields that are a body: bytes or an object, and a request with its own fields
DOCUMENTS = "Document"  # the message of both
IN_PATH = re.compile(r"{(\w+)}")
WITH_BODY = ("POST", "PUT", "PATCH")


@dataclass(frozen=True)
class Parts:
    """Of a call: what stands in the path, what behind it, and the body."""

    place: Mapping[str, str]
    asked: Mapping[str, str]
    body: bytes = b""
    content_type: str = JSON


@dataclass(frozen=True)
class Method:
    """An RPC and the operation that it asks. follows: whether it streams an answer for every change until the last."""

    descriptor: MethodDescriptor
    operation: Operation

    @property
    def follows(self) -> bool:
        return self.descriptor.server_streaming

    @property
    def path(self) -> str:
        return f"/{self.descriptor.containing_service.full_name}/{self.descriptor.name}"

    @cached_property
    def _request(self) -> Callable[[], Message]:
        return GetMessageClass(self.descriptor.input_type)

    @cached_property
    def _response(self) -> Callable[[], Message]:
        return GetMessageClass(self.descriptor.output_type)

    @cached_property
    def _in_path(self) -> tuple[str, ...]:
        return tuple(IN_PATH.findall(self.operation.path))

    def parts(self, raw: bytes) -> Parts:
        """What a message asks. Raises MalformedDocument, MissingInput, InvalidValue."""
        message = self._request()
        try:
            message.ParseFromString(raw)
        except DecodeError:
            why = f"the message is no {self.descriptor.input_type.name}, or is nested more deeply than is read"
            raise MalformedDocument(why, fixes=["generate the client from the contract"]) from None
        place = {name: self._placed(message, name) for name in self._in_path}
        body = _body_taken(message)
        rest = {name: value for name, value in to_data(message).items() if name not in place}
        if body is not None:
            return Parts(place, _query(rest), *body)
        if self.operation.method not in WITH_BODY:
            return Parts(place, _query(rest))
        if self.descriptor.name in lists.RPCS:
            return Parts(place, {}, _json(rest.get(lists.ASKED, [])))
        takes = len(message.DESCRIPTOR.fields) > len(place)
        return Parts(place, {}, _json(rest) if takes else b"")

    def written(self, reply: Reply) -> bytes:
        """A reply that is no refusal, as a message."""
        message = self._response()
        if message.DESCRIPTOR.name == DOCUMENTS:
            fill(message, {"content": reply.body, "content_type": reply.content_type})
        elif self.descriptor.name in lists.RPCS:
            lists.fill_members(message, orjson.loads(reply.body))
        else:
            fill(message, orjson.loads(reply.body))
        return message.SerializeToString()

    def _placed(self, message: Message, name: str) -> str:
        found: str = getattr(message, name)
        if not found:
            raise MissingInput(f"{name} is needed", field=name)
        return found


def _body_taken(message: Message) -> tuple[bytes, str] | None:
    """(body, content type), taken out of a message that has a field for it; None of one that has none."""
    fields = message.DESCRIPTOR.fields_by_name
    name = next((name for name in (REQUEST, DOCUMENT) if name in fields), None)
    if name is None:
        return None
    found = getattr(message, name)
    body = _of_document(found) if name == DOCUMENT else (_json(to_data(found)), JSON)
    message.ClearField(name)
    return body


def _of_document(document: Any) -> tuple[bytes, str]:
    if document.WhichOneof("body") == "json":
        return _json(object_of(document.json)), JSON
    return document.content, document.content_type or JSON


def _json(data: Any) -> bytes:
    """Maps have no order of their own on the wire: sorted, the same message is the same body in every process."""
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)


def _query(rest: Mapping[str, Any]) -> dict[str, str]:
    """As it stands behind a path: several values of one name are joined by commas."""
    return {name: _word(name, value) for name, value in rest.items()}


def _word(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_word(name, item) for item in value)
    if isinstance(value, dict):
        raise InvalidValue(name, "an object", "takes no object here")
    return value if isinstance(value, str) else repr(value)


def snake(name: str) -> str:
    return re.sub(r"(?<=.)(?=[A-Z])", "_", name).lower()


def methods() -> dict[str, Method]:
    """By the path of the RPC, those whose operation is in the catalog."""
    found = {}
    for service in DESCRIPTOR.services_by_name.values():
        for descriptor in service.methods:
            operation = OPERATIONS.get(NAMES.get(descriptor.name, snake(descriptor.name)))
            if operation is not None:
                method = Method(descriptor, operation)
                found[method.path] = method
    return found
