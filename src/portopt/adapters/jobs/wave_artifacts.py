"""What a wave leaves in Prefect's user interface: the deadline report, and why there is no proposal where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

MOST_CAUSES = 100


def publish(document: Mapping[str, Any]) -> None:
    """document: as runs/waves/report.document_of gives it."""
    create_markdown_artifact(report_words(document), key="wave", description=f"Deadlines: {document['deadlines']['said']}")
    told = document["causes"][:MOST_CAUSES]
    causes = [{"Items": line["items"], "Cause": line["cause"], "The first": _first(line["first"])} for line in told]
    if causes:
        create_table_artifact(causes, key="causes", description="Why there is no proposal: these books stay as they are")


def _first(first: Mapping[str, Any]) -> str:
    return f"{first['portfolio_id']}: {first['detail']}"


def report_words(document: Mapping[str, Any]) -> str:
    """Markdown."""
    return "\n".join(_lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"**{document['wave_id']}**\n"
    yield f"Deadlines: **{document['deadlines']['said']}**\n"
    yield "| | items |\n|---|---|"
    for state, count in document["states"].items():
        yield f"| {state} | {count:,} |"
    if document["seconds"] is not None:
        at = document["seconds"]
        yield f"\nAn item: P50 {at['p50']:.2f} s, P99 {at['p99']:.2f} s, slowest {at['slowest']:.2f} s"
    yield f"\n`portopt wave show {document['wave_id']} --csv FILE.csv` has a line an item."
