"""A wave in words, and its items as a table in a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from portopt.reports.files.exports import csv_cell, write_whole

STATES = (
    ("proposed", "proposed"),
    ("refused", "refused, the book stays as it is"),
    ("held", "given up, the book stays as it is"),
    ("cancelled", "cancelled, the book stays as it is"),
    ("working", "being worked out"),
    ("waiting", "waiting"),
)


def lines_in_words(document: Mapping[str, Any]) -> Iterator[str]:
    """document: as runs/waves/report.document_of gives it."""
    yield f"{document['wave_id']}: {document['cause']}"
    yield f"deadlines: {document['deadlines']['said']}"
    counts = document["states"]
    yield f"items: {document['items']:,}; " + "; ".join(f"{counts[s]:,} {said}" for s, said in STATES if counts.get(s))
    if document["seconds"] is not None:
        at = document["seconds"]
        took = f"P50 {at['p50']:.2f}, P95 {at['p95']:.2f}, P99 {at['p99']:.2f}, slowest {at['slowest']:.2f} s"
        yield f"an item: {took} ({document['slowest_portfolio']})"
    if document["wall_seconds"] is not None:
        per_second = document["ended"] / max(document["wall_seconds"], 1e-9)
        yield f"wall: {document['wall_seconds']:.1f} s, {per_second:.1f} items a second"
    for line in document["causes"]:
        first = line["first"]
        yield f"  {line['items']:,} x {line['cause']}"
        yield f"      {first['portfolio_id']}: {first['detail']}" + (f"; {first['fix']}" if first["fix"] else "")
    if document["ended"] < document["items"]:
        yield f"`portopt wave resume {document['wave_id']}` carries out what is left"


def write_lines(lines: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """A line an item, the columns those of the first. Raises InvalidValue where it cannot be written."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if lines:
        writer.writerow(lines[0].keys())
        writer.writerows([csv_cell(value) for value in line.values()] for line in lines)
    return write_whole(path, out.getvalue().encode())
