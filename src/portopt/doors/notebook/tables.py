"""The command line's tables where there is no terminal: as text, and as the HTML of an output cell."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 120
FONT = "ui-monospace,Menlo,Consolas,monospace"
CELL = f'<pre style="white-space:pre;overflow-x:auto;line-height:1.3;font-family:{FONT}">{{code}}</pre>'


def as_text(say: Callable[[Console], None]) -> str:
    """What the command line prints, without colours and without blanks at the ends of lines."""
    out = io.StringIO()
    say(_console(out))
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip("\n").split("\n"))


def as_html(say: Callable[[Console], None]) -> str:
    """The same with its colours; inline styles only, everything escaped."""
    console = _console(io.StringIO(), record=True)
    say(console)
    return console.export_html(inline_styles=True, code_format=CELL)


def _console(out: io.StringIO, *, record: bool = False) -> Console:
    from portopt.doors.commands.terminal import Terminal

    width = int(os.environ.get("COLUMNS") or WIDTH)
    return Terminal(file=out, width=width, record=record, highlight=False, emoji=False, color_system=None)
