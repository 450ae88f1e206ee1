"""Arrow's streams and files to tables. What is compressed inside is refused: a kilobyte of it can hold gigabytes.

Source: Arrow columnar format 1.x, "Encapsulated message format" and Message.fbs; the one field that is needed of the metadata
is found by the layout of flatbuffers (vtables of 16-bit offsets).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import polars as pl

from portopt.domain.errors import DataError
from portopt.tables.damage import whole
from portopt.tables.table import Table, in_words_or_numbers, of_frame

FILE = b"ARROW1"
CONTINUES = 0xFFFFFFFF
DICTIONARY, RECORDS = 2, 3  # of Message.header_type
HEADER_TYPE, HEADER, BODY_LENGTH = 1, 2, 3  # fields of Message
BLOCKS, BLOCK = (2, 3), 24  # Footer.dictionaries and Footer.recordBatches; bytes of a Block
OF_RECORDS, OF_DICTIONARY = 3, 1  # RecordBatch.compression, DictionaryBatch.data
BROKEN = (pl.exceptions.PolarsError, struct.error, ValueError, EOFError, OverflowError, OSError)
PLAIN = (pl.Float64, pl.Float32, pl.Date, pl.Datetime, pl.String, pl.Boolean)


def table_of_arrow(content: bytes, where: str) -> Table:
    """Raises FileNotReadable for what is damaged, DataError for what is compressed or nested."""
    frame = frame_of_arrow(content, where)
    return of_frame(frame.with_columns(in_words_or_numbers(values) for values in frame.get_columns()))


def frame_of_arrow(content: bytes, where: str) -> pl.DataFrame:
    """Columns of numbers, texts and dates. Errors as table_of_arrow's."""
    with whole(where, "Arrow", BROKEN, "write it again as an Arrow stream, or send CSV"):
        if any(_is_compressed(head) for head in _heads(content)):
            raise DataError(f"{where}: it is compressed inside", field="body", fixes=["write it without compression"])
        frame = pl.read_ipc(io.BytesIO(content)) if content.startswith(FILE) else pl.read_ipc_stream(io.BytesIO(content))
        odd = [
            name for name, kind in frame.schema.items() if not (kind.is_numeric() or isinstance(kind, PLAIN) or kind in PLAIN)
        ]
    if odd:
        raise DataError(
            f"{where}: columns that hold neither numbers nor texts nor dates: {', '.join(odd[:10])}",
            field="body",
            fixes=["write one value a cell, without dictionaries"],
        )
    return frame


def _heads(content: bytes) -> Iterator[bytes]:
    """The metadata of every message: of a file as its footer lists them, of a stream one after the other."""
    if content.startswith(FILE):
        return (_message(content, at)[0] for at in _listed(content))
    return _streamed(content)


def _streamed(content: bytes) -> Iterator[bytes]:
    at = 0
    while at + 8 <= len(content):
        head, at = _message(content, at)
        if not head:
            return
        body = _scalar(head, _root(head), BODY_LENGTH, "<q")
        if body < 0:
            raise ValueError("a message says that it has less than nothing")
        yield head
        at += body


def _message(content: bytes, at: int) -> tuple[bytes, int]:
    """(metadata, where its body begins); no metadata at the end of a stream."""
    marker, length = struct.unpack_from("<II", content, at)
    if marker != CONTINUES:
        raise ValueError("a message does not begin where one should")
    return content[at + 8 : at + 8 + length], at + 8 + length


def _listed(content: bytes) -> Iterator[int]:
    """Where the dictionaries and the records of a file begin."""
    length = struct.unpack_from("<i", content, len(content) - len(FILE) - 4)[0]
    footer = content[len(content) - len(FILE) - 4 - length : len(content) - len(FILE) - 4]
    for field in BLOCKS:
        place = _place(footer, _root(footer), field)
        if place is None:
            continue
        vector = place + struct.unpack_from("<I", footer, place)[0]
        for k in range(struct.unpack_from("<I", footer, vector)[0]):
            yield struct.unpack_from("<q", footer, vector + 4 + BLOCK * k)[0]


def _is_compressed(head: bytes) -> bool:
    message = _root(head)
    kind = _scalar(head, message, HEADER_TYPE, "<B")
    if kind not in (DICTIONARY, RECORDS):
        return False
    table = _table(head, message, HEADER)
    records = table if kind == RECORDS else _table(head, table, OF_DICTIONARY)
    return _place(head, records, OF_RECORDS) is not None


def _root(head: bytes) -> int:
    return int(struct.unpack_from("<I", head, 0)[0])


def _place(head: bytes, table: int, field: int) -> int | None:
    """Where a field of a flatbuffer's table stands; None where it is not given."""
    vtable = table - struct.unpack_from("<i", head, table)[0]
    size = struct.unpack_from("<H", head, vtable)[0]
    entry = 4 + 2 * field
    offset = struct.unpack_from("<H", head, vtable + entry)[0] if entry + 2 <= size else 0
    return table + offset if offset else None


def _scalar(head: bytes, table: int, field: int, form: str) -> int:
    place = _place(head, table, field)
    return 0 if place is None else int(struct.unpack_from(form, head, place)[0])


def _table(head: bytes, table: int, field: int) -> int:
    place = _place(head, table, field)
    if place is None:
        raise ValueError("a message lacks its own head")
    return int(place + struct.unpack_from("<I", head, place)[0])
