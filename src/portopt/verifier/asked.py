"""Does the program ask what the limits ask? Its rows and bounds against each limit's own definition, at a book drawn blindly.

Of a row on weights alone, a'w, and of a limit's reading both are linear in the book (or a size of one weight's change), so that
two that leave the same room at a book that knows of neither are the same row: that different ones agree there has no chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from portopt.verifier.book import Held, Question
from portopt.verifier.ledger import Ledger, Path
from portopt.verifier.limits import READERS, readings
from portopt.verifier.reading import NotRead, Reading

SEED = 20221228
AGREE = 1e-9


def check_program(ledger: Ledger, q: Question, within: Path) -> None:
    """Every hard limit whose rows and bounds speak of weights alone."""
    if q.rows is None:
        return
    drawn = np.random.default_rng(SEED).dirichlet(np.ones(len(q.ids)))
    held, same = Held("drawn", [Fraction(round(w * 10**9), 10**9) for w in drawn.tolist()]), 0
    for limit in q.limits:
        kind = limit["kind"]
        told = list(_rooms(kind, held, q))
        if limit["soft"] or kind not in READERS or not told or any(room is None for room, _ in told):
            continue
        try:
            read = sorted(_room(reading) for reading in readings(limit, held, q) if _sides(reading))
        except NotRead:
            continue
        rooms = sorted(float(room) for room, _ in told if room is not None and math.isfinite(room))
        if not _alike(rooms, read):
            ledger.fault((*within, "program"), f"what the program asks for {kind}", f"room of {_few(rooms)}", _few(read))
            continue
        same += 1
        ledger.recomputed |= {(*within, "program", *place) for _, places in told for place in places}
    ledger.said.append(f"program: the rows of {same} limits ask what their definitions ask, at a book drawn blindly")


def _rooms(kind: str, held: Held, q: Question) -> Iterator[tuple[float | None, list[Path]]]:
    """(what a bound on one weight, or a row, leaves in the limit's unit, where its numbers stand); None beyond weights."""
    told: Mapping[str, Any] = q.rows or {}
    n, bounds, rows = len(q.ids), told["bounds"], told["rows"]
    by_column: dict[int, float] = {}
    places: dict[int, list[Path]] = {}
    for start, stop, limit in told["bound_limits"]:
        for k in range(start, stop) if limit == kind else ():
            j = bounds["columns"][k]
            if j >= n:
                yield None, []
                continue
            room = _between(float(held.w[j]), bounds["lower"][k], bounds["upper"][k], bounds["opens"][k])
            by_column[j] = min(room, by_column.get(j, math.inf))
            places.setdefault(j, []).extend(("bounds", name, k) for name in ("columns", "lower", "upper", "opens"))
    yield from ((room, places[j]) for j, room in by_column.items())
    for start, stop, limit, *_ in told["row_limits"]:
        for k in range(start, stop) if limit == kind else ():
            first, last = rows["starts"][k], rows["starts"][k + 1]
            columns, values = rows["columns"][first:last], rows["values"][first:last]
            if any(j >= n for j in columns):
                yield None, []
                continue
            at = math.fsum(float(held.w[j]) * v for j, v in zip(columns, values, strict=True))
            where: list[Path] = [("rows", name, i) for name in ("columns", "values") for i in range(first, last)]
            where += [("rows", name, k) for name in ("lower", "upper", "opens")]
            yield _between(at, rows["lower"][k], rows["upper"][k], rows["opens"][k]), where


def _between(at: float, lower: float | None, upper: float | None, opens: float) -> float:
    """The distance to the nearer side, over how far it opens with one unit of the limit; in weights where it does not."""
    unit = opens or 1.0
    above = math.inf if upper is None else (upper - at) / unit
    return min(above, math.inf if lower is None else (at - lower) / unit)


def _sides(reading: Reading) -> bool:
    return reading.floor is not None or reading.cap is not None


def _room(reading: Reading) -> float:
    above = math.inf if reading.cap is None else float(reading.cap) - reading.figure
    return min(above, math.inf if reading.floor is None else reading.figure - float(reading.floor))


def _alike(a: list[float], b: list[float]) -> bool:
    return len(a) == len(b) and all(math.isclose(x, y, rel_tol=AGREE, abs_tol=AGREE) for x, y in zip(a, b, strict=True))


def _few(rooms: list[float]) -> str:
    return ", ".join(f"{room:.6g}" for room in rooms[:4]) + (f" and {len(rooms) - 4} more" if len(rooms) > 4 else "")
