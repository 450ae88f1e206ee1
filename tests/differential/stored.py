"""The stored requests: what is asked of every version of the code, word for word, whatever its modules are called.

A request is either commands of the command line, with the files they read, or one call of a public function. `requests.json.gz`
holds them all; `make_requests.py` wrote it. (A module called requests would stand before the library of that name.)
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

STORE = Path(__file__).with_name("requests.json.gz")
LONG = 400  # characters; what is longer is written once and named where it stands
PART = "part of the store"


@dataclass(frozen=True)
class Request:
    """One request. name: its place among the answers, `family/…`.

    files: name to text, or to what is written as JSON. commands: words in order; {run} is the id of the run made last.
    call: a public function in place of commands, and its arguments; those of `ask` where the function takes a question.
    """

    name: str
    files: Mapping[str, Any] = field(default_factory=dict)
    commands: tuple[tuple[str, ...], ...] = ()
    call: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    asked: Mapping[str, Any] | None = None


def command(name: str, *words: str, **files: Any) -> Request:
    """One command that answers in JSON. files: documents by their files' names without `.json`."""
    return Request(name, {f"{stem}.json": document for stem, document in files.items()}, ((*words, "--json"),))


def stored(store: Path = STORE) -> list[Request]:
    """Every stored request, in order."""
    found = json.loads(gzip.decompress(store.read_bytes()))
    parts = found["parts"]
    return [_request({name: whole(value, parts) for name, value in entry.items()}) for entry in found["requests"]]


def _request(entry: dict[str, Any]) -> Request:
    return Request(**{**entry, "commands": tuple(tuple(words) for words in entry.get("commands", ()))})


def store(requests: Iterable[Request], into: Path = STORE) -> int:
    """Write them, the same bytes for the same requests; gives how many bytes. Raises ValueError for a name given twice."""
    parts: dict[str, Any] = {}
    entries = [{name: taken_apart(value, parts) for name, value in asdict(r).items() if value} for r in requests]
    names = [entry["name"] for entry in entries]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"named twice: {sorted(twice)}")
    text = json.dumps({"parts": parts, "requests": entries}, separators=(",", ":"), ensure_ascii=False)
    packed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    into.write_bytes(packed)
    return len(packed)


def taken_apart(value: Any, parts: dict[str, Any]) -> Any:
    """The value with its long lists and texts among the parts."""
    if isinstance(value, Mapping):
        return {key: taken_apart(item, parts) for key, item in value.items()}
    if _of_objects(value):
        return [taken_apart(item, parts) for item in value]
    text = json.dumps(value)
    if len(text) < LONG:
        return value
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
    parts[name] = value
    return {PART: name}


def whole(value: Any, parts: Mapping[str, Any]) -> Any:
    """The value with its parts in their places again."""
    if isinstance(value, dict):
        return parts[value[PART]] if PART in value else {key: whole(item, parts) for key, item in value.items()}
    return [whole(item, parts) for item in value] if _of_objects(value) else value


def _of_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)
