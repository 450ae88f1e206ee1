"""Errors as the command line tells them, where a notebook shows one: what was asked, what was measured, what would fix it.

A refusal is an answer: its traceback leads into this product and helps nobody who asked. `except PortoptError` sees it as ever.
"""

from __future__ import annotations

import traceback
from functools import partial

from portopt.domain.errors import PortoptError
from portopt.doors.notebook.tables import as_html, as_text
from portopt.reports.terminal import print_problem

INTERNAL = PortoptError.code  # an error of ours keeps its traceback


def shown_as_tables() -> None:
    """From here on IPython shows every error of ours in words, raised or looked at."""
    for name, voice in (("_repr_html_", _html), ("_render_traceback_", _lines)):
        setattr(PortoptError, name, voice)


def _html(error: PortoptError) -> str:
    return as_html(partial(print_problem, error.problem()))


def _lines(error: PortoptError) -> list[str]:
    """In the place of a traceback."""
    if error.code == INTERNAL:
        return traceback.format_exception(error)
    return as_text(partial(print_problem, error.problem())).split("\n")
