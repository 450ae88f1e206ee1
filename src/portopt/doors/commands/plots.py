"""The drawing of an answer in a file beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from portopt.doors.commands.surface import aside


def write_plot(draw: Callable[[Any], str], document: Any, path: Path) -> None:
    """The drawing of an answer; where there can be none, a sentence on stderr. Raises InvalidValue for a wrong place."""
    from portopt.analysis import Attempts
    from portopt.domain.errors import InvalidValue

    said = Attempts()
    drawing = said.attempt("the drawing", lambda: draw(document))
    for left in said.left_out:
        aside(left.sentence)
    if drawing is None:
        return
    try:
        path.write_text(drawing, encoding="utf-8")
    except OSError as error:
        raise InvalidValue("--plot", str(path), f"cannot be written: {error.strerror or error}") from None
