"""A table that came as bytes, with what it was said to be: a body over the wire. It names no file and opens none."""

from __future__ import annotations

from dataclasses import dataclass

# What a sender calls its content, and the ending that a file of it would have.
ENDINGS = {
    "application/json": ".json",
    "text/csv": ".csv",
    "application/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/plain": ".txt",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.apache.parquet": ".parquet",
    "application/x-parquet": ".parquet",
    "application/parquet": ".parquet",
    "application/vnd.apache.arrow.stream": ".arrow",
    "application/vnd.apache.arrow.file": ".arrow",
    "application/x-npz": ".npz",
    "application/octet-stream": "",
}
FIRST_BYTES = {b"PAR1": ".parquet", b"PK\x03\x04": ".xlsx", b"ARROW1": ".arrow", b"\xff\xff\xff\xff": ".arrow"}


@dataclass(frozen=True, slots=True)
class Delivered:
    """kind: the ending that a file of it would have. name: what it is called in sentences."""

    content: bytes
    kind: str
    name: str = "the body"


def kind_of_content(content: bytes, content_type: str) -> str:
    """The ending that a file of it would have; what is sent as mere bytes is known by its first ones. "" for what is not."""
    return ENDINGS.get(content_type) or next((end for begin, end in FIRST_BYTES.items() if content.startswith(begin)), "")
