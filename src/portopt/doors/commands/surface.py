"""How an answer or a problem reaches a person or a program: one JSON document on stdout, or words.

A command returns a `Shown`. `show` prints it; `show_problem` prints what went wrong. Nothing else writes to stdout.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.domain.text import visible

if TYPE_CHECKING:
    from rich.console import Console

JSON_OPTION = typer.Option("--json", help="Print one JSON document on stdout: the answer, or the problem object.")
Json = Annotated[bool, JSON_OPTION]
BROKEN_PIPE = 141  # 128 + SIGPIPE, what every other tool in a pipe says
WIDTH_OF_A_FILE = 120


@dataclass(frozen=True, slots=True)
class Shown:
    """document: what --json prints, or what makes it, where people have no use for it. human: prints the same for people.

    exit_code: 0, or 1 for a check that failed.
    """

    document: Any
    human: Callable[[Console], None]
    exit_code: int = 0


class Faults(logging.Handler):
    """Faults of ours that an answer goes without: the traceback into a file of its own, its name on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        from portopt.doors.commands.refusals import write_log

        fault = record.exc_info[1] if record.exc_info else None
        log = write_log(fault) if isinstance(fault, Exception) else None
        aside(f"{record.getMessage()}{f'; {log} has why' if log else ''}")


class Told(logging.Handler):
    """What the engine does, a line each on stderr, with the seconds since the command began."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.began = time.perf_counter()

    def emit(self, record: logging.LogRecord) -> None:
        where = record.name.removeprefix("portopt.")
        aside(f"{time.perf_counter() - self.began:7.3f} s  {where}  {record.getMessage()}")


FAULTS = Faults()


def keep_faults_in_files() -> None:
    """For this process: no traceback on a terminal."""
    logging.getLogger("portopt.analysis.attempts").addHandler(FAULTS)


def tell_what_is_done() -> None:
    """For this process: every line of the house's own logs. None of it is in a document, and no setting's value in a line."""
    house = logging.getLogger("portopt")
    if not any(isinstance(handler, Told) for handler in house.handlers):
        house.addHandler(Told())
    house.setLevel(logging.DEBUG)


def aside(sentence: str) -> None:
    """What is said beside the answer, on stderr."""
    sys.stderr.write(f"{visible(sentence)}\n")
    sys.stderr.flush()


def say_now(document: Mapping[str, Any], *lines: str) -> None:
    """What a command says while it still runs: one line of JSON where --json was given, else these lines."""
    from portopt.domain.canonical import plain
    from portopt.domain.streams import write_document

    if sys.stdout is sys.stderr:  # stdout is kept for documents: --json
        write_document(json.dumps(plain(document)) + "\n")
        return
    for line in lines:
        sys.stdout.write(f"{visible(line)}\n")
    sys.stdout.flush()


def words(*lines: str) -> Callable[[Console], None]:
    """A human voice that says these lines, as they are."""

    def say(console: Console) -> None:
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return say


def show(answer: Shown, *, as_json: bool) -> int:
    if as_json:
        print_json(answer.document() if callable(answer.document) else answer.document)
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
        from portopt.reports.terminal import print_problem

        print_problem(problem, console(sys.stderr))
    except BrokenPipeError:
        raise
    except Exception as error:  # the way to say what went wrong is itself broken: say it without any help
        aside(f"{problem['title']} ({problem['code']}): {problem['detail']}\n(and to print it: {error!r})")


def print_json(document: Any) -> None:
    from portopt.domain.canonical import plain

    text = json.dumps(plain(document), indent=2, ensure_ascii=False, allow_nan=False)
    # What a terminal would act on can only stand inside a string, where JSON has a spelling for it.
    text = UNSEEN.sub(_as_json, text) + "\n"
    sys.stdout.flush()
    raw = getattr(sys.stdout, "buffer", None)  # a notebook's output, or one that is caught, takes text alone
    if raw is None:
        sys.stdout.write(text)
    else:
        raw.write(text.encode())


# JSON itself spells the controls below a blank; these are the others, halves of characters among them.
UNSEEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def _as_json(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def console(stream: Any) -> Console:
    """A console for a terminal of any width, or a fixed width for a file or a pipe."""
    from portopt.doors.commands.terminal import Terminal

    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")  # a locale without ✓ gets ?, not a traceback
    width = None if stream.isatty() or os.environ.get("COLUMNS") else WIDTH_OF_A_FILE
    return Terminal(file=stream, width=width, highlight=False, emoji=False)
