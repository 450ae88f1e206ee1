"""How an answer or a problem reaches a person or a program: one JSON document on stdout, or words.

A command returns an `Answer`. `show` prints it; `show_problem` prints what went wrong. Nothing else writes to stdout.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

JSON_OPTION = typer.Option("--json", help="Print one JSON document on stdout: the answer, or the problem object.")
Json = Annotated[bool, JSON_OPTION]
BROKEN_PIPE = 141  # 128 + SIGPIPE, what every other tool in a pipe says
WIDTH_OF_A_FILE = 120


@dataclass(frozen=True, slots=True)
class Answer:
    """document: what --json prints. human: prints the same for people. exit_code: 0, or 1 for a check that failed."""

    document: Any
    human: Callable[[Console], None]
    exit_code: int = 0


class Faults(logging.Handler):
    """Faults of ours that an answer goes without: the traceback into a file of its own, its name on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        from portopt.commands.refusals import write_log

        fault = record.exc_info[1] if record.exc_info else None
        log = write_log(fault) if isinstance(fault, Exception) else None
        sys.stderr.write(f"{record.getMessage()}{f'; {log} has why' if log else ''}\n")


FAULTS = Faults()


def keep_faults_in_files() -> None:
    """For this process: no traceback on a terminal."""
    logging.getLogger("portopt.analysis.attempts").addHandler(FAULTS)


def words(*lines: str) -> Callable[[Console], None]:
    """A human voice that says these lines, as they are."""

    def say(console: Console) -> None:
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return say


def show(answer: Answer, *, as_json: bool) -> int:
    if as_json:
        print_json(answer.document)
    else:
        answer.human(console(sys.stdout))
    sys.stdout.flush()
    return answer.exit_code


def show_problem(problem: Mapping[str, Any], *, as_json: bool) -> None:
    """The problem object on stdout, or the same in words on stderr."""
    if as_json:
        print_json(problem)
        sys.stdout.flush()
        return
    try:
        from portopt.reports.console import print_problem

        print_problem(problem, console(sys.stderr))
    except BrokenPipeError:
        raise
    except Exception as error:  # the way to say what went wrong is itself broken: say it without any help
        sys.stderr.write(f"{problem['title']} ({problem['code']}): {problem['detail']}\n(and to print it: {error!r})\n")


def print_json(document: Any) -> None:
    from portopt.domain.canonical import plain

    tidy = plain(document)
    text = json.dumps(tidy, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:  # a name from the command line that is not UTF-8
        raw = (json.dumps(tidy, indent=2, allow_nan=False) + "\n").encode("ascii")
    sys.stdout.flush()
    sys.stdout.buffer.write(raw)


def console(stream: Any) -> Console:
    """A console for a terminal of any width, or a fixed width for a file or a pipe."""
    from rich.console import Console

    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")  # a locale without ✓ gets ?, not a traceback
    width = None if stream.isatty() or os.environ.get("COLUMNS") else WIDTH_OF_A_FILE
    return Console(file=stream, width=width, highlight=False, emoji=False)


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
