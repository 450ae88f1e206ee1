"""A client of the gRPC API, generated from its contract as anybody's would be; nothing of it is ours but the contract."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.rpc import error_details_pb2
from grpc_status import rpc_status

CONTRACT = Path(__file__).parents[3] / "src" / "portopt" / "doors" / "rpc"
DETAILS = error_details_pb2.DESCRIPTOR.name  # known to whoever reads what is packed in a status
PROTO = "portfolio_optimization/v1/portfolio_optimization.proto"


@dataclass(frozen=True)
class Generated:
    """messages and stubs: the two generated modules."""

    messages: Any
    stubs: Any


def generate(folder: Path) -> Generated:
    out = (f"--python_out={folder}", f"--grpc_python_out={folder}")
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{CONTRACT}", *out, PROTO], check=True)
    sys.path.insert(0, str(folder))
    module = PROTO.removesuffix(".proto").replace("/", ".")
    return Generated(importlib.import_module(f"{module}_pb2"), importlib.import_module(f"{module}_pb2_grpc"))


@dataclass
class Client:
    """Calls by name. Of a refusal `Refused` is raised, with its code and its problem object."""

    generated: Generated
    target: str
    channel: grpc.Channel = field(init=False)

    def __post_init__(self) -> None:
        self.channel = grpc.insecure_channel(self.target, [("grpc.max_receive_message_length", -1)])

    @property
    def messages(self) -> Any:
        return self.generated.messages

    def rpc(self, name: str) -> Any:
        for service in self.messages.DESCRIPTOR.services_by_name.values():
            if name in service.methods_by_name:
                return getattr(getattr(self.generated.stubs, f"{service.name}Stub")(self.channel), name)
        raise AssertionError(f"the contract has no {name}")

    def request(self, name: str, data: Mapping[str, Any]) -> Message:
        """What an RPC takes, of JSON: by protobuf's own reading, not by ours."""
        for service in self.messages.DESCRIPTOR.services_by_name.values():
            if name in service.methods_by_name:
                kind = getattr(self.messages, service.methods_by_name[name].input_type.name)
                return ParseDict(dict(data), kind())
        raise AssertionError(f"the contract has no {name}")

    def ask(self, name: str, message: Message, *, within: float = 60.0, **metadata: str) -> Message:
        answer, _ = self.ask_told(name, message, within=within, **metadata)
        return answer

    def ask_told(self, name: str, message: Message, *, within: float = 60.0, **metadata: str) -> tuple[Message, dict[str, str]]:
        """The answer, and the metadata that came with it. metadata: underscores stand for hyphens."""
        sent = tuple((word.replace("_", "-"), value) for word, value in metadata.items())
        try:
            answer, call = self.rpc(name).with_call(message, timeout=within, metadata=sent)
        except grpc.RpcError as error:
            raise Refused.of(error) from None
        return answer, {word: value for word, value in call.trailing_metadata() if isinstance(value, str)}


@dataclass
class Refused(Exception):
    """code: its name. problem: the object of the REST API; empty where the server said nothing of its own."""

    code: str
    message: str
    problem: Mapping[str, Any]
    details: Mapping[str, Any]
    metadata: Mapping[str, Any]

    @classmethod
    def of(cls, error: Any) -> Refused:
        status = rpc_status.from_call(error)
        packed = [] if status is None else [MessageToDict(detail) for detail in status.details]
        details = {detail.pop("@type").rpartition(".")[2]: detail for detail in packed}
        problem = details.pop("Struct", {}).get("value", {})
        return cls(error.code().name, error.details(), problem, details, dict(error.trailing_metadata() or ()))


def to_json(message: Message) -> dict[str, Any]:
    """By protobuf's own writing; what travels in `additional` stands where it does in JSON."""
    return _lifted(MessageToDict(message, preserving_proto_field_name=True))


def _lifted(value: Any) -> Any:
    if isinstance(value, list):
        return [_lifted(item) for item in value]
    if not isinstance(value, dict):
        return value
    more = value.get("additional", {})
    return {name: _lifted(item) for name, item in {**value, **more}.items() if name != "additional"}


def struct(data: Mapping[str, Any]) -> Struct:
    found = Struct()
    found.update(data)
    return found
