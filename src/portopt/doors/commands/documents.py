"""The documents that a command line names: JSON in a file or on standard input, and the values of `--set`."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portopt.dialects.portfolio import Wish
    from portopt.domain.request import OptimizationRequest


def read_document(name: str, what: str) -> Any:
    """The JSON value in a file, or on stdin for `-`. Raises FileNotReadable or MalformedDocument."""
    from portopt.dialects.reading import parse_json

    return parse_json(read_bytes(name, what))


def read_bytes(name: str, what: str) -> bytes:
    """At most one byte more than a document may have; `parse_json` refuses that one."""
    from portopt.dialects.reading import MAX_DOCUMENT_BYTES
    from portopt.domain.errors import FileNotReadable

    most = MAX_DOCUMENT_BYTES + 1
    if name == "-":
        return sys.stdin.buffer.read(most)
    try:
        with Path(name).open("rb") as file:
            return file.read(most)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or str(error)
        from portopt.adapters.providers.reading import near_files  # brings Polars: only for a file that is not there

        fixes = [*near_files(Path(name), [".json"]), "name a JSON file, or - for stdin"]
        raise FileNotReadable(f"cannot read {what} {name!r}: {why}", field=what, value=name, fixes=fixes) from None


def read_strategy_request(name: str) -> OptimizationRequest:
    """S1's request, in a file."""
    from portopt.dialects.strategy import read_request

    return read_request(read_document(name, "request"))


def read_wish_of(path: str) -> Wish:
    """S2's request, of optimization or of rebalance."""
    from portopt.dialects.portfolio import read_wish

    return read_wish(read_document(path, "request"))


def read_sets(sets: Sequence[str]) -> dict[str, Any]:
    """["limits.max_weight=0.12"] as {path: value}. Values are JSON where they are JSON, texts otherwise."""
    from portopt.dialects.reading import parse_json
    from portopt.domain.errors import InvalidValue, MalformedDocument

    changes: dict[str, Any] = {}
    for item in sets:
        path, equals, value = item.partition("=")
        if not equals or not all(path.split(".")):
            raise InvalidValue("--set", item, "is not PATH=VALUE", fix="--set limits.max_weight=0.12")
        try:
            changes[path.strip()] = parse_json(value)
        except MalformedDocument:
            if value.lstrip()[:1] in ("{", "[", '"'):
                raise
            changes[path.strip()] = _number_or_text(value)
    return changes


def _number_or_text(value: str) -> float | str:
    """ ".21" is a number to a person, though not to JSON."""
    try:
        number = float(value)
    except ValueError:
        return value
    return number if math.isfinite(number) else value
