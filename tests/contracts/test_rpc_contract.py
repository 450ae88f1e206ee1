"""The contract of the gRPC API: what is generated is of it, and it breaks nothing of the specification's printed text."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet

REPOSITORY = Path(__file__).parents[2]
OURS = REPOSITORY / "src" / "portopt" / "doors" / "rpc"
PRINTED = REPOSITORY / "tests" / "golden" / "proto"
CONFIG = REPOSITORY / "config" / "buf.yaml"
NAME = Path("portfolio_optimization") / "v1" / "portfolio_optimization.proto"
FIRST_OF_OURS = 100
DIGEST = "0f95b3e9af5896dee640dca2c7dceb58e8447acc7bf3859bba764519242f16ed"
# What resolutions.md adds under numbers of its own.
SETTLED = {"OptimizationPreferences.risk_free_rate": 5, "RebalancePlanRequest.target_weights": 4}


def protoc(root: Path, *options: str) -> None:
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{root}", *options, str(NAME)], check=True, cwd=REPOSITORY)


def compiled(root: Path, out: Path) -> FileDescriptorProto:
    protoc(root, f"--descriptor_set_out={out}")
    return FileDescriptorSet.FromString(out.read_bytes()).file[0]


def buf(command: str, root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    buf_bin = shutil.which("buf", path=str(Path(sys.executable).parent)) or "buf"
    told = [buf_bin, command, str(root), "--config", str(CONFIG), *options]
    return subprocess.run(told, capture_output=True, text=True, check=False)


def test_what_is_checked_in_is_what_the_contract_generates(tmp_path: Path) -> None:
    protoc(OURS, f"--python_out={tmp_path}")
    generated = NAME.with_name("portfolio_optimization_pb2.py")
    assert (tmp_path / generated).read_bytes() == (OURS / generated).read_bytes()


def test_nothing_of_the_printed_text_is_broken() -> None:
    found = buf("breaking", OURS, "--against", str(PRINTED))
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("optional double risk = 2;", "optional double risk = 22;"),
        ("string instrument_id = 1;", "string asset_id = 1;"),
        ("repeated Trade trades = 6;", "Trade trades = 6;"),
        ("optional int32 priority = 6;", "optional string priority = 6;"),
        ("rpc GetOptimization(", "rpc FindOptimization("),
    ],
)
def test_a_break_is_seen(tmp_path: Path, was: str, becomes: str) -> None:
    text = (OURS / NAME).read_text()
    assert was in text
    (tmp_path / NAME).parent.mkdir(parents=True)
    (tmp_path / NAME).write_text(text.replace(was, becomes))
    assert buf("breaking", tmp_path, "--against", str(PRINTED)).returncode != 0


def test_the_contract_is_written_as_others_are() -> None:
    found = buf("lint", OURS)
    assert (found.returncode, found.stdout) == (0, "")


def test_what_we_add_to_the_printed_messages_begins_at_100(tmp_path: Path) -> None:
    printed = {name: field.number for name, field in fields(compiled(PRINTED, tmp_path / "printed"))}
    messages = {name.partition(".")[0] for name in printed}
    ours = dict(fields(compiled(OURS, tmp_path / "ours")))
    assert {name: ours[name].number for name in printed} == printed
    added = {name: field.number for name, field in ours.items() if name.partition(".")[0] in messages and name not in printed}
    assert {name: number for name, number in added.items() if number < FIRST_OF_OURS} == SETTLED


def test_what_may_be_absent_differs_from_zero(tmp_path: Path) -> None:
    """Numbers and flags of what S2 asks and answers; Trade.quantity is always there."""
    number = (FieldDescriptorProto.TYPE_DOUBLE, FieldDescriptorProto.TYPE_INT32, FieldDescriptorProto.TYPE_BOOL)
    printed = {name for name, _ in fields(compiled(PRINTED, tmp_path / "printed"))}
    implicit = {
        name
        for name, field in fields(compiled(OURS, tmp_path / "ours"))
        if field.type in number and field.label == FieldDescriptorProto.LABEL_OPTIONAL and not field.proto3_optional
    }
    assert implicit & printed == {"Trade.quantity"}


def test_the_printed_text_stays_as_it_is_printed() -> None:
    """One changed digit in it would hide a break."""
    assert hashlib.sha256((PRINTED / NAME).read_bytes()).hexdigest() == DIGEST


def fields(file: FileDescriptorProto) -> Iterator[tuple[str, FieldDescriptorProto]]:
    """Of every message, maps' own aside."""
    for message in file.message_type:
        yield from of_message(message)


def of_message(message: DescriptorProto) -> Iterator[tuple[str, FieldDescriptorProto]]:
    for field in message.field:
        yield f"{message.name}.{field.name}", field
