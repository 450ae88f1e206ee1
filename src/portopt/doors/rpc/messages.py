"""Messages to what the REST API has in JSON, and back; the one place that touches a field named `return`, no name of Python's.

Names are the same on both sides. A field that is not set is absent in JSON, null in JSON is a field that is not set. What JSON
holds beside the fields of a message travels in its `additional`, so that nothing is lost on the way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from portopt.domain.errors import InvalidValue

if TYPE_CHECKING:
    from google.protobuf.message import Message

ADDITIONAL = "additional"
ROW = "Row"  # a message that is a list in JSON
EXACT = 2**53  # below it a double that is whole is that whole number
INT32 = 2**31


def to_data(message: Message, path: str = "") -> dict[str, Any]:
    """What is set, as JSON has it. path: of the message, for refusals. Raises InvalidValue."""
    found = {field.name: _data(field, value, _at(path, field.name)) for field, value in message.ListFields()}
    more = found.pop(ADDITIONAL, {})
    for name in more:
        if name in found:
            raise InvalidValue(_at(path, f"{ADDITIONAL}.{name}"), name, "is given twice", fix="give it in its field alone")
    return {**found, **more}


def fill(message: Message, data: Mapping[str, Any]) -> None:
    """Set what the message has fields for, and put the rest into its `additional` where it has one."""
    fields: Mapping[str, Any] = message.DESCRIPTOR.fields_by_name
    rest: dict[str, Any] = {}
    for name, value in data.items():
        field = fields.get(name)
        if value is not None and (field is None or name == ADDITIONAL or not _set(message, field, value)):
            rest[name] = value
    if rest and ADDITIONAL in fields:
        getattr(message, ADDITIONAL).update(rest)


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _data(field: Any, value: Any, path: str) -> Any:
    if not field.is_repeated:
        return _one(field, value, path)
    if _is_map(field):
        inner = _values_of(field)
        return {key: _one(inner, value[key], _at(path, key)) for key in value}
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return _finite_all(value, path)
    return [_one(field, item, f"{path}[{i}]") for i, item in enumerate(value)]


def _one(field: Any, value: Any, path: str) -> Any:
    if field.message_type is None:
        return _finite(value, path) if isinstance(value, float) else value
    if isinstance(value, Struct):
        return object_of(value, path)
    if isinstance(value, Timestamp):
        return value.ToJsonString()
    if field.message_type.name == ROW:
        return _finite_all(value.values, path)
    return to_data(value, path)


def _finite(value: float, path: str) -> float:
    if not math.isfinite(value):
        raise InvalidValue(path, str(value), "is not a finite number", fix="send a finite number, or leave it out")
    return value


def _finite_all(values: Iterable[float], path: str) -> list[float]:
    found = list(values)
    if not math.isfinite(sum(found)):  # one look at all of them; the sum of what is finite may still be too large
        for i, value in enumerate(found):
            _finite(value, f"{path}[{i}]")
    return found


def object_of(value: Struct, path: str = "") -> dict[str, Any]:
    """A Struct as JSON has it: a number that is whole is a whole number. Raises InvalidValue."""
    return {name: _any(item, _at(path, name)) for name, item in value.fields.items()}


def _any(value: Value, path: str) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        number = _finite(value.number_value, path)
        return int(number) if number.is_integer() and abs(number) < EXACT else number
    if kind == "struct_value":
        return object_of(value.struct_value, path)
    if kind == "list_value":
        return [_any(item, f"{path}[{i}]") for i, item in enumerate(value.list_value.values)]
    return None if kind in (None, "null_value") else getattr(value, kind)


def _set(message: Message, field: Any, value: Any) -> bool:
    """False for what does not fit, and then nothing is set."""
    if _is_map(field):
        return _set_map(getattr(message, field.name), field, value)
    if field.is_repeated:
        return _set_list(message, field, value)
    if field.message_type is not None:
        return _set_message(getattr(message, field.name), value)
    fitting = _fitting(field, value)
    if fitting is not None:
        setattr(message, field.name, fitting)
    return fitting is not None


def _set_map(container: Any, field: FieldDescriptor, value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    inner = _values_of(field)
    fitting = {name: _fitting(inner, item) for name, item in value.items() if item is not None}
    if None in fitting.values():
        return False
    container.update(fitting)
    return True


def _set_list(message: Message, field: FieldDescriptor, value: Any) -> bool:
    if not isinstance(value, list):
        return False
    container = getattr(message, field.name)
    if field.message_type is None:
        fitting = [_fitting(field, item) for item in value]
        if None in fitting:
            return False
        container.extend(fitting)
        return True
    if not all(_set_message(container.add(), item) for item in value):
        message.ClearField(field.name)
        return False
    return True


def _set_message(message: Message, value: Any) -> bool:
    if isinstance(message, Timestamp):
        return _set_instant(message, value)
    if message.DESCRIPTOR.name == ROW and isinstance(value, list):
        return _set(message, message.DESCRIPTOR.fields_by_name["values"], value)
    if not isinstance(value, Mapping):
        return False
    if isinstance(message, Struct):
        message.update(value)
        return True
    message.SetInParent()
    fill(message, value)
    return True


def _set_instant(message: Timestamp, value: Any) -> bool:
    """A date is its midnight UTC."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    message.FromDatetime(found.astimezone(UTC) if found.tzinfo else found)
    return True


def _fitting(field: FieldDescriptor, value: Any) -> Any:
    """The value as the field holds it; None where it does not."""
    if field.type == FieldDescriptor.TYPE_BOOL or isinstance(value, bool):
        return value if isinstance(value, bool) and field.type == FieldDescriptor.TYPE_BOOL else None
    if field.type == FieldDescriptor.TYPE_STRING:
        return value if isinstance(value, str) else None
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return _number(value)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return value if isinstance(value, bytes) else None
    return value if isinstance(value, int) and -INT32 <= value < INT32 else None


def _number(value: Any) -> float | None:
    """Money is a text in some of our JSON."""
    if not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


@cache
def _is_map(field: Any) -> bool:
    kind = field.message_type
    return bool(kind is not None and kind.GetOptions().map_entry)


def _values_of(field: Any) -> FieldDescriptor:
    """Of a map."""
    found: FieldDescriptor = field.message_type.fields_by_name["value"]
    return found
