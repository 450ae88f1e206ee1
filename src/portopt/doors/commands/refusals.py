"""Everything that can go wrong at the command line, as one tree of errors: usage, settings, and the truly unexpected."""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portopt.domain.errors import PortoptError, RequestError
from portopt.domain.text import visible


class UsageError(RequestError):
    """A command line that means nothing: an unknown command or option, an argument missing or not of its type."""

    code = "usage_error"
    status = 400


def as_portopt_error(error: Exception) -> PortoptError:
    """The error itself where it is ours, a UsageError for the parser's, an internal error with its log for the rest."""
    if isinstance(error, PortoptError):
        return error
    if hasattr(error, "format_message"):  # the parser's exceptions; their module differs between Typer's versions
        return usage_error(error)
    return internal_error(error)


def is_help(error: Exception) -> bool:
    """No command at all: the parser answers with its help."""
    return type(error).__name__ == "NoArgsIsHelpError"


def print_help(error: Any) -> int:
    sys.stderr.write(f"{visible(error.format_message())}\n")
    return 2


def usage_error(error: Any) -> UsageError:
    """What the parser refused, with the nearest name it knows."""
    context = getattr(error, "ctx", None)
    command = getattr(context, "command", None)
    message = str(error.format_message()).strip().replace("\n\t", " ")
    field, value, known = _asked(error, command, message)
    near = difflib.get_close_matches(str(value), known, n=1, cutoff=0.5) if known else []
    path = getattr(context, "command_path", "portopt")
    return UsageError(
        "a command is needed" if is_help(error) else message.split(" (Possible options")[0].split(" Did you mean")[0].rstrip(),
        field=field,
        value=value,
        measured={"known": known} if known else {},
        fixes=[*(f"use {name}" for name in near), f"`{path} --help` lists what there is"],
    )


def _asked(error: Any, command: Any, message: str) -> tuple[str | None, str | None, list[str]]:
    """Field, value and the names known there: of an unknown option, an unknown command, or a bad or missing value."""
    if getattr(error, "possibilities", None) is not None or message.startswith("No such option"):
        return "option", getattr(error, "option_name", None), _options(command)
    if message.startswith("No such command"):
        return "command", message.split("'")[1], _commands(command)
    if is_help(error):
        return "command", None, _commands(command)
    param = getattr(error, "param", None)
    if param is None:
        return getattr(error, "option_name", None), None, []
    return next((name for name in param.opts if name.startswith("-")), param.metavar or param.name), None, []


def _options(command: Any) -> list[str]:
    return sorted(
        {name for param in getattr(command, "params", ()) for name in param.opts if name.startswith("--")} | {"--help"}
    )


def _commands(command: Any) -> list[str]:
    return sorted(getattr(command, "commands", None) or ())


def internal_error(error: Exception) -> PortoptError:
    """An error of ours: what a person needs to report it, and where the details are."""
    log = write_log(error)
    return PortoptError(
        f"{type(error).__name__}: {str(error)[:300]}",
        measured={"log": log} if log else {},
        fixes=["report this with the log file" if log else "run it again with PORTOPT_DEBUG=1 and report what it prints"],
    )


def write_log(error: Exception, arguments: Sequence[str] | None = None) -> str | None:
    """The traceback in a file of its own; None where no folder can be written to."""
    now = datetime.now(UTC)
    command = " ".join(sys.argv[1:] if arguments is None else arguments)
    text = f"{now.isoformat()}\nportopt {command}\n\n" + "".join(traceback.format_exception(error))
    home = os.environ.get("PORTOPT_HOME")
    for folder in ([Path(home) / "errors"] if home else []) + [Path(tempfile.gettempdir())]:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f"portopt-{now:%Y%m%dT%H%M%SZ}-", suffix=".log", dir=folder, text=True)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue  # the next folder; the problem object says so when there is none
        return name
    return None
