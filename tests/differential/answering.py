"""One stored request asked of the code that is on the path, by what keeps its place: the public names and the command line."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import io
import json
import os
import re
import shutil
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from stored import Request

# What a clock said, by the name of its field; nothing else is left out of an answer.
CLOCKS = ("optimization_time_ms", "created_at")
PLACES = ("HOME", "FOLDER")  # stand for the two folders of a run wherever their paths are told
TEXTS = (".csv", ".html", ".json", ".svg")


def start(home: Path) -> None:
    """Make this process one that answers: a home of its own, no settings of the user's, one thread."""
    for name in [name for name in os.environ if name.startswith(("PORTOPT_", "PREFECT_"))]:
        del os.environ[name]
    os.environ["PORTOPT_HOME"] = str(home)


def answered(request: Request, folder: Path) -> dict[str, Any]:
    """What is answered, refusals and faults too, with neither times nor places. folder: for its files, emptied first."""
    before = Path.cwd()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in request.files.items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    os.chdir(folder)
    try:
        said = [_called(request)] if request.call else _commanded(request.commands)
        answer = {"request": request.name, "answers": said, "files": written(folder, set(request.files))}
    finally:
        os.chdir(before)
    return placeless(timeless(plain(answer)), (os.environ["PORTOPT_HOME"], str(folder)))


def _commanded(commands: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    run = ""
    for words in commands:
        said.append(_heard([word.replace("{run}", run) for word in words]))
        document = said[-1].get("document")
        run = document.get("run_id") or run if isinstance(document, dict) else run
    return said


def _heard(words: list[str]) -> dict[str, Any]:
    """One command: its exit code, and its document or, without --json, its lines."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    code = 0
    with _own_streams(words), contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        try:
            main_of_checkout()(words)
        except SystemExit as end:
            code = int(end.code or 0)
        except Exception as fault:
            return {"fault": type(fault).__name__}
    out.flush()
    text = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
    with contextlib.suppress(ValueError):  # of help, which is no document
        return {"exit": code, **({"document": json.loads(text)} if "--json" in words else {"lines": text.splitlines()})}
    return {"exit": code, "lines": text.splitlines()}


@contextlib.contextmanager
def _own_streams(words: Sequence[str]) -> Iterator[None]:
    """Standard input is the request's file where it is asked for; output stays open, though a command closes it for good."""
    kept, stdin = os.dup(1), sys.stdin
    try:
        if "-" in words:
            sys.stdin = io.TextIOWrapper(io.BytesIO(Path("request.json").read_bytes()), encoding="utf-8")
        yield
    finally:
        sys.stdin = stdin
        os.dup2(kept, 1)
        os.close(kept)


@cache
def main_of_checkout() -> Callable[[list[str]], None]:
    """The entry point that the checkout under test declares; an installed one may be another version's."""
    checkout = Path(importlib.import_module("portopt").__file__ or "").parents[2]
    declared = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]["portopt"]
    module, _, name = declared.partition(":")
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


def _called(request: Request) -> dict[str, Any]:
    """A public function's value as data; a refusal as its problem object."""
    portopt = importlib.import_module("portopt")
    try:
        question = () if request.asked is None else (portopt.ask(**_values(request.asked)),)
        return {"value": shown(getattr(portopt, request.call)(*question, **_values(request.arguments)))}
    except portopt.PortoptError as refusal:
        return {"refused": refusal.problem()}
    except Exception as fault:
        return {"fault": type(fault).__name__}


def _values(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as a notebook has them: a choice of estimators is a value of ours, returns named by their file a frame."""
    values = dict(arguments)
    if "estimation" in values:
        values["estimation"] = importlib.import_module("portopt").EstimationChoice(**values["estimation"])
    if isinstance(values.get("returns"), str):
        values["returns"] = importlib.import_module("polars").read_csv(values["returns"])
    return values


ALLOCATION = ("weights", "expected_return", "volatility", "sharpe_ratio", "notes", "certificate")


def shown(value: Any) -> dict[str, Any]:
    """What the value of a public function says, and how a notebook draws it."""
    says = dict(value) if isinstance(value, Mapping) else {}
    says |= {name: getattr(value, name) for name in (*ALLOCATION, "document", "run_id") if hasattr(value, name)}
    if "optimization_metadata" in (says.get("document") or {}):  # a choice of weights tells how long it took
        metadata = {k: v for k, v in says["document"]["optimization_metadata"].items() if k != "optimization_time_ms"}
        says["document"] = {**says["document"], "optimization_metadata": metadata}
    for name in ("_repr_html_", "_repr_svg_"):
        drawn = getattr(value, name)() if hasattr(value, name) else None
        says |= {name: drawn.splitlines()} if drawn else {}
    for name in ("trades", "positions"):
        says |= {name: getattr(value, name).to_dicts()} if hasattr(value, name) and says.get("document") else {}
    return says


def written(folder: Path, given: set[str]) -> dict[str, Any]:
    """The files that were not given, by name: texts line by line, workbooks part by part, of others that they are there."""
    made = sorted(path for path in folder.rglob("*") if path.is_file() and str(path.relative_to(folder)) not in given)
    return {str(path.relative_to(folder)): _content(path) for path in made}


def _content(path: Path) -> Any:
    if path.suffix in TEXTS:
        return path.read_text(encoding="utf-8").splitlines()
    if path.suffix != ".xlsx":
        return "there"
    with zipfile.ZipFile(path) as book:
        return {name: book.read(name).decode().splitlines() for name in sorted(book.namelist()) if name.endswith(".xml")}


def plain(value: Any) -> Any:
    """What JSON can hold, keys in the order in which they are told."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.compare}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return value if isinstance(value, str | int | float | None) else str(value)


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if key not in CLOCKS}
    return [timeless(item) for item in value] if isinstance(value, list) else value


def placeless(value: dict[str, Any], places: Sequence[str]) -> dict[str, Any]:
    text = json.dumps(value, ensure_ascii=False)
    for place, name in zip(places, PLACES, strict=True):
        text = text.replace(place, name)
    return dict(json.loads(text))


def file_name(request: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", request.replace("/", "--")) + ".json"
