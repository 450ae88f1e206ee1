"""What a manager asks next, answered in sentences; and what the run itself warned of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portopt.reports.markup.elements import prose
from portopt.reports.through_time import words
from portopt.reports.through_time.markup.parts import note, part

Row = Mapping[str, Any]


def verdict(document: Row) -> str:
    """The first sentence stands under the title already."""
    _, *rest = words.sentences(document)
    items = "".join(f"<li>{prose(sentence)}</li>" for sentence in rest)
    return part("Verdict", "", _warnings(document.get("warnings") or ()), f'<ul class="said">\n{items}\n</ul>')


def _warnings(warnings: Any) -> str:
    told = [w if isinstance(w, str) else str(w.get("sentence") or w.get("detail") or w) for w in warnings]
    return note("Warnings", [prose(each) for each in told])
